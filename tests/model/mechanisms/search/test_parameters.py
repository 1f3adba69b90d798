"""Parameters of search: what is out of range is refused."""

import numpy as np
import pytest

from weishang.model.mechanisms.search.parameters import SearchParameters


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", 12.7), ("own_interest", -0.1), ("results", 0), ("results", 2.5), ("near", np.nan)],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} is "):
        SearchParameters(**{name: value})
