"""A process that computes parts of a sweep: those handed to it, or one task's share of an array.

Command: python -m weishang.experiments.sweep.execute.worker FOLDER [--task T --tasks N]
With --task it computes those of the parts T, T+N, T+2N.. that are missing. Without, it reads the
numbers of parts from stdin, one per line, and answers on stdout: `ready`, then `run` for each run
and `part NUMBER` for each part that is written. It ends when stdin does; at once, if a part is
under way, since whoever asked for it is gone. SIGTERM and SIGUSR1 end it with 75, and nothing is
lost.

What computes is imported late, so that these signals are answered during the imports too.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated

import typer

from weishang.experiments.console import signals
from weishang.experiments.console.command import run
from weishang.experiments.console.progress import stage

if TYPE_CHECKING:
    from weishang.experiments.sweep.store.plan import Plan

MODULE = "weishang.experiments.sweep.execute.worker"
READY, RUN, PART = "ready", "run", "part"
"""What a worker answers."""
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Environment variables by which whoever starts a worker gives it a number of cores."""
LEFT_ALONE = 1
"""Exit code of a worker whose sweep has gone."""


def sweep_worker(
    folder: Annotated[Path, typer.Argument(help="Folder of the sweep.")],
    task: Annotated[int | None, typer.Option(help="Number of this task, from 0.")] = None,
    tasks: Annotated[int, typer.Option(help="Tasks that share the sweep.")] = 1,
) -> None:
    """Compute parts of a sweep."""
    signals.requeue_on_signals()
    if task is None:
        serve(folder)
    else:
        run_tasks(folder, task, tasks)


def run_tasks(folder: Path, task: int, tasks: int) -> None:
    """Compute the missing parts of one task of an array.

    Args:
        folder: of the sweep.
        task: number of the task, from 0.
        tasks: how many share the sweep.

    Raises:
        ValueError: there is no such task, or the folder is not a sweep of this version of the code.
    """
    if not 0 <= task < tasks:
        raise ValueError(f"task is {task}; give 0 to {tasks - 1}, as there are {tasks} tasks")
    print(f"task {task} of {tasks} begins", flush=True)
    with _settling():
        from weishang.experiments.sweep.store import folder as sweep_folder

        plan = sweep_folder.read(folder)
    mine = [number for number in sweep_folder.missing(plan, folder) if number % tasks == task]
    runs = sum(len(plan.part(number)) for number in mine)
    with stage(f"task {task} of {tasks}: {len(mine)} parts", runs) as advance:
        for number in mine:
            compute(plan, folder, number, advance)
            print(f"{PART} {number}", flush=True)


def serve(folder: Path) -> None:
    """Compute the parts whose numbers come on stdin, until it ends.

    Raises:
        ValueError: the folder is not a sweep of this version, or there is no such part.
    """
    answers = _own_stdout()
    wanted: SimpleQueue[int | None] = SimpleQueue()
    busy = Event()
    Thread(target=_listen, args=(wanted, busy), daemon=True).start()
    with _settling():
        from weishang.experiments.sweep.store import folder as sweep_folder

        plan = sweep_folder.read(folder)
    answers(READY)
    while (number := wanted.get()) is not None:
        compute(plan, folder, number, lambda: answers(RUN))
        busy.clear()
        answers(f"{PART} {number}")


def compute(
    plan: "Plan", folder: Path, number: int, advance: Callable[[], object] = lambda: None
) -> None:
    """Compute one part; see `runs.compute`."""
    from weishang.experiments.sweep.execute import runs as sweep_runs

    sweep_runs.compute(plan, folder, number, advance)


@contextmanager
def _settling() -> Iterator[None]:
    """Import what computes, and take it out of the garbage collector's rounds: it never goes."""
    # First, and from here: Mesa looks through the source of all that is on the stack.
    import mesa  # noqa: F401

    yield
    from weishang.experiments.sweep.execute import runs as sweep_runs  # noqa: F401

    gc.freeze()


def _own_stdout() -> Callable[[str], object]:
    """Answers on stdout, one a line; whatever else is printed goes to stderr from here on."""
    sys.stdout.flush()
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return lambda text: print(text, file=stream, flush=True)


def _listen(wanted: "SimpleQueue[int | None]", busy: Event) -> None:
    """Pass on what stdin asks for; at its end stop the process, at once if it is busy."""
    # Not sys.stdin: a thread that waits for it keeps Python from ending.
    with os.fdopen(os.dup(0), "rb", buffering=0) as numbers:
        for line in numbers:
            busy.set()
            wanted.put(int(line))
    if busy.is_set():
        os._exit(LEFT_ALONE)
    wanted.put(None)


if __name__ == "__main__":
    # A signal may come during the imports.
    signals.requeue_on_signals()
    run(sweep_worker)
