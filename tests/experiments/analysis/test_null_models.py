"""Null models against formulas worked by hand, other programs and the graph itself."""

import math

import EoN
import networkx
import numpy as np
import pytest

from weishang.experiments.analysis.null_models import (
    branching,
    cascade_meeting,
    cascade_reach,
    gives_as_well,
    mean_field_sir,
    mixture,
)
from weishang.kernels import Graph
from weishang.model.society.generate import generate
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters


@pytest.fixture(scope="module")
def people():
    parameters = SocietyParameters(mean_friends=10.0)
    return generate(parameters, 2000, np.random.default_rng(8))


def test_a_branching_process_grows_by_one_factor():
    assert branching(150.0, 3000.0).tolist() == [150.0, 3000.0, 60_000.0]
    assert branching(8.0, 4.0, 5).tolist() == [8.0, 4.0, 2.0, 1.0, 0.5]
    assert branching(8.0, 0.0).tolist() == [8.0, 0.0, 0.0]


def reed_frost(first, rate, users, levels):
    """Mean field person by person: the chance to escape is (1 - q)^new, q the chance of a pair.

    Returns new cases by generation, the first given.
    """
    escape = math.exp(-rate / users)
    never, new = 1.0 - first / users, [first]
    for _ in range(levels - 1):
        still = never * escape ** new[-1]
        new.append(users * (never - still))
        never = still
    return new


@pytest.mark.parametrize(("first", "rate"), [(3.0, 1.5), (40.0, 4.0), (200.0, 0.6)])
def test_an_epidemic_is_that_of_its_escapes(first, rate):
    expected = reed_frost(first, rate, 5000, 8)
    found = mean_field_sir(first, expected[1], 5000, 8)
    assert found == pytest.approx(expected, rel=1e-9)


def test_an_epidemic_is_eons_on_a_network_of_poisson_degrees():
    """EoN's discrete edge-based model, in which new cases of a generation are drops of S.

    With Poisson degrees of mean k and transmission p it is the mean field with rate k p.
    """
    users, first, friends, rate = 10_000, 25.0, 7.0, 2.5
    times, susceptible, *_ = EoN.EBCM_discrete_uniform_introduction(
        users,
        lambda x: math.exp(friends * (x - 1.0)),
        lambda x: friends * math.exp(friends * (x - 1.0)),
        rate / friends,
        first / users,
        tmax=9,
    )
    assert times.tolist() == list(range(10))
    new = -np.diff(susceptible)
    found = mean_field_sir(first, float(new[0]), users, 10)
    assert found[0] == first
    assert found[1:] == pytest.approx(new, rel=1e-9)


def test_an_epidemic_meets_what_it_was_given_and_never_exceeds_the_people():
    found = mean_field_sir(175.0, 4000.0, 20_000, 30)
    assert found[:2] == pytest.approx([175.0, 4000.0])
    assert (found >= 0.0).all()
    assert found.sum() <= 20_000
    assert found[2] < branching(175.0, 4000.0)[2]


def test_an_epidemic_among_countless_people_is_a_branching_process():
    assert mean_field_sir(10.0, 30.0, 10**12, 4) == pytest.approx(branching(10.0, 30.0, 4), 1e-6)


def test_an_epidemic_that_nobody_catches_ends():
    assert mean_field_sir(10.0, 0.0, 100).tolist() == [10.0, 0.0, 0.0]


@pytest.mark.parametrize("second", [90.0, 500.0])
def test_an_epidemic_needs_people_for_level_2(second):
    with pytest.raises(ValueError, match="of 90 susceptible"):
        mean_field_sir(10.0, second, 100)


def test_a_cascade_that_is_certain_reaches_what_networkx_counts(people):
    sellers = [0, 5, 17, 900]
    graph = networkx.Graph()
    graph.add_nodes_from(range(people.num_users))
    ends = np.repeat(np.arange(people.num_users), people.graph.degrees)
    graph.add_edges_from(zip(ends.tolist(), people.graph.indices.tolist(), strict=True))
    expected = np.zeros((4, 3))
    for row, seller in enumerate(sellers):
        distances = networkx.single_source_shortest_path_length(graph, seller, cutoff=3)
        for distance in distances.values():
            if distance:
                expected[row, distance - 1] += 1
    assert cascade_reach(people, sellers, 1.0, seed=1).tolist() == expected.mean(axis=0).tolist()
    assert cascade_reach(people, sellers, 0.0, seed=1).tolist() == [0.0, 0.0, 0.0]


def test_the_first_level_of_a_cascade_is_friends_times_p(people):
    """Five standard deviations of a sum of coins: a false-alarm rate of 6e-7."""
    sellers = list(range(0, 2000, 5))
    friends = people.graph.degrees[sellers].sum()
    reached = cascade_reach(people, sellers, 0.3, seed=4, levels=1)[0] * len(sellers)
    assert abs(reached - 0.3 * friends) < 5.0 * math.sqrt(0.21 * friends)


@pytest.mark.parametrize(("level", "target"), [(1, 4.0), (2, 2.0), (2, 25.0)])
def test_the_p_that_meets_a_level_meets_it(people, level, target):
    sellers = list(range(0, 2000, 10))
    p = cascade_meeting(people, sellers, level, target, seed=6)
    assert 0.0 < p < 1.0
    reached = cascade_reach(people, sellers, p, seed=6)[level - 1]
    assert reached == pytest.approx(target, rel=0.02)
    assert cascade_meeting(people, sellers, level, target, seed=6) == p


def test_the_p_for_more_than_there_are_is_one(people):
    assert cascade_meeting(people, [0, 1], 1, 5000.0, seed=6) == 1.0


def test_cascades_of_one_seller_twice_have_luck_of_their_own():
    star = Graph.from_edges([0] * 50, range(1, 51), directed=False)
    people = from_graph(star, SocietyParameters(), np.random.default_rng(1))
    means = [cascade_reach(people, [0] * 20, 0.5, seed)[0] for seed in (1, 2)]
    assert means[0] != means[1]
    assert not float(means[0]).is_integer()


def test_a_mixture_weighs_levels_by_their_people():
    assert mixture([100.0, 300.0], [0.2, 0.04]) == pytest.approx(32 / 400)
    assert mixture([5.0], [0.127]) == pytest.approx(0.127)


@pytest.mark.parametrize(
    ("null", "value", "as_well"),
    [
        (0.52, 0.5, True),
        (0.45, 0.5, True),
        (0.7, 0.5, False),
        (0.95, 0.5, False),
        (0.95, 0.92, True),
        (0.95, 0.7, False),
        (math.nan, 0.5, False),
        (math.nan, 0.95, False),
    ],
)
def test_a_null_gives_a_figure_as_well_in_the_interval_or_with_it_in_the_band(null, value, as_well):
    """Interval .05 around the value, band .9 and more."""
    interval = (value - 0.05, value + 0.05)
    assert gives_as_well(null, value, interval, lambda x: x >= 0.9) is as_well
