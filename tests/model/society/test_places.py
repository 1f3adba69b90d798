"""Places: communities live together, regions are equal and hold friends together."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.kernels import Graph
from weishang.model.society.measures import count_within
from weishang.model.society.places import grow_regions, settle_communities


def _circles(num_circles, size):
    """Complete circles, each tied to the next by one tie."""
    one = np.array(np.triu_indices(size, k=1))
    ties = [one + size * circle for circle in range(num_circles)]
    links = np.array([[size * c, size * c + size] for c in range(num_circles - 1)]).T
    ends = np.concatenate([*ties, links.reshape(2, -1)], axis=1)
    return Graph.from_edges(*ends, directed=False, simple=True)


def test_a_community_lives_in_one_place():
    members = np.random.default_rng(1).permutation(1000).astype(np.int32)
    bounds = np.concatenate(
        ([0], np.sort(np.random.default_rng(2).integers(1000, size=40)), [1000])
    )
    place = settle_communities(members, bounds, 7, np.random.default_rng(3))
    assert place.dtype == np.int16
    homes = [set(place[members[a:b]].tolist()) for a, b in pairwise(bounds) if b > a]
    assert all(len(home) == 1 for home in homes)
    assert set().union(*homes) == set(range(7))


@pytest.mark.parametrize("num_places", [1, 3, 16])
def test_places_get_equally_many_communities(num_places):
    """Communities of one person each, 10 of them."""
    alone = np.arange(11)
    place = settle_communities(alone[:-1], alone, num_places, np.random.default_rng(1))
    counts = np.bincount(place, minlength=num_places)
    assert counts.sum() == 10
    assert np.ptp(counts) <= 1
    other = settle_communities(alone[:-1], alone, num_places, np.random.default_rng(2))
    assert num_places == 1 or not np.array_equal(place, other)


@given(
    num_nodes=st.integers(0, 40),
    num_edges=st.integers(0, 80),
    num_places=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_regions_are_equal_whatever_the_graph(num_nodes, num_edges, num_places, seed):
    rng = np.random.default_rng(seed)
    ends = rng.integers(max(num_nodes, 1), size=(2, num_edges if num_nodes else 0))
    graph = Graph.from_edges(*ends, num_nodes=num_nodes, directed=False, simple=True)
    place = grow_regions(graph, num_places, rng)
    counts = np.bincount(place, minlength=num_places)
    assert place.dtype == np.int16
    assert counts.size == num_places
    assert counts.sum() == num_nodes
    assert np.ptp(counts) <= 1


def test_regions_grow_along_ties():
    """On a ring regions are arcs, of which some are cut in two; by chance one tie in four stays."""
    size = 400
    ring = Graph.from_edges(np.arange(size), (np.arange(size) + 1) % size, directed=False)
    place = grow_regions(ring, 4, np.random.default_rng(1))
    assert count_within(ring, place) > 0.9 * ring.num_edges


def test_friends_share_a_place_more_often_than_by_chance():
    graph = _circles(100, 12)
    for seed in range(3):
        place = grow_regions(graph, 8, np.random.default_rng(seed))
        assert count_within(graph, place) > 0.7 * graph.num_edges


def test_people_move_to_friends_where_regions_meet_everywhere():
    """Circles of 20, and as many ties by chance.

    Growth alone has .25 of ties within a place, growth and moves .43 to .45, chance 1 in 8; .56 if
    every circle were in one place.
    """
    circles = _circles(40, 20)
    rng = np.random.default_rng(1)
    source = np.repeat(np.arange(800), circles.degrees)
    chance = rng.integers(800, size=(2, circles.num_edges // 2))
    ends = np.concatenate([[source, circles.indices], chance], axis=1)
    graph = Graph.from_edges(*ends, directed=False, simple=True)
    place = grow_regions(graph, 8, rng)
    assert count_within(graph, place) > 0.38 * graph.num_edges
    assert np.bincount(place).tolist() == [100] * 8


def test_a_region_goes_on_where_its_island_ends():
    """Two islands of 3 and 5 people, two places: four people live in each."""
    graph = Graph.from_edges([0, 1, 3, 4, 5, 6], [1, 2, 4, 5, 6, 7], directed=False)
    for seed in range(20):
        place = grow_regions(graph, 2, np.random.default_rng(seed))
        assert np.bincount(place).tolist() == [4, 4]


def test_the_seed_decides_the_regions():
    graph = _circles(20, 8)
    one, same, other = (grow_regions(graph, 4, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
