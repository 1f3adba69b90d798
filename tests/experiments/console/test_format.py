"""Values as people read them."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.console.format import cell, in_cell


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_289_000_000, "1,289,000,000"),
        (np.int64(12), "12"),
        (28741.3, "28,741"),
        (-1234.5, "-1,234"),
        (0.0816049, "0.0816"),
        (999.96, "1000"),
        (0.00015, "0.00015"),
        (1e-9, "1e-09"),
        (float("nan"), ""),
        (float("inf"), "inf"),
        (None, ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        (True, "True"),
        ("a|b\nc", "a\\|b c"),
    ],
)
def test_cells_as_people_read_them(value, shown):
    assert cell(value) == shown


def test_a_text_stays_in_its_cell():
    assert in_cell("a|b\nc") == "a\\|b c"
