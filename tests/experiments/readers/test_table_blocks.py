"""Tables in blocks: every row has its line, every fault its place, and memory is bounded."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from weishang.experiments.readers import table_blocks
from weishang.experiments.readers.table_blocks import open_table, shown


def _written(folder, data, name="table.csv"):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def _rows(path):
    """(line, cells) of every row."""
    table = open_table(path)
    return [
        (int(at), tuple(column[i].as_py() for column in block.columns.values()))
        for block in table.blocks()
        for i, at in enumerate(block.at)
    ]


@pytest.fixture(params=[None, 4, 16])
def block_bytes(request, monkeypatch):
    """Blocks as they are, and so small that a line is one."""
    if request.param:
        monkeypatch.setattr(table_blocks, "BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("block_bytes")
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,x\n2,y\n", [(2, ("1", "x")), (3, ("2", "y"))]),
        ("a,b\n1,x\n2,y", [(2, ("1", "x")), (3, ("2", "y"))]),
        ("a,b\r\n1,x\r\n2,y\r\n", [(2, ("1", "x")), (3, ("2", "y"))]),
        ("\n\na,b\n\n1,x\n\n\n2,y\n\n", [(5, ("1", "x")), (8, ("2", "y"))]),
        ("\ufeffa,b\n1,\n,y\n", [(2, ("1", "")), (3, ("", "y"))]),
        ('"a", b \n"1","x, y"\n', [(2, ("1", "x, y"))]),
        ('a,b\n1,"say ""x"""\n', [(2, ("1", 'say "x"'))]),
        ("a,b\n1,群\n", [(2, ("1", "群"))]),
        ("a,b\n", []),
    ],
)
def test_every_row_has_its_line(tmp_path, text, rows):
    path = _written(tmp_path, text)
    assert open_table(path).names == ["a", "b"]
    assert _rows(path) == rows


@pytest.mark.usefixtures("block_bytes")
@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"a,b\n1,x\n2\n3,y\n", r":3: has 1 cells; give 2, one a column"),
        (b"a,b\n\n1,x,z\n", r":3: has 3 cells; give 2"),
        (b"a,b\n1,x\n2,\xff\n", r":3: is not UTF-8"),
        (b"a,b\n1,x\n2,y\rz\n", r":3: holds a carriage return inside the line"),
        (b"a,b\n1,\0\n", r":2: holds a zero byte"),
    ],
)
def test_a_faulty_line_is_named(tmp_path, data, fault):
    with pytest.raises(ValueError, match=rf"table\.csv{fault}"):
        _rows(_written(tmp_path, data))


@pytest.mark.parametrize("cell", ['"x\ny"', '"x\n2,y"', '"x\n\n2,y"', '"x'])
def test_a_line_break_in_a_cell_is_refused(tmp_path, cell):
    with pytest.raises(ValueError, match=r"table\.csv:3: ends inside a quoted cell"):
        _rows(_written(tmp_path, f"a,b\n0,w\n1,{cell}\n3,z\n"))


def test_a_line_without_end_is_refused_before_memory_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(table_blocks, "BLOCK_BYTES", 16)
    monkeypatch.setattr(table_blocks, "LONGEST_LINE", 32)
    with pytest.raises(ValueError, match=r"table\.csv:2: is longer than 32 bytes"):
        _rows(_written(tmp_path, "a,b\n" + "1" * 100))


def test_the_file_itself_can_be_at_fault(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"none\.csv: No such file"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(ValueError, match=r"is a folder; give a CSV or Parquet file"):
        open_table(tmp_path)
    for text in ("", "\n\r\n", "\ufeff"):
        with pytest.raises(ValueError, match=r"is empty; begin with a line of column names"):
            open_table(_written(tmp_path, text))
    with pytest.raises(ValueError, match=r"table\.csv:1: column 2 has no name"):
        open_table(_written(tmp_path, "a,\n1,2\n"))
    with pytest.raises(ValueError, match=r"table\.csv:1: column 'a' stands twice"):
        open_table(_written(tmp_path, "a,a\n1,2\n"))
    monkeypatch.setattr(table_blocks, "LARGEST_FILE", 10)
    with pytest.raises(ValueError, match=r"table\.csv: is 0\.0 GB; files up to 0\.0 GB are read"):
        open_table(_written(tmp_path, "a,b\n1,x\n2,y\n"))


def test_more_columns_than_any_table_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table_blocks, "MOST_COLUMNS", 3)
    assert open_table(_written(tmp_path, "a,b,c\n")).names == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"table\.csv:1: has 4 columns; up to 3 are read"):
        open_table(_written(tmp_path, "a,b,c,d\n"))


def test_a_name_without_end_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"table\.csv:1: is not a line of names"):
        open_table(_written(tmp_path, "a," + "b" * 200_000 + "\n"))


def test_a_pipe_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "table.csv")
    with pytest.raises(ValueError, match=r"table\.csv: no regular file but a pipe; give a CSV"):
        open_table(tmp_path / "table.csv")


def test_parquet_rows_are_numbered_over_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(table_blocks, "BLOCK_ROWS", 3)
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": range(8), "b": list("stuvwxyz")}).to_parquet(path)
    assert _rows(path) == [(i + 1, (i, letter)) for i, letter in enumerate("stuvwxyz")]
    with pytest.raises(ValueError, match=r"table\.parquet, row 4: odd"):
        open_table(path).refuse(4, "odd")


@pytest.mark.parametrize("kept", [4, 50, -1])
def test_a_broken_parquet_file_is_one_line(tmp_path, kept):
    whole = tmp_path / "whole.parquet"
    pd.DataFrame({"a": np.arange(100)}).to_parquet(whole)
    broken = _written(tmp_path, whole.read_bytes()[:kept], "broken.parquet")
    with pytest.raises(ValueError, match=r"^\S+broken\.parquet: [^\n]+$"):
        _rows(broken)


def test_parquet_text_that_is_not_utf8_is_one_line(tmp_path):
    path = tmp_path / "table.parquet"
    text = pa.array([b"x", b"\xff"]).view(pa.string())
    parquet.write_table(pa.table({"a": text}), path)
    with pytest.raises(ValueError, match=r"^\S+table\.parquet: [^\n]*UTF8[^\n]*$"):
        _rows(path)


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "dense.parquet"
    pd.DataFrame({"a": np.random.default_rng(1).integers(1 << 40, size=20_000)}).to_parquet(path)
    unpacked = path.stat().st_size
    same = tmp_path / "same.parquet"
    text = pd.DataFrame({"a": ["x" * 500 + str(i) for i in range(5000)]})
    text.to_parquet(same, compression="zstd", use_dictionary=False)
    assert same.stat().st_size < unpacked < 5000 * 500
    monkeypatch.setattr(table_blocks, "LARGEST_FILE", unpacked)
    with pytest.raises(ValueError, match=r"same\.parquet: is .* GB; files up to"):
        open_table(same)


def test_text_is_no_parquet(tmp_path):
    with pytest.raises(ValueError, match=r"table\.parquet: is not a Parquet file"):
        open_table(_written(tmp_path, "a,b\n1,2\n", "table.parquet"))


@given(
    data=st.binary(max_size=200)
    | st.text(alphabet='ab,"\n\r|1 ', max_size=60).map(str.encode)
    | st.binary(max_size=60).map(lambda tail: b"PAR1" + tail)
)
def test_any_bytes_are_a_table_or_a_value_error(tmp_path_factory, data):
    path = _written(tmp_path_factory.mktemp("any"), data)
    rows, fault = _rows_or_fault(path)
    assert "\n" not in fault
    lines = [at for at, _ in rows]
    assert lines == sorted(set(lines))


def _rows_or_fault(path):
    try:
        return _rows(path), ""
    except ValueError as error:
        return [], str(error)


def test_long_cells_are_cut():
    assert shown("x" * 41) == repr("x" * 37 + "...")
    assert shown(7) == "'7'"
