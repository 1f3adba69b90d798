"""A rehearsal of preemption without Slurm: a sweep in tasks that are stopped and started again.

The tasks are those that an array of Slurm jobs runs. At random moments one gets SIGUSR1 or SIGTERM,
as Slurm sends them, and has to exit with the code that requeues it; or SIGKILL, as when a machine
is lost. It is started again, until all tasks are done.
"""

import select
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from weishang.experiments.console.exit_codes import REQUEUE
from weishang.experiments.console.output import show
from weishang.experiments.console.progress import stage
from weishang.experiments.console.signals import PREEMPTIONS, deferred_signals
from weishang.experiments.sweep.execute import pool
from weishang.experiments.sweep.execute.pool import POLL_SECONDS, Worker, WorkerError
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store.plan import Plan

SECONDS = 6.0
"""The longest time between two preemptions; a task takes some 2 s to start."""
KILLED_EVERY = 3
"""Of this many preemptions one is a SIGKILL, on average."""


@dataclass(eq=False)
class Turn:
    """A task from a start to its end.

    Attributes:
        task: its number.
        worker: the process.
        begun: whether it answers signals.
        struck: the signal that was sent.
    """

    task: int
    worker: Worker
    begun: bool = False
    struck: signal.Signals | None = None


def rehearse(
    plan: Plan, folder: Path, tasks: int, preemptions: int, seconds: float = SECONDS
) -> None:
    """Compute the missing parts of a sweep in tasks that are preempted, and print how they ended.

    Args:
        plan: of the sweep.
        folder: of the sweep, held.
        tasks: how many run at the same time.
        preemptions: how many at most; the sweep may be done before.
        seconds: the longest time between two of them.

    Raises:
        ValueError: a task met bad input.
        WorkerError: a task exited with the wrong code.
        GracefulExit: a signal asked for it, and all have saved.
    """
    sweep_folder.tidy(plan, folder)
    rng = np.random.default_rng([plan.seed, preemptions])
    counts: Counter[tuple[str, int]] = Counter()
    with (
        deferred_signals() as stop,
        ExitStack() as started,
        stage("finished tasks", tasks) as advance,
    ):

        def start(task: int) -> Turn:
            environment = pool.environment(task, tasks)
            options = ("--task", str(task), "--tasks", str(tasks))
            worker = Worker(folder, environment, *options)
            started.callback(worker.close)
            return Turn(task, worker)

        running = [start(task) for task in range(tasks)]
        due = time.monotonic() + rng.uniform(0.0, seconds)
        while running:
            if stop.requested:
                pool.stop([turn.worker for turn in running])
                stop.exit()
            _listen(running)
            if preemptions and time.monotonic() >= due and _strike(running, rng):
                preemptions -= 1
                due = time.monotonic() + rng.uniform(0.0, seconds)
            for turn in [each for each in running if each.worker.process.poll() is not None]:
                running.remove(turn)
                if _is_done(plan, turn, counts):
                    advance()
                else:
                    running.append(start(turn.task))
    rows = [(name, code, number) for (name, code), number in sorted(counts.items())]
    ended = pd.DataFrame(rows, columns=["signal", "exit code", "turns"])
    show(ended, f"{plan.name}: {tasks} tasks, preempted and started again")


def _listen(running: Sequence[Turn]) -> None:
    """Read what tasks write; their first line says that they have begun."""
    turns = {turn.worker.stdout: turn for turn in running}
    turns |= {turn.worker.stderr: turn for turn in running}
    ready, _, _ = select.select(list(turns), [], [], POLL_SECONDS)
    for stream in ready:
        turn = turns[stream]
        lines = turn.worker.read(stream)
        if lines and stream == turn.worker.stdout:
            turn.begun = True


def _strike(running: Sequence[Turn], rng: np.random.Generator) -> bool:
    """Send a signal to a task that has begun; whether there was one."""
    able = [turn for turn in running if turn.begun and turn.struck is None]
    if not able:
        return False
    turn = able[int(rng.integers(len(able)))]
    kills = rng.integers(KILLED_EVERY) == 0
    turn.struck = signal.SIGKILL if kills else PREEMPTIONS[int(rng.integers(len(PREEMPTIONS)))]
    turn.worker.process.send_signal(turn.struck)
    return True


def _is_done(plan: Plan, turn: Turn, counts: Counter[tuple[str, int]]) -> bool:
    """Whether a task has done its work; if not, it must have ended as its signal demands.

    Raises:
        ValueError, WorkerError: it failed.
    """
    code = turn.worker.process.returncode
    while turn.worker.read(turn.worker.stderr) is not None:
        pass
    counts["none" if turn.struck is None else turn.struck.name, code] += 1
    if code == 0:
        return True
    if turn.struck is None:
        pool.fail(plan, turn.worker)
    right = -signal.SIGKILL if turn.struck == signal.SIGKILL else REQUEUE
    if code != right:
        lines = "; ".join(turn.worker.lines)
        raise WorkerError(
            f"task {turn.task} exited with {code} after {turn.struck.name}, not {right}: {lines}"
        )
    return False
