"""The worker of sweeps: parts as they are asked for, shares of an array, and how it ends."""

import os
import signal
import subprocess
import sys

import pytest

from weishang.experiments.console.exit_codes import REQUEUE
from weishang.experiments.storage import partitions
from weishang.experiments.sweep.execute import worker
from weishang.experiments.sweep.execute.worker import run_tasks
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
days = 2
replicates = 16
runs_a_part = 3
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return sweep_plan.make(path)


@pytest.fixture
def folder(plan, tmp_path):
    return sweep_folder.open_folder(plan, tmp_path)


@pytest.fixture(scope="module")
def truth(plan, tmp_path_factory):
    """The folder of the sweep, computed in order and in this process."""
    folder = sweep_folder.open_folder(plan, tmp_path_factory.mktemp("truth"))
    for number in range(plan.num_parts):
        worker.compute(plan, folder, number)
    return folder


@pytest.fixture(scope="module")
def served(plan, tmp_path_factory):
    """A worker that is ready, and its folder."""
    folder = sweep_folder.open_folder(plan, tmp_path_factory.mktemp("served"))
    process = start(folder)
    assert process.stdout.readline() == "ready\n"
    yield process, folder
    process.kill()
    process.communicate()


def names(folder):
    """Names of parts, which hold their hashes."""
    return sorted(path.name for path in (folder / layout.PARTS).iterdir())


def command(folder):
    return [sys.executable, "-m", "weishang.experiments.sweep.execute.worker", str(folder)]


def start(folder):
    return subprocess.Popen(
        command(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "WEISHANG_LOG": "quiet", "NUMBA_NUM_THREADS": "1"},
    )


def test_tasks_share_the_parts(plan, truth, folder, capsys):
    run_tasks(folder, 1, 4)
    assert set(partitions.find(folder / layout.PARTS, "runs")) == {1, 5}
    told = capsys.readouterr().out.splitlines()
    assert told == ["task 1 of 4 begins", "part 1", "part 5"]
    run_tasks(folder, 1, 4)
    assert capsys.readouterr().out.splitlines() == ["task 1 of 4 begins"]
    assert set(names(folder)) < set(names(truth))


@pytest.mark.parametrize(("task", "tasks"), [(2, 2), (-1, 2), (0, 0)])
def test_a_task_that_is_not_there_is_refused(folder, task, tasks):
    with pytest.raises(ValueError, match=f"task is {task}; give 0 to {tasks - 1}"):
        run_tasks(folder, task, tasks)


def test_it_answers_by_run_and_part(served, truth, plan):
    process, folder = served
    process.stdin.write("4\n")
    process.stdin.flush()
    told = [process.stdout.readline() for _ in range(1 + len(plan.part(4)))]
    assert told == ["run\n"] * 3 + ["part 4\n"]
    assert len(names(folder)) == 1
    assert set(names(folder)) < set(names(truth))


def test_it_ends_at_once_when_stdin_closes_within_a_part(served, plan):
    process, folder = served
    process.stdin.write("0\n" * 1_000)
    process.stdin.flush()
    assert process.stdout.readline() == "run\n"
    process.stdin.close()
    process.stdin = None
    process.communicate(timeout=300)
    assert process.returncode == worker.LEFT_ALONE
    sweep_folder.tidy(plan, folder)
    assert all(not name.startswith(".") for name in names(folder))


def test_a_worker_imports_nothing_that_only_gathering_needs():
    code = "import sys, weishang.experiments.sweep.execute.runs; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {
        "matplotlib",
        "scipy.optimize",
        "scipy.stats",
        "weishang.experiments.storage.report",
    } & {*done.stdout.split()}


def test_a_worker_without_work_ends_with_stdin(folder):
    process = start(folder)
    assert process.stdout.readline() == "ready\n"
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")


def test_a_signal_ends_a_waiting_worker_with_75(folder):
    process = start(folder)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=300) == REQUEUE
    process.communicate()


def test_bad_input_is_one_line(tmp_path):
    done = subprocess.run(command(tmp_path / "no"), capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith("weishang: ")
    assert done.stderr.count("\n") == 1
