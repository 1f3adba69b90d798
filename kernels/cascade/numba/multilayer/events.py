"""The people of layered cascades as events: already in order, laid out by all threads at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade.core.result import Events
from weishang.kernels.cascade.numba.multilayer.decide import (
    BOUGHT,
    DONE,
    HOP,
    LEVEL,
    NODE,
    PARENT,
    SHARED,
    VISITED,
)
from weishang.kernels.runtime.jit import jit_entry


class Columns(NamedTuple):
    """Events in the making: the columns of `Events`, `by_path` empty where levels are hops."""

    row: NDArray[np.int64]
    cascade: NDArray[np.uint64]
    node: NDArray[np.int32]
    hop: NDArray[np.int32]
    parent: NDArray[np.int32]
    visited: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    shared_hop: NDArray[np.int32]
    by_path: NDArray[np.int8]


def make_columns(size: int, by_path: bool) -> Columns:
    """Room for `size` events; none for levels where they are the hops."""
    return Columns(
        row=np.empty(size, dtype=np.int64),
        cascade=np.empty(size, dtype=np.uint64),
        node=np.empty(size, dtype=np.int32),
        hop=np.empty(size, dtype=np.int32),
        parent=np.empty(size, dtype=np.int32),
        visited=np.empty(size, dtype=np.bool_),
        bought=np.empty(size, dtype=np.bool_),
        shared=np.empty(size, dtype=np.bool_),
        shared_hop=np.empty(size, dtype=np.int32),
        by_path=np.empty(size if by_path else 0, dtype=np.int8),
    )


def events_of(columns: Columns, by_path: bool) -> Events:
    """The finished columns as Events."""
    return Events(**columns._asdict() | ({} if by_path else {"by_path": None}))


@jit_entry
def lay_out(people, ends, first, at, cascades, columns):
    """Write people as events.

    Args:
        people, ends: of `spread_cascades`.
        first: the first row.
        at: the first event's place.
        cascades: uint64 [C], ids.
        columns: Columns, written.
    """
    row, end = first, ends[0]
    for i in range(people.shape[0]):
        while i >= end:
            row += 1
            end = ends[row - first]
        person, event = people[i], at + i
        columns.row[event] = row
        columns.cascade[event] = cascades[row]
        columns.node[event] = person[NODE]
        columns.hop[event] = person[HOP]
        columns.parent[event] = person[PARENT]
        columns.visited[event] = person[DONE] & VISITED != 0
        columns.bought[event] = person[DONE] & BOUGHT != 0
        columns.shared[event] = person[SHARED] > 0
        columns.shared_hop[event] = person[SHARED]
        if columns.by_path.size:
            columns.by_path[event] = person[LEVEL]
