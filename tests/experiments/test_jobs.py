"""Cluster jobs: they parse, name no host, call commands that exist, and take another turn."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer

from weishang.experiments import cli
from weishang.experiments.sweep.execute import slurm, worker
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

JOBS = sorted(Path(cli.__file__).parent.rglob("jobs/*.sbatch"))
DOCTOR, RUN, SWEEP = JOBS
OPTIONS = {
    *("job-name", "gpus", "gpus-per-node", "nodes", "ntasks", "cpus-per-task", "mem", "time"),
    *("array", "requeue", "open-mode", "output", "signal"),
}
"""Of sbatch; those that name hosts, partitions, accounts or people are not among them."""

PYTHON = Path(sys.executable)
RETURNED = (75, 138, 143)
SCENARIO = """
format = 1
name = "tiny"
start = 2022-10-01
days = 1
"""
SMALL_SWEEP = """
format = 1
name = "tiny"
method = "grid"
seed = 3
users = 300
sellers = 4
days = 1
replicates = 2
runs_a_part = 1
"""

each_job = pytest.mark.parametrize("job", JOBS, ids=[job.name for job in JOBS])
each_in_turns = pytest.mark.parametrize("job", [RUN, SWEEP], ids=[RUN.name, SWEEP.name])


@pytest.fixture
def submitted(tmp_path):
    """Runs a job's text as Slurm would, job 1 of array 7, with programs of Slurm's as told."""
    place = tmp_path / "bin"
    place.mkdir()

    def run(job, *words, srun, state="RUNNING", **variables):
        asked = place / "asked"
        texts = {
            "srun": srun,
            "squeue": f'echo "$@" >> {asked}; echo {state}',
            "scontrol": f'echo "$@" >> {asked}',
        }
        for name, text in texts.items():
            (place / name).write_text(f"#!/bin/bash\n{text}\n")
            (place / name).chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{place}:{_program().parent}:{os.environ['PATH']}",
            "SLURM_JOB_ID": "8",
            "SLURM_CPUS_PER_TASK": "1",
            "SLURM_ARRAY_JOB_ID": "7",
            "SLURM_ARRAY_TASK_ID": "1",
            **variables,
        }
        done = subprocess.run(
            ["bash", job, *words], capture_output=True, text=True, cwd=tmp_path, env=environment
        )
        return done, asked.read_text().splitlines() if asked.exists() else []

    return run


def _program() -> Path:
    program = PYTHON.with_name("weishang")
    if not program.exists():
        program = Path(shutil.which("weishang") or pytest.skip("weishang is not installed"))
    return program


def test_there_are_jobs():
    names = [job.name for job in JOBS]
    assert names == ["doctor_gpu.sbatch", "run_gpu.sbatch", "sweep_array.sbatch"]


@each_job
def test_bash_parses_it(job):
    assert job.read_text().startswith("#!/bin/bash\n")
    subprocess.run(["bash", "-n", job], check=True, capture_output=True)


@each_job
def test_it_names_no_host(job):
    text = job.read_text()
    told = re.findall(r"^#SBATCH\s+--([\w-]+)", text, re.MULTILINE)
    assert told
    assert len(told) == text.count("#SBATCH")
    assert set(told) <= OPTIONS
    assert not re.search(
        r"\w@\w+\.|://|\b\d+\.\d+\.\d+\.\d+\b|--(nodelist|host|chdir)|/home/|/scratch", text
    )


@each_job
def test_every_command_exists_and_takes_its_options(job):
    text = job.read_text().replace("\\\n", " ")
    lines = re.findall(r"^ *(?:exec |srun .*)?\b(weishang \w.*)$", text, re.MULTILINE)
    workers = re.findall(rf"^srun .* python -m {worker.MODULE} (.*)$", text, re.MULTILINE)
    assert len(lines) + len(workers) == 1
    for line in lines:
        words = shlex.split(line)
        assert _options(words) <= _known(typer.main.get_command(cli.app).commands[words[1]])
    app = typer.Typer()
    app.command()(worker.sweep_worker)
    for line in workers:
        assert _options(shlex.split(line)) <= _known(typer.main.get_command(app))


def _options(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("--")}


def _known(command) -> set[str]:
    return {name for one in command.params for name in one.opts}


@each_in_turns
def test_it_ends_as_the_printed_script_does(job):
    lines = job.read_text().splitlines()
    assert tuple(lines[-len(slurm.TURN) :]) == slurm.TURN
    first = lines.index(slurm.SETUP[0])
    assert tuple(lines[first : first + len(slurm.SETUP)]) == slurm.SETUP


@each_in_turns
def test_it_is_warned_when_a_twentieth_of_its_time_is_left(job):
    hours, minutes = re.search(r"--time=(\d+):(\d+):00\n", job.read_text()).groups()
    options = slurm.Options(minutes=60 * int(hours) + int(minutes))
    assert f"#SBATCH --signal=USR1@{options.warning()}\n" in job.read_text()


@each_in_turns
@pytest.mark.parametrize("code", [*RETURNED, 0, 1, 2, 130, 137])
def test_what_is_saved_and_nothing_else_takes_another_turn(submitted, job, code):
    done, asked = submitted(job, srun=f"exit {code}", FOLDER="f", TASKS="2", SCENARIO="s")
    assert done.returncode == code
    question = "--noheader --jobs=7_1 --format=%T"
    assert asked == ([question, "requeue 7_1"] if code in RETURNED else [])


@each_in_turns
@pytest.mark.parametrize("state", ["COMPLETING", "CANCELLED", "''"])
def test_a_job_that_was_cancelled_takes_none(submitted, job, state):
    said = {"FOLDER": "f", "TASKS": "2", "SCENARIO": "s"}
    done, asked = submitted(job, srun="exit 75", state=state, **said)
    assert done.returncode == 75
    assert [line for line in asked if line.startswith("requeue")] == []


@each_in_turns
@pytest.mark.parametrize(("turns", "more"), [("99", True), ("100", False)])
def test_there_is_an_end_to_turns(submitted, job, turns, more):
    said = {"FOLDER": "f", "TASKS": "2", "SCENARIO": "s", "SLURM_RESTART_COUNT": turns}
    _, asked = submitted(job, srun="exit 75", **said)
    assert ("requeue 7_1" in asked) == more


@each_in_turns
def test_a_job_outside_of_arrays_names_itself(submitted, job):
    said = {"FOLDER": "f", "TASKS": "2", "SCENARIO": "s"}
    _, asked = submitted(job, srun="exit 75", SLURM_ARRAY_JOB_ID="", **said)
    assert asked[-1] == "requeue 8"


@each_in_turns
def test_the_shell_waits_when_it_gets_the_signal_too(submitted, job):
    """As when all of a job is signalled: the program must have its time to save."""
    said = {"FOLDER": "f", "TASKS": "2", "SCENARIO": "s"}
    slow = "kill -USR1 $PPID; kill -TERM $PPID; sleep 0.2; echo saved; exit 75"
    done, asked = submitted(job, srun=slow, **said)
    assert (done.returncode, done.stdout) == (75, "saved\n")
    assert asked[-1] == "requeue 7_1"


@pytest.mark.parametrize(
    ("job", "said", "told"),
    [
        (RUN, {}, "SCENARIO: give a scenario file"),
        (SWEEP, {"TASKS": "1"}, "FOLDER: give the folder of the sweep"),
        (SWEEP, {"FOLDER": "f"}, "TASKS: give the number of jobs"),
    ],
)
def test_what_it_needs_is_asked_for(submitted, job, said, told):
    done, asked = submitted(job, srun="echo ran", **said)
    assert done.returncode != 0
    assert told in done.stderr
    assert (done.stdout, asked) == ("", [])


def test_a_run_is_run(submitted, tmp_path):
    (tmp_path / "my tiny.toml").write_text(SCENARIO)
    words = ["--users", "300", "--sellers", "4", "--days", "1"]
    said = {"SCENARIO": "my tiny.toml", "RESULTS": "my results"}
    done, asked = submitted(RUN, *words, srun='shift 2; exec "$@"', **said)
    assert done.returncode == 0, done.stderr
    assert asked == []
    assert (tmp_path / "my results/runs/my tiny/summary.csv").is_file()


def test_jobs_share_a_sweep(submitted, tmp_path):
    (tmp_path / "tiny.toml").write_text(SMALL_SWEEP)
    plan = sweep_plan.make(tmp_path / "tiny.toml")
    folder = sweep_folder.open_folder(plan, tmp_path / "my results")
    done, asked = submitted(SWEEP, srun='shift 2; exec "$@"', FOLDER=str(folder), TASKS="2")
    assert done.returncode == 0, done.stderr
    assert asked == []
    assert sweep_folder.missing(plan, folder) == [0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a device the job would run in full")
def test_the_doctor_runs_up_to_the_missing_device(tmp_path):
    environment = {**os.environ, "PATH": f"{_program().parent}:{os.environ['PATH']}"}
    environment.pop("TRITON_INTERPRET", None)
    done = subprocess.run(
        ["bash", DOCTOR],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "RESULTS": str(tmp_path / "results")},
    )
    assert done.returncode == 2
    assert done.stderr.startswith("weishang: --gpu cannot check cuda here: ")
    assert list(tmp_path.iterdir()) == []
