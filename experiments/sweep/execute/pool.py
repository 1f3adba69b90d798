"""The processes that compute a sweep on this machine: started, given parts, watched and stopped.

A worker is asked for one part at a time (see `sweep_worker`). When one fails, or a signal comes,
all save and leave. When this process is killed, their stdin ends, and so do they.
"""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

from weishang.experiments.console import progress
from weishang.experiments.console.exit_codes import BAD_INPUT, FAILED, INTERRUPTED, REQUEUE
from weishang.experiments.console.progress import note
from weishang.experiments.console.signals import GracefulExit, StopRequest, deferred_signals
from weishang.experiments.storage.manifest import usable_cores
from weishang.experiments.sweep.execute.worker import PART, RUN
from weishang.experiments.sweep.store.plan import Plan

WORKER = "weishang.experiments.sweep.execute.worker"
POLL_SECONDS = 0.1
"""Between looks whether a signal has come."""
READ_BYTES = 1 << 16
KEPT_LINES = 100
"""Of what a worker says on stderr."""
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
DEVICES = "CUDA_VISIBLE_DEVICES"
DEVICE_FILE = re.compile(r"nvidia\d+")
TOLD = "weishang: "
"""Begins every line that is meant for people."""
ENDED = "ended"
"""Stands for the answer of a process that is over."""


class CrewError(Exception):
    """A worker failed, and the others have saved and left; the message says what to do."""


class Worker:
    """One process, and what it is at.

    Attributes:
        process: its own.
        part: that it computes; None while it waits.
        lines: the last of its stderr.
    """

    def __init__(self, folder: Path, environment: dict[str, str], *options: str) -> None:
        """Start it; without options it waits for its first part."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", WORKER, str(folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            bufsize=0,
        )
        self.part: int | None = None
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._rest = {self.stdout: b"", self.stderr: b""}

    @property
    def stdout(self) -> int:
        """Where its answers come from."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    @property
    def stderr(self) -> int:
        """Where its errors come from."""
        assert self.process.stderr is not None
        return self.process.stderr.fileno()

    def ask(self, part: int | None) -> None:
        """Ask for a part; None: there is no more, and it ends."""
        assert self.process.stdin is not None
        self.part = part
        # One that has died meanwhile is met at the end of its stdout.
        with contextlib.suppress(BrokenPipeError):
            if part is None:
                self.process.stdin.close()
            else:
                self.process.stdin.write(f"{part}\n".encode())

    def read(self, stream: int) -> list[str] | None:
        """The lines that have come; None at the stream's end."""
        data = os.read(stream, READ_BYTES)
        *lines, self._rest[stream] = (self._rest[stream] + data).split(b"\n")
        if not data:
            lines.append(self._rest[stream])
        found = [line.decode(errors="replace") for line in lines if line]
        if stream == self.stderr:
            self.lines.extend(found)
        return found if data else None

    def close(self) -> None:
        """Kill it if it lives, and let go of its pipes."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def compute(
    plan: Plan,
    folder: Path,
    numbers: Sequence[int],
    workers: int,
    advance: Callable[[], object] = lambda: None,
) -> None:
    """Compute parts of a sweep on this machine's cores.

    Args:
        plan: of the sweep.
        folder: of the sweep.
        numbers: of the parts, handed out in this order.
        workers: processes, at least 1.
        advance: called after each run.

    Raises:
        ValueError: what a worker refuses.
        CrewError: the machine stopped a worker, or a defect of the program did.
        GracefulExit: a signal asked for it, and all have saved.
    """
    todo = deque(numbers)
    said: set[str] = set()
    with deferred_signals() as request, _crew(folder, min(workers, len(todo))) as crew:
        for worker in crew:
            worker.ask(todo.popleft())
        for worker, answer in _answers(crew, request):
            if answer == RUN:
                advance()
            elif answer.startswith(f"{PART} "):
                worker.ask(todo.popleft() if todo else None)
            elif answer == ENDED and worker.process.returncode:
                stop(crew)
                fail(plan, worker)
            elif answer == ENDED:
                _pass_on(worker, said)


def environment(number: int, workers: int) -> dict[str, str]:
    """Variables of one of several workers: its share of the cores, a device of its own, no bars.

    Args:
        number: of the worker, from 0.
        workers: how many there are.
    """
    share = max(1, usable_cores() // workers)
    found = {**os.environ, progress.VARIABLE: "quiet"}
    for name in THREADS:
        given = os.environ.get(name, "")
        found[name] = str(min(share, int(given)) if given.isdecimal() else share)
    devices = _devices()
    if len(devices) > 1:
        found[DEVICES] = devices[number % len(devices)]
    return found


def stop(crew: Sequence[Worker]) -> None:
    """Let all save and leave, and wait for it."""
    for worker in crew:
        if worker.process.poll() is None:
            worker.process.terminate()
    for worker in crew:
        worker.process.wait()


def fail(plan: Plan, worker: Worker) -> NoReturn:
    """End as a worker did that failed.

    Args:
        plan: of the sweep.
        worker: that is over, with another code than 0.

    Raises:
        ValueError, CrewError, GracefulExit: as of `compute`.
    """
    code = worker.process.returncode
    if code in (REQUEUE, INTERRUPTED):
        raise GracefulExit(signal.SIGTERM if code == REQUEUE else signal.SIGINT)
    told = [line.removeprefix(TOLD) for line in worker.lines if line.startswith(TOLD)]
    if code == BAD_INPUT and told:
        raise ValueError(told[-1])
    if code == FAILED and told:
        raise CrewError(told[-1])
    what = "a worker"
    if worker.part is not None:
        runs = plan.part(worker.part)
        what = f"the worker at part {worker.part} (runs {runs[0]} to {runs[-1]})"
    again = "finished parts are kept; run the same command again"
    if code < 0:
        why = ", perhaps since memory ran out" if -code == signal.SIGKILL else ""
        raise CrewError(f"{what} was ended by {signal.Signals(-code).name}{why}; {again}")
    print("\n".join(worker.lines), file=sys.stderr)
    raise CrewError(f"{what} failed with code {code}, by the defect above; {again}")


@contextmanager
def _crew(folder: Path, workers: int) -> Iterator[list[Worker]]:
    """The workers; none outlives the block."""
    crew: list[Worker] = []
    with ExitStack() as started:
        for number in range(workers):
            crew.append(Worker(folder, environment(number, workers)))
            started.callback(crew[-1].close)
        yield crew


def _devices() -> list[str]:
    """The CUDA devices that this process may use."""
    if DEVICES in os.environ:
        return [name for name in os.environ[DEVICES].split(",") if name.strip()]
    files = [path for path in Path("/dev").glob("nvidia*") if DEVICE_FILE.fullmatch(path.name)]
    return [str(number) for number in range(len(files))]


def _answers(crew: Sequence[Worker], request: StopRequest) -> Iterator[tuple[Worker, str]]:
    """What workers answer, and that they have ended; a signal stops them all."""
    with selectors.DefaultSelector() as selector:
        for worker in crew:
            for stream in (worker.stdout, worker.stderr):
                selector.register(stream, selectors.EVENT_READ, worker)
        while selector.get_map():
            if request.requested:
                stop(crew)
                request.exit()
            for key, _ in selector.select(POLL_SECONDS):
                worker, lines = key.data, key.data.read(key.fd)
                if lines is None:
                    selector.unregister(key.fd)
                    if all(other.data is not worker for other in selector.get_map().values()):
                        worker.process.wait()
                        yield worker, ENDED
                elif key.fd == worker.stdout:
                    yield from ((worker, line) for line in lines)


def _pass_on(worker: Worker, said: set[str]) -> None:
    """Tell what a worker had to tell, and none of it twice."""
    for line in worker.lines:
        if line.startswith(TOLD) and line not in said:
            said.add(line)
            note(line.removeprefix(TOLD))
