"""What a part of a batch remembers of its nodes, one entry a key: row * N + node."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weishang.kernels.cascade.torch.memory import COUNT_BYTES
from weishang.kernels.cascade.torch.ops import (
    by_numpy,
    chosen,
    distinct,
    positions,
    rows_of,
    split_keys,
)
from weishang.kernels.cascade.torch.pipeline import ThreadPool
from weishang.kernels.cascade.torch.rule import BOUGHT, FLAGS, SHARED, VISITED, Deciders, Rule

SEEN, HIT, POSTS = 1, 2, 3
"""A key's mark above the largest of the unseen: done with, hit in this hop, to post in the next."""
MARKS = 3
"""Marks of a part; the next part takes higher ones, so that it need not clear them."""
LIST_BYTES = 40
"""A listed key: the frontier, the hit, one of them in pieces and whole for a moment, and as much as
the allocator has been seen to keep."""
MARKED = 1 << 14
"""Keys whose marks are read and then written, while a CPU's cache has them."""
SCANNED = 16
"""Marks looked through at once, for each key that is worked on at once."""

SEED_LEVEL = -1
UNREACHED = 0
POSTER_BITS = 31
POSTER_MASK = (1 << POSTER_BITS) - 1
"""A node's id in a source, which with paths tells above it the level that the node passes on."""
_COUNTED = np.array(
    [[flags & bit == bit for bit in (0, VISITED, BOUGHT, SHARED)] for flags in range(FLAGS)],
    dtype=np.int64,
)
"""Which of reach, visitors, buyers and sharers a node with such flags belongs to."""


class Reached(NamedTuple):
    """Events of a part in any order: one entry a reached node."""

    row: NDArray[np.int64]
    node: NDArray[np.int32]
    hop: NDArray[np.int32]
    level: NDArray[np.int32]
    parent: NDArray[np.int32]
    flags: NDArray[np.uint8]
    shared_hop: NDArray[np.int32]


class State(Protocol):
    """The two kinds of memory, seen from the loop over hops."""

    def begin(self, seeds: Tensor, num_rows: int) -> None:
        """Forget the last part; seeds are the keys of this one's, int64."""

    def frontier(self, size: int) -> Iterator[Tensor]:
        """Keys of those who post now, once: the seeds, then the sharers; `size` at once."""

    def levels(self, keys: Tensor) -> Tensor | None:
        """Levels of those who post, int64, 0 for seeds; None where the level is the hop."""

    def filtered(self, keys: Tensor, sources: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Hits as `expose` takes them; by any thread, since nothing is remembered yet."""

    def expose(self, keys: Tensor, sources: Tensor | None, hop: int) -> None:
        """Take in filtered hits: int64 keys, and who made them where events or levels are kept."""

    def decide(self, rule: Rule, hop: int, pool: ThreadPool) -> int:
        """Let the hit nodes decide; returns how many share for the first time."""

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
        keys = chosen(keys, self._marks.index_select(0, keys) != self._list)
        # Equal keys leave one ticket, whichever it is: its holder stands for all of them.
        tickets = torch.arange(-keys.numel(), 0, dtype=torch.int32, device=keys.device)
        self._marks.scatter_(0, keys, tickets)
        keys = chosen(keys, self._marks.index_select(0, keys) == tickets)
        self._marks.index_fill_(0, keys, self._list)
        self._names.append(keys)

    def take(self) -> Tensor:
        """The keys enlisted since the last call, in any order."""
        names, self._names = self._names, []
        return torch.cat(names) if names else self._marks.new_empty(0, dtype=torch.int64)


class CountState:
    """Counts only, one dose: a node decides once, so a byte is all there is to remember.

    Keys are listed while a hop has few, and found by their marks when it has many: then the
    marks alone take memory.
    """

    def __init__(self, num_nodes: int, num_rows: int, max_keys: int, device: torch.device) -> None:
        """Make room for parts of at most `num_rows` rows, worked on `max_keys` keys at once."""
        self._num_nodes, self._max_keys = num_nodes, max_keys
        self._marks = _untouched(num_rows * num_nodes, device)
        self._room = self._marks.numel() * (COUNT_BYTES - 1) // LIST_BYTES
        self._unseen = -MARKS
        self._hit: list[Tensor] | None = []
        self._posting: Tensor | None = None

    def begin(self, seeds: Tensor, num_rows: int) -> None:
        """See State."""
        self._size, self._num_rows = num_rows * self._num_nodes, num_rows
        self._counts: list[NDArray[np.int64]] = []
        self._unseen += MARKS
        if self._unseen + MARKS > torch.iinfo(self._marks.dtype).max:
            self._marks.zero_()
            self._unseen = 0
        self._mark(seeds, SEEN)
        self._posting = seeds
        self._start()

    def frontier(self, size: int) -> Iterator[Tensor]:
        """See State."""
        if self._posting is None:
            return self._marked(POSTS, size)
        return iter(self._posting.split(size))

    def levels(self, keys: Tensor) -> None:
        """See State."""

    def filtered(self, keys: Tensor, sources: Tensor | None) -> tuple[Tensor, None]:
        """See State; each key once, in order: then their marks are near each other, too."""
        return distinct(keys), None

    def expose(self, keys: Tensor, sources: Tensor | None, hop: int) -> None:
        """See State."""
        for some in keys.split(MARKED) if by_numpy(keys) else (keys,):
            fresh = chosen(some, self._marks.index_select(0, some) <= self._unseen)
            self._mark(fresh, HIT if self._hit is None else SEEN)
            self._num_hit += fresh.numel()
            if self._hit is not None:
                self._hit.append(fresh)
                if self._num_hit > self._room:
                    self._unlist(self._hit)

    def decide(self, rule: Rule, hop: int, pool: ThreadPool) -> int:
        """See State."""
        self._tally = self._marks.new_zeros((self._num_rows, FLAGS), dtype=torch.int64)
        self._posting = None
        if self._hit is None:
            count = self._decide_marked(rule, hop, pool)
        else:
            hit = self._together(self._hit)
            self._hit = None
            pieces = hit.split(pool.share(hit.numel(), self._max_keys))
            self._posting = self._together(list(self._sharers(rule, hop, pieces, pool)))
            count = self._posting.numel()
        self._counts.append(self._tally.cpu().numpy() @ _COUNTED)
        self._start()
        return count

    def finish(self) -> tuple[NDArray[np.int64], Reached | None]:
        """See State."""
        if not self._counts:
            return np.zeros((self._num_rows, 0, _COUNTED.shape[1]), dtype=np.int64), None
        return np.stack(self._counts, axis=1), None

    def _start(self) -> None:
        """List the keys that are hit from now on."""
        self._hit, self._num_hit = [], 0

    def _unlist(self, hit: list[Tensor]) -> None:
        """Mark what is listed so that it can be found, and list no more."""
        for keys in hit:
            self._mark(keys, HIT)
        self._hit = None

    def _decide_marked(self, rule: Rule, hop: int, pool: ThreadPool) -> int:
        """Let the keys marked as hit decide; returns how many share, listed if they are few."""
        count = 0
        for sharers in self._sharers(rule, hop, self._marked(HIT, self._max_keys), pool):
            self._mark(sharers, POSTS)
            count += sharers.numel()
        if count <= self._room:
            self._posting = self._together(list(self._marked(POSTS, self._max_keys)))
        return count

    def _sharers(
        self, rule: Rule, hop: int, hit: Iterable[Tensor], pool: ThreadPool
    ) -> Iterator[Tensor]:
        """Let the hit decide, some at a time, and count them; yields those who share."""
        certain = rule.certain(hop)

        def work(keys: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
            if certain is None:
                yield self._decided(rule, hop, keys)
            else:
                rows = rows_of(keys, self._num_nodes)
                yield keys, torch.bincount(rows, minlength=self._num_rows)

        for keys, tally in pool.ahead(work, hit):
            if certain is None:
                self._tally += tally
            else:
                self._tally[:, certain] += tally
            if certain is None or certain & SHARED:
                yield keys

    def _decided(self, rule: Rule, hop: int, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Those of the hit who share, and how many have which flags, [rows, FLAGS]."""
        rows, nodes = split_keys(keys, self._num_nodes)
        each = rule.decide(Deciders(rows, nodes, level=hop, dose=1, flags=None), hop)
        places = (rows * FLAGS).add_(each)
        tally = torch.bincount(places, minlength=self._num_rows * FLAGS)
        return chosen(keys, each & SHARED), tally.view(-1, FLAGS)

    def _mark(self, keys: Tensor, kind: int) -> None:
        self._marks.index_fill_(0, keys, self._unseen + kind)

    def _marked(self, kind: int, size: int) -> Iterator[Tensor]:
        """Keys with such a mark in order, at most `size` at once; from then on they are SEEN."""
        for first in range(0, self._size, SCANNED * size):
            marks = self._marks[first : min(first + SCANNED * size, self._size)]
            keys = positions(marks == self._unseen + kind)
            keys += first
            self._mark(keys, SEEN)
            yield from keys.split(size) if keys.numel() else ()

    def _together(self, keys: list[Tensor]) -> Tensor:
        """All keys as one list."""
        if len(keys) == 1:
            return keys[0]
        return torch.cat([torch.empty(0, dtype=torch.int64, device=self._marks.device), *keys])


class EventState:
    """Levels, doses, flags and parents: for events, and for nodes that decide again."""

    def __init__(
        self,
        num_nodes: int,
        num_rows: int,
        max_keys: int,
        device: torch.device,
        *,
        doses: int,
        events: bool,
        last_level: int | None,
    ) -> None:
        """Make room as CountState does; without `events` no parents are kept.

        With a `last_level` sources tell levels, of which it is the largest.
        """
        self._last_level = last_level
        self._num_nodes, self._max_keys, self._events = num_nodes, max_keys, events
        size = num_rows * num_nodes
        self._roll = _Roll(size, device)
        self._level = torch.zeros(size, dtype=torch.int32, device=device)
        self._flags = torch.zeros(size, dtype=torch.uint8, device=device)
        self._dose = torch.zeros(size, dtype=torch.int64, device=device) if doses > 1 else None
        kept = size if events else 0
        self._shared_hop = torch.zeros(kept, dtype=torch.int32, device=device)
        by_path = last_level is not None
        self._source = torch.zeros(
            size if by_path else kept,
            dtype=torch.int64 if by_path else torch.int32,
            device=device,
        )
        self._no_source = torch.iinfo(self._source.dtype).max
        self._source.fill_(self._no_source)
        self._hop = torch.zeros(kept if by_path else 0, dtype=torch.int32, device=device)
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
        self._frontier = seeds

    def frontier(self, size: int) -> Iterator[Tensor]:
        """See State."""
        return iter(self._frontier.split(size))

    def levels(self, keys: Tensor) -> Tensor | None:
        """See State."""
        if self._last_level is None:
            return None
        return self._level.index_select(0, keys).long().clamp_(min=0)

    def filtered(self, keys: Tensor, sources: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """See State; equal keys have sources of their own, and are doses."""
        return keys, sources

    def expose(self, keys: Tensor, sources: Tensor | None, hop: int) -> None:
        """See State."""
        level = self._level.index_select(0, keys)
        if sources is not None:
            first = positions(level == UNREACHED)
            hit, source = keys.index_select(0, first), sources.index_select(0, first)
            self._source.scatter_reduce_(0, hit, source.to(self._source.dtype), "amin")
        may_decide = level == UNREACHED if self._dose is None else level != SEED_LEVEL
        keys = chosen(keys, may_decide)
        if self._dose is not None:
            self._dose.index_add_(0, keys, torch.ones_like(keys))
        self._roll.enlist(keys)

    def decide(self, rule: Rule, hop: int, pool: ThreadPool) -> int:
        """See State."""
        hit = self._roll.take()
        self._roll.start()
        sharers = [self._decide(rule, hop, keys) for keys in hit.split(self._max_keys)]
        self._frontier = torch.cat(sharers)
        return self._frontier.numel()

    def finish(self) -> tuple[NDArray[np.int64], Reached | None]:
        """See State."""
        keys = torch.cat([self._touched[0][:0], *self._touched[1:]])
        rows, nodes = split_keys(keys, self._num_nodes)
        level, flags = self._level.index_select(0, keys), self._flags.index_select(0, keys)
        counts = tallied(rows, level, flags, self._num_rows)
        if not self._events:
            return counts, None
        parent = (self._source.index_select(0, keys) & POSTER_MASK).to(torch.int32)
        shared_hop = self._shared_hop.index_select(0, keys)
        hop = level if self._last_level is None else self._hop.index_select(0, keys)
        columns = rows, nodes.to(torch.int32), hop, level, parent, flags, shared_hop
        return counts, Reached(*(column.cpu().numpy() for column in columns))

    def _decide(self, rule: Rule, hop: int, keys: Tensor) -> Tensor:
        """Some of the hit nodes; returns those who share for the first time."""
        rows, nodes = split_keys(keys, self._num_nodes)
        reached = chosen(keys, self._level.index_select(0, keys) == UNREACHED)
        self._reach(reached, hop)
        self._touched.append(reached)
        before = self._flags.index_select(0, keys)
        level: Tensor | int = hop
        dose: Tensor | int = 1
        if self._dose is not None:
            dose = self._dose.index_select(0, keys)
        if self._dose is not None or self._last_level is not None:
            level = self._level.index_select(0, keys)
        deepest = hop if self._last_level is None else self._last_level
        flags = rule.decide(Deciders(rows, nodes, level, dose, before), deepest)
        self._flags.scatter_(0, keys, flags)
        sharers = chosen(keys, flags & ~before & SHARED)
        if self._events:
            self._shared_hop.index_fill_(0, sharers, hop)
        return sharers

    def _reach(self, keys: Tensor, hop: int) -> None:
        """Give those who are hit for the first time their levels."""
        if self._last_level is None:
            self._level.index_fill_(0, keys, hop)
            return
        levels = self._source.index_select(0, keys) >> POSTER_BITS
        self._level.index_copy_(0, keys, levels.to(torch.int32))
        if self._events:
            self._hop.index_fill_(0, keys, hop)

    def _forget(self, keys: Tensor) -> None:
        """Leave the keys as if no part had touched them."""
        self._level.index_fill_(0, keys, UNREACHED)
        self._flags.index_fill_(0, keys, 0)
        if self._dose is not None:
            self._dose.index_fill_(0, keys, 0)
        if self._source.numel():
            self._source.index_fill_(0, keys, self._no_source)
        if self._events:
            self._shared_hop.index_fill_(0, keys, 0)


def _untouched(size: int, device: torch.device) -> Tensor:
    """Zeros, uint8; on a CPU a page of memory is taken when it is first written to."""
    if device.type == "cpu":
        return torch.from_numpy(np.zeros(size, dtype=np.uint8))
    return torch.zeros(size, dtype=torch.uint8, device=device)


def tallied(rows: Tensor, levels: Tensor, flags: Tensor, num_rows: int) -> NDArray[np.int64]:
    """Counts [R, H, 4] of reached nodes by their levels, as wide as the largest."""
    depth = int(levels.max()) if levels.numel() else 0
    places = ((rows * depth + levels - 1) * FLAGS).add_(flags)
    tally = torch.bincount(places, minlength=num_rows * depth * FLAGS)
    return tally.view(num_rows, depth, FLAGS).cpu().numpy() @ _COUNTED
