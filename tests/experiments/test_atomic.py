"""Results appear whole or not at all."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from weishang.experiments import atomic

WAIT = """
import sys, time
from pathlib import Path
from weishang.experiments import atomic
with atomic.staged_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
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

    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        write(target, "new")
    assert names(target) == ["old.txt"]
    assert names(tmp_path) == ["reach"]


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


def test_lock_makes_runs_take_turns(tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")

    def add(_: int) -> None:
        with atomic.locked(tmp_path):
            value = int(counter.read_text())
            time.sleep(0.001)
            counter.write_text(str(value + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert counter.read_text() == "40"


def kill(target: Path, with_signal: int) -> None:
    """Start a run that waits inside its block, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(with_signal)
    process.wait()
