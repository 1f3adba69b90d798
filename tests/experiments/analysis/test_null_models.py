"""Null models against formulas worked by hand, other programs and the graph itself."""

import math
from fractions import Fraction

import EoN
import networkx
import numpy as np
import pytest

from weishang.experiments.analysis.estimands import ALL, BY_REACHED, BY_VISITS, NEAR, THERE
from weishang.experiments.analysis.null_models import (
    among_friends,
    branching,
    cascade_meeting,
    cascade_reach,
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


def test_what_arithmetic_gives_among_friends():
    """Level 3 grows as level 2 did from 175 to 4,000; 12% of campaigns get past level 1."""
    third = 4000.0**2 / 175.0
    two = (175 * 0.127 + 480 * 0.048) / 655
    all_three = (175 * 0.127 + (480 + 0.12 * third) * 0.048) / (655 + 0.12 * third)
    expected = {
        ("t2_l3_reach", THERE): third,
        ("t2_l3_reach", ALL): 0.12 * third,
        ("t1_moments_conv", BY_VISITS): all_three,
        ("t1_moments_conv", BY_REACHED): all_three,
        ("t1_moments_conv", f"{BY_VISITS}, {NEAR}"): two,
        ("t1_moments_conv", f"{BY_REACHED}, {NEAR}"): two,
    }
    found = {key: among_friends(*key, 0.12) for key in expected}
    assert found == pytest.approx(expected)
    assert math.isnan(among_friends("l1_conv", BY_REACHED, 0.12))


def test_a_mixture_is_rounded_once():
    """Three levels whose buyers BLAS adds up to another last digit on some processors."""
    reach = [175.05275660465665, 4001.385823, 91464.3609127785]
    rates = [0.1275621372514992, 0.04802, 0.04802]
    exact = sum(Fraction(a) * Fraction(b) for a, b in zip(reach, rates, strict=True))
    assert mixture(reach, rates) == pytest.approx(
        float(exact / sum(map(Fraction, reach))), rel=3e-16
    )
