import numpy as np
import pandas as pd
import pytest

from weishang.experiments.storage.columns import Columns

ARRAYS = {"replicate": np.array([1, 2], dtype=np.uint64), "tool": np.array(["plain", "team"])}
FRAME = pd.DataFrame(ARRAYS)


@pytest.mark.parametrize("table", [ARRAYS, FRAME], ids=["arrays", "a frame"])
def test_columns_are_what_the_frame_has(table):
    columns = Columns(table)
    assert len(columns) == 2
    for name, values in ARRAYS.items():
        np.testing.assert_array_equal(columns[name], values)
    assert len(columns) == 2
    pd.testing.assert_frame_equal(columns.frame, FRAME)


@pytest.mark.parametrize("table", [ARRAYS, FRAME], ids=["arrays", "a frame"])
def test_there_is_no_such_column(table):
    with pytest.raises(KeyError, match="reach"):
        Columns(table)["reach"]


def test_a_column_of_a_frame_is_taken_once():
    columns = Columns(FRAME)
    assert columns["tool"] is columns["tool"]


@pytest.mark.parametrize("times", [1, 3])
def test_tables_are_joined_as_frames_are(times):
    whole = pd.concat([FRAME] * times, ignore_index=True)
    joined = Columns.joined([ARRAYS] * times)
    assert len(joined) == 2 * times
    pd.testing.assert_frame_equal(joined.frame, whole)


def test_no_row_is_a_table_too():
    empty = Columns(FRAME.iloc[:0])
    assert len(empty) == 0
    assert empty["replicate"].size == 0
    assert len(empty) == 0
