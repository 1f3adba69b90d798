"""Who sells: distinct people with friends, found by ties or at random.

Statistical tests compare with five standard deviations: a false-alarm rate of 6e-7 each.
"""

import math

import numpy as np
import pytest

from weishang.kernels import Graph
from weishang.model.sellers.choose import choose_sellers
from weishang.model.society.generate import generate
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters

FIVE_SD = 5.0


def small_society(users, seed, friends=12.0):
    parameters = SocietyParameters(mean_friends=friends, num_interests=4)
    return generate(parameters, users, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def society():
    return small_society(600, 3)


def test_sellers_are_distinct_and_more_only_add(society):
    chosen = choose_sellers(society, 0.7, 12, 300)
    assert len(set(chosen)) == 300
    assert choose_sellers(society, 0.7, 12, 40) == chosen[:40]
    assert choose_sellers(society, 0.7, 13, 300) != chosen


@pytest.mark.parametrize("by_ties", [0.0, 0.4, 1.0])
def test_sellers_by_ties_have_friends_in_proportion(by_ties):
    """The first seller of 3,000 replicates: mean friends is <k^2> / <k> by ties, <k> otherwise."""
    people = small_society(2000, 6)
    friends = people.graph.degrees.astype(float)
    friends = friends[friends > 0]
    found = [
        people.graph.degrees[choose_sellers(people, by_ties, seed, 1)[0]] for seed in range(3000)
    ]
    moments = {
        power: by_ties * (friends ** (power + 1)).sum() / friends.sum()
        + (1.0 - by_ties) * (friends**power).mean()
        for power in (1, 2)
    }
    error = math.sqrt((moments[2] - moments[1] ** 2) / len(found))
    assert abs(np.mean(found) - moments[1]) < FIVE_SD * error


def people_on(edges, num_nodes):
    graph = Graph.from_edges(*edges, num_nodes=num_nodes, directed=False)
    return from_graph(graph, SocietyParameters(), np.random.default_rng(1))


@pytest.mark.parametrize("by_ties", [0.0, 1.0])
def test_people_without_friends_do_not_sell(by_ties):
    people = people_on([[0, 4], [9, 7]], 12)
    assert sorted(choose_sellers(people, by_ties, 3, 4)) == [0, 4, 7, 9]


@pytest.mark.parametrize("wanted", [0, -1, 5])
def test_more_sellers_than_people_with_friends_are_refused(wanted):
    people = people_on([[0, 4], [9, 7]], 12)
    with pytest.raises(ValueError, match=f"num_sellers is {wanted}; 4 people have friends"):
        choose_sellers(people, 1.0, 3, wanted)


def test_a_society_without_ties_has_no_sellers():
    with pytest.raises(ValueError, match="nobody in the society has a friend"):
        choose_sellers(people_on([[], []], 3), 1.0, 3, 1)
