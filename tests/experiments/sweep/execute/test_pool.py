"""Workers of a sweep: parts handed out, one that is killed or refuses, signals, shares of cores."""

import os
import signal

import pytest

from weishang.experiments.console.exit_codes import BAD_INPUT, FAILED, INTERRUPTED, REQUEUE
from weishang.experiments.console.signals import GracefulExit
from weishang.experiments.sweep.execute import pool, runs
from weishang.experiments.sweep.execute.pool import WorkerError, compute, environment
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store import plan as sweep_plan

SWEEP = """
format = 1
name = "small"
method = "grid"
seed = 7
users = 300
sellers = 20
days = 1
replicates = 12
runs_a_part = 2
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return sweep_plan.make(path)


@pytest.fixture(scope="module")
def truth(plan, tmp_path_factory):
    """Names of the parts, computed in this process."""
    folder = sweep_folder.open_folder(plan, tmp_path_factory.mktemp("truth"))
    for number in range(plan.num_parts):
        runs.compute(plan, folder, number)
    return names(folder)


@pytest.fixture
def folder(plan, tmp_path):
    return sweep_folder.open_folder(plan, tmp_path)


def names(folder):
    """Names of parts, which hold their hashes."""
    return sorted(path.name for path in (folder / layout.PARTS).iterdir())


def test_nothing_to_do_starts_nobody(plan, folder, monkeypatch):
    def start(*_):
        pytest.fail("a worker was started")

    monkeypatch.setattr(pool, "Worker", start)
    compute(plan, folder, [], 2)


def test_a_worker_that_is_killed_is_told_and_what_is_done_stays(plan, folder, truth, monkeypatch):
    ask = pool.Worker.ask

    def ask_and_kill(worker, part):
        ask(worker, part)
        if part == 2:
            worker.process.kill()

    monkeypatch.setattr(pool.Worker, "ask", ask_and_kill)
    told = []
    with pytest.raises(WorkerError) as caught:
        compute(plan, folder, range(plan.num_parts), 1, lambda: told.append(1))
    assert len(told) >= 4
    assert str(caught.value) == (
        "the worker on part 2 (runs 4 to 5) was ended by SIGKILL, perhaps because memory ran out; "
        "finished parts are kept; run the same command again"
    )
    assert names(folder) == truth[:2]


def test_a_signal_stops_all_workers(plan, folder, truth):
    started = []

    def signalled():
        if not started:
            started.append(True)
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(GracefulExit) as left:
        compute(plan, folder, range(plan.num_parts), 1, signalled)
    assert left.value.code == REQUEUE
    assert set(names(folder)) < set(truth)


def test_a_machine_that_says_no_is_passed_on(plan, folder):
    parts = folder / layout.PARTS
    parts.rmdir()
    with pytest.raises(WorkerError, match="earlier results are intact"):
        compute(plan, folder, [0], 1)


class Ended:
    """A worker that is over: what it said, and its exit code."""

    def __init__(self, code, *lines, part=1):
        self.process = type("Process", (), {"returncode": code})
        self.lines = list(lines)
        self.part = part


def test_a_defect_shows_its_report(plan, capsys):
    with pytest.raises(
        WorkerError, match=r"part 1 \(runs 2 to 3\) failed with code 1, through the defect"
    ):
        pool.fail(plan, Ended(1, "Traceback (most recent call last):", "KeyError: 'x'"))
    assert capsys.readouterr().err.endswith("KeyError: 'x'\n")


@pytest.mark.parametrize(("code", "error"), [(BAD_INPUT, ValueError), (FAILED, WorkerError)])
def test_what_a_worker_refuses_is_refused(plan, code, error):
    with pytest.raises(error, match=r"^part is 99$"):
        pool.fail(plan, Ended(code, "Traceback", "weishang: part is 99"))


@pytest.mark.parametrize("code", [REQUEUE, INTERRUPTED])
def test_a_worker_that_a_signal_met_alone_ends_the_sweep_alike(plan, code):
    with pytest.raises(GracefulExit) as left:
        pool.fail(plan, Ended(code))
    assert left.value.code == code


@pytest.mark.parametrize(
    ("workers", "given", "threads"),
    [(1, None, 4), (2, None, 2), (3, None, 1), (9, None, 1), (2, "1", 1), (2, "8", 2)],
)
def test_workers_share_the_cores(monkeypatch, workers, given, threads):
    monkeypatch.setattr(pool, "usable_cores", lambda: 4)
    for name in pool.THREADS:
        monkeypatch.delenv(name, raising=False)
    if given is not None:
        monkeypatch.setenv("NUMBA_NUM_THREADS", given)
    assert environment(0, workers)["NUMBA_NUM_THREADS"] == str(threads)
    assert environment(0, workers)["WEISHANG_LOG"] == "quiet"


@pytest.mark.parametrize(
    ("devices", "given"),
    [("0,1,2", ["0", "1", "2", "0"]), ("GPU-a,GPU-b", ["GPU-a", "GPU-b"] * 2), ("1", ["1"] * 4)],
)
def test_devices_are_dealt_out(monkeypatch, devices, given):
    monkeypatch.setenv(pool.DEVICES, devices)
    assert [environment(number, 4)[pool.DEVICES] for number in range(4)] == given


def test_other_variables_stay(monkeypatch):
    monkeypatch.setenv("MPLCONFIGDIR", "somewhere")
    assert environment(0, 1)["MPLCONFIGDIR"] == "somewhere"
    assert environment(0, 1).keys() >= os.environ.keys()
