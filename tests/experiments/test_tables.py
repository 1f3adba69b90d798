"""Tables: exact for programs, rounded for people."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.experiments import tables

NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1, max_size=8)


@given(NUMBERS)
def test_csv_reads_back_to_the_last_digit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    frame = pd.DataFrame({"value": np.array(values, dtype=np.float64), "name": "x"})
    tables.write(frame, path)
    pd.testing.assert_frame_equal(tables.read(path), frame, check_exact=True)


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
        (True, "True"),
        ("a|b\nc", "a\\|b c"),
    ],
)
def test_cells_as_people_read_them(value, shown):
    assert tables.cell(value) == shown


def test_markdown_aligns_numbers_right():
    frame = pd.DataFrame({"name": ["a"], "value": [0.123456]})
    assert tables.markdown(frame) == "| name | value |\n| --- | ---: |\n| a | 0.1235 |\n"
