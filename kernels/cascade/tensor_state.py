"""What a part of a batch remembers of its nodes, one entry a key: row * N + node."""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weishang.kernels.cascade.tensor_rule import BOUGHT, FLAGS, SHARED, VISITED, Deciders, Rule

SEED_LEVEL = -1
UNREACHED = 0
_NO_PARENT = torch.iinfo(torch.int32).max
_COUNTED = np.array(
    [[flags & bit == bit for bit in (0, VISITED, BOUGHT, SHARED)] for flags in range(FLAGS)],
    dtype=np.int64,
)
"""Which of reach, visitors, buyers and sharers a node with such flags belongs to."""


class Reached(NamedTuple):
    """Events of a part in any order: one entry a reached node."""

    row: NDArray[np.int64]
    node: NDArray[np.int32]
    level: NDArray[np.int32]
    parent: NDArray[np.int32]
    flags: NDArray[np.uint8]
    shared_hop: NDArray[np.int32]


class State(Protocol):
    """The two kinds of memory, seen from the loop over hops."""

    def begin(self, seeds: Tensor, num_rows: int) -> None:
        """Forget the last part; seeds are the keys of this one's, int64."""

    def expose(self, keys: Tensor, sources: Tensor | None, hop: int) -> None:
        """Take in hits: int64 keys, and the nodes that made them where events are kept."""

    def decide(self, rule: Rule, hop: int) -> Tensor:
        """Let the hit nodes decide; returns the next frontier's keys."""

    def finish(self) -> tuple[NDArray[np.int64], Reached | None]:
        """Counts [R, H, 4] by level, as wide as the part is deep, and the events."""


class _Roll:
    """Which keys are on a list: a mark a key, so that a new list needs no clearing."""

    def __init__(self, size: int, device: torch.device) -> None:
        self._marks = torch.zeros(size, dtype=torch.int32, device=device)
        self._list = 0
        self._names: list[Tensor] = []

    def start(self) -> None:
        self._list += 1

    def enlist(self, keys: Tensor) -> None:
        """Add those of the keys that are not on the list, each once."""
        fresh = (self._marks.index_select(0, keys) != self._list).nonzero().view(-1)
        keys = keys.index_select(0, fresh)
        # Equal keys leave one ticket, whichever it is: its holder stands for all of them.
        tickets = torch.arange(-keys.numel(), 0, dtype=torch.int32, device=keys.device)
        self._marks.scatter_(0, keys, tickets)
        elected = (self._marks.index_select(0, keys) == tickets).nonzero().view(-1)
        keys = keys.index_select(0, elected)
        self._marks.index_fill_(0, keys, self._list)
        self._names.append(keys)

    def take(self) -> Tensor:
        """The keys enlisted since the last call, in any order."""
        names, self._names = self._names, []
        return torch.cat(names) if names else self._marks.new_empty(0, dtype=torch.int64)


class CountState:
    """Counts only, one dose: a node decides once, so its mark is all there is to remember."""

    NODE_BYTES = 28
    """The mark, and at worst three lists of keys while a frontier is made."""

    def __init__(self, num_nodes: int, num_rows: int, max_keys: int, device: torch.device) -> None:
        """Make room for parts of at most `num_rows` rows, worked on `max_keys` keys at once."""
        self._num_nodes, self._max_keys = num_nodes, max_keys
        self._roll = _Roll(num_rows * num_nodes, device)

    def begin(self, seeds: Tensor, num_rows: int) -> None:
        """See State."""
        self._num_rows = num_rows
        self._counts: list[NDArray[np.int64]] = []
        self._roll.start()
        self._roll.enlist(seeds)
        self._roll.take()

    def expose(self, keys: Tensor, sources: Tensor | None, hop: int) -> None:
        """See State."""
        self._roll.enlist(keys)

    def decide(self, rule: Rule, hop: int) -> Tensor:
        """See State."""
        hit = self._roll.take()
        tally = hit.new_zeros(self._num_rows * FLAGS)
        sharers = []
        for keys in hit.split(self._max_keys):
            rows, nodes = split_keys(keys, self._num_nodes)
            flags = rule.decide(Deciders(rows, nodes, level=hop, dose=1, flags=None), hop)
            tally += torch.bincount((rows * FLAGS).add_(flags), minlength=tally.numel())
            sharers.append(keys.index_select(0, (flags & SHARED).nonzero().view(-1)))
        self._counts.append(tally.view(self._num_rows, FLAGS).cpu().numpy() @ _COUNTED)
        return torch.cat(sharers)

    def finish(self) -> tuple[NDArray[np.int64], Reached | None]:
        """See State."""
        if not self._counts:
            return np.zeros((self._num_rows, 0, _COUNTED.shape[1]), dtype=np.int64), None
        return np.stack(self._counts, axis=1), None


class EventState:
    """Levels, doses, flags and parents: for events, and for nodes that decide again."""

    NODE_BYTES = 120
    """The arrays below, the lists of CountState, and the columns of the reached at the end."""

    def __init__(
        self,
        num_nodes: int,
        num_rows: int,
        max_keys: int,
        device: torch.device,
        *,
        doses: int,
        events: bool,
    ) -> None:
        """Make room as CountState does; without `events` no parents are kept."""
        self._num_nodes, self._max_keys, self._events = num_nodes, max_keys, events
        size = num_rows * num_nodes
        self._roll = _Roll(size, device)
        self._level = torch.zeros(size, dtype=torch.int32, device=device)
        self._flags = torch.zeros(size, dtype=torch.uint8, device=device)
        self._dose = torch.zeros(size, dtype=torch.int64, device=device) if doses > 1 else None
        kept = size if events else 0
        self._parent = torch.full((kept,), _NO_PARENT, dtype=torch.int32, device=device)
        self._shared_hop = torch.zeros(kept, dtype=torch.int32, device=device)
        self._touched: list[Tensor] = []
        """Keys to forget: the seeds, then the reached."""

    def begin(self, seeds: Tensor, num_rows: int) -> None:
        """See State."""
        self._num_rows = num_rows
        self._touched, last = [], self._touched
        for keys in last:
            self._forget(keys)
        self._roll.start()
        self._level.index_fill_(0, seeds, SEED_LEVEL)
        self._touched.append(seeds)

    def expose(self, keys: Tensor, sources: Tensor | None, hop: int) -> None:
        """See State."""
        level = self._level.index_select(0, keys)
        if sources is not None:
            first = (level == UNREACHED).nonzero().view(-1)
            hit, parent = keys.index_select(0, first), sources.index_select(0, first)
            self._parent.scatter_reduce_(0, hit, parent.to(torch.int32), "amin")
        may_decide = level == UNREACHED if self._dose is None else level != SEED_LEVEL
        keys = keys.index_select(0, may_decide.nonzero().view(-1))
        if self._dose is not None:
            self._dose.index_add_(0, keys, torch.ones_like(keys))
        self._roll.enlist(keys)

    def decide(self, rule: Rule, hop: int) -> Tensor:
        """See State."""
        hit = self._roll.take()
        self._roll.start()
        sharers = [self._decide(rule, hop, keys) for keys in hit.split(self._max_keys)]
        return torch.cat(sharers)

    def finish(self) -> tuple[NDArray[np.int64], Reached | None]:
        """See State."""
        keys = torch.cat([self._touched[0][:0], *self._touched[1:]])
        rows, nodes = split_keys(keys, self._num_nodes)
        level, flags = self._level.index_select(0, keys), self._flags.index_select(0, keys)
        depth = int(level.max()) if keys.numel() else 0
        places = ((rows * depth + level - 1) * FLAGS).add_(flags)
        tally = torch.bincount(places, minlength=self._num_rows * depth * FLAGS)
        counts = tally.view(self._num_rows, depth, FLAGS).cpu().numpy() @ _COUNTED
        if not self._events:
            return counts, None
        parent = self._parent.index_select(0, keys)
        shared_hop = self._shared_hop.index_select(0, keys)
        columns = rows, nodes.to(torch.int32), level, parent, flags, shared_hop
        return counts, Reached(*(column.cpu().numpy() for column in columns))

    def _decide(self, rule: Rule, hop: int, keys: Tensor) -> Tensor:
        """Some of the hit nodes; returns those who share for the first time."""
        rows, nodes = split_keys(keys, self._num_nodes)
        unreached = (self._level.index_select(0, keys) == UNREACHED).nonzero().view(-1)
        reached = keys.index_select(0, unreached)
        self._level.index_fill_(0, reached, hop)
        self._touched.append(reached)
        before = self._flags.index_select(0, keys)
        level: Tensor | int = hop
        dose: Tensor | int = 1
        if self._dose is not None:
            level = self._level.index_select(0, keys)
            dose = self._dose.index_select(0, keys)
        flags = rule.decide(Deciders(rows, nodes, level, dose, before), hop)
        self._flags.scatter_(0, keys, flags)
        sharers = keys.index_select(0, (flags & ~before & SHARED).nonzero().view(-1))
        if self._events:
            self._shared_hop.index_fill_(0, sharers, hop)
        return sharers

    def _forget(self, keys: Tensor) -> None:
        """Leave the keys as if no part had touched them."""
        self._level.index_fill_(0, keys, UNREACHED)
        self._flags.index_fill_(0, keys, 0)
        if self._dose is not None:
            self._dose.index_fill_(0, keys, 0)
        if self._events:
            self._parent.index_fill_(0, keys, _NO_PARENT)
            self._shared_hop.index_fill_(0, keys, 0)


def split_keys(keys: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """Rows and nodes of keys."""
    rows = torch.div(keys, num_nodes, rounding_mode="trunc")
    return rows, keys - rows * num_nodes
