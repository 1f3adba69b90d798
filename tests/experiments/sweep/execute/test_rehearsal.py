"""The rehearsal of preemption: tasks end as they should, and parts are the same bytes."""

import signal
from collections import Counter

import pytest

from weishang.experiments.console.exit_codes import REQUEUE
from weishang.experiments.sweep.execute import rehearsal, runs
from weishang.experiments.sweep.execute.pool import WorkerError
from weishang.experiments.sweep.execute.rehearsal import Turn, rehearse
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

SWEEP = """
format = 1
name = "small"
method = "grid"
seed = 7
users = 300
sellers = 20
days = 1
replicates = 40
runs_a_part = 2
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return sweep_plan.make(path)


def test_preempted_tasks_make_the_same_parts(plan, tmp_path, capsys, monkeypatch):
    truth = sweep_folder.open_folder(plan, tmp_path / "truth")
    for number in range(plan.num_parts):
        runs.compute(plan, truth, number)
    sent = []
    strike = rehearsal._strike

    def noted(running, rng):
        struck = strike(running, rng)
        if struck:
            sent.append(next(turn.struck for turn in running if turn.struck))
        return struck

    monkeypatch.setattr(rehearsal, "_strike", noted)
    folder = sweep_folder.open_folder(plan, tmp_path / "out")
    rehearse(plan, folder, tasks=1, preemptions=2, seconds=0.1)
    assert len(sent) == 2
    out = capsys.readouterr().out
    assert all(one.name in out for one in sent)
    names = [sorted(path.name for path in (one / "parts").iterdir()) for one in (truth, folder)]
    assert names[0] == names[1]
    assert {path.name for path in folder.iterdir()} == {"inputs", "parts", "sweep.json"}


class Over:
    """A task's process that has ended with a code."""

    stderr = 0

    def __init__(self, code, *lines):
        self.process = type("Process", (), {"returncode": code})
        self.lines = list(lines)
        self.part = None

    def read(self, _):
        return None


@pytest.mark.parametrize(
    ("struck", "code", "done"),
    [
        (None, 0, True),
        (signal.SIGTERM, 0, True),
        (signal.SIGTERM, REQUEUE, False),
        (signal.SIGUSR1, REQUEUE, False),
        (signal.SIGKILL, -9, False),
        (signal.SIGKILL, 0, True),
    ],
)
def test_a_turn_may_end_so(plan, struck, code, done):
    counts = Counter()
    assert rehearsal._is_done(plan, Turn(0, Over(code), True, struck), counts) is done
    assert sum(counts.values()) == 1


@pytest.mark.parametrize(
    ("struck", "code", "told"),
    [
        (signal.SIGTERM, 143, "task 0 exited with 143 after SIGTERM, not 75: why"),
        (signal.SIGUSR1, -10, "task 0 exited with -10 after SIGUSR1, not 75: why"),
        (signal.SIGKILL, 75, "task 0 exited with 75 after SIGKILL, not -9: why"),
        (None, -11, "a worker was ended by SIGSEGV"),
    ],
)
def test_a_turn_that_ends_otherwise_is_a_failure(plan, struck, code, told):
    with pytest.raises(WorkerError, match=told):
        rehearsal._is_done(plan, Turn(0, Over(code, "why"), True, struck), Counter())
