"""JSON from strangers: what the standard has, within bounds, or one line."""

import json
import os

import effort
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.experiments.readers import json_file

MOST = 10.0
"""Processor time of a refusal beside that of reading as much that is right."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_what_json_says_is_read(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(value))
    assert json_file.read(path) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_bytes(data)
    told = refused(path)
    assert told is None or (told.startswith(f"{path}: ") and "\n" not in told)


def refused(path):
    try:
        json_file.read(path)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is broken"),
        (b"{", "is broken"),
        (b"\xff\xfe", "is broken: 'utf-8'"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": 1e999}', "larger than a number"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "is broken: Exceeds the limit"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        (b'{"x": {"a": 1, "a": 1}}', "'a' stands twice"),
        (b"[" * 66 + b"]" * 66, "nests more than 64"),
        (b"[" * 1_000_000, "nests more than 64"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nests more than 64"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path, data, fault):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    harmless = tmp_path / "harmless.json"
    harmless.write_bytes(b"[" + b"1," * max(len(data), 200_000) + b"1]")

    def refuse():
        with pytest.raises(ValueError, match=f"a.json: .*{fault}"):
            json_file.read(path)

    assert effort.ratio(refuse, lambda: json_file.read(harmless), MOST) < MOST


def test_as_deep_as_allowed_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[" * json_file.DEEPEST + "1" + "]" * json_file.DEEPEST)
    json_file.read(path)


def test_large_files_are_refused_by_their_size(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[1, 2]")
    assert json_file.read(path, most_bytes=6) == [1, 2]
    with pytest.raises(ValueError, match="has 6 bytes; up to 5"):
        json_file.read(path, most_bytes=5)


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent", "pipe", "."):
        with pytest.raises(ValueError, match="no regular file"):
            json_file.read(tmp_path / name)
