"""A batch that outgrows memory is run in halves, with the same result."""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from weishang.kernels.cascade.core.memory import USUAL_LEVELS, Batch
from weishang.kernels.cascade.core.result import Cascades
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.resources.estimate import Need, in_words
from weishang.kernels.graph.layers import Groups
from weishang.kernels.runtime import free_memory
from weishang.kernels.runtime.thread_pool import usable_threads

CPU_ALLOCATOR = "DefaultCPUAllocator"
"""What torch's error for want of host memory names; it has no class of its own."""


class DoesNotFitError(ValueError, MemoryError):
    """One cascade is more than the memory holds, or its result beside the others is."""


def run_splitting(
    run: Callable[[Task], Cascades],
    task: Task,
    estimate: Callable[..., Need],
    backend: str,
    options: Mapping[str, Any],
) -> Cascades:
    """Run a batch; when an allocation fails, halve what is run at once and continue.

    Args:
        run: a backend with its options.
        task: the batch.
        estimate: what a batch takes on the backend, for the error; takes the options that say.
        backend: its name, for the error.
        options: what it was called with, for the error.

    Raises:
        DoesNotFitError: a single cascade fails so, or the results together do.
    """
    size, first = task.num_cascades, 0
    done: list[Cascades] = []
    while first < task.num_cascades or not done:
        part = task.rows(first, first + size)
        try:
            done.append(run(part))
            first += part.num_cascades
            continue
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            if part.num_cascades < 2:
                told = _one_too_many(task, estimate, backend, options, first)
                raise DoesNotFitError(told) from error
            size = (part.num_cascades + 1) // 2
        # Only here, where the error is gone, do the arrays go that its traceback held.
        gc.collect()
    try:
        return Cascades.joined(done)
    except MemoryError as error:
        most = in_words(_batch(task, cascades=task.num_cascades).result_bytes)
        raise DoesNotFitError(
            f"the results of {task.num_cascades:,} cascades take up to {most}, twice while they "
            f"are joined; {_left()}; run fewer cascades per call"
        ) from error


@contextmanager
def call_fits() -> Iterator[None]:
    """Report arrays of a call, made inside, that are more than memory holds.

    Raises:
        DoesNotFitError: an allocation failed inside.
    """
    try:
        yield
    except MemoryError as error:
        raise DoesNotFitError(
            f"the ids, seeds or tables of the cascades do not fit in memory: {error}; {_left()}; "
            "run fewer cascades per call"
        ) from error


def is_out_of_memory(error: Exception) -> bool:
    """Whether an allocation failed, on the host or on a device."""
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and CPU_ALLOCATOR in str(error)


def _one_too_many(
    task: Task,
    estimate: Callable[..., Need],
    backend: str,
    options: Mapping[str, Any],
    before: int,
) -> str:
    """What one cascade would take and what is there."""
    told = f"one cascade on {task.num_nodes:,} nodes and {_num_edges(task):,} edges does not fit"
    if before:
        told += f" beside the results of {before:,} cascades before it"
    need = estimate(
        _batch(task, cascades=1),
        threads=options.get("threads") or usable_threads(),
        device=str(options.get("device") or ("cuda" if free_memory.has_device_file() else "cpu")),
        memory=options.get("memory"),
    )
    told += f": backend {backend!r} takes up to {in_words(need.beyond_graph)} beside the graph"
    if need.device:
        told += f" and {in_words(need.device)} of the device"
    return f"{told}; {_left()}; run fewer cascades per call, a smaller graph, or with more memory"


def _batch(task: Task, cascades: int) -> Batch:
    levels = USUAL_LEVELS if task.num_levels is None else task.num_levels
    chats = [layer for layer in task.layers if isinstance(layer, Groups)]
    return Batch(
        num_nodes=task.num_nodes,
        num_edges=_num_edges(task),
        cascades=cascades,
        layers=len(task.layers),
        weighted=any(graph.weights is not None for graph in task.graphs),
        events=task.events,
        doses=task.tables.doses,
        levels=levels,
        layered=not task.plain,
        memberships=sum(layer.num_edges for layer in chats),
        groups=sum(layer.num_groups for layer in chats),
    )


def _num_edges(task: Task) -> int:
    return sum(layer.num_edges for layer in task.layers)


def _left() -> str:
    host, device = free_memory.host_bytes(), free_memory.device_bytes()
    told = "unknown memory" if host is None else in_words(host)
    return f"{told} left here" + ("" if device is None else f", {in_words(device)} on the device")
