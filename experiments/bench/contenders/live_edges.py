"""Graph libraries that have no cascade: igraph, GraphBLAS and torch.sparse on sampled live edges.

A cascade reaches whom the seeds reach along edges that are live, each with probability p on its
own. So a program that searches a graph runs a cascade once the live edges are drawn. They are
drawn by gaps, which costs as many draws as there are live edges and not as there are edges.
Source: Kempe, Kleinberg and Tardos (2003) for live edges; the gaps are geometric numbers.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.experiments.bench.contenders.program import Program, one_by_one
from weishang.kernels import Graph

SPARE = 6.0
"""Standard deviations of live edges that are drawn beyond the mean at once."""


def live_edges(
    graph: Graph, p: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The rows of the directed edges that are live in one cascade.

    Args:
        graph: of E directed edges.
        p: chance of each edge, on its own.
        rng: draws them.

    Returns:
        indptr int64 [N + 1] and indices int32, as in a Graph.
    """
    slots = _live_slots(graph.num_edges, p, rng)
    return np.searchsorted(slots, graph.indptr), graph.indices[slots]


def prepare_igraph(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
    """C; the seeds hang on a node of their own, and its component is the reach."""
    import igraph

    root = graph.num_nodes
    starts = np.column_stack([np.full(len(seeds), root), np.array(seeds, dtype=np.int64)])

    def cascade(rng: np.random.Generator) -> int:
        indptr, indices = live_edges(graph, p, rng)
        sources = np.repeat(np.arange(root), np.diff(indptr))
        edges = np.concatenate([np.column_stack([sources, indices.astype(np.int64)]), starts])
        live = igraph.Graph(n=root + 1, edges=edges, directed=True)
        return len(live.subcomponent(root, mode="out")) - 1

    return _of_cascade(cascade, seeds)


def prepare_graphblas(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
    """SuiteSparse: the frontier times the live edges, masked by the seen, until it is empty."""
    import graphblas as gb

    size = graph.num_nodes

    def cascade(rng: np.random.Generator) -> int:
        gb.ss.config["nthreads"] = threads
        indptr, indices = live_edges(graph, p, rng)
        live = gb.Matrix.from_csr(
            indptr.astype(np.uint64), indices.astype(np.uint64), True, nrows=size, ncols=size
        )
        frontier = gb.Vector.from_coo(np.array(seeds), True, size=size, dtype=bool)
        seen = frontier.dup()
        while frontier.nvals:
            frontier(~seen.S, replace=True) << frontier.vxm(live, gb.semiring.any_pair)
            seen(frontier.S) << True
        return int(seen.nvals)

    return _of_cascade(cascade, seeds)


def prepare_torch_sparse(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
    """torch.sparse: live edges times the frontier; on an undirected graph rows serve as columns."""
    import torch

    size = graph.num_nodes

    def cascade(rng: np.random.Generator) -> int:
        torch.set_num_threads(threads)
        indptr, indices = live_edges(graph, p, rng)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            live = torch.sparse_csr_tensor(
                torch.from_numpy(indptr),
                torch.from_numpy(indices.astype(np.int64)),
                torch.ones(indices.size),
                size=(size, size),
                check_invariants=False,
            )
        return _search(torch, live, seeds)

    return _of_cascade(cascade, seeds)


def _search(torch: Any, live: Any, seeds: Sequence[int]) -> int:
    """Nodes that the seeds reach in a sparse matrix, the seeds among them."""
    frontier = torch.zeros(live.shape[0], 1)
    frontier[list(seeds)] = 1.0
    unseen = 1.0 - frontier
    while bool(frontier.any()):
        frontier = ((live @ frontier) > 0) * unseen
        unseen -= frontier
    return live.shape[0] - int(unseen.count_nonzero())


def _of_cascade(cascade: Callable[[np.random.Generator], int], seeds: Sequence[int]) -> Program:
    """A program out of one cascade that draws from a generator."""

    def reaches(cascades: int, seed: int) -> NDArray[np.int64]:
        rng = np.random.default_rng(seed)
        return one_by_one(lambda: cascade(rng), cascades) - len(set(seeds))

    return Program(reaches)


def _live_slots(num_edges: int, p: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Sorted places of the live ones among so many edges."""
    if p == 0.0:
        return np.empty(0, dtype=np.int64)
    parts, last = [np.empty(0, dtype=np.int64)], -1
    while last < num_edges:
        mean = (num_edges - last) * p
        gaps = rng.geometric(p, int(mean + SPARE * np.sqrt(mean)) + 1)
        parts.append(last + np.cumsum(gaps))
        last = int(parts[-1][-1])
    slots = np.concatenate(parts)
    return slots[: np.searchsorted(slots, num_edges)]
