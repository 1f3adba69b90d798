"""A Slurm of one machine for the tests: its own key, sockets, ports and folders, all of them gone
afterwards.

Two partitions share the machine's cores. A job in `high` preempts those in `low`, which are put
back in the queue, after GRACE seconds in which they may save. Processes are tracked without control
groups, so that this works in a container too.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
CORES = 2
GRACE = 60
REQUEUE_SECONDS = 5
"""How long Slurm keeps a job in the queue that was put back; 120 if it is not told."""
PATIENCE = 90.0
"""Seconds until a state is reached that takes one or a few on an idle machine."""

CONFIGURATION = """
ClusterName=weishang
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket,cred_expire={requeue}
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=10
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=100000
PartitionName=low Nodes={host} Default=YES PriorityTier=1 GraceTime={grace}
PartitionName=high Nodes={host} PriorityTier=10 PreemptMode=OFF
"""


@dataclass(frozen=True)
class Cluster:
    """A running Slurm.

    Attributes:
        place: folder of its configuration, sockets and logs.
    """

    place: Path

    def ask(self, *command: str, text: str | None = None) -> str:
        """What one of Slurm's programs prints, given `text` on stdin."""
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command}: {done.stderr}{self.logs()}"
        return done.stdout.strip()

    def logs(self) -> str:
        """The ends of the daemons' logs."""
        return "".join(
            f"\n--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self.place.glob("*.log"))
        )

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        """Until something is so; if it takes too long, the test fails with the daemons' logs."""
        limit = time.monotonic() + PATIENCE
        while not reached():
            if time.monotonic() > limit:
                pytest.fail(f"{what}: not within {PATIENCE} s{self.logs()}")
            time.sleep(0.2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if os.geteuid() != 0:
        missing.append("the rights of root")
    if missing:
        reason = f"no {', '.join(missing)}: apt-get install slurm-wlm munge"
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A Slurm that answers; its daemons, jobs and files are gone afterwards, whatever happens."""
    with pytest.MonkeyPatch.context() as environment, ExitStack() as held:
        # Below /tmp, as the path of a socket has at most 107 characters.
        place = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        held.callback(shutil.rmtree, place, ignore_errors=True)
        held.callback(_kill_the_rest, place)
        host = socket.gethostname().partition(".")[0]
        (place / "state").mkdir()
        (place / "spool").mkdir()
        (place / "munge.key").write_bytes(os.urandom(64))
        (place / "munge.key").chmod(0o600)
        (place / "slurm.conf").write_text(
            CONFIGURATION.format(
                place=place,
                host=host,
                ports=_free_ports(2),
                cores=CORES,
                grace=GRACE,
                requeue=REQUEUE_SECONDS,
            )
        )
        environment.setenv("SLURM_CONF", str(place / "slurm.conf"))
        environment.setenv("PATH", _path())
        cluster = Cluster(place)
        munge = [f"--{name}={place}/munge.{name.partition('-')[0]}" for name in MUNGE_FILES]
        held.enter_context(_daemon(place, "munged", "--foreground", "--force", *munge))
        cluster.wait((place / "munge.socket").exists, "munge's socket")
        held.enter_context(_daemon(place, "slurmctld", "-D"))
        held.enter_context(_daemon(place, "slurmd", "-D", "-N", host))
        state = ["sinfo", "--noheader", "--Node", "--partition=low", "--format=%t"]
        cluster.wait(lambda: _answer(state) == "idle", "an idle node")
        held.callback(subprocess.run, ["scancel", "--full", "--user=root"], check=False)
        yield cluster


MUNGE_FILES = ("key-file", "socket", "pid-file", "log-file", "seed-file")


def _path() -> str:
    """Where the programs are: the daemons are not on everybody's path."""
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _answer(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@contextlib.contextmanager
def _daemon(place: Path, *command: str) -> Iterator[None]:
    """A daemon in the foreground, which is stopped when the block ends."""
    with (place / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _kill_the_rest(place: Path) -> None:
    """End what daemons that were killed leave: steps of jobs, and what these run."""
    mark = f"SLURM_CONF={place}/".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
