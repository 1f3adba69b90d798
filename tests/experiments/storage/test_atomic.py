"""Results appear whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from weishang.experiments.storage import atomic

WAIT = """
import sys, time
from pathlib import Path
from weishang.experiments.storage import atomic
with atomic.staged_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print("ready", flush=True)
    time.sleep(600)
"""

WAIT_FILE = """
import sys, time
from pathlib import Path
from weishang.experiments.storage import atomic
with atomic.staged_file(Path(sys.argv[1])) as staging:
    staging.write_text("half")
    print("ready", flush=True)
    time.sleep(600)
"""


def write(target: Path, text: str) -> None:
    with atomic.staged_folder(target) as folder:
        (folder / f"{text}.txt").write_text(text)


def stop_half_way(target: Path) -> None:
    with atomic.staged_folder(target) as folder:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt


def stop_file_half_way(target: Path) -> None:
    with atomic.staged_file(target) as staging:
        staging.write_text("half")
        raise KeyboardInterrupt


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_folder_replaces_the_old_one_whole(tmp_path):
    target = tmp_path / "results" / "reach"
    write(target, "old")
    write(target, "new")
    assert names(target) == ["new.txt"]
    assert names(target.parent) == ["reach"]


def test_error_keeps_the_old_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "reach"
    write(target, "old")
    with pytest.raises(KeyboardInterrupt):
        stop_half_way(target)
    assert names(tmp_path) == ["reach"]
    assert names(target) == ["old.txt"]


def test_error_removes_the_folders_that_it_made(tmp_path):
    with pytest.raises(ValueError, match="bad"), atomic.staged_folder(tmp_path / "a/b/reach"):
        raise ValueError("bad")
    assert names(tmp_path) == []


@pytest.mark.parametrize("failing", [1, 2])
def test_swap_stopped_at_either_rename_keeps_the_old(tmp_path, monkeypatch, failing):
    target = tmp_path / "reach"
    write(target, "old")
    rename, calls = Path.rename, []

    def stopped(path, to):
        calls.append(path)
        if len(calls) == failing:
            raise KeyboardInterrupt
        return rename(path, to)

    monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        write(target, "new")
    assert names(target) == ["old.txt"]
    assert names(tmp_path) == ["reach"]


def test_where_names_can_be_exchanged_there_is_a_result_at_any_moment(tmp_path, monkeypatch):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    if not atomic._exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this file system exchanges no names")
    write(tmp_path / "reach", "old")
    monkeypatch.delattr(Path, "rename")
    write(tmp_path / "reach", "new")
    assert names(tmp_path / "reach") == ["new.txt"]
    assert names(tmp_path) == ["one", "other", "reach"]


def test_an_exchange_that_fails_is_told_with_the_folder(tmp_path):
    with pytest.raises(OSError, match=r"\[Errno 2\].*gone"):
        atomic._exchange(tmp_path, tmp_path / "gone")


def test_killed_between_the_renames_the_old_comes_back(tmp_path):
    target = tmp_path / "reach"
    write(target, "old")
    target.rename(tmp_path / ".reach.old")
    with pytest.raises(RuntimeError), atomic.staged_folder(target):
        raise RuntimeError
    assert names(target) == ["old.txt"]
    assert names(tmp_path) == ["reach"]


def test_killed_run_leaves_the_old_and_the_next_run_cleans(tmp_path):
    target = tmp_path / "reach"
    write(target, "old")
    kill(target, signal.SIGKILL)
    assert names(target) == ["old.txt"]
    assert len(names(tmp_path)) == 2
    write(target, "new")
    assert names(target) == ["new.txt"]
    assert names(tmp_path) == ["reach"]


def test_a_run_under_way_is_not_cleaned(tmp_path):
    target = tmp_path / "reach"
    with atomic.staged_folder(target) as first:
        (first / "first.txt").write_text("first")
        write(target, "second")
        assert names(target) == ["second.txt"]
        assert names(first) == ["first.txt"]
    assert names(target) == ["first.txt"]


def test_other_targets_are_left_alone(tmp_path):
    with atomic.staged_folder(tmp_path / "reach"):
        write(tmp_path / "nulls", "nulls")
    assert names(tmp_path) == ["nulls", "reach"]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "reach").write_text("mine")
    with (
        pytest.raises(ValueError, match="reach: is a file"),
        atomic.staged_folder(tmp_path / "reach"),
    ):
        pass
    with (
        pytest.raises(ValueError, match=r"out is .*reach"),
        atomic.staged_folder(tmp_path / "reach" / "audit"),
    ):
        pass
    assert (tmp_path / "reach").read_text() == "mine"


def test_staged_file_replaces_whole_or_not_at_all(tmp_path):
    target = tmp_path / "table.csv"
    with atomic.staged_file(target) as staging:
        staging.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        stop_file_half_way(target)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["table.csv"]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    target = tmp_path / "table.csv"
    with atomic.staged_file(target) as first, atomic.staged_file(target) as second:
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"
    assert names(tmp_path) == ["table.csv"]


def test_killed_writer_of_a_file_leaves_the_old_and_the_next_one_cleans(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    kill(target, signal.SIGKILL, WAIT_FILE)
    assert target.read_text() == "old"
    assert len(names(tmp_path)) == 2
    with atomic.staged_file(target, clean_first=False) as staging:
        staging.write_text("new")
    assert len(names(tmp_path)) == 2
    with atomic.staged_file(target) as staging:
        staging.write_text("newer")
    assert names(tmp_path) == ["table.csv"]


def test_cleaning_takes_what_the_dead_left_and_no_more(tmp_path):
    write(tmp_path / "reach", "old")
    kill(tmp_path / "reach", signal.SIGKILL)
    kill(tmp_path / "table.csv", signal.SIGKILL, WAIT_FILE)
    (tmp_path / "reach").rename(tmp_path / ".reach.old")
    (tmp_path / ".mine.old").write_text("mine")
    with atomic.staged_folder(tmp_path / "nulls"), atomic.staged_file(tmp_path / "a.csv"):
        atomic.clean(tmp_path)
        assert len(names(tmp_path)) == 4
    assert names(tmp_path) == [".mine.old", "a.csv", "nulls", "reach"]
    assert names(tmp_path / "reach") == ["old.txt"]


def test_every_file_is_on_the_disk_before_its_name_is(tmp_path, monkeypatch):
    order = []
    fsync, rename, replace = os.fsync, Path.rename, Path.replace
    monkeypatch.setattr(
        os, "fsync", lambda at: (order.append(Path(os.readlink(f"/proc/self/fd/{at}"))), fsync(at))
    )
    monkeypatch.setattr(Path, "rename", lambda at, to: (order.append("named"), rename(at, to)))
    monkeypatch.setattr(Path, "replace", lambda at, to: (order.append("named"), replace(at, to)))
    with atomic.staged_folder(tmp_path / "out" / "reach") as folder:
        (folder / "deep").mkdir()
        for name in ("a", "deep/b"):
            (folder / name).write_text(name)
    with atomic.staged_file(tmp_path / "table.csv") as staging:
        staging.write_text("x")
    files = sorted([folder / "deep/b", folder / "deep", folder / "a", folder])
    assert sorted(order[:4]) == files
    assert order[3] == folder
    assert order[4:] == ["named", tmp_path / "out", tmp_path, staging, "named", tmp_path]


@pytest.mark.parametrize("failing", range(1, 7))
def test_a_disk_that_fails_leaves_the_old(tmp_path, monkeypatch, failing):
    target, other = tmp_path / "reach", tmp_path / "table.csv"
    write(target, "old")
    other.write_text("old")
    calls = []

    def full(at):
        calls.append(at)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")

    def both():
        write(target, "new")
        with atomic.staged_file(other) as staging:
            staging.write_text("new")

    monkeypatch.setattr(os, "fsync", full)
    if failing <= 5:
        with pytest.raises(OSError, match="No space left"):
            both()
    else:
        both()
    assert names(tmp_path) == ["reach", "table.csv"]
    assert names(target) == (["old.txt"] if failing <= 2 else ["new.txt"])
    assert other.read_text() == ("old" if failing <= 4 else "new")


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP])
def test_file_systems_without_fsync_of_folders_are_used_without(tmp_path, monkeypatch, error):
    def never(at):
        raise OSError(error, "")

    monkeypatch.setattr(os, "fsync", never)
    write(tmp_path / "reach", "new")
    assert names(tmp_path / "reach") == ["new.txt"]


def test_links_below_the_results_are_refused(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "real").mkdir()
    root = tmp_path / "results"
    root.symlink_to(tmp_path / "real")
    (root / "sweeps").symlink_to(elsewhere)
    atomic.refuse_links(root, root)
    atomic.refuse_links(root, root / "runs" / "mine")
    for path in (root / "sweeps", root / "sweeps" / "mine" / "parts"):
        with pytest.raises(ValueError, match=r"sweeps: is a link"):
            atomic.refuse_links(root, path)
    for path in (tmp_path / "other", root / ".." / "other", root / "a" / ".." / "b"):
        with pytest.raises(ValueError, match="is not below"):
            atomic.refuse_links(root, path)


def kill(target: Path, with_signal: int, code: str = WAIT) -> None:
    """Start a run that waits inside its block, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(with_signal)
    process.wait()
