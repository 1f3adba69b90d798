"""Graphs from arrays and from PyTorch Geometric, and what they refuse."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric import EdgeIndex
from torch_geometric.data import Data

from weishang.kernels import Graph
from weishang.kernels.graph.graph import Dropped


def rows_of(graph: Graph) -> list[list[int]]:
    return [
        graph.indices[start:end].tolist()
        for start, end in zip(graph.indptr[:-1], graph.indptr[1:], strict=True)
    ]


def test_from_csr_sorts_rows_and_keeps_loops_and_parallel_edges() -> None:
    graph = Graph.from_csr([0, 4, 4, 6], [2, 0, 2, 1, 1, 0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert rows_of(graph) == [[0, 1, 2, 2], [], [0, 1]]
    assert graph.weights.tolist() == [0.2, 0.4, 0.1, 0.3, 0.6, 0.5]
    assert (graph.num_nodes, graph.num_edges) == (3, 6)
    assert graph.degrees.tolist() == [4, 0, 2]
    assert graph.dropped == Dropped()
    assert (graph.indptr.dtype, graph.indices.dtype) == (np.int64, np.int32)


def test_from_csr_leaves_the_callers_arrays_alone() -> None:
    indices = np.array([2, 0, 1], dtype=np.int32)
    weights = np.array([0.5, 0.25, 1.0])
    Graph.from_csr([0, 3, 3, 3], indices, weights)
    assert indices.tolist() == [2, 0, 1]
    assert weights.tolist() == [0.5, 0.25, 1.0]


def test_from_edges_one_way_and_both_ways() -> None:
    edges = [2, 0, 0, 1], [0, 1, 1, 1]
    assert rows_of(Graph.from_edges(*edges)) == [[1, 1], [1], [0]]
    assert rows_of(Graph.from_edges(*edges, directed=False)) == [[1, 1, 2], [0, 0, 1, 1], [0]]
    simple = Graph.from_edges(*edges, directed=False, simple=True)
    assert rows_of(simple) == [[1, 2], [0], [0]]
    assert simple.dropped == Dropped(self_loops=1, repeats=1)


def test_weights_travel_with_their_edges() -> None:
    graph = Graph.from_edges([1, 0, 0, 0], [0, 2, 1, 2], [0.1, 0.2, 0.3, 0.4], directed=False)
    assert rows_of(graph) == [[1, 1, 2, 2], [0, 0], [0, 0]]
    assert graph.weights.tolist() == [0.1, 0.3, 0.2, 0.4, 0.1, 0.3, 0.2, 0.4]


def test_num_nodes_may_exceed_the_ids() -> None:
    assert Graph.from_edges([0], [1]).num_nodes == 2
    assert Graph.from_edges([0], [1], num_nodes=5).num_nodes == 5
    assert Graph.from_edges([], []).num_nodes == 0
    assert Graph.from_edges([], [], num_nodes=3).degrees.tolist() == [0, 0, 0]


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_from_csr_and_from_edges_agree(entropy: int, weighted: bool) -> None:
    rng = np.random.default_rng(entropy)
    degrees = rng.integers(0, 9, 30)
    indptr = np.concatenate(([0], np.cumsum(degrees)))
    indices = rng.integers(0, 30, indptr[-1])
    weights = rng.random(indptr[-1]) if weighted else None
    source = np.repeat(np.arange(30), degrees)
    from_rows = Graph.from_csr(indptr, indices, weights)
    from_ends = Graph.from_edges(source, indices, weights, num_nodes=30)
    assert from_rows.fingerprint() == from_ends.fingerprint()
    again = Graph.from_csr(from_rows.indptr, from_rows.indices, from_rows.weights)
    assert again.fingerprint() == from_rows.fingerprint()


def test_a_graph_does_not_change() -> None:
    graph = Graph.from_edges([0, 1], [1, 0], [0.5, 0.5])
    for name in ("indptr", "indices", "weights"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(graph, name)[0] = 0
        with pytest.raises(AttributeError):
            setattr(graph, name, None)


def test_fingerprint_tells_graphs_apart() -> None:
    graphs = [
        Graph.from_edges([0, 1], [1, 2]),
        Graph.from_edges([0, 1], [1, 2], num_nodes=4),
        Graph.from_edges([0, 1], [2, 2]),
        Graph.from_edges([0, 0], [1, 2]),
        Graph.from_edges([0, 1], [1, 2], [1.0, 1.0]),
        Graph.from_edges([0, 1], [1, 2], [1.0, 0.5]),
        Graph.from_edges([], []),
    ]
    assert len({graph.fingerprint() for graph in graphs}) == len(graphs)
    assert graphs[0].fingerprint() == Graph.from_edges([1, 0], [2, 1]).fingerprint()
    assert len(graphs[0].fingerprint()) == 64


def test_weight_thresholds() -> None:
    graph = Graph.from_edges([0, 1, 1], [1, 0, 1], [0.0, 1.0, 0.5])
    assert graph.weight_thresholds().tolist() == [0, 2**32, 2**31]
    assert graph.weight_thresholds() is graph.weight_thresholds()
    assert Graph.from_edges([0], [1]).weight_thresholds() is None


@pytest.mark.parametrize("weights", [None, [0.1, 0.2, 0.3, 0.4]])
def test_pyg_data_there_and_back(weights: list[float] | None) -> None:
    graph = Graph.from_edges([3, 0, 0, 3], [0, 2, 2, 3], weights, num_nodes=6)
    data = graph.to_pyg()
    assert data.validate()
    assert data.num_nodes == 6
    assert data.edge_index.tolist() == [[0, 0, 3, 3], [2, 2, 0, 3]]
    assert isinstance(data.edge_index, EdgeIndex)
    assert data.edge_index.is_sorted_by_row
    assert data.edge_index.sparse_size() == (6, 6)
    assert Graph.from_pyg(data).fingerprint() == graph.fingerprint()


def test_pyg_edge_index_there_and_back() -> None:
    graph = Graph.from_edges([3, 0, 1], [0, 2, 1], num_nodes=6)
    edge_index = graph.to_pyg().edge_index
    assert Graph.from_pyg(edge_index).fingerprint() == graph.fingerprint()
    bare = EdgeIndex([[3, 0, 1], [0, 2, 1]])
    assert Graph.from_pyg(bare).num_nodes == 4


def test_pyg_data_with_a_plain_tensor() -> None:
    data = Data(
        edge_index=torch.tensor([[1, 0], [0, 1]]),
        edge_weight=torch.tensor([0.25, 0.75], dtype=torch.float64),
        num_nodes=3,
    )
    graph = Graph.from_pyg(data)
    assert rows_of(graph) == [[1], [0], []]
    assert graph.weights.tolist() == [0.75, 0.25]


def test_pyg_data_does_not_share_its_memory() -> None:
    graph = Graph.from_edges([0, 1], [1, 0], [0.5, 0.5])
    data = graph.to_pyg()
    data.edge_weight.zero_()
    data.edge_index.zero_()
    assert graph.weights.tolist() == [0.5, 0.5]
    assert graph.indices.tolist() == [1, 0]


def test_pyg_faults_are_named() -> None:
    edge_index = torch.tensor([[0], [1]])
    with pytest.raises(ValueError, match="no edge_index"):
        Graph.from_pyg(Data(num_nodes=3))
    with pytest.raises(ValueError, match="weights has dtype float32"):
        Graph.from_pyg(Data(edge_index=edge_index, edge_weight=torch.ones(1), num_nodes=2))
    with pytest.raises(ValueError, match=r"target\[0\] is 1, outside the nodes 0 .. 0"):
        Graph.from_pyg(Data(edge_index=edge_index, num_nodes=1))


@pytest.mark.parametrize(
    ("indptr", "indices", "weights", "message"),
    [
        ([], [], None, "indptr must hold"),
        ([1, 2], [0], None, "indptr must hold N \\+ 1 offsets that begin with 0"),
        ([0, 2, 1], [0, 0], None, r"indptr\[2\] is 1, below indptr\[1\]"),
        ([0, 2], [0], None, "indptr ends with 2 but indices has 1"),
        ([0.0, 1.0], [0], None, "indptr has dtype float64"),
        ([[0, 1]], [0], None, r"indptr has shape \(1, 2\)"),
        ([0, 1], [1], None, r"indices\[0\] is 1, outside the nodes 0 .. 0"),
        ([0, 1], [-1], None, r"indices\[0\] is -1"),
        ([0, 1], [0.0], None, "indices has dtype float64"),
        ([0, 1], [[0]], None, r"indices has shape \(1, 1\)"),
        ([0, 1], [0], [0.5, 0.5], r"weights has shape \(2,\)"),
        ([0, 1], [0], [1.5], r"weights\[0\] is 1\.5"),
        ([0, 2], [0, 0], [0.5, np.nan], r"weights\[1\] is nan"),
        ([0, 1], [0], np.float32([0.5]), "weights has dtype float32"),
    ],
)
def test_from_csr_names_the_fault(
    indptr: object, indices: object, weights: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Graph.from_csr(indptr, indices, weights)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0]), {}, "source has 2 entries but target has 1"),
        (([-5], [-5]), {}, r"source\[0\] is -5"),
        (([0, 7], [1, 1]), {"num_nodes": 3}, r"source\[1\] is 7, outside the nodes 0 .. 2"),
        (([0], [2**31]), {}, "num_nodes is 2147483649"),
        (([0], [2**64]), {}, "target has dtype object"),
        (([0], [1]), {"num_nodes": -1}, "num_nodes is -1"),
        (([0], [1]), {"num_nodes": 2.0}, "num_nodes is 2.0"),
        (([0], [1]), {"num_nodes": True}, "num_nodes is True"),
        (([0.0], [1]), {}, "source has dtype float64"),
        (([True], [False]), {}, "source has dtype bool"),
        ((["a"], [1]), {}, "source has dtype"),
        ((0, 1), {}, r"source has shape \(\)"),
        (([0, [1]], [2, 3]), {}, "source is not a list of integers"),
        (([0], [1], [np.nan]), {}, r"weights\[0\] is nan"),
        (([0], [1], [-0.1]), {}, r"weights\[0\] is -0\.1"),
        (([0], [1], ["half"]), {}, "weights has dtype"),
        (([0, 0], [1, 1], [0.5, 0.6]), {"simple": True}, "edge 0 1 is repeated"),
        (
            ([0, 1], [1, 0], [0.5, 0.6]),
            {"simple": True, "directed": False},
            "edge 0 1 is repeated",
        ),
    ],
)
def test_from_edges_names_the_fault(
    arguments: tuple[object, ...], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Graph.from_edges(*arguments, **options)
