"""What the compiled kernels share: the batch as arrays, its tables by hop, its scratch memory."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.numba.common.rng import cascade_words
from weishang.kernels.rng import Purpose
from weishang.kernels.runtime.jit import jit_inline, jit_internal, jit_no_nrt

UNIT_BLOCKS = 128
"""Blocks compared at once: memory asked for in one unit is read after the next, and a unit's
requests are not many more than a core can have under way."""

LANE_BITS = 64
UNIT_SLOTS = UNIT_BLOCKS * LANE_BITS
SPARE = 16
"""Entries beyond those of a unit, which loops over vectors may touch."""

STATES, STEPS, KEYS, LANES, MASKS, FIRSTS, LEFT, BLOCK_LIMITS, NODES = (
    np.uint64(part * (UNIT_BLOCKS + SPARE)) for part in range(9)
)
"""Where the parts of `Scratch.work` begin that have an entry a block of a unit; `NODES` has one a
block of two units. One array takes one register, many take more than there are."""
SLOTS = NODES + np.uint64(2 * UNIT_BLOCKS + SPARE)
"""Where the live slots of two units begin."""
WORK_SIZE = int(SLOTS) + 2 * UNIT_SLOTS + SPARE

MOST_HITS = 2 * UNIT_SLOTS
"""Hits handed on together."""

PLACES = 6
"""Of the cursor, see `exposures`."""

MOST_REPLICAS = 256

BY_LAYER = np.array([Purpose.VIEW, Purpose.WEIGHT], dtype=np.uint64)
OTHERS = np.array([Purpose.VISIT, Purpose.BUY, Purpose.SHARE], dtype=np.uint64)
"""What a plain batch draws words for, by layer and not."""


class Layer(NamedTuple):
    """A graph.

    Attributes:
        rows: uint32 or uint64 [N + 1], as of Graph.row_offsets.
        indices: int32 [E], targets.
        thresholds: uint64 [E], of the weights; empty without weights.
    """

    rows: NDArray[np.unsignedinteger]
    indices: NDArray[np.int32]
    thresholds: NDArray[np.uint64]


class Batch(NamedTuple):
    """A Task for compiled code.

    Attributes:
        layers: Layer, one a graph of a plain task.
        view_table, visit_table, buy_table, share_table: as in `Tables`.
        view_keys, weight_keys: uint64 [L, C], words of (seed, purpose, layer, cascade).
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
        # Compiled code takes layers of one type.
        graphs = task.graphs
        widest = max(graph.row_offsets().dtype for graph in graphs)
        for graph in graphs:
            thresholds = graph.weight_thresholds()
            rows = graph.row_offsets().astype(widest, copy=False)
            layers.append(Layer(rows, graph.indices, none if thresholds is None else thresholds))

        count = len(layers)
        words = cascade_words(np.uint64(task.seed), BY_LAYER, OTHERS, count, task.cascades)
        return cls(
            tuple(layers),
            *task.tables[:4],
            words[:count],
            words[count : 2 * count],
            words[-3],
            words[-2],
            words[-1],
            task.seed_nodes,
            task.seed_start,
            task.seed_end,
            task.segment,
            -1 if task.max_hops is None else task.max_hops,
            task.tables.doses,
        )


class Bundle(NamedTuple):
    """Cascades that run side by side: replica s of a bundle is row first + s of the batch.

    Attributes:
        first: row of replica 0.
        replicas: how many, up to 256.
        shift: bits that a replica takes in a code, node << shift | replica.
    """

    first: int
    replicas: int
    shift: int


class Scratch(NamedTuple):
    """One thread's arrays for the work in flight; see the stages that fill them.

    Attributes:
        work: uint64, the parts that `STATES` .. `SLOTS` name.
        codes: uint32, an entry a live slot of a unit.
        hits: uint32, codes, sources: int32, an entry a hit that is handed on.
        limits: uint64 [256], the threshold of each replica.
        cursor: int64 [6], see `exposures`.
    """

    work: Any
    codes: Any
    hits: Any
    sources: Any
    limits: Any
    cursor: Any


def make_scratch() -> Scratch:
    """Fresh arrays."""
    return Scratch(
        # Zeros in `STEPS`, which short rows leave as they are.
        work=np.zeros(WORK_SIZE, dtype=np.uint64),
        codes=np.empty(UNIT_SLOTS, dtype=np.uint32),
        hits=np.empty(MOST_HITS, dtype=np.uint32),
        sources=np.empty(MOST_HITS, dtype=np.int32),
        limits=np.empty(MOST_REPLICAS, dtype=np.uint64),
        cursor=np.zeros(PLACES, dtype=np.int64),
    )


@jit_inline
def seeds_of(batch, row):
    """The seeds of a cascade, int32, sorted."""
    return batch.seed_nodes[batch.seed_start[row] : batch.seed_end[row]]


@jit_no_nrt
def goes_on(batch, hop):
    """Whether the rule has a hop of this number."""
    return batch.max_hops < 0 or hop <= batch.max_hops


@jit_no_nrt
def view_threshold(batch, row, layer, hop):
    """The threshold of a layer's lanes in a hop."""
    own = batch.view_table[row if batch.view_table.shape[0] > 1 else 0, layer]
    return own[min(hop, own.size) - 1]


@jit_inline
def of_cascade(table, row):
    """A cascade's own part of a table, or the one that all share."""
    return table[row if table.shape[0] > 1 else 0]


@jit_inline
def tables_of(batch, row):
    """A cascade's thresholds of visit, buy and share."""
    return (
        of_cascade(batch.visit_table, row),
        of_cascade(batch.buy_table, row),
        of_cascade(batch.share_table, row),
    )


@jit_inline
def words_of(batch, row):
    """A cascade's words of visit, buy and share."""
    return batch.visit_keys[row], batch.buy_keys[row], batch.share_keys[row]


@jit_inline
def of_level(table, level):
    """The row of a level in a cascade's part of a table; the last serves all deeper ones."""
    return table[min(level, table.shape[0]) - 1]


@jit_internal
def with_room(table, needed):
    """The table, or a larger copy of it, with room for `needed` lines."""
    if needed <= table.shape[0]:
        return table
    grown = np.empty((max(needed, 2 * table.shape[0]), table.shape[1]), dtype=table.dtype)
    for line in range(table.shape[0]):
        for column in range(table.shape[1]):
            grown[line, column] = table[line, column]
    return grown


@jit_internal
def list_with_room(array, needed):
    """The array, or a larger copy of it, with room for `needed` entries."""
    if needed <= array.size:
        return array
    grown = np.empty(max(needed, 2 * array.size), dtype=array.dtype)
    for i in range(array.size):
        grown[i] = array[i]
    return grown
