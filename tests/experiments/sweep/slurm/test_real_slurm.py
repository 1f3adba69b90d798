"""Sweeps on a real Slurm: preempted, out of time, cancelled, with the bytes of a local run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from weishang.experiments.storage import partitions
from weishang.experiments.sweep.execute import runs, slurm
from weishang.experiments.sweep.execute.slurm import Options
from weishang.experiments.sweep.execute.sweep import sweep
from weishang.experiments.sweep.results import gather
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store.layout import GATHERED, JOBS, PARTS, RUNS

pytestmark = pytest.mark.slurm

SWEEP = """
format = 1
name = "small"
method = "grid"
seed = 7
users = 2_000
sellers = 40
days = 45
replicates = 8

[parameters]
"sellers.activity" = { values = [0.2, 1.0] }

[policies.usual]
[policies.no_livestreams]
"rules.livestreams" = false
"""
ARRAY = Path(slurm.__file__).with_name("jobs") / "sweep_array.sbatch"
SAVED = "Exited with exit code 75"
"""What srun says of a program that has saved and waits for another turn."""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def truth(file, tmp_path_factory):
    """What is gathered of the sweep when this process computes it."""
    plan = sweep_plan.make(file)
    folder = sweep_folder.open_folder(plan, tmp_path_factory.mktemp("truth"))
    for number in range(plan.num_parts):
        runs.compute(plan, folder, number)
    return gathered(folder)


def gathered(folder):
    """Every gathered file but the one that records times."""
    gather.gather(folder)
    return {
        path.name: path.read_bytes()
        for path in (folder / GATHERED).iterdir()
        if path.name != "manifest.json"
    }


def tasks_at_work(folder):
    """Which of two tasks have finished a part."""
    return {number % 2 for number in partitions.find(folder / PARTS, RUNS)}


def states(cluster, job):
    """The states of an array's jobs, by task: of those that Slurm still remembers."""
    lines = cluster.ask("squeue", "--noheader", "--states=all", f"--job={job}", "--format=%K %T")
    return dict(line.split() for line in lines.splitlines())


def restarts(cluster, job):
    """How often a job has been put back."""
    shown = cluster.ask("scontrol", "--oneliner", "show", "job", job)
    return int(shown.partition("Restarts=")[2].split()[0])


def test_a_preempted_array_is_requeued_and_gathers_the_same_bytes(
    cluster, file, truth, tmp_path, capsys
):
    asked = {"tasks": 2, "cpus": 1, "memory_gb": 2.0, "partition": "low"}
    sweep(file, out=tmp_path, on_slurm=True, **asked)
    job = capsys.readouterr().out.split()[1].rstrip(":")
    folder = tmp_path / "sweeps" / "small"
    with pytest.raises(ValueError, match="are still working on it"):
        sweep(file, out=tmp_path, on_slurm=True, **asked)
    cluster.wait(lambda: tasks_at_work(folder) == {0, 1}, "a part from each task")
    urgent = cluster.ask(
        "sbatch", "--parsable", "--partition=high", "--exclusive", "--output=/dev/null",
        "--wrap=sleep 1",
    )  # fmt: skip
    cluster.wait(lambda: "COMPLETED" in states(cluster, urgent).values(), "the urgent job")
    assert sweep_folder.missing(sweep_plan.make(file), folder)
    cluster.wait(lambda: not slurm.running(folder), "the end of the array")
    assert states(cluster, job) == {"0": "COMPLETED", "1": "COMPLETED"}
    assert [restarts(cluster, f"{job}_{task}") for task in (0, 1)] == [1, 1]
    logs = [path.read_text() for path in (folder / JOBS).iterdir()]
    assert len(logs) == 2
    assert all(SAVED in log for log in logs)
    assert gathered(folder) == truth


def test_a_job_out_of_time_is_requeued_and_a_cancelled_one_is_not(cluster, file, truth, tmp_path):
    """With the script that is handed out; what was cancelled is computed when it is resumed."""
    plan = sweep_plan.make(file)
    folder = sweep_folder.open_folder(plan, tmp_path)
    variables = {
        "FOLDER": str(folder),
        "TASKS": "2",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    job = subprocess.run(
        [
            "sbatch",
            "--parsable",
            "--array=0-1",
            "--cpus-per-task=1",
            "--mem=2G",
            "--partition=low",
            f"--output={tmp_path}/%a.out",
            str(ARRAY),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **variables},
    ).stdout.strip()
    cluster.wait(lambda: tasks_at_work(folder) == {0, 1}, "a part from each task")
    cluster.ask("scancel", f"{job}_1")
    # Less than the warning that the script asks for. Slurm checks limits every 30 s: until then the
    # job is stopped, and Slurm lets it continue when it warns it.
    cluster.ask("scancel", "--signal=STOP", f"{job}_0")
    cluster.ask("scontrol", "update", f"JobId={job}_0", "TimeLimit=2")
    cluster.wait(lambda: restarts(cluster, f"{job}_0") == 1, "the requeue of the job out of time")
    cluster.ask("scontrol", "update", f"JobId={job}_0", "TimeLimit=60")
    cluster.wait(
        lambda: states(cluster, job).get("0") == "COMPLETED", "the end of the requeued job"
    )
    assert states(cluster, job)["1"] == "CANCELLED"
    assert restarts(cluster, f"{job}_1") == 0
    logs = [(tmp_path / f"{task}.out").read_text() for task in (0, 1)]
    assert all(SAVED in log for log in logs)
    missing = sweep_folder.missing(plan, folder)
    assert missing
    assert all(number % 2 for number in missing)
    slurm.submit(plan, folder, Options(tasks=1, cpus=1, memory_gb=2.0, partition="low"))
    cluster.wait(lambda: not slurm.running(folder), "the end of the resumed sweep")
    assert gathered(folder) == truth
