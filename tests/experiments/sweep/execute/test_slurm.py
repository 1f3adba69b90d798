"""Sweeps on Slurm: what is handed in, what is refused, and, where there is a Slurm, all of it."""

import os
import pickletools
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import submitit

from weishang.experiments.sweep.execute import slurm
from weishang.experiments.sweep.execute.slurm import Options, Task
from weishang.experiments.sweep.store import plan as sweep_plan

SWEEP = """
format = 1
name = "tiny"
method = "grid"
seed = 3
users = {users}
sellers = 4
days = {days}
worlds = {worlds}
runs_a_part = 2
"""
NAMES = ["it's", 'a "q"', "$(touch bad)", "`touch bad`", "a; touch bad #", "-rf", "微商 {x}* ?[!]"]
OWN_GLOBALS = {
    "submitit.core.utils DelayedSubmission",
    "weishang.experiments.sweep.execute.slurm Task",
}
MINUTES = 10
"""Patience with a real Slurm; it waits two minutes before it runs a job that was put back."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return _plan(tmp_path_factory.mktemp("file"), users=300, days=1, worlds=4)


@pytest.fixture
def folder(plan, tmp_path):
    return sweep_plan.open_folder(plan, tmp_path / "out")


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


def _plan(place: Path, *, users: int, days: int, worlds: int) -> sweep_plan.Plan:
    file = place / "tiny.toml"
    file.write_text(SWEEP.format(users=users, days=days, worlds=worlds))
    return sweep_plan.make(file)


def _parts(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / sweep_plan.PARTS).iterdir())


def _local_parts(plan: sweep_plan.Plan, out: Path) -> list[str]:
    """Names of all parts, checksums in them, as this process computes them."""
    from weishang.experiments.sweep.execute import runs

    folder = sweep_plan.open_folder(plan, out)
    for number in range(plan.num_parts):
        runs.compute(plan, folder, number)
    return _parts(folder)


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
    assert stat.S_IMODE((folder / "slurm").stat().st_mode) == 0o700


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
        *("-m", slurm.WORKER, str(folder), "--task", "1", "--tasks", "2"),
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
def test_a_folder_that_slurm_would_read_otherwise_is_refused(plan, tmp_path, name, programs):
    folder = tmp_path / name
    folder.mkdir()
    for hand_in in (slurm.script, slurm.submit):
        with pytest.raises(ValueError, match="give another --out"):
            hand_in(plan, folder, Options())
    assert list(folder.iterdir()) == []


def test_a_link_in_place_of_the_private_folder_is_refused(plan, folder, tmp_path):
    (folder / "slurm").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="slurm: is a link"):
        slurm.script(plan, folder, Options())


def test_the_printed_script_does_the_work(plan, folder, tmp_path, programs):
    programs(srun='shift 2; exec "$@"')
    done = _run(slurm.script(plan, folder, Options(tasks=1)), tmp_path, SLURM_ARRAY_TASK_ID="0")
    assert done.returncode == 0, done.stderr
    assert _parts(folder) == _local_parts(plan, tmp_path / "local")


def test_without_slurm_nothing_is_begun(plan, folder, tmp_path, monkeypatch):
    before = sorted(folder.iterdir())
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = "sbatch, srun, squeue, scontrol not on the PATH: work where Slurm is"
    assert slurm.missing_tools()[0].startswith(missing)
    for refuse in (slurm.refuse_missing_tools, lambda: slurm.submit(plan, folder, Options())):
        with pytest.raises(ValueError, match=missing):
            refuse()
    assert sorted(folder.iterdir()) == before


def test_without_submitit_one_is_told_what_to_install(programs, monkeypatch):
    assert slurm.missing_tools() == []
    slurm.refuse_missing_tools()
    monkeypatch.setattr(slurm, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=re.escape("run pip install 'weishang[slurm]'")):
        slurm.refuse_missing_tools()


def test_jobs_are_found_by_the_name_of_their_folder(folder, tmp_path, programs):
    name = slurm.job_name(folder)
    programs(squeue=f'[[ " $* " == *" --name={name} "* ]] && echo "12_[1-3]"; exit 0')
    assert slurm.running(folder) == ["12_[1-3]"]
    assert slurm.running(tmp_path / "elsewhere" / folder.name) == []


def test_a_folder_with_jobs_gets_no_others(plan, folder, programs):
    before = sorted(folder.iterdir())
    programs(squeue="echo 12_0; echo 13")
    with pytest.raises(ValueError, match=r"jobs 12_0, 13 still work on it; wait, or scancel"):
        slurm.submit(plan, folder, Options())
    assert sorted(folder.iterdir()) == before


def test_a_slurm_that_does_not_answer_is_told(plan, folder, programs):
    before = sorted(folder.iterdir())
    programs(squeue="echo 'squeue: error: no controller' >&2; exit 1")
    for refuse in (slurm.refuse_missing_tools, lambda: slurm.submit(plan, folder, Options())):
        with pytest.raises(ValueError, match="Slurm does not answer: squeue: error: no controller"):
            refuse()
    assert sorted(folder.iterdir()) == before


def test_what_slurm_refuses_leaves_nothing(plan, folder, programs, capfd):
    programs(sbatch="echo 'sbatch: error: invalid partition' >&2; exit 1")
    with pytest.raises(ValueError, match=r"Slurm refused the jobs: .*invalid partition"):
        slurm.submit(plan, folder, Options(partition="none"))
    assert list((folder / "slurm").iterdir()) == []
    assert capfd.readouterr().err == ""


def test_submitit_hands_in_what_the_script_says(plan, folder, programs):
    programs(sbatch="echo Submitted batch job 7")
    options = Options(tasks=2, gpus=1, cpus=3, memory_gb=1.5, minutes=90, partition="p")
    assert slurm.submit(plan, folder, options) == "7"
    text = (folder / "slurm" / "7_submission.sh").read_text()
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    told, printed = (
        dict(re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", each, re.MULTILINE))
        for each in (text, slurm.script(plan, folder, options))
    )
    assert told.pop("array") == "0-1%2"
    assert told.pop("ntasks-per-node") == "1"
    same = set(printed) - {"array", "ntasks", "output"}
    assert {name: told[name] for name in same} == {name: printed[name] for name in same}
    assert set(told) - same == {"output", "error"}
    for line in (*slurm.SETUP, *slurm.TURN, "export SUBMITIT_PREEMPT_SIGNAL=USR1"):
        assert line in text.splitlines()
    assert re.search(r"^srun .*--cpus-per-task=3 ", text, re.MULTILINE)


def test_its_own_files_are_private_and_hold_a_path_and_numbers(plan, folder, programs):
    programs(sbatch="echo Submitted batch job 7")
    slurm.submit(plan, folder, Options(tasks=2))
    assert stat.S_IMODE((folder / "slurm").stat().st_mode) == 0o700
    files = sorted((folder / "slurm").glob("*.pkl"))
    assert [path.name for path in files] == ["7_0_submitted.pkl", "7_1_submitted.pkl"]
    for task, path in enumerate(files):
        assert _globals(path.read_bytes()) == OWN_GLOBALS
        held = submitit.core.utils.DelayedSubmission.load(path)
        assert held.function == Task(str(folder), task, 2)
        assert (held.args, held.kwargs) == ((), {})


def _globals(pickled: bytes) -> set[str]:
    """What a pickle would import, without loading it."""
    words, found = [], set()
    for code, value, _ in pickletools.genops(pickled):
        if code.name in ("GLOBAL", "INST"):
            found.add(value)
        elif code.name == "STACK_GLOBAL":
            found.add(" ".join(words[-2:]))
        elif isinstance(value, str):
            words.append(value)
    return found


def test_a_task_is_the_worker_and_submitit_sees_its_end(plan, folder, tmp_path):
    executor = submitit.LocalExecutor(tmp_path / "submitit")
    job = executor.submit(Task(str(folder), 0, 1))
    assert job.result() is None
    assert _parts(folder) == _local_parts(plan, tmp_path / "local")


def test_a_task_ends_with_the_code_and_the_line_of_its_worker(folder, tmp_path):
    with _task(tmp_path) as refused:
        _, told = refused.communicate()
    assert refused.returncode == 2
    assert re.fullmatch(r"weishang: .*it is no sweep's.*\n", told)
    with _task(folder) as asked:
        assert asked.stdout.readline() == "task 0 of 1 begins\n"
        asked.send_signal(signal.SIGUSR1)
        _, told = asked.communicate()
    assert asked.returncode == 75
    assert told.splitlines()[-1].startswith("weishang: saved; ")


def _task(folder: Path) -> subprocess.Popen[str]:
    words = (
        f"from weishang.experiments.sweep.execute.slurm import Task; Task({str(folder)!r}, 0, 1)()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_submitit_may_hand_a_task_in_again():
    task = Task("/results/sweeps/tiny", 1, 2)
    again = task.checkpoint()
    assert again.function == task
    assert (again.args, again.kwargs) == ((), {})


def _has_slurm() -> bool:
    """Whether a Slurm of one machine answers: it sees our folders, and is nobody else's cluster."""
    asked = ["sinfo", "--noheader", "--Node", "--format=%N %t"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    machines = {tuple(line.split()) for line in done.stdout.splitlines()}
    return len(machines) == 1 and machines.pop()[1] in ("idle", "mix")


on_slurm = pytest.mark.skipif(not _has_slurm(), reason="no Slurm of one idle machine answers")


@on_slurm
@pytest.mark.parametrize("way", ["submitit", "script"])
def test_real_jobs_that_are_told_to_leave_end_with_the_same_bytes(tmp_path, way):
    plan = _plan(tmp_path, users=2_000, days=40, worlds=20)
    folder = sweep_plan.open_folder(plan, tmp_path / "out")
    options = Options(tasks=2, cpus=1, memory_gb=2.0, minutes=30)
    number = _hand_in(plan, folder, options, way)
    try:
        _wait(lambda: len(_parts(folder)) > 0)
        subprocess.run(["scancel", "--signal=USR1", number], check=True)
        with pytest.raises(ValueError, match="still work on it"):
            slurm.submit(plan, folder, options)
        _wait(lambda: not slurm.running(folder))
    finally:
        subprocess.run(["scancel", number], check=False, capture_output=True)
    logs = "".join(path.read_text() for path in (folder / "slurm").glob("*.[oe][ur][tr]"))
    assert "Exited with exit code 75" in logs
    assert sweep_plan.missing(plan, folder) == []
    assert _parts(folder) == _local_parts(plan, tmp_path / "local")


@on_slurm
def test_a_real_job_that_is_cancelled_stays_so(tmp_path):
    plan = _plan(tmp_path, users=2_000, days=40, worlds=20)
    folder = sweep_plan.open_folder(plan, tmp_path / "out")
    number = _hand_in(plan, folder, Options(tasks=1, cpus=1, memory_gb=2.0), "script")
    _wait(lambda: len(_parts(folder)) > 0)
    subprocess.run(["scancel", number], check=True)
    _wait(lambda: not slurm.running(folder))
    (log,) = (folder / "slurm").glob("*.out")
    assert "Exited with exit code 75" in log.read_text()
    assert "DUE TO JOB REQUEUE" not in log.read_text()
    assert 0 < len(_parts(folder)) < plan.num_parts


def _hand_in(plan: sweep_plan.Plan, folder: Path, options: Options, way: str) -> str:
    if way == "submitit":
        return slurm.submit(plan, folder, options)
    text = slurm.script(plan, folder, options)
    done = subprocess.run(["sbatch", "--parsable"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _wait(until) -> None:
    end = time.monotonic() + 60 * MINUTES
    while not until():
        assert time.monotonic() < end, "Slurm took too long"
        time.sleep(0.2)
