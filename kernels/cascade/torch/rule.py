"""A rule's tables and words on a device, and the decisions of many nodes at once."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch import rng as words
from weishang.kernels.cascade.torch.graph import to_device
from weishang.kernels.rng import CERTAIN, Purpose, derive

VISITED, BOUGHT, SHARED = 1, 2, 4
"""Bits of a node's flags: what it has ever done."""
FLAGS = 8


class Deciders(NamedTuple):
    """Nodes that decide, with their state before; tensors of one length or one for all.

    Attributes:
        rows, nodes: int64.
        level: the row of the tables.
        dose: exposures so far.
        flags: uint8, what they did before; None for nothing.
    """

    rows: Tensor
    nodes: Tensor
    level: Tensor | int
    dose: Tensor | int
    flags: Tensor | None


class _Table:
    """Thresholds [row, level, outcome, segment, dose]: an axis repeats its last entry."""

    def __init__(self, table: NDArray[np.uint64], device: torch.device) -> None:
        self.shape = table.shape
        self.entries = to_device(table, device).view(-1)
        by_level = np.moveaxis(table, 1, 0).reshape(table.shape[1], -1)
        self.smallest, self.largest = by_level.min(axis=1), by_level.max(axis=1)

    def only(self, deepest: int, level: Tensor | int) -> int | None:
        """The threshold that all nodes of a hop have, or None when it may differ."""
        last = min(deepest, self.shape[1])
        levels = slice(last - 1 if isinstance(level, int) else 0, last)
        smallest = int(self.smallest[levels].min())
        return smallest if smallest == int(self.largest[levels].max()) else None

    def look_up(self, *places: Tensor | int) -> Tensor | int:
        """The entries at these places, the first axis first."""
        index: Tensor | int = 0
        for size, place in zip(self.shape, places, strict=True):
            if size > 1:
                last = size - 1
                at = min(place, last) if isinstance(place, int) else place.long().clamp(max=last)
                index = index * size + at
        if isinstance(index, int):
            return self.entries[index]
        return self.entries.index_select(0, index)


class Rule:
    """What the nodes of a part's rows decide."""

    def __init__(self, task: Task, rows: slice, cascades: Tensor) -> None:
        """Prepare a part.

        Args:
            task: the batch.
            rows: the part's positions in it.
            cascades: int64 [R], their ids.
        """
        device = cascades.device
        visit, buy, share = (
            table if len(table) == 1 else table[rows]
            for table in (task.tables.visit, task.tables.buy, task.tables.share)
        )
        self._tables = {
            Purpose.VISIT: _Table(visit[:, :, np.newaxis], device),
            Purpose.BUY: _Table(buy[:, :, np.newaxis], device),
            Purpose.SHARE: _Table(share, device),
        }
        self._words = {
            purpose: words.child(derive(task.seed, purpose), cascades) for purpose in self._tables
        }
        self._segment = to_device(task.segment, device) if task.tables.num_segments > 1 else None

    def certain(self, hop: int) -> int | None:
        """The flags of all who are first hit in a hop, where luck has no part in them."""
        limits = [table.only(hop, hop) for table in self._tables.values()]
        if not all(limit in (0, CERTAIN) for limit in limits):
            return None
        visited, bought, shared = (limit == CERTAIN for limit in limits)
        return visited * VISITED + (visited and bought) * BOUGHT + shared * SHARED

    def decide(self, who: Deciders, deepest: int) -> Tensor:
        """Visit, buy and share, each for good.

        Args:
            who: the nodes.
            deepest: no level is larger; the nodes' own where all have one.

        Returns:
            uint8, the nodes' flags, those of before included.
        """
        visited = self._happens(Purpose.VISIT, who, deepest)
        if who.flags is not None:
            visited |= (who.flags & VISITED).bool()
        bought = visited & self._happens(Purpose.BUY, who, deepest)
        if who.flags is not None:
            bought |= (who.flags & BOUGHT).bool()
        flags = visited.to(torch.uint8)
        shared = self._happens(Purpose.SHARE, who, deepest, flags + bought)
        flags += bought.to(torch.uint8) * BOUGHT
        flags += shared.to(torch.uint8) * SHARED
        return flags if who.flags is None else flags | (who.flags & SHARED)

    def _happens(
        self, purpose: Purpose, who: Deciders, deepest: int, outcome: Tensor | int = 0
    ) -> Tensor:
        """Whether each node's uniform is below its threshold; certain ones draw no word."""
        table = self._tables[purpose]
        only = table.only(deepest, who.level)
        if only in (0, CERTAIN):
            return torch.full_like(who.nodes, only == CERTAIN, dtype=torch.bool)
        limit: Tensor | int | None = only
        if limit is None:
            segment = 0 if self._segment is None else self._segment.index_select(0, who.nodes)
            limit = table.look_up(who.rows, who.level - 1, outcome, segment, who.dose - 1)
        of_row = self._words[purpose].index_select(0, who.rows)
        return words.uniforms(words.child(of_row, who.nodes)) < limit
