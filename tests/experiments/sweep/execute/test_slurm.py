"""Sweeps on Slurm: what is submitted and what is refused; ../slurm runs it on a real one."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from weishang.experiments.sweep.execute import slurm, worker
from weishang.experiments.sweep.execute.slurm import Options
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

SWEEP = """
format = 1
name = "tiny"
method = "grid"
seed = 3
users = {users}
sellers = 4
days = {days}
replicates = {replicates}
runs_a_part = 2
"""
NAMES = ["it's", 'a "q"', "$(touch bad)", "`touch bad`", "a; touch bad #", "-rf", "微商 {x}* ?[!]"]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return _plan(tmp_path_factory.mktemp("file"), users=300, days=1, replicates=4)


@pytest.fixture
def folder(plan, tmp_path):
    return sweep_folder.open_folder(plan, tmp_path / "out")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Makes Slurm's programs: bash texts by name; the others of them do nothing."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")

    def make(**texts):
        for name in slurm.PROGRAMS:
            program = place / name
            program.write_text(f"#!/bin/bash\n{texts.get(name, '')}\n")
            program.chmod(0o755)

    make()
    return make


def _plan(place: Path, *, users: int, days: int, replicates: int) -> sweep_plan.Plan:
    file = place / "tiny.toml"
    file.write_text(SWEEP.format(users=users, days=days, replicates=replicates))
    return sweep_plan.make(file)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tasks": 0}, "tasks is 0; give at least 1"),
        ({"cpus": 0}, "cpus is 0; give at least 1"),
        ({"minutes": 4}, "minutes is 4; give at least 5"),
        ({"gpus": 2}, "gpus is 2; a job takes 0 or 1"),
        ({"gpus": -1}, "gpus is -1"),
        ({"memory_gb": 0.0}, "memory_gb is 0.0; give GiB above 0"),
        ({"memory_gb": float("nan")}, "memory_gb is nan"),
        ({"memory_gb": float("inf")}, "memory_gb is inf"),
        ({"partition": ""}, "partition is ''; give a name that Slurm knows"),
        ({"partition": "a b"}, "partition is 'a b'"),
        ({"partition": "--wrap"}, "partition is '--wrap'"),
        ({"account": "a\n#SBATCH --uid=0"}, "account is 'a"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        Options(**options)


@pytest.mark.parametrize(("minutes", "seconds"), [(5, 120), (40, 120), (60, 180), (1440, 900)])
def test_a_job_is_warned_when_a_twentieth_of_its_time_is_left(minutes, seconds):
    assert Options(minutes=minutes).warning() == seconds


def test_the_script_asks_for_what_the_options_say(plan, folder):
    asked = Options(
        tasks=2, gpus=1, cpus=3, memory_gb=1.5, minutes=90, partition="gpu,big", account="me"
    )
    text = slurm.script(plan, folder, asked)
    told = dict(re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", text, re.MULTILINE))
    assert told == {
        "job-name": slurm.job_name(folder),
        "array": "0-1",
        "nodes": "1",
        "ntasks": "1",
        "cpus-per-task": "3",
        "mem": "1536M",
        "time": "90",
        "signal": "USR1@270",
        "open-mode": "append",
        "output": f"{folder}/slurm/%A_%a.out",
        "gpus-per-node": "1",
        "partition": "gpu,big",
        "account": "me",
        "requeue": "",
    }
    assert (folder / "slurm").is_dir()


def test_no_job_is_without_a_part(plan, folder):
    assert plan.num_parts == 2
    assert "#SBATCH --array=0-1\n" in slurm.script(plan, folder, Options(tasks=50))


@pytest.mark.parametrize("name", NAMES)
def test_any_folder_reaches_the_program_as_it_is(plan, tmp_path, programs, name):
    folder = tmp_path / name
    folder.mkdir()
    text = slurm.script(plan, folder, Options(tasks=2))
    programs(srun='printf "%s\\n" "$@" >&2')
    done = _run(text, tmp_path)
    assert done.stderr.splitlines() == [
        "--ntasks=1",
        "--cpus-per-task=2",
        sys.executable,
        *("-m", worker.MODULE, str(folder), "--task", "1", "--tasks", "2"),
    ]
    (output,) = re.findall(r"^#SBATCH --output=(.*)$", text, re.MULTILINE)
    assert shlex.split(output) == [f"{folder}/slurm/%A_%a.out"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["bin", name])


def _run(text: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as Slurm would its job 1 of array 7."""
    variables = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "1", **variables}
    environment = {**os.environ, "SLURM_JOB_ID": "8", "SLURM_CPUS_PER_TASK": "2", **variables}
    return subprocess.run(
        ["bash", "-c", text], capture_output=True, text=True, cwd=cwd, env=environment
    )


@pytest.mark.parametrize("name", ["a\nb", "a%jb", "a\\b", "a\tb", "a\x7fb"])
def test_a_folder_that_slurm_would_misread_is_refused(plan, tmp_path, name, programs):
    folder = tmp_path / name
    folder.mkdir()
    for use in (slurm.script, slurm.submit):
        with pytest.raises(ValueError, match="give another --out"):
            use(plan, folder, Options())
    assert list(folder.iterdir()) == []


def test_a_link_in_place_of_the_folder_for_logs_is_refused(plan, folder, tmp_path):
    (folder / "slurm").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="slurm: is a link"):
        slurm.script(plan, folder, Options())


def test_without_slurm_nothing_is_begun(plan, folder, tmp_path, monkeypatch):
    before = sorted(folder.iterdir())
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = "sbatch, srun, squeue, scontrol not on the PATH; run this on a machine with Slurm"
    for refuse in (slurm.refuse_missing_tools, lambda: slurm.submit(plan, folder, Options())):
        with pytest.raises(ValueError, match=missing):
            refuse()
    assert sorted(folder.iterdir()) == before


def test_jobs_are_found_by_the_name_of_their_folder(folder, tmp_path, programs):
    name = slurm.job_name(folder)
    programs(squeue=f'[[ " $* " == *" --name={name} "* ]] && echo "12_[1-3]"; exit 0')
    assert slurm.running(folder) == ["12_[1-3]"]
    assert slurm.running(tmp_path / "elsewhere" / folder.name) == []


def test_a_folder_with_jobs_gets_no_others(plan, folder, programs):
    (folder / "slurm").mkdir()
    before = sorted(folder.iterdir())
    programs(squeue="echo 12_0; echo 13")
    with pytest.raises(ValueError, match=r"jobs 12_0, 13 are still working on it; wait"):
        slurm.submit(plan, folder, Options())
    assert sorted(folder.iterdir()) == before


def test_a_slurm_that_does_not_answer_is_reported(plan, folder, programs):
    before = sorted(folder.iterdir())
    programs(squeue="echo 'squeue: error: no controller' >&2; exit 1")
    for refuse in (slurm.refuse_missing_tools, lambda: slurm.submit(plan, folder, Options())):
        with pytest.raises(ValueError, match="Slurm does not answer: squeue: error: no controller"):
            refuse()
    assert sorted(folder.iterdir()) == before


def test_what_slurm_refuses_is_passed_on(plan, folder, programs):
    programs(sbatch="echo 'sbatch: error: invalid partition' >&2; exit 1")
    with pytest.raises(ValueError, match=r"Slurm refused the jobs: .*invalid partition"):
        slurm.submit(plan, folder, Options(partition="none"))
    assert list((folder / "slurm").iterdir()) == []


@pytest.mark.parametrize("answer", ["7", "7;cluster"])
def test_what_is_submitted_is_the_script(plan, folder, tmp_path, programs, answer):
    programs(sbatch=f'echo "$@" > {tmp_path}/words; cat > {tmp_path}/text; echo "{answer}"')
    options = Options(tasks=2, partition="p")
    assert slurm.submit(plan, folder, options) == "7"
    assert (tmp_path / "words").read_text() == "--parsable\n"
    assert (tmp_path / "text").read_text() == slurm.script(plan, folder, options)
