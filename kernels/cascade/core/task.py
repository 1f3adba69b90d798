"""A checked batch: what `propagate` hands to a backend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weishang.kernels.cascade.core.rule import CascadeRule, Tables
from weishang.kernels.graph.graph import Graph
from weishang.kernels.graph.layers import Groups, Strangers
from weishang.kernels.rng import WORD_MASK

KEPT_NODES = 1 << 21
"""Classes of up to this many nodes are kept for the next call, which would wait for the memory."""

Layer = Graph | Groups | Strangers
"""How people come to see a post: stored ties, group chats, a channel to strangers."""


@dataclass(frozen=True, eq=False)
class Task:
    """A batch of C cascades over L layers of N nodes, every argument checked.

    Attributes:
        layers: on the same nodes.
        tables: the rule as thresholds.
        seed: world seed, in [0, 2^64).
        cascades: uint64 [C], cascade ids.
        seed_nodes: int32, each set of seeds sorted and without duplicates.
        seed_start, seed_end: int64 [C], cascade c's seeds are seed_nodes[start:end].
        segment: int32 [N], class of each node.
        max_hops: last hop, or None for no end.
        events: whether to record them.
    """

    layers: tuple[Layer, ...]
    tables: Tables
    seed: int
    cascades: NDArray[np.uint64]
    seed_nodes: NDArray[np.int32]
    seed_start: NDArray[np.int64]
    seed_end: NDArray[np.int64]
    segment: NDArray[np.int32]
    max_hops: int | None
    events: bool

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.layers[0].num_nodes

    @property
    def num_cascades(self) -> int:
        """C."""
        return self.cascades.size

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """The layers of stored ties; all of them where `plain`."""
        return tuple(layer for layer in self.layers if isinstance(layer, Graph))

    @property
    def plain(self) -> bool:
        """Whether all layers are stored ties and a person's level is the hop."""
        return self.tables.paths is None and len(self.graphs) == len(self.layers)

    @property
    def num_levels(self) -> int | None:
        """Columns of the result; None: as many as the batch gets."""
        return self.max_hops if self.tables.paths is None else self.tables.paths.shape[1] - 1

    def rows(self, first: int, last: int) -> "Task":
        """Rows first .. last - 1 of the batch as a batch of their own."""
        if first == 0 and last == self.num_cascades:
            return self
        own = slice(first, last)
        tables = {
            name: table[own]
            for name in ("view", "visit", "buy", "share")
            if len(table := getattr(self.tables, name)) > 1
        }
        return replace(
            self,
            tables=self.tables._replace(**tables),
            cascades=self.cascades[own],
            seed_start=self.seed_start[own],
            seed_end=self.seed_end[own],
        )


def check(
    graph: Layer | Sequence[Layer],
    rule: CascadeRule,
    seeds: Sequence[int] | Sequence[Sequence[int]] | NDArray[Any],
    cascades: Iterable[int],
    seed: int,
    max_hops: int | None,
    segment: ArrayLike | None,
    record: str,
) -> Task:
    """Turn the public arguments into a Task.

    Raises:
        ValueError: an argument is out of range or does not fit the others; it is named.
    """
    if record not in ("counts", "events"):
        raise ValueError(f"record is {record!r}; give 'counts' or 'events'")
    if not isinstance(rule, CascadeRule):
        raise ValueError(f"rule is {rule!r}; give a CascadeRule")
    layers = tuple(graph) if isinstance(graph, Iterable) else (graph,)
    if not layers or not all(isinstance(layer, Layer) for layer in layers):
        raise ValueError(
            "graph is not a Graph; give a Graph, or a list of Graph, Groups and Strangers on the "
            "same nodes"
        )
    sizes = [layer.num_nodes for layer in layers]
    if len(set(sizes)) > 1:
        raise ValueError(f"graph has layers of {sizes} nodes; layers share their nodes")
    if max_hops is not None:
        max_hops = _integer(max_hops, "max_hops")
        if max_hops < 0:
            raise ValueError(f"max_hops is {max_hops}; give at least 0, or None for no end")
    ids = _words(cascades, "cascades")
    tables = rule.tables(None if isinstance(graph, Layer) else len(layers), ids.size)
    nodes, start, end = _seed_sets(seeds, ids.size, sizes[0])
    return Task(
        layers=layers,
        tables=tables,
        seed=_word(seed, "seed"),
        cascades=ids,
        seed_nodes=nodes,
        seed_start=start,
        seed_end=end,
        segment=_segments(segment, sizes[0], rule, tables.num_segments),
        max_hops=max_hops,
        events=record == "events",
    )


def _integer(value: Any, name: str) -> int:
    if type(value) is int:  # as in most calls
        return value
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is {value!r}; give an integer")
    return int(value)


def _word(value: Any, name: str) -> int:
    number = _integer(value, name)
    if not 0 <= number <= WORD_MASK:
        raise ValueError(f"{name} is {number}; give an integer in [0, 2^64)")
    return number


def _words(values: Iterable[int], name: str) -> NDArray[np.uint64]:
    if isinstance(values, range) and len(values) and min(values[0], values[-1]) >= 0:
        _word(max(values[0], values[-1]), name)
        if values.start == 0 and values.step == 1:
            return np.arange(len(values), dtype=np.uint64)
        return np.array([values[0]], dtype=np.uint64) + np.arange(
            len(values), dtype=np.uint64
        ) * np.uint64(values.step & WORD_MASK)
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind == "u":
        return values.astype(np.uint64)
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ValueError(f"{name} is {values!r}; give a list of integers")
    return np.array(
        [_word(value, f"{name}[{i}]") for i, value in enumerate(values)], dtype=np.uint64
    )


def _seed_sets(
    seeds: Any, num_cascades: int, num_nodes: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    if isinstance(seeds, str | bytes) or not isinstance(seeds, Iterable):
        raise ValueError(f"seeds is {seeds!r}; give a list of node ids or one list a cascade")
    rows = seeds if isinstance(seeds, np.ndarray) else list(seeds)
    if isinstance(rows, np.ndarray):
        nested = rows.ndim == 2
    else:
        nested = not _are_ints(rows) and any(map(_is_list, rows))
    if not nested:
        nodes = _node_set(rows, "seeds", num_nodes)
        start = np.zeros(num_cascades, dtype=np.int64)
        return nodes, start, start + nodes.size
    if len(rows) != num_cascades:
        raise ValueError(
            f"seeds has {len(rows)} lists but there are {num_cascades} cascades; "
            "give one list for all or one a cascade"
        )
    sets = [_node_set(row, f"seeds[{i}]", num_nodes) for i, row in enumerate(rows)]
    ends = np.cumsum([nodes.size for nodes in sets], dtype=np.int64)
    starts = ends - np.array([nodes.size for nodes in sets], dtype=np.int64)
    return np.concatenate(sets) if sets else np.empty(0, np.int32), starts, ends


def _are_ints(values: list[Any]) -> bool:
    """Whether all are Python's own integers, as in most calls: they need no further question."""
    return set(map(type, values)) <= {int}


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


def _node_set(values: Any, name: str, num_nodes: int) -> NDArray[np.int32]:
    if not _is_list(values):
        raise ValueError(f"{name} is {values!r}; give numbers or lists in seeds, not both")
    if not isinstance(values, np.ndarray):
        values = list(values)
        if values and _are_ints(values) and min(values) >= 0 and max(values) < num_nodes:
            return np.array(sorted(set(values)), dtype=np.int32)
        flags = any(isinstance(value, bool | np.bool_) for value in values)
        array = np.asarray(values, dtype=object if flags else None)
    else:
        array = values
    if array.size == 0 and array.ndim == 1:
        return np.empty(0, dtype=np.int32)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"{name} is {values!r}; give integer node ids")
    outside = array[(array < 0) | (array >= num_nodes)]
    if outside.size:
        raise ValueError(f"{name} holds {outside[0]}, which is not a node in 0 .. {num_nodes - 1}")
    return np.unique(array).astype(np.int32)


def _one_class(num_nodes: int) -> NDArray[np.int32]:
    """Class 0 for all, which nobody writes to: most calls ask for no other."""
    return _kept_class(num_nodes) if num_nodes <= KEPT_NODES else _zeros(num_nodes)


def _zeros(num_nodes: int) -> NDArray[np.int32]:
    return np.zeros(num_nodes, dtype=np.int32)


_kept_class = lru_cache(maxsize=4)(_zeros)


def _segments(
    segment: ArrayLike | None, num_nodes: int, rule: CascadeRule, num_segments: int
) -> NDArray[np.int32]:
    no_tables = rule.visit is None and rule.buy is None and rule.share is None
    if segment is None:
        return _one_class(num_nodes)
    try:
        array = np.asarray(segment)
    except ValueError as error:
        raise ValueError(f"segment is not a list of integers: {error}") from None
    if array.shape != (num_nodes,):
        raise ValueError(f"segment has shape {array.shape}; give one class a node, ({num_nodes},)")
    if num_nodes and array.dtype.kind not in "iu":
        raise ValueError(f"segment has dtype {array.dtype}; give integers")
    limit = np.iinfo(np.int32).max if no_tables else num_segments
    outside = np.flatnonzero((array < 0) | (array >= limit))
    if outside.size:
        at = int(outside[0])
        raise ValueError(
            f"segment[{at}] is {array[at]}, outside the tables' classes 0 .. {num_segments - 1}"
        )
    if no_tables:
        return _one_class(num_nodes)
    return np.ascontiguousarray(array, dtype=np.int32)
