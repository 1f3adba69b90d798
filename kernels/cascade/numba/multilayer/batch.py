"""A batch over layers of any kind: its arrays for compiled code, and a thread's memory for it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade.core.task import Layer, Task
from weishang.kernels.cascade.numba.common.batch import OTHERS, SPARE, UNIT_BLOCKS, UNIT_SLOTS
from weishang.kernels.cascade.numba.common.rng import cascade_words
from weishang.kernels.cascade.numba.multilayer.decide import MOST_DOSES
from weishang.kernels.graph.graph import Graph
from weishang.kernels.graph.layers import Groups
from weishang.kernels.rng import CERTAIN, Purpose

TIES, GROUPS, STRANGERS = range(3)
"""Kinds of layers."""

LAYERS_AT_ONCE = 8
"""Compiled code knows how many layers there are; empty ones make the number a multiple of this, so
that it is compiled once for most calls."""

NOBODY = np.iinfo(np.int64).max
"""Of a group in which no one has posted: above the mark of any poster."""

WORD_BITS = 64

BY_LAYER = np.array([Purpose.VIEW, Purpose.WEIGHT, Purpose.POST, Purpose.STRANGER], dtype=np.uint64)
"""What a batch draws words for by layer; for the rest see `OTHERS`."""


class LayerArrays(NamedTuple):
    """A layer of any kind; what its kind does not have is empty.

    Attributes:
        kind: TIES, GROUPS or STRANGERS.
        rows: int64, where the rows of `ids` begin: a row a node, a group or a class of strangers.
        ids: int32, node ids: targets, members, or people by class.
        limits: uint64, thresholds of the weights: one an entry of `ids` of ties, one a group.
        node_rows: int64 [N + 1], node u is in node_groups[node_rows[u]:node_rows[u + 1]].
        node_groups: int64.
        classes: int32 [N], of strangers.
        slots: of a sharer's row of strangers.
        chance: uint64, threshold of `post` or of `near`.
        first_group: where the layer's groups begin among those of all layers.
    """

    kind: int
    rows: NDArray[np.int64]
    ids: NDArray[np.int32]
    limits: NDArray[np.uint64]
    node_rows: NDArray[np.int64]
    node_groups: NDArray[np.int64]
    classes: NDArray[np.int32]
    slots: int
    chance: np.uint64
    first_group: int


class LayeredBatch(NamedTuple):
    """A Task over layers of any kind for compiled code.

    Attributes:
        layers: LayerArrays, and empty ones after them.
        num_layers: L.
        num_nodes: N.
        num_groups: of all layers.
        paths: int8 [L, R + 1], or [0, 0] where a person's level is the hop.
        view_table, visit_table, buy_table, share_table: as in `Tables`.
        view_keys, weight_keys, post_keys, stranger_keys: uint64 [L, C], words of (seed, purpose,
            layer, cascade).
        visit_keys, buy_keys, share_keys: uint64 [C], words of (seed, purpose, cascade).
        seed_nodes, seed_start, seed_end, segment: as in `Task`.
        max_hops: last hop; a negative number for no end.
        doses: exposures that some table tells apart.
    """

    layers: tuple[LayerArrays, ...]
    num_layers: int
    num_nodes: int
    num_groups: int
    paths: NDArray[np.int8]
    view_table: NDArray[np.uint64]
    visit_table: NDArray[np.uint64]
    buy_table: NDArray[np.uint64]
    share_table: NDArray[np.uint64]
    view_keys: NDArray[np.uint64]
    weight_keys: NDArray[np.uint64]
    post_keys: NDArray[np.uint64]
    stranger_keys: NDArray[np.uint64]
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
    def of(cls, task: Task) -> "LayeredBatch":
        """Lay a task out.

        Raises:
            ValueError: a table tells more doses apart than a node's word has bits for.
        """
        tables = task.tables
        doses = tables.used_doses
        if doses > MOST_DOSES:
            raise ValueError(
                f"doses is {doses}; the backend 'numba' tells at most {MOST_DOSES} apart with "
                "groups, strangers or paths; give fewer, or take the backend 'reference'"
            )
        layers, num_groups = [], 0
        for layer in task.layers:
            layers.append(_arrays(layer, num_groups))
            num_groups += layer.num_groups if isinstance(layer, Groups) else 0
        layers += [_layer(TIES)] * (-len(layers) % LAYERS_AT_ONCE)

        count = len(task.layers)
        words = cascade_words(np.uint64(task.seed), BY_LAYER, OTHERS, count, task.cascades)
        view, weight, post, stranger = words[: -len(OTHERS)].reshape(
            len(BY_LAYER), count, task.num_cascades
        )
        visit, buy, share = words[-len(OTHERS) :]
        most = np.iinfo(np.int64).max
        return cls(
            tuple(layers),
            count,
            task.num_nodes,
            num_groups,
            np.empty((0, 0), dtype=np.int8) if tables.paths is None else tables.paths,
            *tables[:4],
            view,
            weight,
            post,
            stranger,
            visit,
            buy,
            share,
            task.seed_nodes,
            task.seed_start,
            task.seed_end,
            task.segment,
            -1 if task.max_hops is None else min(task.max_hops, most),
            doses,
        )


class Unit(NamedTuple):
    """One thread's arrays for the rows in flight; see `exposures`.

    Attributes:
        keys, lanes, masks: uint64, begins, owners: int64, an entry a block.
        places, posts: int64, of a live slot, where it stands in the layer's `ids` (or in its own
            row, of strangers), and which of the hop's posts it belongs to.
        targets, marks: int64, of a hit, whom it reaches and its mark.
        cursor: int64 [2], the next post and its next block.
    """

    keys: Any
    lanes: Any
    masks: Any
    begins: Any
    owners: Any
    places: Any
    posts: Any
    targets: Any
    marks: Any
    cursor: Any


class Memory(NamedTuple):
    """What one thread remembers of a cascade; a cascade leaves it as it found it.

    Attributes:
        state: int64 [N], see `decide`.
        hit: uint64 [N / 64], a bit a node that was hit in this hop.
        words: uint64 [N / 4096], a bit a word of `hit` that is not zero.
        posters: int64, of a group of any layer, the smallest mark of those who posted there.
        posted: int64, groups in which someone has posted, of all layers.
        unit: Unit.
    """

    state: Any
    hit: Any
    words: Any
    posters: Any
    posted: Any
    unit: Unit


def make_memory(num_nodes: int, num_groups: int) -> Memory:
    """Fresh memory."""
    words = -(-num_nodes // WORD_BITS)
    return Memory(
        state=np.zeros(num_nodes, dtype=np.int64),
        hit=np.zeros(words, dtype=np.uint64),
        words=np.zeros(-(-words // WORD_BITS), dtype=np.uint64),
        posters=np.full(num_groups, NOBODY, dtype=np.int64),
        posted=np.empty(num_groups, dtype=np.int64),
        unit=Unit(
            keys=np.empty(UNIT_BLOCKS + SPARE, dtype=np.uint64),
            lanes=np.empty(UNIT_BLOCKS + SPARE, dtype=np.uint64),
            masks=np.empty(UNIT_BLOCKS + SPARE, dtype=np.uint64),
            begins=np.empty(UNIT_BLOCKS, dtype=np.int64),
            owners=np.empty(UNIT_BLOCKS, dtype=np.int64),
            places=np.empty(UNIT_SLOTS, dtype=np.int64),
            posts=np.empty(UNIT_SLOTS, dtype=np.int64),
            targets=np.empty(UNIT_SLOTS, dtype=np.int64),
            marks=np.empty(UNIT_SLOTS, dtype=np.int64),
            cursor=np.zeros(2, dtype=np.int64),
        ),
    )


def memory_bytes(num_nodes: int, num_groups: int) -> int:
    """What `make_memory` takes."""
    fixed = sum(array.nbytes for array in make_memory(1, 0).unit)
    words = -(-num_nodes // WORD_BITS)
    return fixed + 8 * (num_nodes + words + -(-words // WORD_BITS) + 2 * num_groups)


def _arrays(layer: Layer, first_group: int) -> LayerArrays:
    if isinstance(layer, Graph):
        return _layer(TIES, layer.indptr, layer.indices, layer.weight_thresholds())
    if isinstance(layer, Groups):
        demoted = layer.weights is not None
        return _layer(
            GROUPS,
            layer.indptr,
            layer.members,
            layer.weight_thresholds() if demoted else None,
            node_rows=layer.member_indptr,
            node_groups=layer.member_of,
            chance=layer.post_threshold,
            first_group=first_group,
        )
    return _layer(
        STRANGERS,
        layer.class_indptr,
        layer.by_class,
        classes=layer.classes,
        slots=int(layer.slots),
        chance=layer.near_threshold,
    )


def _layer(
    kind: int,
    rows: NDArray[Any] | None = None,
    ids: NDArray[Any] | None = None,
    limits: NDArray[Any] | None = None,
    *,
    node_rows: NDArray[Any] | None = None,
    node_groups: NDArray[Any] | None = None,
    classes: NDArray[Any] | None = None,
    slots: int = 0,
    chance: int = CERTAIN,
    first_group: int = 0,
) -> LayerArrays:
    return LayerArrays(
        kind,
        _fixed(rows, np.int64),
        _fixed(ids, np.int32),
        _fixed(limits, np.uint64),
        _fixed(node_rows, np.int64),
        _fixed(node_groups, np.int64),
        _fixed(classes, np.int32),
        slots,
        np.uint64(chance),
        first_group,
    )


def _fixed(array: NDArray[Any] | None, dtype: type) -> NDArray[Any]:
    """The array in the one type that compiled code takes: contiguous, and nobody writes to it."""
    if array is None:
        array = np.empty(0, dtype=dtype)
    fixed: NDArray[Any] = np.ascontiguousarray(array, dtype=dtype).view()
    fixed.flags.writeable = False
    return fixed
