"""The command line: one line for bad input, exit codes, nothing left behind."""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from weishang.experiments.console import command, progress
from weishang.experiments.console.exit_codes import CheckFailedError
from weishang.experiments.console.progress import Log
from weishang.experiments.console.signals import GracefulExit

WAIT = """
import time
from pathlib import Path
from weishang.experiments.console.command import OutOption, run
from weishang.experiments.storage.report import Report

def wait(out: OutOption = Path("results")) -> None:
    '''Wait inside a report.'''
    with Report("wait", out, title="Wait", parameters={}):
        print("ready", flush=True)
        time.sleep(600)

run(wait)
"""


PRINT = """
import sys
from weishang.experiments.console.command import run
from weishang.experiments.console.output import say

def answer(lines: int = 1) -> None:
    for _ in range(lines):
        say("It fits.")

run(answer)
"""


@pytest.fixture(autouse=True)
def _usual_manner(monkeypatch):
    monkeypatch.delenv(progress.VARIABLE, raising=False)
    yield
    progress.use(None)


def exit_code(monkeypatch, experiment, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["weishang", *arguments])
    with pytest.raises(SystemExit) as caught:
        command.run(experiment)
    return int(caught.value.code or 0)


def test_options_reach_the_function(monkeypatch, tmp_path):
    got = []

    def experiment(
        graph: command.GraphOption = None,
        users: command.UsersOption = 5,
        seed: command.SeedOption = 2026,
        out: command.OutOption = command.RESULTS,
    ) -> None:
        got.append((graph, users, seed, out))

    assert exit_code(monkeypatch, experiment, "--users", "7", "--out", str(tmp_path)) == 0
    assert got == [(None, 7, 2026, tmp_path)]


def test_bad_input_is_one_line_and_exit_2(monkeypatch, capsys):
    def experiment() -> None:
        raise ValueError("graph.txt, line 3: 'x' is no node id;\ngive an integer")

    assert exit_code(monkeypatch, experiment) == 2
    told = capsys.readouterr()
    assert told.err == "weishang: graph.txt, line 3: 'x' is no node id; give an integer\n"
    assert told.out == ""


@pytest.mark.parametrize("arguments", [["--users", "many"], ["--nonsense"], ["extra"]])
def test_wrong_usage_is_one_line_and_exit_2(monkeypatch, capsys, arguments):
    def experiment(users: command.UsersOption = 5) -> None:
        raise AssertionError("must not run")

    assert exit_code(monkeypatch, experiment, *arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("weishang: ")
    assert told.count("\n") == 1


def test_help_is_no_error(monkeypatch, capsys):
    def experiment(users: command.UsersOption = 5) -> None:
        """Count users."""

    assert exit_code(monkeypatch, experiment, "--help") == 0
    assert "Count users." in capsys.readouterr().out


def test_an_interrupt_is_exit_130(monkeypatch, capsys):
    def experiment() -> None:
        raise KeyboardInterrupt

    assert exit_code(monkeypatch, experiment) == 130
    assert capsys.readouterr().err.startswith("weishang: interrupted")


def test_a_defect_keeps_its_traceback(monkeypatch):
    def experiment() -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(sys, "argv", ["weishang"])
    with pytest.raises(RuntimeError, match="a defect"):
        command.run(experiment)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing(tmp_path, sent, code):
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(sent)
    _, told = process.communicate(timeout=300)
    assert process.returncode == code
    assert "Traceback" not in told
    assert os.listdir(tmp_path) == []


def test_every_command_takes_a_manner_that_its_function_does_not_see(monkeypatch):
    got = []

    def experiment(name: "str", users: "int" = 5) -> None:
        got.append((name, users, progress.manner()))

    assert exit_code(monkeypatch, experiment, "a", "--log", "json") == 0
    assert exit_code(monkeypatch, experiment, "b", "--users", "7", "--log=quiet") == 0
    assert exit_code(monkeypatch, experiment, "c") == 0
    assert got == [("a", 5, Log.JSON), ("b", 7, Log.QUIET), ("c", 5, Log.LINES)]


def test_a_function_without_annotations_is_a_command_too(monkeypatch, capsys):
    assert exit_code(monkeypatch, lambda path: print(path), "here", "--log", "lines") == 0
    assert capsys.readouterr().out == "here\n"


def test_the_environment_names_the_manner_where_the_command_line_does_not(monkeypatch):
    got = []

    def experiment() -> None:
        got.append(progress.manner())

    monkeypatch.setenv(progress.VARIABLE, "quiet")
    assert exit_code(monkeypatch, experiment) == 0
    assert exit_code(monkeypatch, experiment, "--log", "bars") == 0
    assert got == [Log.QUIET, Log.BARS]


@pytest.mark.parametrize("arguments", [["--log", "loud"], []])
def test_a_manner_that_is_none_is_refused(monkeypatch, capsys, arguments):
    def experiment() -> None:
        raise AssertionError("must not run")

    if not arguments:
        monkeypatch.setenv(progress.VARIABLE, "loud")
    assert exit_code(monkeypatch, experiment, *arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("weishang: ")
    assert "'loud'" in told
    assert "'quiet'" in told
    assert told.count("\n") == 1


def test_an_error_is_an_object_in_json(monkeypatch, capsys):
    def experiment(users: int = 5) -> None:
        raise ValueError("graph.txt: is empty")

    assert exit_code(monkeypatch, experiment, "--log", "json") == 2
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["text"], event["code"]) == ("error", "graph.txt: is empty", 2)
    assert exit_code(monkeypatch, experiment, "--log", "json", "--users", "many") == 2
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["code"]) == ("error", 2)
    assert "--users" in event["text"]


def test_what_the_kernels_log_comes_in_the_manner_asked_for(monkeypatch, capsys):
    def experiment() -> None:
        logging.getLogger("weishang").warning("weishang: backend 'auto' is 'numba'")

    assert exit_code(monkeypatch, experiment, "--log", "quiet") == 0
    assert capsys.readouterr().err == ""
    assert exit_code(monkeypatch, experiment, "--log", "json") == 0
    assert json.loads(capsys.readouterr().err)["text"] == "backend 'auto' is 'numba'"
    assert exit_code(monkeypatch, experiment, "--log", "lines") == 0
    told = capsys.readouterr().err
    assert told.endswith(" backend 'auto' is 'numba'\n")
    assert told.count("\n") == 1


def test_control_characters_of_a_message_reach_no_terminal(monkeypatch, capsys):
    def experiment() -> None:
        raise ValueError("\x1b[2Jgraph: is empty")

    assert exit_code(monkeypatch, experiment) == 2
    assert capsys.readouterr().err == "weishang: \\x1b[2Jgraph: is empty\n"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "days.parquet"), "days.parquet: No spa"),
        (MemoryError("Unable to allocate 9 GiB"), "memory ran out (Unable to allocate 9 GiB)"),
        (
            BrokenPipeError(errno.EPIPE, "Broken pipe"),
            "a process that this one works with has ended",
        ),
    ],
)
def test_where_the_machine_says_no_it_is_one_line_and_exit_1(monkeypatch, capsys, error, words):
    def experiment() -> None:
        raise error

    assert exit_code(monkeypatch, experiment) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"weishang: {words}")
    assert told.endswith("run the same command again\n")
    assert told.count("\n") == 1


def test_a_file_that_ends_too_early_is_bad_input(monkeypatch, capsys):
    def experiment() -> None:
        raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    assert exit_code(monkeypatch, experiment) == 2
    told = capsys.readouterr().err
    assert told.startswith("weishang: a file ends too early (Compressed file ended before")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("leaving", "code", "line"),
    [
        (
            GracefulExit(signal.SIGTERM),
            75,
            "weishang: saved; run the same command again to resume\n",
        ),
        (
            GracefulExit(signal.SIGUSR1),
            75,
            "weishang: saved; run the same command again to resume\n",
        ),
        (
            GracefulExit(signal.SIGINT),
            130,
            "weishang: saved; run the same command again to resume\n",
        ),
        (SystemExit(75), 75, "weishang: saved; run the same command again to resume\n"),
        (SystemExit(130), 130, "weishang: interrupted; earlier results are unchanged\n"),
        (SystemExit(143), 143, ""),
        (typer.Exit(3), 3, ""),
        (CheckFailedError("2 faults: a | b"), 1, "weishang: 2 faults: a | b\n"),
    ],
)
def test_leaving_has_its_code_and_its_line(monkeypatch, capsys, leaving, code, line):
    def experiment() -> None:
        raise leaving

    assert exit_code(monkeypatch, experiment) == code
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_closed_pipe_ends_it_without_a_word(lines):
    """One line is still in Python's buffer as the function ends; many are not."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PRINT, "--lines", str(lines)],
            stdout=writes,
            stderr=subprocess.PIPE,
        )
    finally:
        os.close(writes)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_answer_that_finds_no_room_is_told():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", PRINT], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("weishang: No space left on device; earlier results are intact;")
    assert done.stderr.count("\n") == 1


def test_closed_streams_are_no_error():
    done = subprocess.run(["sh", "-c", '"$0" -c "$1" >&- 2>&-', sys.executable, PRINT])
    assert done.returncode == 0
