"""Interests on a given graph: as alike as asked where the graph allows it."""

import numpy as np
import pytest

from weishang.kernels import Graph
from weishang.model.society.interests import impute_interests, share_by_chance
from weishang.model.society.measures import count_within


def _circles(num_circles, size):
    """Complete circles, each tied to the next by one tie."""
    one = np.array(np.triu_indices(size, k=1))
    ties = [one + size * circle for circle in range(num_circles)]
    links = np.array([[size * c, size * c + size] for c in range(num_circles - 1)]).T
    ends = np.concatenate([*ties, links], axis=1)
    return Graph.from_edges(*ends, directed=False, simple=True)


def _homophily(graph, interest):
    share, chance = (
        count_within(graph, interest) / graph.num_edges,
        share_by_chance(graph, interest),
    )
    return (share - chance) / (1.0 - chance)


@pytest.mark.parametrize("homophily", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_clustered_graph_gets_the_homophily_asked_for(homophily, seed):
    graph = _circles(200, 12)
    interest = impute_interests(graph, 6, homophily, np.random.default_rng(seed))
    assert _homophily(graph, interest) == pytest.approx(homophily, abs=0.005)


def test_interests_stay_as_popular_as_they_were_drawn():
    """Exchanges move interests between people: the counts equal those of homophily 0."""
    graph = _circles(100, 12)
    random = impute_interests(graph, 6, 0.0, np.random.default_rng(1))
    alike = impute_interests(graph, 6, 0.5, np.random.default_rng(1))
    assert np.array_equal(np.bincount(random), np.bincount(alike))
    assert not np.array_equal(random, alike)


def test_without_homophily_friends_are_alike_by_chance():
    """Ties within an interest of 8 over 300 seeds; false-alarm rate 6e-7 (5 standard errors)."""
    graph = _circles(20, 10)
    measured = [
        _homophily(graph, impute_interests(graph, 8, 0.0, np.random.default_rng(seed)))
        for seed in range(300)
    ]
    # The index given the popularities drawn is below 0 by about the 1 / N that self-pairs take.
    assert np.mean(measured) == pytest.approx(
        -1.0 / graph.num_nodes, abs=5.0 * np.std(measured) / np.sqrt(300)
    )


def test_what_the_graph_does_not_allow_ends_near_its_best():
    """In a star, a leaf's only friend is the centre: two interests can share all but a half."""
    star = Graph.from_edges(np.zeros(40, int), np.arange(1, 41), directed=False)
    interest = impute_interests(star, 2, 1.0, np.random.default_rng(1))
    counts = np.bincount(interest, minlength=2)
    assert count_within(star, interest) == 2 * (counts[interest[0]] - 1)


@pytest.mark.parametrize("num_nodes", [0, 1, 5])
def test_graph_without_ties(num_nodes):
    graph = Graph.from_edges([], [], num_nodes=num_nodes)
    interest = impute_interests(graph, 4, 0.5, np.random.default_rng(1))
    assert interest.shape == (num_nodes,)
    assert np.isnan(share_by_chance(graph, interest))


def test_share_by_chance_weighs_people_by_their_ties():
    star = Graph.from_edges([0, 0, 0], [1, 2, 3], directed=False)
    assert share_by_chance(star, np.array([0, 1, 1, 1], dtype=np.int8)) == 0.5
    assert share_by_chance(star, np.array([0, 0, 1, 1], dtype=np.int8)) == pytest.approx(20 / 36)
