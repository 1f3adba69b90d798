"""A sweep as an array of Slurm jobs: a script, which is submitted or printed.

Each job of the array is the worker program with its share of the parts. Slurm's signals go to the
job step, so `srun` starts the program: SIGUSR1 some time before the limit, SIGTERM when the
machine is wanted back. The program saves and exits with 75, and the job's shell then asks Slurm to
requeue the job. A job that was cancelled is left alone.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from weishang.experiments.console.exit_codes import REQUEUE
from weishang.experiments.storage.atomic import refuse_links
from weishang.experiments.sweep.execute import worker
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store.plan import Plan

PROGRAMS = ("sbatch", "srun", "squeue", "scontrol")

MAX_REQUEUES = 100
"""Per job. A job that makes no progress within its time would be requeued for ever."""
WARNING_PER_MINUTE = 3
LEAST_WARNING = 120
MOST_WARNING = 900
"""Seconds: a job is warned when 5% of its time is left, but 2 to 15 minutes before the end."""
LEAST_MINUTES = 5
"""A shorter job would be warned as soon as it starts."""
PATIENCE = 60
"""Seconds to wait for an answer from Slurm."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,@+-]*")
"""Partitions and accounts as Slurm knows them."""
MEANT_BY_SLURM = frozenset("%\\")
"""In the names of log files Slurm replaces these by numbers."""

SETUP = (
    "# The shell holds signals back until the program, which gets its own, has saved.",
    "trap : TERM USR1",
    *(f'export {name}="$SLURM_CPUS_PER_TASK"' for name in worker.THREADS),
)
TURN = (
    "code=$?",
    "# The number of an array is also that of one of its jobs: with the task it is unambiguous.",
    'job="${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}"',
    'job="${job:-$SLURM_JOB_ID}"',
    f"# {REQUEUE}: saved. 138 and 143: the signal came before the program could handle it.",
    "case $code in",
    f"    {REQUEUE} | 138 | 143)",
    "        # A job that was cancelled is no longer running, and is left alone.",
    '        state=$(squeue --noheader --jobs="$job" --format=%T)',
    f'        if [ "$state" = RUNNING ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {MAX_REQUEUES} ]',
    "        then",
    '            scontrol requeue "$job"',
    "        fi",
    "        ;;",
    "esac",
    'exit "$code"',
)
"""What every job does when its program has ended; the scripts in jobs/ end like this too."""


@dataclass(frozen=True)
class Options:
    """What each job of the array asks of Slurm.

    Attributes:
        tasks: jobs that share the parts, at least 1; no more are submitted than there are parts.
        gpus: per job, 0 or 1.
        cpus: per job, at least 1.
        memory_gb: per job, in GiB.
        minutes: time limit, at least LEAST_MINUTES; a job that needs longer is requeued.
        partition, account: where the cluster requires one.

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
        """Refuse what Slurm would refuse or misread."""
        for name, least in (("tasks", 1), ("cpus", 1), ("minutes", LEAST_MINUTES)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least {least}")
        if self.gpus not in (0, 1):
            raise ValueError(f"gpus is {self.gpus}; a job takes 0 or 1, ask for more tasks instead")
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


def refuse_missing_tools() -> None:
    """Refuse where no job can be submitted; nothing is written.

    Raises:
        ValueError: Slurm is not installed here, or does not answer.
    """
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise ValueError(
            f"no Slurm job can be submitted from here: {', '.join(missing)} not on the PATH; run "
            "this on a machine with Slurm, or print the script with --script"
        )
    _jobs()


def refuse_running(folder: Path) -> None:
    """Refuse a folder whose jobs are pending or running.

    Only a folder that has had jobs is asked about, and only where Slurm is installed.

    Raises:
        ValueError: some are, or Slurm does not answer.
    """
    if (folder / layout.JOBS).is_dir() and shutil.which("squeue") is not None:
        jobs = running(folder)
        if jobs:
            raise ValueError(
                f"{folder}: jobs {', '.join(jobs)} are still working on it; wait for them or "
                "cancel them with scancel"
            )


def running(folder: Path) -> list[str]:
    """Numbers of this user's pending and running jobs for a sweep.

    Raises:
        ValueError: Slurm does not answer.
    """
    return _jobs(f"--name={job_name(folder)}")


def submit(plan: Plan, folder: Path, options: Options) -> str:
    """Submit the sweep as an array of jobs.

    Args:
        plan: the sweep.
        folder: its folder, made by `folder.open_folder`; all machines must see it.
        options: what each job asks for.

    Returns:
        The array's number.

    Raises:
        ValueError: there is no Slurm here, jobs of this folder are still pending or running, Slurm
            cannot take the path, or it refuses the jobs.
    """
    refuse_missing_tools()
    refuse_running(folder)
    done = _run("sbatch", "--parsable", text=script(plan, folder, options))
    if done.returncode != 0:
        raise ValueError(f"Slurm refused the jobs: {done.stderr.strip()}")
    # Between several clusters Slurm adds the name of one.
    return done.stdout.strip().partition(";")[0]


def script(plan: Plan, folder: Path, options: Options) -> str:
    """The array as a script for sbatch.

    Args:
        plan, folder, options: as in `submit`. A folder for logs is made in `folder`.

    Raises:
        ValueError: Slurm cannot take the path.
    """
    path = _plain(folder)
    tasks = min(options.tasks, plan.num_parts)
    logs = folder / layout.JOBS
    refuse_links(folder, logs)
    logs.mkdir(exist_ok=True)
    lines = [
        "#!/bin/bash",
        f"# The sweep {plan.name}: {plan.num_parts} parts, shared by {tasks} jobs. Submit it with",
        "# sbatch, follow it with weishang progress, and run weishang gather when it is done.",
        *_directives(folder, f"{path}/{layout.JOBS}/%A_%a.out", options, tasks),
        "",
        *SETUP,
        "",
        'srun --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" \\',
        f"    {shlex.quote(sys.executable)} -m {worker.MODULE} \\",
        f"    {shlex.quote(path)} \\",
        f'    --task "$SLURM_ARRAY_TASK_ID" --tasks {tasks}',
        *TURN,
    ]
    return "\n".join(lines) + "\n"


def job_name(folder: Path) -> str:
    """The name of all jobs of a sweep's folder, by which they are found again."""
    place = str(folder.resolve()).encode(errors="surrogateescape")
    return f"weishang-{folder.name}-{hashlib.sha256(place).hexdigest()[:8]}"


def _directives(folder: Path, output: str, options: Options, tasks: int) -> list[str]:
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
        "output": shlex.quote(output),
    }
    if options.gpus:
        wanted["gpus-per-node"] = options.gpus
    if options.partition is not None:
        wanted["partition"] = options.partition
    if options.account is not None:
        wanted["account"] = options.account
    return [*(f"#SBATCH --{name}={value}" for name, value in wanted.items()), "#SBATCH --requeue"]


def _plain(folder: Path) -> str:
    """The folder's absolute path, if Slurm takes it as it is."""
    path = os.path.abspath(folder)
    if not path.isprintable() or MEANT_BY_SLURM & set(path):
        raise ValueError(
            f"the folder is {path!r}; Slurm does not take a path with %, a backslash or a line "
            "break: give another --out"
        )
    return path


def _jobs(*which: str) -> list[str]:
    """Numbers of this user's jobs."""
    done = _run("squeue", "--noheader", f"--user={os.getuid()}", "--format=%i", *which)
    if done.returncode != 0:
        raise ValueError(f"Slurm does not answer: {done.stderr.strip()}")
    return done.stdout.split()


def _run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """One of Slurm's programs, with `text` on its stdin."""
    try:
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"Slurm does not answer: {error}") from None
