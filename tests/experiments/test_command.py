"""The command line: one line for bad input, exit codes, nothing left behind."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from weishang.experiments import command

WAIT = """
import time
from pathlib import Path
from weishang.experiments.command import OutOption, run
from weishang.experiments.report import Report

def wait(out: OutOption = Path("results")) -> None:
    '''Wait inside a report.'''
    with Report("wait", out, title="Wait", parameters={}):
        print("ready", flush=True)
        time.sleep(600)

run(wait)
"""


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
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in told
    assert os.listdir(tmp_path) == []


def test_stages_within_stages_share_one_display():
    with command.stage("outer", 2) as outer:
        with command.stage("inner", 3) as inner:
            inner(2)
        outer()
    assert command._progress.get() is None


def test_show_prints_every_cell(capsys):
    frame = pd.DataFrame({"name": ["[red]x"], "value": [28741.3]})
    command.show(frame, "Reach")
    told = capsys.readouterr().out
    assert "Reach" in told
    assert "[red]x" in told
    assert "28,741" in told
