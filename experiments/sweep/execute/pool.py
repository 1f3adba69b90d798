"""The processes that compute a sweep on this machine: started, given parts, watched and stopped.

A worker is asked for one part at a time (see `worker`). When one fails, or a signal comes, all save
and exit. When this process is killed, the workers' stdin ends, and so do they.
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
from weishang.experiments.sweep.execute.worker import MODULE, PART, RUN, THREADS
from weishang.experiments.sweep.store.plan import Plan

POLL_SECONDS = 0.1
"""Between checks for a signal."""
READ_BYTES = 1 << 16
KEPT_LINES = 100
"""Of what a worker writes to stderr."""
DEVICES = "CUDA_VISIBLE_DEVICES"
DEVICE_FILE = re.compile(r"nvidia\d+")
PREFIX = "weishang: "
"""Begins every line that is meant for people."""
ENDED = "ended"
"""Stands for the answer of a process that has ended."""


class WorkerError(Exception):
    """A worker failed, and the others have saved and exited; the message says what to do."""


class Worker:
    """One process, and what it is working on.

    Attributes:
        process: of the system.
        part: that it computes; None while it waits.
        lines: the last ones of its stderr.
    """

    def __init__(self, folder: Path, environment: dict[str, str], *options: str) -> None:
        """Start it; without options it waits for its first part."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(folder), *options],
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
        """Ask for a part; None: there are no more, and it ends."""
        assert self.process.stdin is not None
        self.part = part
        # One that has died meanwhile is noticed at the end of its stdout.
        with contextlib.suppress(BrokenPipeError):
            if part is None:
                self.process.stdin.close()
            else:
                self.process.stdin.write(f"{part}\n".encode())

    def read(self, stream: int) -> list[str] | None:
        """The lines that have arrived; None at the end of the stream."""
        data = os.read(stream, READ_BYTES)
        *lines, self._rest[stream] = (self._rest[stream] + data).split(b"\n")
        if not data:
            lines.append(self._rest[stream])
        found = [line.decode(errors="replace") for line in lines if line]
        if stream == self.stderr:
            self.lines.extend(found)
        return found if data else None

    def close(self) -> None:
        """Kill it if it is alive, and close its pipes."""
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
        WorkerError: the system stopped a worker, or a defect of the program did.
        GracefulExit: a signal asked for it, and all have saved.
    """
    todo = deque(numbers)
    said: set[str] = set()
    with deferred_signals() as request, _started(folder, min(workers, len(todo))) as pool:
        for worker in pool:
            worker.ask(todo.popleft())
        for worker, answer in _answers(pool, request):
            if answer == RUN:
                advance()
            elif answer.startswith(f"{PART} "):
                worker.ask(todo.popleft() if todo else None)
            elif answer == ENDED and worker.process.returncode:
                stop(pool)
                fail(plan, worker)
            elif answer == ENDED:
                for line in worker.lines:
                    if line.startswith(PREFIX) and line not in said:
                        said.add(line)
                        note(line.removeprefix(PREFIX))


def environment(number: int, workers: int) -> dict[str, str]:
    """The environment of one of several workers: its share of the cores, its own device, no bars.

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


def stop(pool: Sequence[Worker]) -> None:
    """Let all save and exit, and wait for it."""
    for worker in pool:
        if worker.process.poll() is None:
            worker.process.terminate()
    for worker in pool:
        worker.process.wait()


def fail(plan: Plan, worker: Worker) -> NoReturn:
    """Raise what a worker's failure means for the sweep.

    Args:
        plan: of the sweep.
        worker: that has ended, with another code than 0.

    Raises:
        ValueError, WorkerError, GracefulExit: as in `compute`.
    """
    code = worker.process.returncode
    if code in (REQUEUE, INTERRUPTED):
        raise GracefulExit(signal.SIGTERM if code == REQUEUE else signal.SIGINT)
    messages = [line.removeprefix(PREFIX) for line in worker.lines if line.startswith(PREFIX)]
    if code == BAD_INPUT and messages:
        raise ValueError(messages[-1])
    if code == FAILED and messages:
        raise WorkerError(messages[-1])
    what = "a worker"
    if worker.part is not None:
        runs = plan.part(worker.part)
        span = f"runs {runs[0]} to {runs[-1]}" if len(runs) > 1 else f"run {runs[0]}"
        what = f"the worker on part {worker.part} ({span})"
    again = "finished parts are kept; run the same command again"
    if code < 0:
        why = ", perhaps because memory ran out" if -code == signal.SIGKILL else ""
        raise WorkerError(f"{what} was ended by {signal.Signals(-code).name}{why}; {again}")
    print("\n".join(worker.lines), file=sys.stderr)
    raise WorkerError(f"{what} failed with code {code}, through the defect above; {again}")


@contextmanager
def _started(folder: Path, workers: int) -> Iterator[list[Worker]]:
    """The workers; none outlives the block."""
    pool: list[Worker] = []
    with ExitStack() as running:
        for number in range(workers):
            pool.append(Worker(folder, environment(number, workers)))
            running.callback(pool[-1].close)
        yield pool


def _devices() -> list[str]:
    """The CUDA devices that this process may use."""
    if DEVICES in os.environ:
        return [name for name in os.environ[DEVICES].split(",") if name.strip()]
    files = [path for path in Path("/dev").glob("nvidia*") if DEVICE_FILE.fullmatch(path.name)]
    return [str(number) for number in range(len(files))]


def _answers(pool: Sequence[Worker], request: StopRequest) -> Iterator[tuple[Worker, str]]:
    """What workers answer, and that they have ended; a signal stops them all."""
    with selectors.DefaultSelector() as selector:
        for worker in pool:
            for stream in (worker.stdout, worker.stderr):
                selector.register(stream, selectors.EVENT_READ, worker)
        while selector.get_map():
            if request.requested:
                stop(pool)
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
