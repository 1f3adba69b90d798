"""A directed graph as rows of sorted targets: what a cascade runs on."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weishang.kernels.graph.arrays import freeze
from weishang.kernels.graph.validation import check_num_nodes, integers, node_ids
from weishang.kernels.io import edge_lists
from weishang.kernels.rng import as_float64, threshold

if TYPE_CHECKING:
    from torch_geometric import EdgeIndex
    from torch_geometric.data import Data


class _UnequalRepeatsError(ValueError):
    """Repeats of one edge, which a simple graph has once, carry different weights."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__(
            f"edge {source} {target} is repeated with another weight; give it one weight"
        )
        self.edge = source, target


@dataclass(frozen=True)
class Dropped:
    """What a simple graph left out of its edges: each edge is counted once."""

    self_loops: int = 0
    repeats: int = 0


@dataclass(frozen=True, eq=False)
class Graph:
    """N nodes and their out-neighbours in compressed rows.

    A row holds a node's targets sorted by id; parallel edges and self-loops are kept unless the
    constructor says otherwise. Build one with a class method; the fields are read-only arrays.

    Attributes:
        indptr: int64 [N + 1], row u is indices[indptr[u]:indptr[u + 1]].
        indices: int32 [E], targets.
        weights: float64 [E] in [0, 1], or None.
        dropped: edges that `simple` left out.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float64] | None = None
    dropped: Dropped = field(default_factory=Dropped)

    def __post_init__(self) -> None:
        """Freeze the arrays, so that a shared graph cannot change under a run."""
        for name in ("indptr", "indices", "weights"):
            array = getattr(self, name)
            if array is not None:
                freeze(self, **{name: array})

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.indptr.size - 1

    @property
    def num_edges(self) -> int:
        """Directed edges, E."""
        return self.indices.size

    @property
    def degrees(self) -> NDArray[np.int64]:
        """Out-degrees, int64 [N]."""
        return np.diff(self.indptr)

    def weight_thresholds(self) -> NDArray[np.uint64] | None:
        """The weights as integer thresholds, uint64 [E], computed once; None without weights."""
        if self.weights is None:
            return None
        if "_weight_thresholds" not in self.__dict__:
            object.__setattr__(self, "_weight_thresholds", threshold(self.weights, "weights"))
        return self.__dict__["_weight_thresholds"]

    def row_offsets(self) -> NDArray[np.unsignedinteger]:
        """`indptr` in the narrowest type that holds E, uint32 or uint64 [N + 1], computed once.

        Offsets are read at random, one a node that posts: half as many bytes stay nearer.
        """
        if "_row_offsets" not in self.__dict__:
            narrow = self.num_edges <= np.iinfo(np.uint32).max
            offsets = self.indptr.astype(np.uint32 if narrow else np.uint64)
            object.__setattr__(self, "_row_offsets", offsets)
        return self.__dict__["_row_offsets"]

    def fingerprint(self) -> str:
        """SHA-256 of rows, targets and weights, as hexadecimal text."""
        digest = hashlib.sha256()
        for array in (self.indptr, self.indices, self.weights):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @classmethod
    def from_csr(
        cls, indptr: ArrayLike, indices: ArrayLike, weights: ArrayLike | None = None
    ) -> Self:
        """Take rows as they are: parallel edges and self-loops stay, rows get sorted.

        Arrays of the right type whose rows are sorted are not copied: do not write to them later.

        Args:
            indptr: integers [N + 1], from 0 to E, never falling.
            indices: integers [E] in [0, N).
            weights: float64 [E] in [0, 1] or None.

        Raises:
            ValueError: a shape, an offset, an id or a weight is out of range; the argument is
                named with the place.
        """
        from weishang.kernels.graph import csr  # with Numba: not before there is a graph

        rows = integers(indptr, "indptr")
        if rows.size == 0 or rows[0] != 0:
            raise ValueError("indptr must hold N + 1 offsets that begin with 0")
        rows = rows.astype(np.int64, copy=False)
        falling = np.flatnonzero(rows[1:] < rows[:-1])
        if falling.size:
            at = int(falling[0]) + 1
            raise ValueError(f"indptr[{at}] is {rows[at]}, below indptr[{at - 1}]; offsets rise")
        check_num_nodes(rows.size - 1)
        targets = node_ids(indices, "indices", rows.size - 1)
        if rows[-1] != targets.size:
            raise ValueError(f"indptr ends with {rows[-1]} but indices has {targets.size} entries")
        slot_weights = _weights(weights, targets.size)
        if not csr.rows_are_sorted(rows, targets):
            targets = targets.copy()
            slot_weights = None if slot_weights is None else slot_weights.copy()
            csr.sort_rows(rows, targets, slot_weights)
        return cls(rows, targets, slot_weights)

    @classmethod
    def from_edges(
        cls,
        source: ArrayLike,
        target: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        num_nodes: int | None = None,
        directed: bool = True,
        simple: bool = False,
    ) -> Self:
        """Build rows from two arrays of ends.

        Args:
            source, target: integers [E].
            weights: float64 [E] in [0, 1] or None.
            num_nodes: N; the largest id + 1 when None.
            directed: False adds every edge's reverse.
            simple: drop self-loops and repeated edges, and count them in `dropped`.

        Raises:
            ValueError: lengths disagree, an id is outside [0, N), or repeats of an edge that
                `simple` would merge carry different weights.
        """
        from weishang.kernels.graph import csr  # with Numba: not before there is a graph

        ends = [integers(source, "source"), integers(target, "target")]
        if ends[0].size != ends[1].size:
            raise ValueError(f"source has {ends[0].size} entries but target has {ends[1].size}")
        if num_nodes is None:
            num_nodes = max((int(end.max()) + 1 for end in ends if end.size), default=0)
            num_nodes = max(num_nodes, 0)
        check_num_nodes(num_nodes)
        sources, targets = (
            node_ids(end, name, num_nodes)
            for end, name in zip(ends, ("source", "target"), strict=True)
        )
        edge_weights = _weights(weights, sources.size)
        rows, slots, slot_weights = csr.build_rows(
            num_nodes, sources, targets, edge_weights, directed=directed
        )
        if not simple:
            return cls(rows, slots, slot_weights)
        loops, repeats, row, repeated = csr.simplify_rows(
            rows, slots, np.empty(0) if slot_weights is None else slot_weights
        )
        if row >= 0:  # weights of a repeat disagree
            raise _UnequalRepeatsError(row, repeated)
        size, both_ways = int(rows[-1]), 1 if directed else 2
        return cls(
            rows,
            slots[:size].copy() if size < slots.size else slots,
            None if slot_weights is None else slot_weights[:size].copy(),
            Dropped(int(loops) // both_ways, int(repeats) // both_ways),
        )

    @classmethod
    def from_edge_list(cls, path: str | Path, *, directed: bool = True) -> Self:
        """Read a simple graph from a text file of edges, plain or gzipped.

        A line is ``source target`` or ``source target weight``; lines that begin with # or %
        are comments. N is the largest id + 1; self-loops and repeats are dropped and counted.

        Raises:
            ValueError: the file is missing, empty, no regular file or truncated, or a line is no
                edge; the file and the line are named. Gzip data that unpacks to more than 100
                times its size is refused, and so are ids far beyond the number of edges.
        """
        edges = edge_lists.read(Path(path))
        try:
            return cls.from_edges(
                edges.source, edges.target, edges.weights, directed=directed, simple=True
            )
        except _UnequalRepeatsError as error:
            lines = edge_lists.lines_of(Path(path), *error.edge, directed=directed)
            numbers = ", ".join(str(line) for line in lines)
            if len(lines) == edge_lists.MOST_LINES:
                numbers += " and perhaps more"
            raise ValueError(f"{path}, lines {numbers}: {error}") from None

    @classmethod
    def from_pyg(cls, data: "Data | EdgeIndex") -> Self:
        """Take a PyTorch Geometric graph; edges are directed as they stand there.

        Args:
            data: a Data with `edge_index` [2, E] and, if it has weights, `edge_weight` [E]; or
                an EdgeIndex, whose `sparse_size` gives N.

        Raises:
            ValueError: there is no edge_index, or ids or weights are out of range.
        """
        from torch_geometric import EdgeIndex

        weights, num_nodes = None, None
        if isinstance(data, EdgeIndex):
            edge_index = data
            sizes = [size for size in data.sparse_size() if size is not None]
            num_nodes = max(sizes) if sizes else None
        else:
            if data.edge_index is None:
                raise ValueError("data has no edge_index; a Data needs edge_index [2, E]")
            edge_index = data.edge_index
            weights = data.get("edge_weight")
            num_nodes = data.num_nodes
        ends = edge_index.detach().cpu().numpy()
        if weights is not None:
            weights = weights.detach().cpu().numpy()
        return cls.from_edges(ends[0], ends[1], weights, num_nodes=num_nodes)

    def to_pyg(self) -> "Data":
        """A PyTorch Geometric Data: an EdgeIndex sorted by row, edge_weight if there are weights.

        Returns:
            Data with edge_index int64 [2, E] and num_nodes; edge_weight float64 [E] or absent.
        """
        import torch
        from torch_geometric import EdgeIndex
        from torch_geometric.data import Data

        source = np.repeat(np.arange(self.num_nodes, dtype=np.int64), self.degrees)
        edge_index = EdgeIndex(
            np.stack([source, self.indices.astype(np.int64)]),
            sparse_size=(self.num_nodes, self.num_nodes),
            sort_order="row",
        )
        data = Data(edge_index=edge_index, num_nodes=self.num_nodes)
        if self.weights is not None:
            data.edge_weight = torch.from_numpy(self.weights.copy())
        return data


def _weights(values: ArrayLike | None, size: int) -> NDArray[np.float64] | None:
    if values is None:
        return None
    array = as_float64(values, "weights")
    if array.shape != (size,):
        raise ValueError(f"weights has shape {array.shape}; give one weight an edge, ({size},)")
    bad = np.flatnonzero(~((array >= 0.0) & (array <= 1.0)))
    if bad.size:
        raise ValueError(f"weights[{bad[0]}] is {array[bad[0]]}; a weight lies in [0, 1]")
    return np.ascontiguousarray(array)
