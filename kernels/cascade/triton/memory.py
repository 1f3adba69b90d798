"""What the triton backend's own arrays take, on the device."""

from weishang.kernels.cascade.core.memory import CASCADE_BYTES, Batch, Work
from weishang.kernels.runtime import free_memory

FREE_SHARE = 0.75
"""Share of the device's free memory that is taken unless `memory` says how much."""

ROW_BYTES = 2 << 10
"""A cascade's counts of the first levels: 32 bytes a level, and twice as much while they are
summed."""
LIST_BYTES, RECORD_BYTES, SEEN_BYTES = 8, 32, 1
"""A node of a cascade: an entry of a list or queue; its record; where a bit is enough."""
LISTS, DOSED_LISTS = 2, 4
TILE_BYTES = 16
"""A tile of a long row: its entry and its number."""
TILE_EDGES = 257
"""The fewest edges that tiles have on average."""

NODE_BYTES = 128
"""In layers of any kind, a node of a cascade: its record, its places in lists, and its columns
while it is counted."""
GROUP_BYTES = 40
"""There, a group of a cascade: its first poster, and its place in the list of those posted in."""
BLOCKS_SHARE = 8
"""There, at most one eighth of the memory is for blocks; rows take the rest."""


def estimate(batch: Batch, *, threads: int, device: str, memory: int | None) -> Work:
    """State, lists and queues of as many rows as the device holds; of one where there is none.

    `threads` and `device` are ignored.

    Raises:
        ValueError: the memory does not hold one cascade.
    """
    if batch.layered:
        nodes = NODE_BYTES * batch.num_nodes + GROUP_BYTES * batch.groups
        row = (nodes + ROW_BYTES) * BLOCKS_SHARE // (BLOCKS_SHARE - 1)
    else:
        lists = LISTS if batch.doses == 1 else DOSED_LISTS
        state = SEEN_BYTES if batch.only_counts else RECORD_BYTES
        tiles = TILE_BYTES * (batch.num_edges // TILE_EDGES + 1)
        row = batch.num_nodes * (lists * LIST_BYTES + state) + tiles + ROW_BYTES + CASCADE_BYTES
    if memory is not None and memory < row:
        raise ValueError(
            f"memory is {memory} bytes, but one cascade on {batch.num_nodes} nodes takes {row}; "
            "give at least that"
        )
    free = (free_memory.device_bytes() or 0) - batch.graph_bytes
    limit = FREE_SHARE * free if memory is None else memory
    rows = max(min(int(limit // row), batch.cascades), 1)
    return Work(rows * row, rows, on_device=True)
