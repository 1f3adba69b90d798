"""The numba backend: compiled stages, cascades in bundles, all cores."""

import math
from collections.abc import Callable
from threading import get_ident, local
from time import perf_counter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade.core.result import Cascades, Events
from weishang.kernels.cascade.core.task import Layer, Task
from weishang.kernels.cascade.numba.common.batch import Batch, make_scratch
from weishang.kernels.cascade.numba.graph_only import count as counting
from weishang.kernels.cascade.numba.graph_only import record, single_cascade
from weishang.kernels.cascade.numba.multilayer import events as layouts
from weishang.kernels.cascade.numba.multilayer import spread
from weishang.kernels.cascade.numba.multilayer.batch import LayeredBatch, make_memory
from weishang.kernels.runtime.thread_pool import share_out, usable_threads

MOST_THREADS = 1024
"""Threads that can be asked for."""

PARTS_PER_THREAD = 8
"""Parts that a batch is cut into: a thread that meets a long cascade leaves the rest to others."""

STEP_SECONDS = 0.1
"""A part that is expected to take longer is run in steps of about so long."""

LEAST_PACE = 1e-9
"""Seconds a cascade: a clock may not have moved during a step."""

KEPT_BYTES = 1 << 19
"""A thread's memory of a bundle is kept for its next call if its seen bits are no larger, which is
some two megabytes in all: on a small graph it takes as long to make as a bundle takes to run."""

Lines = NDArray[np.int64]
"""Of counts, as `counting.count_cascades` gives them. It has a name since what a function within a
function is annotated with is worked out at every call."""

_kept = local()

ALONE_SECONDS = 2e-4
"""A batch that is expected to take less is not shared out: another thread wakes in about as long,
and the two then wait for each other in the interpreter."""

_paces: WeakKeyDictionary[Layer, float] = WeakKeyDictionary()
"""Seconds that a cascade took in the last batch on a graph. It decides who works, and nothing about
results."""


def run(task: Task, *, threads: int | None = None) -> Cascades:
    """Spread every cascade of the batch.

    Args:
        task: the checked batch.
        threads: workers; one a core when None.

    Raises:
        ValueError: threads is below 1 or above `MOST_THREADS`.
    """
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise ValueError(
            f"threads is {threads}; give at least 1 and at most {MOST_THREADS}, "
            "or None for one a core"
        )
    expected = _paces.get(task.layers[0], math.inf) * task.num_cascades
    workers = Workers(threads or usable_threads(), quick=expected < ALONE_SECONDS)
    if not task.plain:
        return _spread_in_layers(task, workers)
    batch = Batch.of(task)
    if not task.events and task.tables.doses == 1:
        return _count(task, batch, workers)
    return _record(task, batch, workers)


class Workers(NamedTuple):
    """Who runs a batch.

    Attributes:
        threads: at most.
        quick: whether the batch is expected to be done before another thread has woken.
    """

    threads: int
    quick: bool


def _note_pace(task: Task, seconds: float) -> None:
    """Remember what the cascades of a batch took."""
    _paces[task.layers[0]] = seconds / max(task.num_cascades, 1)


def _count(task: Task, batch: Batch, workers: Workers) -> Cascades:
    if task.num_cascades < workers.threads and not workers.quick:
        return _count_one_by_one(task, batch, workers)
    sharing = 1 if workers.quick else workers.threads
    replicas = counting.replicas_of(task.num_nodes, task.num_cascades, sharing)

    def count(first: int, last: int, state: counting.State) -> Lines:
        _keep(None)
        lines = counting.count_cascades(first, last, replicas, batch, state)
        # It is as it was found, which it is not where memory ran out on the way.
        _keep(state)
        return lines

    parts = _over_cascades(task, workers, lambda: _state(task.num_nodes, replicas), count, replicas)
    return Cascades.from_counts(_table(task, parts))


def _count_one_by_one(task: Task, batch: Batch, workers: Workers) -> Cascades:
    """All threads on each cascade in turn: there are more of them than cascades."""
    memories: dict[int, single_cascade.Memory] = {}

    def memory() -> single_cascade.Memory:
        """One for each thread, for all hops."""
        if get_ident() not in memories:
            memories[get_ident()] = single_cascade.make_memory()
        return memories[get_ident()]

    def share(parts: int, do: Callable[[int, single_cascade.Memory], Any]) -> list[Any]:
        return share_out(parts, workers.threads, memory, do)

    begun, sizes = perf_counter(), (task.num_nodes, workers.threads)
    rows = range(task.num_cascades)
    lines = [single_cascade.count_cascade(row, batch, *sizes, share) for row in rows]
    _note_pace(task, perf_counter() - begun)
    return Cascades.from_counts(_table(task, lines))


def _state(num_nodes: int, replicas: int) -> counting.State:
    """Memory for bundles: what this thread has kept, or fresh."""
    kept: counting.State | None = getattr(_kept, "state", None)
    if kept is not None and kept.is_for(num_nodes, replicas):
        return kept
    return counting.make_state(num_nodes, replicas)


def _keep(state: counting.State | None) -> None:
    """Keep memory for this thread's next call, if it is small, or let go of it."""
    _kept.state = state if state is not None and state.seen.nbytes <= KEPT_BYTES else None


def _record(task: Task, batch: Batch, workers: Workers) -> Cascades:
    parts = _over_cascades(
        task,
        workers,
        lambda: (record.make_places(task.num_nodes), make_scratch()),
        lambda a, b, memory: record.record_cascades(a, b, batch, memory[0], memory[1], task.events),
    )
    counts = _table(task, [part[0] for part in parts])
    if not task.events:
        return Cascades.from_counts(counts)
    people = np.concatenate([np.empty((0, record.COLUMNS), np.int32), *(p[1] for p in parts)])
    row = np.concatenate([np.empty(0, np.int64), *(part[2] for part in parts)])
    node, level, parent, _, visited, bought, shared_hop, _ = people.T
    columns = (row, node, level, parent, visited, bought, shared_hop)
    return Cascades.from_counts(counts, Events.from_columns(task.cascades, *columns))


def _spread_in_layers(task: Task, workers: Workers) -> Cascades:
    batch = LayeredBatch.of(task)
    parts = _over_cascades(
        task,
        workers,
        lambda: make_memory(batch.num_nodes, batch.num_groups),
        lambda a, b, memory: (a, spread.spread_cascades(a, b, batch, memory, task.events)),
    )
    counts = _table(task, [lines for _, (lines, _, _) in parts])
    if not task.events:
        return Cascades.from_counts(counts)
    starts = np.cumsum([0, *(len(people) for _, (_, people, _) in parts)]).tolist()
    by_path = task.tables.paths is not None
    columns = layouts.make_columns(starts[-1], by_path)

    def lay_out(place: int, _: None) -> None:
        first, (_, people, ends) = parts[place]
        layouts.lay_out(people, ends, first, starts[place], task.cascades, columns)

    share_out(len(parts), workers.threads, lambda: None, lay_out)
    return Cascades.from_counts(counts, layouts.events_of(columns, by_path))


def _table(task: Task, parts: list[Lines]) -> NDArray[np.int64]:
    """Lines of counts as one table, int64 [4, C, H].

    A level's counts stand together: to add up levels is then to add long rows.
    """
    lines = parts[0] if len(parts) == 1 else np.concatenate([counting.NO_LINES, *parts])
    width = -1 if task.num_levels is None else task.num_levels
    return counting.tabulate(lines, task.num_cascades, width).transpose(0, 2, 1)


def _over_cascades(
    task: Task,
    workers: Workers,
    make: Callable[[], Any],
    kernel: Callable[[int, int, Any], Any],
    replicas: int = 1,
) -> list[Any]:
    """Run a kernel over the batch in parts of whole bundles.

    Long parts are run in steps: an interrupt is noticed between two of them, and ends all threads'
    work.

    Returns:
        What the kernel returned, in order of the batch.
    """
    bundles = -(-task.num_cascades // replicas)
    parts = min(bundles, PARTS_PER_THREAD * workers.threads)
    bounds = [replicas * (part * bundles // max(parts, 1)) for part in range(parts)]
    bounds.append(task.num_cascades)
    seconds = [0.0] * parts
    pace, stopped = max(_paces.get(task.layers[0], math.inf), LEAST_PACE), False

    def run_part(place: int, memory: Any) -> list[Any]:
        nonlocal pace, stopped
        first, last = bounds[place], bounds[place + 1]
        found = []
        try:
            while first < last and not stopped:
                step = replicas * max(int(STEP_SECONDS / (pace * replicas)), 1)
                until = min(first + step, last)
                begun = perf_counter()
                found.append(kernel(first, until, memory))
                took = perf_counter() - begun
                seconds[place] += took
                pace = max(took / (until - first), LEAST_PACE)
                first = until
        except BaseException:
            stopped = True
            raise
        return found

    try:
        results = share_out(
            parts, workers.threads, make, run_part, ALONE_SECONDS if workers.quick else 0.0
        )
    except BaseException:
        stopped = True
        raise
    _note_pace(task, sum(seconds))
    return [one for found in results for one in found]
