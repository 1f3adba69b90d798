"""The numba backend: compiled stages, cascades in bundles, all cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade import cpu_count, cpu_layers, cpu_layers_events, cpu_record
from weishang.kernels.cascade.cpu_batch import Batch, make_scratch
from weishang.kernels.cascade.cpu_layers_batch import LayeredBatch, make_memory
from weishang.kernels.cascade.result import COUNTS, Cascades, Events
from weishang.kernels.cascade.task import Task

MOST_THREADS = 1024
"""Threads that can be asked for; they are started as they are needed."""

PARTS_PER_THREAD = 8
"""Parts that a batch is cut into: a thread that meets a long cascade leaves the rest to others."""


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
    workers = threads or os.cpu_count() or 1
    if not task.plain:
        return _spread_in_layers(task, workers)
    batch = Batch.of(task)
    if not task.events and task.tables.doses == 1:
        return _count(task, batch, workers)
    return _record(task, batch, workers)


def _count(task: Task, batch: Batch, workers: int) -> Cascades:
    strands = cpu_count.strands_of(task.num_nodes, task.num_cascades, workers)
    parts = _over_cascades(
        task,
        workers,
        lambda: cpu_count.make_state(task.num_nodes, strands),
        lambda a, b, state: cpu_count.count_cascades(a, b, strands, batch, state),
        strands,
    )
    return Cascades.from_counts(_table(task, parts))


def _record(task: Task, batch: Batch, workers: int) -> Cascades:
    parts = _over_cascades(
        task,
        workers,
        lambda: (cpu_record.make_places(task.num_nodes), make_scratch()),
        lambda a, b, memory: cpu_record.record_cascades(
            a, b, batch, memory[0], memory[1], task.events
        ),
    )
    counts = _table(task, [part[0] for part in parts])
    if not task.events:
        return Cascades.from_counts(counts)
    people = np.concatenate([np.empty((0, cpu_record.COLUMNS), np.int32), *(p[1] for p in parts)])
    row = np.concatenate([np.empty(0, np.int64), *(part[2] for part in parts)])
    node, level, parent, _, visited, bought, shared_hop, _ = people.T
    columns = (row, node, level, parent, visited, bought, shared_hop)
    return Cascades.from_counts(counts, Events.from_columns(task.cascades, *columns))


def _spread_in_layers(task: Task, workers: int) -> Cascades:
    batch = LayeredBatch.of(task)
    parts = _over_cascades(
        task,
        workers,
        lambda: make_memory(batch.num_nodes, batch.num_groups),
        lambda a, b, memory: (a, cpu_layers.spread_cascades(a, b, batch, memory, task.events)),
    )
    counts = _table(task, [lines for _, (lines, _, _) in parts])
    if not task.events:
        return Cascades.from_counts(counts)
    starts = np.cumsum([0, *(len(people) for _, (_, people, _) in parts)]).tolist()
    by_path = task.tables.paths is not None
    columns = cpu_layers_events.make_columns(starts[-1], by_path)

    def lay_out(place: int, _: None) -> None:
        first, (_, people, ends) = parts[place]
        cpu_layers_events.lay_out(people, ends, first, starts[place], task.cascades, columns)

    _share_out(len(parts), workers, lambda: None, lay_out)
    return Cascades.from_counts(counts, cpu_layers_events.events_of(columns, by_path))


def _table(task: Task, parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Lines of counts as one table, int64 [4, C, H]."""
    lines = np.concatenate([np.empty((0, cpu_count.COLUMNS), np.int64), *parts])
    width = int(lines[:, 1].max(initial=0)) if task.num_levels is None else task.num_levels
    counts = np.zeros((len(COUNTS), task.num_cascades, width), dtype=np.int64)
    counts[:, lines[:, 0], lines[:, 1] - 1] = lines[:, 2:].T
    return counts


def _over_cascades(
    task: Task,
    workers: int,
    make: Callable[[], Any],
    kernel: Callable[[int, int, Any], Any],
    strands: int = 1,
) -> list[Any]:
    """Run a kernel over the batch in parts of whole bundles, in order of the batch."""
    bundles = -(-task.num_cascades // strands)
    parts = min(bundles, PARTS_PER_THREAD * workers)
    bounds = [strands * (part * bundles // max(parts, 1)) for part in range(parts)]
    bounds.append(task.num_cascades)
    return _share_out(
        parts,
        workers,
        make,
        lambda place, memory: kernel(bounds[place], bounds[place + 1], memory),
    )


def _share_out(
    parts: int, workers: int, make: Callable[[], Any], do: Callable[[int, Any], Any]
) -> list[Any]:
    """Do all parts, each worker the next one that is left; what they give, in order.

    Each worker makes memory of the size of the graph once, since a part may be a single bundle
    that reaches a few people. The caller is one of the workers: a batch that is done before
    another has woken waits for nobody.
    """
    results: list[Any] = [None] * parts
    places = iter(range(parts))
    turn = Lock()

    def work() -> None:
        memory = None
        while True:
            with turn:
                place = next(places, None)
            if place is None:
                return
            memory = make() if memory is None else memory
            results[place] = do(place, memory)

    others = [_crew().submit(work) for _ in range(min(workers, parts) - 1)]
    try:
        work()
    finally:
        # A worker that has not begun is not waited for; one that has, holds the graph.
        begun = [other for other in others if not other.cancel()]
        wait(begun)
    for other in begun:
        other.result()
    return results


@cache
def _crew() -> ThreadPoolExecutor:
    """Threads that are kept between calls: to start one takes longer than a small batch."""
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="cascades")


# A forked process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_crew.cache_clear)
