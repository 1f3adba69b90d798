"""Tables: exact for programs, rounded for people."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.experiments.storage import tables

NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1, max_size=8)
TEXTS = st.builds(
    "{}{}x".format,
    st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "'", "'=", "''-", "'x", "-1", '"=']),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4),
)
"""Texts of all kinds; none is a number, an empty cell or a word that pandas takes for one."""
RESULTS = sorted((Path(__file__).parents[3] / "results").rglob("*.csv"))


@given(NUMBERS)
def test_csv_reads_back_to_the_last_digit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    frame = pd.DataFrame({"value": np.array(values, dtype=np.float64), "name": "x"})
    tables.write(frame, path)
    pd.testing.assert_frame_equal(tables.read(path), frame, check_exact=True)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.sampled_from(["str", object, "category"]))
def test_texts_read_back_and_none_is_a_formula(tmp_path_factory, values, kind):
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    frame = pd.DataFrame(values, columns=["=one", "two"]).astype(kind)
    frame["number"] = -1.5
    tables.write(frame, path)
    read = tables.read(path)
    assert read.columns.tolist() == ["=one", "two", "number"]
    assert list(zip(read["=one"], read["two"], strict=True)) == values
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    assert not [cell for line in lines for cell in line[:2] if cell[0] in "=+-@\t\r"]
    assert [line[2] for line in lines[1:]] == ["-1.5"] * len(values)


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("'=1", "''=1"),
        ("-x", "'-x"),
        ("-inf", "'-inf"),
        ("-", "-"),
        ("-4.5e-3", "-4.5e-3"),
        ("+7", "+7"),
        ("a=1", "a=1"),
        ("'quoted'", "'quoted'"),
        (" =1", " =1"),
    ],
)
def test_texts_as_they_stand_in_the_file(tmp_path, text, stands):
    path = tmp_path / "table.csv"
    tables.write(pd.DataFrame({"a": [text, "x"]}), path)
    with path.open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["a"], [stands], ["x"]]
    assert tables.read(path)["a"].tolist() == [text, "x"]


def test_empty_cells_and_mixed_columns_keep_their_values(tmp_path):
    path = tmp_path / "table.csv"
    frame = pd.DataFrame({"a": [None, "=1", np.nan], "b": [1, "=1", 2.5], "c": [True, "@", None]})
    tables.write(frame, path)
    assert path.read_bytes() == b"a,b,c\n,1,True\n'=1,'=1,'@\n,2.5,\n"
    read = tables.read(path)
    assert read["a"].tolist()[1] == "=1"
    assert read["a"].isna().tolist() == [True, False, True]
    assert read["b"].tolist() == ["1", "=1", "2.5"]


def test_words_for_nothing_are_texts(tmp_path):
    words = ["null", "None", "NA", "nan", "N/A", "text"]
    frame = pd.DataFrame({"word": words, "null": [1.5, np.nan, 2.5, np.nan, -1.0, np.inf]})
    path = tmp_path / "words.csv"
    tables.write(frame, path)
    read = tables.read(path)
    assert read["word"].tolist() == words
    pd.testing.assert_series_equal(read["null"], frame["null"])


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame([[1, 2]])])
def test_frames_without_texts_are_written_as_pandas_does(tmp_path, frame):
    path = tmp_path / "table.csv"
    tables.write(frame, path)
    assert path.read_text() == frame.to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_results_that_are_kept_would_be_written_the_same(tmp_path, path):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    tables.write(frame, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == path.read_bytes()


def test_markdown_aligns_numbers_right():
    frame = pd.DataFrame({"name": ["a"], "value": [0.123456]})
    assert tables.markdown(frame) == "| name | value |\n| --- | ---: |\n| a | 0.1235 |\n"
