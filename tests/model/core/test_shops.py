"""Shops: impossible ones are refused."""

from dataclasses import replace

import numpy as np
import pytest

from weishang.model.core.shops import Shops


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("price", [1.0], r"price has shape \(1,\); give \(2,\)"),
        ("node", [4, 4], "node 4 has two shops"),
        ("price", [1.0, 0.0], r"price\[1\] is 0.0; give a positive number"),
        ("price", [np.nan, 1.0], r"price\[0\] is nan"),
        ("popularity", [0, -1], "popularity is -1"),
    ],
)
def test_impossible_shops_are_refused(name, value, message):
    shops = Shops(
        np.array([0, 1], dtype=np.int32),
        np.zeros(2, dtype=np.int8),
        np.ones(2),
        np.zeros(2, dtype=np.bool_),
        np.zeros(2, dtype=np.int64),
    )
    with pytest.raises(ValueError, match=message):
        replace(shops, **{name: np.array(value, dtype=getattr(shops, name).dtype)})
