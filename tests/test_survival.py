"""Runs and sweeps survive kills, a disk that fails and memory that runs out: a short look.

The long one, at every call that can fail and a hundred kills each, is tests/tools/survival.py.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies import page_blocks

TOOLS = Path(__file__).parent / "tools"

import failing_disk  # noqa: E402 - it lies in the folder above
import failing_memory  # noqa: E402
import injuries  # noqa: E402
import preloaded  # noqa: E402
import survival  # noqa: E402
import trials  # noqa: E402

KILLS = 3
DISK_EVERY = 61
MEMORY_EVERY = 83

compiled = pytest.mark.skipif(preloaded.compiler() is None, reason="there is no C compiler")


def rows(program: str, *words: str) -> list[dict[str, Any]]:
    """What one of the tools prints."""
    command = [sys.executable, str(TOOLS / program), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_is_killed_and_goes_on_leaves_the_same_bytes():
    found = rows("kills.py", "--kills", str(KILLS), "--seed", "5", "--quick", "run", "sweep")
    assert [row["command"] for row in found] == ["run", "sweep"]
    for row in found:
        assert row["faults"] == []
        assert row["times"] == KILLS
        assert row["equal"] == row["finished"] > 0


@compiled
def test_a_disk_that_fails_is_told_and_loses_nothing():
    found = rows("failing_disk.py", "--every", str(DISK_EVERY), "run", "tasks")
    assert len(found) == 2 * len(failing_disk.MODES)
    for row in found:
        assert row["faults"] == []
        assert row["equal"] == row["times"] > 0
        if row["injury"] == failing_disk.FULL:
            assert row["ends"] == f"1: {row['times']}"
        if row["injury"] == failing_disk.SHORT:
            assert row["ends"] == f"0: {row['times']}"


@compiled
def test_memory_that_runs_out_is_told_and_loses_nothing():
    found = rows("failing_memory.py", "--every", str(MEMORY_EVERY), "run")
    assert len(found) == len(failing_memory.MODES)
    for row in found:
        assert row["faults"] == []
        assert row["equal"] == row["times"] > 0
        # Some allocations can be done without: then the run ends as if nothing had been.
        assert any(told.startswith("1: ") for told in row["ends"].split(", "))


@compiled
@pytest.mark.parametrize(
    ("nth", "mode", "told"), [(1, 0, "made"), (2, 0, "half"), (3, 1, "synced")]
)
def test_the_library_fails_the_call_that_it_is_told_to(tmp_path, nth, mode, told):
    """The first call makes the file, the second writes, the third syncs; elsewhere none fails."""
    folder, elsewhere = tmp_path / "here", tmp_path / "there"
    folder.mkdir()
    elsewhere.mkdir()
    code = """
import os, sys
told = "made"
for folder in reversed(sys.argv[1:]):
    try:
        told = "made"
        file = os.open(f"{folder}/file", os.O_WRONLY | os.O_CREAT)
        told = "half"
        if os.write(file, b"four") < 4:
            os.write(file, b"more")
        told = "synced"
        os.fsync(file)
        told = "all"
    except OSError as error:
        told += f" {error.errno}"
    print(told)
"""
    library = preloaded.compiled(failing_disk.SOURCE, tmp_path)
    variables = {"FAILING_FOLDER": folder, "FAILING_CALL": nth, "FAILING_MODE": mode}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(elsewhere)],
        env={**os.environ, "LD_PRELOAD": str(library)} | {k: str(v) for k, v in variables.items()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["all", f"{told} 28"]
    size = (folder / "file").stat().st_size if nth > 1 else 0
    assert size == {"made": 0, "half": 2, "synced": 4}[told]
    assert (elsewhere / "file").read_bytes() == b"four"


def test_a_difference_is_named(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "manifest.json").write_text('{"started": 1, "seed": 2}')
    truth = trials.contents(tmp_path)
    (tmp_path / "manifest.json").write_text('{"started": 7, "seed": 2}')
    assert trials.difference(trials.contents(tmp_path), truth) == ""
    (tmp_path / "manifest.json").write_text('{"started": 7, "seed": 3}')
    assert trials.difference(trials.contents(tmp_path), truth) == "manifest.json differs"
    (tmp_path / ".a.new-1").mkdir()
    assert trials.difference(trials.contents(tmp_path), truth) == ".a.new-1 is left over"
    assert trials.under_way(tmp_path) == []
    (tmp_path / ".a.new-1" / "b").touch()
    assert trials.under_way(tmp_path) == [tmp_path / ".a.new-1" / "b"]
    assert trials.difference({}, truth) == "a is missing"


@pytest.mark.parametrize(
    ("code", "said", "faults"),
    [
        (0, [], 0),
        (0, ["what"], 1),
        (1, [f"weishang: the disk is full; {injuries.AGAIN}"], 0),
        (1, ["weishang: it failed"], 1),
        (1, ["Traceback", f"weishang: {injuries.AGAIN}"], 1),
        (2, [f"weishang: {injuries.AGAIN}"], 1),
        (-11, [], 1),
    ],
)
def test_ends_that_are_not_clear_are_faults(code, said, faults):
    ended = trials.Ended(code, said, 0.0)
    assert len(list(injuries.faults_of_end(ended, aborts=False))) == faults


def test_results_that_are_half_old_are_a_fault():
    old = {"a/manifest.json": 1, "a/b": 1}
    new = {"a/manifest.json": 2, "a/b": 2}
    assert list(injuries.faults_of_results(old, old, new)) == []
    assert list(injuries.faults_of_results(new, old, new)) == []
    half = {"a/manifest.json": 1, "a/b": 2}
    assert list(injuries.faults_of_results(half, old, new)) == [
        "a is neither as it was nor as it should become"
    ]
    assert len(list(injuries.faults_of_results({}, old, new))) == 1


ROW = {
    "command": "run",
    "injury": "SIGKILL",
    "start": "fork",
    "places": None,
    "times": 3,
    "inside": 1,
    "ends": "SIGKILL: 3",
    "finished": 2,
    "equal": 2,
    "faults": [],
    "lines": {"market was being written": 1},
}


def saved(monkeypatch: pytest.MonkeyPatch, out: Path, *words: str) -> Any:
    """Runs the tool, which ends as it ends."""
    monkeypatch.setattr(sys, "argv", ["survival.py", "--out", str(out), *words])
    with pytest.raises(SystemExit) as left:
        survival.main()
    return left.value.code


def test_what_is_survived_is_saved_with_the_time_that_it_took(tmp_path, monkeypatch):
    def measured(*given):
        time.sleep(0.5)
        yield ROW

    monkeypatch.setattr(survival, "measured", measured)
    assert saved(monkeypatch, tmp_path, "--kills", "3") == 0
    record = manifest.read(tmp_path / "survival")
    assert record["wall_seconds"] >= 0.5
    assert record["parameters"] == {"kills": 3, "seed": 2026, "every": 1}
    book = tables.read(tmp_path / "survival" / "codebook.csv")
    assert set(book["table"]) == {"survival", "messages", "codebook"}
    page = "<!-- begin survival -->\n<!-- end survival -->\n"
    fresh = page_blocks.refreshed(page, tmp_path)
    assert "| run | SIGKILL | fork |  | 3 | 1 | SIGKILL: 3 | 2 | 2 | 0 |" in fresh
    assert "being written" not in fresh


def test_a_look_that_fails_leaves_what_was_saved_before(tmp_path, monkeypatch):
    lines = tmp_path / "lines.json"
    lines.write_text(json.dumps({**ROW, "faults": ["a file is missing"]}) + "\n")
    assert saved(monkeypatch, tmp_path, str(lines)) == 1
    before = trials.contents(tmp_path / "survival")
    assert manifest.read(tmp_path / "survival")["inputs"][0]["name"] == "lines.json"

    def fail(*given):
        yield ROW
        raise subprocess.CalledProcessError(1, "failing_disk.py")

    monkeypatch.setattr(survival, "measured", fail)
    monkeypatch.setattr(sys, "argv", ["survival.py", "--out", str(tmp_path)])
    with pytest.raises(subprocess.CalledProcessError):
        survival.main()
    assert trials.contents(tmp_path / "survival") == before
