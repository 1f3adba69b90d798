"""`weishang sweep` from end to end: workers, resuming, folders, and what it refuses."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weishang.experiments.sweep.execute import pool, runs
from weishang.experiments.sweep.execute.sweep import compute, sweep
from weishang.experiments.sweep.results import gather
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

SWEEP = """
format = 1
name = "small"
title = "A small sweep"
method = "grid"
seed = 7
users = 300
sellers = 20
days = 1
replicates = 5

[parameters]
"sellers.activity" = { values = [0.2, 0.5, 1.0] }

[policies.usual]
[policies.no_livestreams]
"rules.livestreams" = false
"""
RUNS = 30
LEFT = {"gathered", "inputs", "parts", "sweep.json"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def truth(file, tmp_path_factory):
    """The bytes of all results, computed in this process and backwards."""
    return contents(compute_here(file, tmp_path_factory.mktemp("truth")))


def compute_here(file, out):
    """The folder of a sweep that this process has computed, last part first, and gathered."""
    plan = sweep_plan.make(file)
    folder = sweep_folder.open_folder(plan, out)
    for number in reversed(range(plan.num_parts)):
        runs.compute(plan, folder, number)
    gather.collect(plan, folder)
    return folder


def contents(folder):
    """Every file but the one that tells times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def test_two_workers_share_a_few_runs_and_give_the_bytes_of_one_process(
    file, truth, tmp_path, monkeypatch
):
    asked = {}
    ask = pool.Worker.ask

    def noted(worker, part):
        asked.setdefault(worker, []).append(part)
        ask(worker, part)

    monkeypatch.setattr(pool.Worker, "ask", noted)
    sweep(file, out=tmp_path, workers=2)
    folder = tmp_path / "sweeps" / "small"
    assert contents(folder) == truth
    assert {path.name for path in folder.iterdir()} == LEFT
    # Each is asked for parts until there are no more.
    one, other = (parts[:-1] for parts in asked.values())
    assert one
    assert other
    assert sorted(one + other) == list(range(RUNS))


@pytest.mark.parametrize("runs_a_part", [4, RUNS])
def test_what_is_gathered_does_not_depend_on_how_runs_are_split(truth, tmp_path, runs_a_part):
    path = tmp_path / "small.toml"
    path.write_text(f"runs_a_part = {runs_a_part}\n{SWEEP}", encoding="utf-8")
    found = contents(compute_here(path, tmp_path / "out"))
    names = {name for name in truth if name.startswith("gathered/")}
    assert len(names) > 5
    assert {name: found[name] for name in names} == {name: truth[name] for name in names}


def test_a_stopped_sweep_is_resumed(file, truth, tmp_path, monkeypatch, capsys):
    plan = sweep_plan.make(file)
    folder = sweep_folder.open_folder(plan, tmp_path)
    for number in range(1, RUNS - 1):
        runs.compute(plan, folder, number)
    ask = pool.Worker.ask

    def ask_and_kill(worker, part):
        ask(worker, part)
        worker.process.kill()

    monkeypatch.setattr(pool.Worker, "ask", ask_and_kill)
    with pytest.raises(SystemExit) as left:
        compute(plan, folder, 1)
    assert left.value.code == 1
    message = capsys.readouterr().err
    assert "weishang: the worker on part 0 (run 0) was ended by SIGKILL" in message
    monkeypatch.undo()
    assert sweep_folder.missing(plan, folder) == [0, RUNS - 1]
    sweep(file, out=tmp_path, workers=1)
    assert contents(folder) == truth


def test_a_finished_sweep_is_gathered_again_without_workers(file, truth, tmp_path, monkeypatch):
    compute_here(file, tmp_path)
    monkeypatch.setattr(pool, "Worker", lambda *_: pytest.fail("a worker was started"))
    sweep(file, out=tmp_path)
    assert contents(tmp_path / "sweeps" / "small") == truth


def test_a_second_sweep_of_the_folder_is_refused(file, tmp_path):
    folder = sweep_folder.open_folder(sweep_plan.make(file), tmp_path)
    with (
        sweep_folder.hold(folder),
        pytest.raises(ValueError, match="another sweep is running here"),
    ):
        sweep(file, out=tmp_path)
    assert list((folder / "parts").iterdir()) == []


def test_workers_of_a_killed_sweep_end(file, tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(SWEEP.replace("days = 1", "days = 4000").replace("users = 300", "users = 400"))
    process = start(path, tmp_path)
    workers = wait_for_workers(process, 2)
    time.sleep(1.0)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(alive(worker) for worker in workers))


def test_a_signal_ends_it_with_75_and_the_same_command_resumes_it(file, truth, tmp_path):
    process = start(file, tmp_path)
    wait_for_workers(process, 2)
    process.send_signal(signal.SIGUSR1)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 75
    assert "saved; run the same command again to resume" in errors
    sweep(file, out=tmp_path, workers=1)
    assert contents(tmp_path / "sweeps" / "small") == truth


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"workers": 0}, "workers is 0; give at least 1"),
        ({"preemptions": 0}, "preemptions is 0; give at least 1"),
        ({"script": True, "simulate_preempt": True}, "give one of --slurm, --script"),
        ({"tasks": 0}, "tasks is 0; give at least 1"),
    ],
)
def test_bad_options_are_refused_before_any_work(file, tmp_path, options, told):
    with pytest.raises(ValueError, match=told):
        sweep(file, out=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_jobs_run_is_left_to_them(file, tmp_path, monkeypatch):
    folder = sweep_folder.open_folder(sweep_plan.make(file), tmp_path / "out")
    (folder / "slurm").mkdir()
    squeue = tmp_path / "squeue"
    squeue.write_text("#!/bin/sh\necho 7_0\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ValueError, match="jobs 7_0 are still working on it"):
        sweep(file, out=tmp_path / "out")


def test_slurm_that_is_not_there_is_refused_before_any_work(file, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="no Slurm job can be submitted"):
        sweep(file, out=tmp_path, on_slurm=True)
    assert list(tmp_path.iterdir()) == []


def test_the_script_runs_this_sweep(file, tmp_path, capsys):
    sweep(file, out=tmp_path, script=True, tasks=2)
    told = capsys.readouterr().out
    assert told.startswith("#!/bin/bash\n")
    assert str(tmp_path / "sweeps" / "small") in told
    assert list((tmp_path / "sweeps" / "small" / "parts").iterdir()) == []


def start(file: Path, out: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "weishang.experiments.cli", "sweep", str(file)]
    return subprocess.Popen(
        [*command, "--out", str(out), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "WEISHANG_LOG": "lines"},
    )


def wait_for_workers(process, count):
    """The process ids of a sweep's workers, when all are there."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: len(children.read_text().split()) == count)
    return [int(pid) for pid in children.read_text().split()]


def wait_until(reached, seconds=300.0):
    limit = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < limit
        time.sleep(0.05)


def alive(pid):
    """Whether a process runs: what has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
