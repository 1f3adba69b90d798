"""The record of a sweep's folder: read as it was written, and refused when it was not."""

import pytest

from weishang.experiments.storage.manifest import file_record, parameters_digest
from weishang.experiments.sweep.store.layout import RECORD
from weishang.experiments.sweep.store.record import (
    Copy,
    Record,
    check_copies,
    inside,
    read_record,
)

IDENTITY = {"sweep": {"users": 300, "share": 0.1}}


@pytest.fixture
def record(tmp_path):
    """A record and two copies, as a sweep begins with them."""
    inputs = tmp_path / "inputs"
    (inputs / "more").mkdir(parents=True)
    (inputs / "a.toml").write_text("a")
    (inputs / "more/b.toml").write_text("b")
    names = ("a.toml", "more/b.toml")
    made = Record(
        format=1,
        file="a.toml",
        copies={name: Copy(**file_record(inputs / name)) for name in names},
        graph="/data/g.txt",
        nodes=None,
        identity=IDENTITY,
        sha256=parameters_digest(IDENTITY),
    )
    (tmp_path / RECORD).write_text(made.text())
    return made


def test_it_is_read_as_it_was_written(record, tmp_path):
    assert read_record(tmp_path / RECORD) == record
    check_copies(tmp_path / "inputs", record)


@pytest.mark.parametrize("path", ["a.toml", "more/b.toml", "..a"])
def test_a_path_inside_is_taken(path):
    assert inside(path) == path


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../b", "a\0", "./a", "a//b", "a/"])
def test_a_path_that_leads_out_or_is_written_otherwise_is_refused(path):
    with pytest.raises(ValueError, match="is '"):
        inside(path)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"format": 1', '"format": 2', "format: "),
        ('"users": 300', '"users": 301', "it was changed"),
        ('"file": "a.toml"', '"file": "b.toml"', "it was changed"),
        ('"file": "a.toml"', '"file": "../a.toml"', "file: "),
        ('"more/b.toml"', '"more/../../b.toml"', "copies.'more/../../b.toml'"),
        ('"bytes": 1', '"bytes": -1', "copies.'a.toml'.bytes: "),
        ('"bytes": 1', '"bytes": "1"', "copies.'a.toml'.bytes: "),
        ('"graph": "/data/g.txt"', '"graph": 3', "graph: "),
        ('"nodes": null,', "", "nodes: "),
        ('"nodes": null,', '"nodes": null, "more": 1,', "more: "),
    ],
)
def test_a_record_that_was_changed_is_refused(record, tmp_path, old, new, why):
    text = record.text()
    assert old in text
    (tmp_path / RECORD).write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"sweep\.json: is broken: ") as caught:
        read_record(tmp_path / RECORD)
    assert f"broken: {why}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_copy_that_was_changed_is_refused(record, tmp_path):
    (tmp_path / "inputs/more/b.toml").write_text("c")
    with pytest.raises(ValueError, match=r"more/b\.toml: was changed"):
        check_copies(tmp_path / "inputs", record)


def test_a_file_beside_the_copies_is_refused(record, tmp_path):
    (tmp_path / "inputs/more/c.toml").write_text("c")
    with pytest.raises(ValueError, match=r"more/c\.toml: is none of the sweep's files"):
        check_copies(tmp_path / "inputs", record)


def test_a_folder_of_copies_that_is_a_link_is_refused(record, tmp_path):
    (tmp_path / "inputs/more").rename(tmp_path / "moved")
    (tmp_path / "inputs/more").symlink_to(tmp_path / "moved")
    with pytest.raises(ValueError, match="more: is a link"):
        check_copies(tmp_path / "inputs", record)
