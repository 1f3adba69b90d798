"""What the compiled kernels share: the batch as arrays, its tables by hop, its scratch memory."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from weishang.kernels.cascade.task import Task
from weishang.kernels.rng import Purpose, derive, word_tree

BLOCK_BATCH = 512
"""Blocks in flight: their arrays stay in the first caches, and their loads overlap."""

LANE_BITS = 64


class Layer(NamedTuple):
    """A graph: rows int64 [N + 1], targets int32 [E], weight thresholds uint64 [E] or empty."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    thresholds: NDArray[np.uint64]


class Batch(NamedTuple):
    """A Task for compiled code.

    Attributes:
        layers: Layer, one a graph.
        view_table, visit_table, buy_table, share_table: as in `Tables`.
        view_keys, weight_keys: uint64 [C, L], words of (seed, purpose, layer, cascade).
        visit_keys, buy_keys, share_keys: uint64 [C], words of (seed, purpose, cascade).
        seed_nodes, seed_start, seed_end, segment: as in `Task`.
        max_hops: last hop; a negative number for no end.
        doses: exposures that are told apart.
    """

    layers: tuple[Layer, ...]
    view_table: NDArray[np.uint64]
    visit_table: NDArray[np.uint64]
    buy_table: NDArray[np.uint64]
    share_table: NDArray[np.uint64]
    view_keys: NDArray[np.uint64]
    weight_keys: NDArray[np.uint64]
    visit_keys: NDArray[np.uint64]
    buy_keys: NDArray[np.uint64]
    share_keys: NDArray[np.uint64]
    seed_nodes: NDArray[np.int32]
    seed_start: NDArray[np.int64]
    seed_end: NDArray[np.int64]
    segment: NDArray[np.int32]
    max_hops: int
    doses: int

    @classmethod
    def of(cls, task: Task) -> "Batch":
        """Lay a task out."""
        none = np.empty(0, dtype=np.uint64)
        layers = []
        for graph in task.layers:
            thresholds = graph.weight_thresholds()
            layers.append(
                Layer(graph.indptr, graph.indices, none if thresholds is None else thresholds)
            )

        def words(purpose: Purpose, *path: int) -> NDArray[np.uint64]:
            return word_tree([derive(task.seed, purpose, *path)], task.cascades)[0]

        def by_layer(purpose: Purpose) -> NDArray[np.uint64]:
            return np.stack([words(purpose, layer) for layer in range(len(layers))], axis=1)

        return cls(
            tuple(layers),
            *task.tables[:4],
            by_layer(Purpose.VIEW),
            by_layer(Purpose.WEIGHT),
            words(Purpose.VISIT),
            words(Purpose.BUY),
            words(Purpose.SHARE),
            task.seed_nodes,
            task.seed_start,
            task.seed_end,
            task.segment,
            -1 if task.max_hops is None else task.max_hops,
            task.tables.doses,
        )


class Scratch(NamedTuple):
    """One thread's arrays for the blocks in flight; see the stages that fill them.

    Attributes:
        keys, lanes, masks: uint64, first_slots: int64, owners: int32, an entry a block.
        slots: int64, sources and targets: int32, an entry a live slot.
        cursor: int64 [3], layer, place in the frontier and block of the row to go on from.
    """

    keys: Any
    lanes: Any
    masks: Any
    first_slots: Any
    owners: Any
    slots: Any
    sources: Any
    targets: Any
    cursor: Any


@njit(cache=True, nogil=True)
def make_scratch():
    """Fresh arrays."""
    return Scratch(
        np.empty(BLOCK_BATCH, dtype=np.uint64),
        np.empty(BLOCK_BATCH, dtype=np.uint64),
        np.empty(BLOCK_BATCH, dtype=np.uint64),
        np.empty(BLOCK_BATCH, dtype=np.int64),
        np.empty(BLOCK_BATCH, dtype=np.int32),
        np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int64),
        np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int32),
        np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int32),
        np.zeros(3, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def seeds_of(batch, row):
    """The seeds of a cascade, int32, sorted."""
    return batch.seed_nodes[batch.seed_start[row] : batch.seed_end[row]]


@njit(cache=True, nogil=True)
def goes_on(batch, hop):
    """Whether the rule has a hop of this number."""
    return batch.max_hops < 0 or hop <= batch.max_hops


@njit(cache=True, nogil=True)
def view_threshold(batch, row, layer, hop):
    """The threshold of a layer's lanes in a hop."""
    own = batch.view_table[row if batch.view_table.shape[0] > 1 else 0, layer]
    return own[min(hop, own.size) - 1]


@njit(cache=True, nogil=True)
def of_cascade(table, row):
    """A cascade's own part of a table, or the one that all share."""
    return table[row if table.shape[0] > 1 else 0]


@njit(cache=True, nogil=True)
def of_level(table, level):
    """The row of a level in a cascade's part of a table; the last serves all deeper ones."""
    return table[min(level, table.shape[0]) - 1]


@njit(cache=True, nogil=True)
def with_room(table, needed):
    """The table, or a larger copy of it, with room for so many lines."""
    if needed <= table.shape[0]:
        return table
    grown = np.empty((max(needed, 2 * table.shape[0]), table.shape[1]), dtype=table.dtype)
    grown[: table.shape[0]] = table
    return grown


@njit(cache=True, nogil=True)
def list_with_room(array, needed):
    """The array, or a larger copy of it, with room for so many entries."""
    if needed <= array.size:
        return array
    grown = np.empty(max(needed, 2 * array.size), dtype=array.dtype)
    grown[: array.size] = array
    return grown
