"""The numba backend: compiled stages, one thread a cascade, all cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
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
    parts = _over_cascades(task, workers, lambda a, b: cpu_count.count_cascades(a, b, batch))
    return Cascades.from_counts(_table(task, parts))


def _record(task: Task, batch: Batch, workers: int) -> Cascades:
    parts = _over_cascades(
        task, workers, lambda a, b: cpu_record.record_cascades(a, b, batch, task.events)
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


def _over_cascades(task: Task, workers: int, kernel: Callable[[int, int], Any]) -> list[Any]:
    """Run a kernel over the batch in parts, in order of the batch."""
    parts = min(task.num_cascades, PARTS_PER_THREAD * workers)
    bounds = np.linspace(0, task.num_cascades, parts + 1).astype(np.int64).tolist()
    if workers == 1:
        return [kernel(a, b) for a, b in pairwise(bounds)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(kernel, bounds[:-1], bounds[1:]))
