"""Measures of a friendship graph against NetworkX and by hand."""

import networkx
import numpy as np
import pytest

from weishang.kernels import Graph
from weishang.model.society.measures import (
    count_within,
    find_one_way_edge,
    local_clustering,
    mean_friends_of_friends,
)


@pytest.fixture(scope="module")
def known():
    """A graph in NetworkX, with isolated nodes and leaves, and the same in ours."""
    theirs = networkx.barabasi_albert_graph(60, 3, seed=1)
    theirs.add_nodes_from(range(60, 63))
    theirs.add_edge(62, 0)
    ends = np.array(theirs.edges).T
    return theirs, Graph.from_edges(*ends, num_nodes=63, directed=False, simple=True)


def test_clustering_is_networkx(known):
    theirs, graph = known
    users = np.arange(graph.num_nodes)
    expected = networkx.clustering(theirs)
    measured = local_clustering(graph, users)
    few = graph.degrees < 2
    assert few.any()
    assert np.array_equal(np.isnan(measured), few)
    assert measured[~few] == pytest.approx([expected[user] for user in users[~few]])


def test_friends_of_friends_is_networkx(known):
    theirs, graph = known
    expected = networkx.average_neighbor_degree(theirs)
    measured = mean_friends_of_friends(graph)
    assert np.isnan(measured[60:62]).all()
    some = np.flatnonzero(graph.degrees)
    assert measured[some] == pytest.approx([expected[user] for user in some])


def test_edges_within_a_class_are_counted_in_both_directions():
    path = Graph.from_edges([0, 1, 2], [1, 2, 3], directed=False)
    assert count_within(path, np.array([0, 0, 1, 1], dtype=np.int8)) == 4


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ([0, 1, 1, 2], [1, 0, 2, 1], None),
        ([], [], None),
        ([0, 1, 1], [1, 0, 2], (1, 2)),
        ([1, 2], [0, 1], (1, 0)),
        ([0, 0, 1], [0, 1, 0], (0, 0)),
        ([0, 0, 1, 1], [1, 1, 0, 0], (0, 1)),
    ],
    ids=["simple", "empty", "no reverse", "chain", "loop", "repeat"],
)
def test_first_edge_that_is_not_undirected_and_simple(source, target, found):
    assert find_one_way_edge(Graph.from_edges(source, target, num_nodes=3)) == found
