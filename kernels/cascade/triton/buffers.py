"""The device memory that the parts of a batch use one after the other."""

from typing import NamedTuple

import torch
from torch import Tensor

from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch.graph import to_device
from weishang.kernels.cascade.triton.kernels.state import (
    NO_PARENT,
    PARENT,
    RECORD,
    SEEN_BITS,
    forget,
)
from weishang.kernels.cascade.triton.launch import Launches
from weishang.kernels.cascade.triton.memory import (
    DOSED_LISTS,
    LIST_BYTES,
    LISTS,
    RECORD_BYTES,
    ROW_BYTES,
    SEEN_BYTES,
    TILE_BYTES,
)

FIRST_LEVELS = 16
"""Levels that a part's counts are made for at first; their number doubles when it is reached."""


class Kind(NamedTuple):
    """What a batch has to remember of a node.

    Attributes:
        doses: exposures that some table tells apart.
        records: whether a bit is not enough, since events are wanted or nodes decide again.
    """

    doses: int
    records: bool

    @classmethod
    def of(cls, task: Task) -> "Kind":
        """The kind of a task."""
        doses = task.tables.used_doses
        return cls(doses, task.events or doses > 1)

    @property
    def dosed(self) -> bool:
        """Whether a node can decide more than once."""
        return self.doses > 1


class DeviceBuffers:
    """State, lists and queues for up to `rows` rows; all entries are int64.

    A key can enter each list once (a hop's hits, the reached, the rows that post), so that lists
    of rows * N entries never overflow, nor tiles of all long rows of all cascades at once.

    Attributes:
        kind: what is remembered.
        state: int32, bits or records.
        hits: lists of hit entries; with doses hops take turns with two, else all share one.
        reached: list of seeds and reached; the list of hits where that is the same.
        posts, tile_posts, tile_numbers: queues of the rows that post.
        segment: int32 [N], classes of the nodes; of one node where all have the same.
    """

    def __init__(self, task: Task, rows: int, tiles: int, device: torch.device) -> None:
        """Make room for parts of at most `rows` rows."""
        self.kind = Kind.of(task)
        self._num_nodes = task.num_nodes
        self._used = 0
        keys = rows * task.num_nodes

        def entries(size: int) -> Tensor:
            return torch.empty(size, dtype=torch.int64, device=device)

        if self.kind.records:
            self.state = torch.zeros((keys, RECORD.value), dtype=torch.int32, device=device)
            self.state[:, PARENT.value] = NO_PARENT.value
        else:
            words = keys // SEEN_BITS.value + 1
            self.state = torch.zeros(words, dtype=torch.int32, device=device)
        self.hits = [entries(keys) for _ in range(2 if self.kind.dosed else 1)]
        self.reached = entries(keys) if self.kind.dosed else self.hits[0]
        self.posts = entries(keys)
        self.tile_posts, self.tile_numbers = entries(rows * tiles), entries(rows * tiles)
        segment = task.segment if task.tables.num_segments > 1 else task.segment[:1]
        self.segment = to_device(segment, device)

    @staticmethod
    def bytes_of_row(task: Task, tiles: int) -> int:
        """Device memory that each row takes."""
        kind = Kind.of(task)
        lists = DOSED_LISTS if kind.dosed else LISTS
        state = RECORD_BYTES if kind.records else SEEN_BYTES
        keys = task.num_nodes * (lists * LIST_BYTES + state)
        return ROW_BYTES + keys + tiles * TILE_BYTES

    def leave(self, used: int) -> None:
        """Note how many entries `reached` has: the keys that the next part must find untouched."""
        self._used = used

    def clear(self, launches: Launches) -> None:
        """Forget what the last part left: the reached are walked, not all the keys."""
        if self._used:
            grid, options = launches.nodes
            forget[grid](
                self.reached,
                self.state,
                self._used,
                self._num_nodes,
                RECORDS=self.kind.records,
                **options,
            )
        self._used = 0
