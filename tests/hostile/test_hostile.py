"""Hostile inputs end in one line and exit code 2 (verify: 1), soon, and with nothing written."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile_case import prepare
from victims import cases

HERE = Path(__file__).parent

MOST_BYTES = 10**9
MOST_TIMES_HARMLESS = 10.0
"""Processor time beside that of the same command on a harmless input, about as large as the largest
hostile ones; the dearest takes 2.5 times as much. Something quadratic in a megabyte takes hundreds
of times as much, and what hangs is killed."""
AT_LEAST = 40


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of each case, by name; all are run when the first is asked for."""
    folder = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, str(HERE / "victims.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["name"]: one for one in found}


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
    assert outcome["times_harmless"] < MOST_TIMES_HARMLESS
    assert outcome["unchanged"]


@pytest.mark.parametrize("chosen", ["an id of 2^31", "a table of magic alone"])
def test_a_fresh_process_refuses_as_a_fork_does(outcomes, tmp_path, monkeypatch, chosen):
    (case,) = (case for case in cases() if case.name == chosen)
    monkeypatch.chdir(tmp_path)
    common = tmp_path / "common"
    common.mkdir()
    prepare(common)
    words = case.make(common)
    program = "from weishang.experiments.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == outcomes[chosen]["stderr"]
