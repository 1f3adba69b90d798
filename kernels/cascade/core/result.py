"""What a batch of cascades leaves: counts by level and, if asked for, events."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

COUNTS = ("reach", "visitors", "buyers", "sharers")


@dataclass(frozen=True, eq=False)
class Events:
    """One entry a reached node, sorted by (row, hop, node); all arrays have one length.

    Attributes:
        row: int64, position in the batch.
        cascade: uint64, cascade id.
        node: int32.
        hop: int32, the hop that reached it first.
        parent: int32, the smallest of those that hit it in that hop and gave it its level.
        visited, bought, shared: bool, whether it ever did.
        shared_hop: int32, the hop in which it shared; 0 if it did not.
        by_path: int8, its level, of a rule with paths; None where the level is the hop.
    """

    row: NDArray[np.int64]
    cascade: NDArray[np.uint64]
    node: NDArray[np.int32]
    hop: NDArray[np.int32]
    parent: NDArray[np.int32]
    visited: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    shared_hop: NDArray[np.int32]
    by_path: NDArray[np.int8] | None = None

    def __len__(self) -> int:
        """Number of events."""
        return self.node.size

    @property
    def level(self) -> NDArray[np.integer[Any]]:
        """The row of the rule's tables that the node decided by."""
        return self.hop if self.by_path is None else self.by_path

    @classmethod
    def from_columns(
        cls,
        cascades: NDArray[np.uint64],
        row: NDArray[np.int64],
        node: NDArray[np.int32],
        hop: NDArray[np.int32],
        parent: NDArray[np.int32],
        visited: NDArray[np.bool_],
        bought: NDArray[np.bool_],
        shared_hop: NDArray[np.int32],
        by_path: NDArray[np.int8] | None = None,
    ) -> "Events":
        """Take columns in any order, sort them, and add what follows from them."""
        order = np.lexsort((node, hop, row))
        row, shared_hop = row[order].astype(np.int64), shared_hop[order].astype(np.int32)
        return cls(
            row=row,
            cascade=cascades[row],
            node=node[order].astype(np.int32),
            hop=hop[order].astype(np.int32),
            parent=parent[order].astype(np.int32),
            visited=visited[order].astype(np.bool_),
            bought=bought[order].astype(np.bool_),
            shared=shared_hop > 0,
            shared_hop=shared_hop,
            by_path=None if by_path is None else by_path[order].astype(np.int8),
        )

    @classmethod
    def joined(cls, parts: Sequence["Events"], first_rows: Sequence[int]) -> "Events":
        """Events of parts of a batch in order, each part's rows counted from its first row."""
        columns = {
            item.name: np.concatenate([getattr(part, item.name) for part in parts])
            for item in fields(cls)
            if getattr(parts[0], item.name) is not None
        }
        at = 0
        for part, first_row in zip(parts, first_rows, strict=True):
            columns["row"][at : at + len(part)] += first_row
            at += len(part)
        return cls(**columns)


@dataclass(frozen=True, eq=False)
class Cascades:
    """Counts by level of a batch of C cascades, H levels wide.

    Attributes:
        reach: int64 [C, H], nodes whose level is h, in column h - 1; [C, R] of a rule with paths.
        visitors, buyers, sharers: int64 [C, H], those of them who ever visited, bought, shared.
        events: Events, or None when only counts were asked for.
    """

    reach: NDArray[np.int64]
    visitors: NDArray[np.int64]
    buyers: NDArray[np.int64]
    sharers: NDArray[np.int64]
    events: Events | None = None

    @classmethod
    def from_counts(cls, counts: NDArray[np.int64], events: Events | None = None) -> "Cascades":
        """Take int64 [4, C, H]: reach, visitors, buyers and sharers."""
        reach, visitors, buyers, sharers = counts
        return cls(reach, visitors, buyers, sharers, events)

    @classmethod
    def joined(cls, parts: Sequence["Cascades"]) -> "Cascades":
        """At least one part of a batch, in order, as one result, as wide as the widest part."""
        if len(parts) == 1:
            return parts[0]
        ends = np.cumsum([len(part.reach) for part in parts]).tolist()
        starts = [0, *ends[:-1]]
        width = max(part.reach.shape[1] for part in parts)
        counts = np.zeros((len(COUNTS), ends[-1], width), dtype=np.int64)
        for part, start, end in zip(parts, starts, ends, strict=True):
            for table, name in zip(counts, COUNTS, strict=True):
                table[start:end, : part.reach.shape[1]] = getattr(part, name)
        recorded = [part.events for part in parts if part.events is not None]
        return cls.from_counts(counts, Events.joined(recorded, starts) if recorded else None)

    def equals(self, other: "Cascades") -> bool:
        """Whether every count and every event is the same."""
        if (self.events is None) != (other.events is None):
            return False
        pairs = [(getattr(self, name), getattr(other, name)) for name in COUNTS]
        if self.events is not None:
            pairs += [
                (getattr(self.events, item.name), getattr(other.events, item.name))
                for item in fields(Events)
            ]
        return all(
            (mine is None) == (theirs is None) and (mine is None or np.array_equal(mine, theirs))
            for mine, theirs in pairs
        )
