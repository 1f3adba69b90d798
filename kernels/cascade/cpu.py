"""The numba backend: compiled stages, one thread a cascade, all cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade import cpu_count, cpu_record
from weishang.kernels.cascade.cpu_batch import Batch
from weishang.kernels.cascade.result import COUNTS, Cascades, Events
from weishang.kernels.cascade.task import Task

PARTS_PER_THREAD = 8
"""Parts that a batch is cut into: a thread that meets a long cascade leaves the rest to others."""


def run(task: Task, *, threads: int | None = None) -> Cascades:
    """Spread every cascade of the batch.

    Args:
        task: the checked batch.
        threads: workers; one a core when None.

    Raises:
        ValueError: threads is below 1.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}; give at least 1, or None for one a core")
    batch = Batch.of(task)
    workers = threads or os.cpu_count() or 1
    if not task.events and task.tables.doses == 1:
        return _count(task, batch, workers)
    return _record(task, batch, workers)


def _count(task: Task, batch: Batch, workers: int) -> Cascades:
    parts = _over_cascades(
        task,
        workers,
        lambda: cpu_count.make_state(task.num_nodes),
        lambda a, b, state: cpu_count.count_cascades(a, b, batch, state),
    )
    return Cascades.from_counts(_table(task, parts))


def _record(task: Task, batch: Batch, workers: int) -> Cascades:
    parts = _over_cascades(
        task,
        workers,
        lambda: cpu_record.make_places(task.num_nodes),
        lambda a, b, place: cpu_record.record_cascades(a, b, batch, place, task.events),
    )
    counts = _table(task, [part[0] for part in parts])
    if not task.events:
        return Cascades.from_counts(counts)
    people = np.concatenate([np.empty((0, cpu_record.COLUMNS), np.int32), *(p[1] for p in parts)])
    row = np.concatenate([np.empty(0, np.int64), *(part[2] for part in parts)])
    node, level, parent, _, visited, bought, shared_hop, _ = people.T
    columns = (row, node, level, parent, visited, bought, shared_hop)
    return Cascades.from_counts(counts, Events.from_columns(task.cascades, *columns))


def _table(task: Task, parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Lines of counts as one table, int64 [4, C, H]."""
    lines = np.concatenate([np.empty((0, cpu_count.COLUMNS), np.int64), *parts])
    width = int(lines[:, 1].max(initial=0)) if task.max_hops is None else task.max_hops
    counts = np.zeros((len(COUNTS), task.num_cascades, width), dtype=np.int64)
    counts[:, lines[:, 0], lines[:, 1] - 1] = lines[:, 2:].T
    return counts


def _over_cascades(
    task: Task, workers: int, make: Callable[[], Any], kernel: Callable[[int, int, Any], Any]
) -> list[Any]:
    """Run a kernel over the batch in parts, in order of the batch.

    Memory of the size of the graph is made once a worker and handed on, since a part may be a
    single cascade that reaches a few people.
    """
    parts = min(task.num_cascades, PARTS_PER_THREAD * workers)
    bounds = np.linspace(0, task.num_cascades, parts + 1).astype(np.int64).tolist()
    idle: SimpleQueue[Any] = SimpleQueue()
    for _ in range(min(workers, parts)):
        idle.put(make())

    def run_part(first: int, last: int) -> Any:
        memory = idle.get()
        try:
            result = kernel(first, last, memory)
        except BaseException:
            # Half a cascade may be in it, and the other parts still wait for memory.
            idle.put(make())
            raise
        idle.put(memory)
        return result

    if workers == 1:
        return [run_part(a, b) for a, b in pairwise(bounds)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run_part, bounds[:-1], bounds[1:]))
