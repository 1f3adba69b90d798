"""How the torch backend cuts a batch so that it fits the memory it may take."""

from typing import NamedTuple

import numpy as np

from weishang.kernels.cascade.core.memory import Batch, Work
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.graph.layers import Groups

DEFAULT_MEMORY = 2 << 30
"""Bytes."""

COUNT_BYTES = 2
"""A node of a cascade where only counts are wanted: the mark, and the lists' part."""
EVENT_BYTES = 120
"""A node where events or doses are: its arrays, its lists, and its columns at the end."""
PATH_BYTES = 20
"""What levels by path add to that: a wider source, and the hop beside the level."""
GROUP_BYTES = 40
"""A group of a cascade: its first poster, and lists of those that are posted in."""
ROW_BYTES = 1 << 10
"""Working arrays for each cascade of a part, beside its nodes and its own tables."""
BLOCK_BYTES = 1 << 8
"""Working arrays at worst, for each block of 64 slots (or node) that is worked on at once."""
MIN_BLOCKS = 1 << 10
MAX_BLOCKS = {"cpu": 1 << 16}
"""On a CPU more blocks would leave the cache; elsewhere `memory` alone decides."""
BLOCKS_SHARE = 6
"""At most one sixth of `memory` is for blocks; rows take the rest."""


class Plan(NamedTuple):
    """How a batch is cut: rows a part, blocks that a thread works on at once, threads."""

    rows: int
    blocks: int
    threads: int


def counts_only(task: Task) -> bool:
    """Whether a byte a node is enough: nodes decide once, and leave nothing but counts."""
    return task.tables.used_doses == 1 and not task.events and task.tables.paths is None


def make_plan(task: Task, device_type: str, memory: int, threads: int) -> Plan:
    """Cut a batch so that rows and blocks fit the memory.

    Args:
        task: the batch.
        device_type: "cpu", "cuda" or another of torch's.
        memory: bytes for the working arrays.
        threads: that the device has use for.

    Raises:
        ValueError: the memory is not an integer, or does not hold one cascade.
    """
    if isinstance(memory, bool) or not isinstance(memory, int | np.integer):
        raise ValueError(f"memory is {memory!r}; give a number of bytes")
    groups = sum(layer.num_groups for layer in task.layers if isinstance(layer, Groups))
    row = _row_bytes(
        task.num_nodes, groups, counts_only(task), by_path=task.tables.paths is not None
    )
    row += sum(table[0].nbytes for table in task.tables[:4] if len(table) > 1)
    _check_one_fits(row, task.num_nodes, memory)
    threads = max(min(threads, (memory - row) // (2 * MIN_BLOCKS * BLOCK_BYTES)), 1)
    block_bytes = BLOCK_BYTES * threads
    blocks = min(memory // BLOCKS_SHARE, memory - row) // block_bytes
    blocks = min(max(blocks, MIN_BLOCKS), MAX_BLOCKS.get(device_type, blocks))
    rows = (memory - blocks * block_bytes) // row
    return Plan(min(rows, max(task.num_cascades, 1)), blocks, threads)


def estimate(batch: Batch, *, threads: int, device: str, memory: int | None) -> Work:
    """As much of the memory as the batch fills with rows, and blocks of slots.

    Raises:
        ValueError: the memory does not hold one cascade.
    """
    row = _row_bytes(
        batch.num_nodes,
        batch.groups,
        batch.only_counts and not batch.layered,
        by_path=batch.layered,
    )
    limit = DEFAULT_MEMORY if memory is None else memory
    _check_one_fits(row, batch.num_nodes, limit)
    blocks = max(min(limit // BLOCKS_SHARE, limit - row), MIN_BLOCKS * BLOCK_BYTES)
    if device in MAX_BLOCKS:
        blocks = min(blocks, MAX_BLOCKS[device] * BLOCK_BYTES * threads)
    rows = min((limit - blocks) // row, max(batch.cascades, 1))
    return Work(rows * row + blocks, rows, on_device=device != "cpu")


def _row_bytes(num_nodes: int, groups: int, only_counts: bool, *, by_path: bool) -> int:
    """Of a cascade, beside its own tables."""
    node = COUNT_BYTES if only_counts else EVENT_BYTES
    if by_path:
        node += PATH_BYTES
    return ROW_BYTES + node * num_nodes + GROUP_BYTES * groups


def _check_one_fits(row_bytes: int, num_nodes: int, memory: int) -> None:
    least = row_bytes + MIN_BLOCKS * BLOCK_BYTES
    if memory < least:
        raise ValueError(
            f"memory is {memory} bytes, but one cascade on {num_nodes} nodes takes {least}; "
            "give at least that"
        )
