"""Hostile inputs end in one line and exit code 2 (verify: 1), soon, and with nothing written."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

from victims import cases  # noqa: E402 - it lies beside this file

MOST_BYTES = 10**9
MOST_SECONDS = 5.0
AT_LEAST = 40


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each case came to, by name; all are run when the first is asked for."""
    folder = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, str(HERE / "victims.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["name"]: one for one in told}


def test_the_corpus_is_large_and_each_case_has_a_name_of_its_own():
    names = [case.name for case in cases()]
    assert len(names) >= AT_LEAST
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("name", "code"), [(case.name, case.code) for case in cases()])
def test_a_hostile_input_is_refused_in_one_line(outcomes, name, code):
    outcome = outcomes[name]
    line = outcome["stderr"]
    assert line.startswith("weishang: "), line
    assert line.count("\n") == 1, line
    assert outcome["told"] in line
    assert outcome["code"] == code


@pytest.mark.parametrize("name", [case.name for case in cases()])
def test_a_hostile_input_takes_little_and_leaves_nothing(outcomes, name):
    outcome = outcomes[name]
    assert outcome["bytes"] < MOST_BYTES
    assert outcome["cpu_seconds"] < MOST_SECONDS
    assert outcome["unchanged"]


@pytest.mark.parametrize("chosen", ["an id of 2^31", "a table of magic alone"])
def test_a_fresh_process_refuses_as_a_fork_does(outcomes, tmp_path, monkeypatch, chosen):
    (case,) = (case for case in cases() if case.name == chosen)
    monkeypatch.chdir(tmp_path)
    common = tmp_path / "common"
    common.mkdir()
    from hostile_case import prepare

    prepare(common)
    words = case.make(common)
    program = "from weishang.experiments.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == outcomes[chosen]["stderr"]
