"""The device memory that parts of a batch with layers of any kind use one after the other."""

from typing import NamedTuple

import torch
from torch import Tensor

from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch.graph import to_device
from weishang.kernels.cascade.triton import tables as rule_tables
from weishang.kernels.cascade.triton.kernels.multilayer import NO_SOURCE, SOURCE
from weishang.kernels.cascade.triton.kernels.state import RECORD
from weishang.kernels.cascade.triton.memory import BLOCKS_SHARE, GROUP_BYTES, NODE_BYTES
from weishang.kernels.graph.layers import Groups

ROW_BYTES = 1 << 10
"""Of a cascade, beside its nodes and its own tables."""
BLOCK_BYTES = 256
"""Of a block of 64 slots, or a poster, that is listed for a launch."""
MIN_BLOCKS, MAX_BLOCKS = 1 << 3, 1 << 22
"""Blocks of a launch; the most fill a device many times over."""


class Plan(NamedTuple):
    """How a batch is cut: rows a part, and blocks that are listed at once."""

    rows: int
    blocks: int

    @classmethod
    def of(cls, task: Task, memory: int) -> "Plan":
        """Cut a batch so that it fits `memory` bytes, the parts about equal.

        Raises:
            ValueError: the memory does not hold one cascade.
        """
        groups = sum(layer.num_groups for layer in task.layers if isinstance(layer, Groups))
        row_bytes = ROW_BYTES + NODE_BYTES * task.num_nodes + GROUP_BYTES * groups
        row_bytes += rule_tables.bytes_of_row(task)
        least = row_bytes + MIN_BLOCKS * BLOCK_BYTES
        if memory < least:
            raise ValueError(
                f"memory is {memory} bytes, but one cascade on {task.num_nodes} nodes takes "
                f"{least}; give at least that"
            )
        blocks = min(memory // BLOCKS_SHARE, memory - row_bytes) // BLOCK_BYTES
        # A power of two, so that pieces of a list begin where memory is aligned.
        blocks = 1 << (min(max(blocks, MIN_BLOCKS), MAX_BLOCKS).bit_length() - 1)
        parts = -(-task.num_cascades // ((memory - blocks * BLOCK_BYTES) // row_bytes))
        return cls(-(-max(task.num_cascades, 1) // max(parts, 1)), blocks)


class GroupBuffers(NamedTuple):
    """A layer of groups in the cascades of a part; int64.

    Attributes:
        first_posters: [rows * G], see `reduce_first_posters`.
        listed: [rows * G], entries of the groups posted in.
        end: [1], end of that list.
    """

    first_posters: Tensor
    listed: Tensor
    end: Tensor


class MultilayerBuffers:
    """Records, lists, and what groups remember, for up to `rows` rows.

    Attributes:
        state, smallest: the records as int32 and as int64.
        hits: int64, list of the hop's hit entries.
        end: int64 [1], end of that list.
        groups: of each layer of groups, by its number.
        segment: int32 [N], or of one node where all have the same class.
    """

    def __init__(self, task: Task, rows: int, device: torch.device) -> None:
        """Make room for parts of at most `rows` rows."""

        def entries(size: int) -> Tensor:
            return torch.empty(size, dtype=torch.int64, device=device)

        keys = rows * task.num_nodes
        self.state = torch.zeros((keys, RECORD.value), dtype=torch.int32, device=device)
        self.smallest = self.state.view(torch.int64)
        self.smallest[:, SOURCE.value] = NO_SOURCE.value
        self.hits, self.end = entries(keys), entries(1)
        self.groups = {
            number: GroupBuffers(entries(size), entries(size), entries(1).zero_())
            for number, layer in enumerate(task.layers)
            if isinstance(layer, Groups)
            for size in (rows * layer.num_groups,)
        }
        segment = task.segment if task.tables.num_segments > 1 else task.segment[:1]
        self.segment = to_device(segment, device)

    def begin(self) -> None:
        """Find all groups without a post."""
        for groups in self.groups.values():
            groups.first_posters.fill_(NO_SOURCE.value)

    def leave(self, keys: Tensor) -> None:
        """Forget the keys that a part has touched."""
        self.state.index_fill_(0, keys, 0)
        self.smallest[:, SOURCE.value].index_fill_(0, keys, NO_SOURCE.value)
