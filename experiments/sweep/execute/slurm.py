"""A sweep as an array of Slurm jobs: handed in by submitit, or as a script to hand in by hand.

Each job of the array is the worker program with its share of the parts. Slurm's signals go to the
job step, so `srun` starts the program: SIGUSR1 some time before the limit, SIGTERM when the
machine is wanted back. The program saves and leaves with 75, and the job's shell then asks Slurm
for another turn. A job that was cancelled is left alone.
"""

import hashlib
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weishang.experiments.console.exit_codes import REQUEUE
from weishang.experiments.storage.atomic import refuse_links

if TYPE_CHECKING:
    from submitit.core.utils import DelayedSubmission

    from weishang.experiments.sweep.store.plan import Plan

WORKER = "weishang.experiments.sweep.execute.worker"
FOLDER = "slurm"
"""In the sweep's folder: logs, and submitit's own files. Only their owner may look inside."""
PROGRAMS = ("sbatch", "srun", "squeue", "scontrol")

MAX_REQUEUES = 100
"""Turns of one job. A job that gets no further in its time would take turns for ever."""
WARNING_PER_MINUTE = 3
LEAST_WARNING = 120
MOST_WARNING = 900
"""Seconds: a job is warned when 5% of its time is left, but 2 to 15 minutes before the end."""
LEAST_MINUTES = 5
"""A shorter job would be warned as soon as it begins."""
PATIENCE = 60
"""Seconds that Slurm has for an answer."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,@+-]*")
"""Partitions and accounts as Slurm knows them."""
MEANT_BY_SLURM = frozenset("%\\")
"""In the names of log files Slurm puts numbers for these."""

THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
SETUP = (
    "# Signals to this shell wait until the program, which gets its own, has saved.",
    "trap : TERM USR1",
    *(f'export {name}="$SLURM_CPUS_PER_TASK"' for name in THREADS),
)
TURN = (
    "code=$?",
    "# An array's number is also one of its jobs' own: with the task it means that job alone.",
    'job="${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}"',
    'job="${job:-$SLURM_JOB_ID}"',
    f"# {REQUEUE}: saved. 138 and 143: the signal came before the program could take it.",
    "case $code in",
    f"    {REQUEUE} | 138 | 143)",
    "        # A job that was cancelled does not run any more, and is left alone.",
    '        state=$(squeue --noheader --jobs="$job" --format=%T)',
    f'        if [ "$state" = RUNNING ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {MAX_REQUEUES} ]',
    "        then",
    '            scontrol requeue "$job"',
    "        fi",
    "        ;;",
    "esac",
    'exit "$code"',
)
"""What every job does when its program has ended; the templates in jobs/ end with it too."""


@dataclass(frozen=True)
class Options:
    """What each job of the array asks of Slurm.

    Attributes:
        tasks: jobs that share the parts, at least 1; no more than there are parts are handed in.
        gpus: a job, 0 or 1.
        cpus: a job, at least 1.
        memory_gb: a job, GiB.
        minutes: a turn, at least LEAST_MINUTES; a job that needs more takes more turns.
        partition, account: where the cluster asks for one.

    Raises:
        ValueError: one of them is out of range, or not a name.
    """

    tasks: int = 4
    gpus: int = 0
    cpus: int = 2
    memory_gb: float = 8.0
    minutes: int = 60
    partition: str | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        """Refuse what Slurm would refuse or read as something else."""
        for name, least in (("tasks", 1), ("cpus", 1), ("minutes", LEAST_MINUTES)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least {least}")
        if self.gpus not in (0, 1):
            raise ValueError(f"gpus is {self.gpus}; a job takes 0 or 1, give more tasks instead")
        if not 0 < self.memory_gb < float("inf"):
            raise ValueError(f"memory_gb is {self.memory_gb}; give GiB above 0")
        for name in ("partition", "account"):
            value = getattr(self, name)
            if value is not None and not NAME.fullmatch(value):
                raise ValueError(f"{name} is {value!r}; give a name that Slurm knows")

    def memory(self) -> str:
        """As Slurm reads it."""
        return f"{max(1, round(1024 * self.memory_gb))}M"

    def warning(self) -> int:
        """Seconds before the end of a turn at which Slurm sends SIGUSR1."""
        return min(MOST_WARNING, max(LEAST_WARNING, WARNING_PER_MINUTE * self.minutes))


@dataclass(frozen=True)
class Task:
    """One job's share of a sweep: all that submitit keeps in its files.

    Attributes:
        folder: the sweep's.
        task: this job, from 0.
        tasks: that share the parts.
    """

    folder: str
    task: int
    tasks: int

    def __call__(self) -> None:
        """Be the worker program, in this process: signals come to it, its codes are the job's.

        Raises:
            SystemExit: it ended with another code than 0.
        """
        sys.argv = [WORKER, self.folder, "--task", str(self.task), "--tasks", str(self.tasks)]
        try:
            runpy.run_module(WORKER, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            if end.code:
                raise

    def checkpoint(self) -> "DelayedSubmission":
        """What submitit hands in again when the signal comes before the worker takes it."""
        from submitit.core.utils import DelayedSubmission

        return DelayedSubmission(self)


def missing_tools() -> list[str]:
    """What keeps jobs from being handed in from here, and what to do; empty where nothing does."""
    missing = []
    programs = [name for name in PROGRAMS if shutil.which(name) is None]
    if programs:
        missing.append(
            f"{', '.join(programs)} not on the PATH: work where Slurm is, or print the script with "
            "--script"
        )
    if find_spec("submitit") is None:
        missing.append("submitit not installed: run pip install 'weishang[slurm]'")
    return missing


def refuse_missing_tools() -> None:
    """Refuse to go on where no job can be handed in; nothing is written.

    Raises:
        ValueError: Slurm or submitit is not here, or Slurm does not answer.
    """
    missing = missing_tools()
    if missing:
        raise ValueError(f"no Slurm job can be handed in from here: {'; '.join(missing)}")
    _jobs()


def were_handed_in(folder: Path) -> bool:
    """Whether jobs of a sweep may be somewhere: its folder has had some, and Slurm is here."""
    return (folder / FOLDER).is_dir() and shutil.which("squeue") is not None


def running(folder: Path) -> list[str]:
    """Numbers of this user's jobs of a sweep, by submitit or by script, that wait or run.

    Raises:
        ValueError: Slurm does not answer.
    """
    return _jobs(f"--name={job_name(folder)}")


def refuse_running(folder: Path) -> None:
    """Refuse a folder whose jobs wait or run.

    Raises:
        ValueError: some do, or Slurm does not answer.
    """
    busy = running(folder)
    if busy:
        raise ValueError(f"{folder}: jobs {', '.join(busy)} still work on it; wait, or scancel")


def submit(plan: "Plan", folder: Path, options: Options) -> str:
    """Hand the sweep in as an array of jobs.

    Args:
        plan: the sweep.
        folder: its folder, made by `sweep_plan.open_folder`; all machines must see it.
        options: what each job asks for.

    Returns:
        The array's number.

    Raises:
        ValueError: no Slurm here, a job of this folder still waits or runs, the path cannot be
            given to Slurm, or Slurm refuses the jobs. No job and no file of one is left then.
    """
    refuse_missing_tools()
    path = _plain(folder)
    refuse_running(folder)
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    private = _private_folder(folder)
    before = set(private.iterdir())
    tasks = _num_tasks(plan, options)
    executor = _executor(private, folder, options, tasks)
    try:
        # submitit prints what it raises as well.
        with redirect_stderr(StringIO()):
            jobs = executor.submit_array([Task(path, task, tasks) for task in range(tasks)])
    except (FailedJobError, FailedSubmissionError) as error:
        for leftover in set(private.iterdir()) - before:
            leftover.unlink()
        raise ValueError(f"Slurm refused the jobs: {error}") from None
    return str(jobs[0].job_id).split("_")[0]


def script(plan: "Plan", folder: Path, options: Options) -> str:
    """The same array as a script for sbatch.

    Args:
        plan, folder, options: as in `submit`. A folder for logs is made in `folder`.

    Raises:
        ValueError: the path cannot be given to Slurm.
    """
    path = shlex.quote(_plain(folder))
    tasks = _num_tasks(plan, options)
    logs = _private_folder(folder)
    lines = [
        "#!/bin/bash",
        f"# The sweep {plan.name}: {plan.num_parts} parts, shared by {tasks} jobs. Hand it in with",
        "# sbatch; look at it with weishang progress; when it is done, run weishang gather.",
        *_directives(folder, logs, options, tasks),
        "",
        *SETUP,
        "",
        'srun --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" \\',
        f"    {shlex.quote(sys.executable)} -m {WORKER} \\",
        f"    {path} \\",
        f'    --task "$SLURM_ARRAY_TASK_ID" --tasks {tasks}',
        *TURN,
    ]
    return "\n".join(lines) + "\n"


def job_name(folder: Path) -> str:
    """The name of all jobs of a sweep's folder, by which they are found again."""
    place = str(folder.resolve()).encode(errors="surrogateescape")
    return f"weishang-{folder.name}-{hashlib.sha256(place).hexdigest()[:8]}"


def _executor(private: Path, folder: Path, options: Options, tasks: int) -> Any:
    """An executor of submitit's that does as the script does."""
    from submitit import SlurmExecutor

    executor = SlurmExecutor(private, max_num_timeout=MAX_REQUEUES)
    executor.update_parameters(
        job_name=job_name(folder),
        time=options.minutes,
        nodes=1,
        ntasks_per_node=1,
        cpus_per_task=options.cpus,
        mem=options.memory(),
        gpus_per_node=options.gpus or None,
        partition=options.partition,
        account=options.account,
        wckey=None,
        array_parallelism=tasks,
        additional_parameters={"signal": f"USR1@{options.warning()}", "requeue": True},
        # From Slurm 22.05 on a step does not take over the cores of its job.
        srun_args=[f"--cpus-per-task={options.cpus}"],
        setup=[*SETUP, "export SUBMITIT_PREEMPT_SIGNAL=USR1"],
        teardown=list(TURN),
    )
    return executor


def _directives(folder: Path, logs: Path, options: Options, tasks: int) -> list[str]:
    wanted: dict[str, object] = {
        "job-name": job_name(folder),
        "array": f"0-{tasks - 1}",
        "nodes": 1,
        "ntasks": 1,
        "cpus-per-task": options.cpus,
        "mem": options.memory(),
        "time": options.minutes,
        "signal": f"USR1@{options.warning()}",
        "open-mode": "append",
        "output": shlex.quote(f"{_plain(logs)}/%A_%a.out"),
    }
    if options.gpus:
        wanted["gpus-per-node"] = options.gpus
    if options.partition is not None:
        wanted["partition"] = options.partition
    if options.account is not None:
        wanted["account"] = options.account
    return [*(f"#SBATCH --{name}={value}" for name, value in wanted.items()), "#SBATCH --requeue"]


def _num_tasks(plan: "Plan", options: Options) -> int:
    """No job without a part."""
    return min(options.tasks, plan.num_parts)


def _private_folder(folder: Path) -> Path:
    private = folder / FOLDER
    refuse_links(folder, private)
    private.mkdir(mode=0o700, exist_ok=True)
    private.chmod(0o700)
    return private


def _plain(folder: Path) -> str:
    """The folder's path from the root, if Slurm takes it as it is."""
    path = os.path.abspath(folder)
    if not path.isprintable() or MEANT_BY_SLURM & set(path):
        raise ValueError(
            f"the folder is {path!r}; Slurm takes none with %, a backslash or a line's end in its "
            "path: give another --out"
        )
    return path


def _jobs(*which: str) -> list[str]:
    """Numbers of this user's jobs."""
    command = ["squeue", "--noheader", f"--user={os.getuid()}", "--format=%i", *which]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"Slurm does not answer: {error}") from None
    if done.returncode != 0:
        raise ValueError(f"Slurm does not answer: {done.stderr.strip()}")
    return done.stdout.split()
