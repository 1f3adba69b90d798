"""Cascades against exact expectations and against the epidemiologists' formulas.

False alarms. Each comparison of a mean with an exact expectation uses Bernstein's inequality,
which needs no normal approximation, at 1e-9; the comparisons over independent graphs use a t test
at 1e-9. There are fewer than 150 of them: were the words drawn anew, this file would fail by chance
with probability below 2e-7, and all tests of the kernels with one below 3e-7 (test_what_holds has
the others). The seeds are fixed, so it passes always or never. The engines are equal
(test_exactness), so one is asked.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import EoN
import networkx as nx
import numpy as np
import pytest
import scipy.stats

from weishang.kernels import CascadeRule, Graph, independent_cascade, propagate

FALSE_ALARM = 1e-9
REPLICAS = 100_000
SHARE_ALWAYS = np.ones((1, 3, 1))

Edges = Sequence[tuple[int, int]]


def both_ways(edges: Edges) -> list[tuple[int, int]]:
    return [*edges, *((v, u) for u, v in edges)]


PATH = both_ways([(i, i + 1) for i in range(5)])
STAR = both_ways([(0, leaf) for leaf in range(1, 6)])
DIAMOND = both_ways([(0, 1), (0, 2), (1, 3), (2, 3)])
COMPLETE = both_ways(list(itertools.combinations(range(4), 2)))
DIRECTED = [(0, 1), (0, 2), (1, 2), (2, 1), (2, 3), (1, 3), (3, 4), (4, 5), (5, 3), (0, 5), (1, 0)]


def by_hop(result: Any, hops: int) -> np.ndarray:
    """Reach by hop, [C, hops], as wide as asked."""
    assert result.reach.shape[1] <= hops
    return np.pad(result.reach, ((0, 0), (0, hops - result.reach.shape[1])))


def assert_means(samples: np.ndarray, law: list[tuple[float, np.ndarray]]) -> None:
    """Column means and the mean row sum agree with the exact law: (probability, row) pairs."""
    odds = np.array([probability for probability, _ in law])
    values = np.array([row for _, row in law], dtype=np.float64)
    assert math.isclose(odds.sum(), 1.0)
    values = np.column_stack([values, values.sum(axis=1)])
    samples = np.column_stack([samples, samples.sum(axis=1)])
    for column in range(values.shape[1]):
        mean = odds @ values[:, column]
        variance = odds @ (values[:, column] - mean) ** 2
        assert_mean(samples[:, column], mean, variance, values[:, column].max())


def assert_mean(samples: np.ndarray, mean: float, variance: float, largest: float) -> None:
    """Bernstein's inequality for samples in [0, largest], two-sided."""
    log = math.log(2 / FALSE_ALARM)
    slack = largest * log / 3
    bound = (slack + math.sqrt(slack**2 + 2 * samples.size * variance * log)) / samples.size
    assert abs(samples.mean() - mean) <= bound, (samples.mean(), mean, bound)


def levels(num_nodes: int, live: Edges, seed: int) -> np.ndarray:
    """Nodes first met at each distance 1 .. N - 1 over live edges."""
    seen, frontier, counts = {seed}, {seed}, []
    for _ in range(num_nodes - 1):
        frontier = {v for u, v in live if u in frontier} - seen
        seen |= frontier
        counts.append(len(frontier))
    return np.array(counts)


def law_of_levels(
    num_nodes: int, edges: Edges, odds: Sequence[float], seed: int
) -> list[tuple[float, np.ndarray]]:
    """The exact law of reach by hop: every set of live edges with its probability.

    Source: Kempe, Kleinberg and Tardos (2003), claim 2.3.
    """
    law = []
    for alive in itertools.product([False, True], repeat=len(edges)):
        probability = math.prod(p if lives else 1 - p for p, lives in zip(odds, alive, strict=True))
        live = [edge for edge, lives in zip(edges, alive, strict=True) if lives]
        law.append((probability, levels(num_nodes, live, seed)))
    return law


@pytest.mark.parametrize("p", [0.1, 0.5])
@pytest.mark.parametrize(
    ("num_nodes", "edges", "seed"),
    [(6, PATH, 0), (6, PATH, 2), (6, STAR, 0), (6, STAR, 3), (4, DIAMOND, 0), (4, COMPLETE, 1)],
    ids=["path-end", "path-middle", "star-centre", "star-leaf", "diamond", "k4"],
)
def test_reach_of_the_independent_cascade(
    num_nodes: int, edges: Edges, seed: int, p: float
) -> None:
    """64 comparisons."""
    graph = Graph.from_edges(*zip(*edges, strict=True), num_nodes=num_nodes)
    result = independent_cascade(graph, [seed], p, replicas=REPLICAS, seed=31)
    law = law_of_levels(num_nodes, edges, [p] * len(edges), seed)
    assert_means(by_hop(result, num_nodes - 1), law)


def test_the_enumeration_gives_the_closed_forms() -> None:
    p = 0.3

    def expected(num_nodes: int, edges: Edges, seed: int) -> np.ndarray:
        law = law_of_levels(num_nodes, edges, [p] * len(edges), seed)
        return sum(probability * row for probability, row in law)

    np.testing.assert_allclose(expected(6, PATH, 0), [p, p**2, p**3, p**4, p**5])
    np.testing.assert_allclose(expected(6, STAR, 3), [p, 4 * p**2, 0, 0, 0], atol=1e-12)
    # The far corner is reached over one side or the other in two hops, never in three: the only
    # longer way goes through it.
    np.testing.assert_allclose(
        expected(4, DIAMOND, 0),
        [2 * p, 1 - (1 - p * p) ** 2, 2 * p**3 * (1 - p)],
        atol=1e-12,
    )


def law_of_complete_graph(num_nodes: int, p: float) -> list[tuple[float, np.ndarray]]:
    """On a complete graph the cascade is the Reed-Frost chain: a binomial of the untouched a hop.

    Source: Abbey (1952), "An examination of the Reed-Frost theory of epidemics".
    """
    law = []

    def walk(probability: float, untouched: int, frontier: int, past: tuple[int, ...]) -> None:
        if not frontier or not untouched:
            row = np.zeros(num_nodes - 1)
            row[: len(past)] = past
            law.append((probability, row))
            return
        hit = 1 - (1 - p) ** frontier
        for new in range(untouched + 1):
            odds = math.comb(untouched, new) * hit**new * (1 - hit) ** (untouched - new)
            walk(probability * odds, untouched - new, new, (*past, new))

    walk(1.0, num_nodes - 1, 1, ())
    return law


def test_reach_on_the_complete_graph_of_ten() -> None:
    """10 comparisons, and the published expectation to its last figure."""
    law = law_of_complete_graph(10, 0.1)
    expected = sum(probability * row for probability, row in law)
    published = [0.9, 0.625768, 0.324132, 0.127662, 0.038786, 0.008934, 0.001480]
    np.testing.assert_allclose(expected[:7], published, atol=5e-7)
    assert round(1 + expected.sum(), 6) == 3.026929
    graph = Graph.from_edges(*np.nonzero(1 - np.eye(10, dtype=np.int64)))
    result = independent_cascade(graph, [4], 0.1, replicas=2 * REPLICAS, seed=32)
    assert_means(by_hop(result, 9), law)


def test_weighted_cascade_on_a_small_digraph() -> None:
    """View certain, each edge weighted 1 / in-degree of its head; 6 comparisons."""
    heads = [v for _, v in DIRECTED]
    odds = [1 / heads.count(v) for v in heads]
    graph = Graph.from_edges(*zip(*DIRECTED, strict=True), weights=odds)
    rule = CascadeRule(view=[1.0], share=SHARE_ALWAYS)
    result = propagate(graph, rule, [0], range(REPLICAS), 33)
    assert_means(by_hop(result, 5), law_of_levels(6, DIRECTED, odds, 0))


def test_view_and_weight_multiply() -> None:
    """6 comparisons."""
    odds = np.linspace(0.3, 1.0, len(DIRECTED))
    graph = Graph.from_edges(*zip(*DIRECTED, strict=True), weights=odds)
    rule = CascadeRule(view=[0.6], share=SHARE_ALWAYS)
    result = propagate(graph, rule, [0], range(REPLICAS), 34)
    assert_means(by_hop(result, 5), law_of_levels(6, DIRECTED, (0.6 * odds).tolist(), 0))


def test_linear_threshold_by_doses() -> None:
    """View certain, share at dose k with k / in-degree, equals the linear threshold model.

    The exact law of who becomes active: every node draws one of its in-edges, and the active are
    those with a drawn path from the seed. 6 comparisons. Source: Kempe, Kleinberg and Tardos
    (2003), claim 2.6.
    """
    num_nodes = 6
    edges = both_ways([(0, 1), (0, 2), (1, 2), (1, 3), (2, 4), (3, 4), (3, 5), (4, 5), (2, 3)])
    heads = [v for _, v in edges]
    in_degree = [heads.count(node) for node in range(num_nodes)]
    graph = Graph.from_edges(*zip(*edges, strict=True))
    doses = max(in_degree)
    dose = np.arange(1, doses + 1)
    by_degree = np.minimum(1.0, dose / np.maximum(1, np.arange(doses + 1))[:, np.newaxis])
    rule = CascadeRule(view=[1.0], share=np.tile(by_degree, (1, 3, 1, 1)), doses=doses)
    result = propagate(graph, rule, [0], range(REPLICAS), 35, segment=in_degree, record="events")
    events = result.events
    active = np.zeros((REPLICAS, num_nodes))
    active[events.row[events.shared], events.node[events.shared]] = 1
    assert_means(active[:, 1:], law_of_active(num_nodes, edges, 0))


def law_of_active(num_nodes: int, edges: Edges, seed: int) -> list[tuple[float, np.ndarray]]:
    """Which nodes, the seed aside, hang on the seed when everyone draws one in-edge."""
    into = [[(u, v) for u, v in edges if v == node] for node in range(num_nodes)]
    law = []
    for drawn in itertools.product(*(into[:seed] + into[seed + 1 :])):
        active, grown = set(), {seed}
        while grown != active:
            active, grown = grown, grown | {v for u, v in drawn if u in grown}
        others = [node for node in range(num_nodes) if node != seed]
        law.append((1.0, np.array([node in active for node in others], dtype=np.float64)))
    return [(1.0 / len(law), row) for _, row in law]


def test_visits_purchases_and_shares_are_independent() -> None:
    """Chi-square over the 6 possible outcomes of 200,000 people, at 1e-9."""
    leaves, replicas = 500, 400
    star = Graph.from_edges(np.zeros(leaves, dtype=np.int64), np.arange(1, leaves + 1))
    visit, buy, share = 0.3, 0.45, 0.2
    rule = CascadeRule(view=[1.0], visit=[[visit]], buy=[[buy]], share=np.full((1, 3, 1), share))
    events = propagate(star, rule, [0], range(replicas), 36, max_hops=1, record="events").events
    assert len(events) == leaves * replicas
    observed, expected = [], []
    funnel = {(0, 0): 1 - visit, (1, 0): visit * (1 - buy), (1, 1): visit * buy}
    for (visited, bought), odds in funnel.items():
        for shared, share_odds in ((0, 1 - share), (1, share)):
            kind = (
                (events.visited == visited) & (events.bought == bought) & (events.shared == shared)
            )
            observed.append(np.count_nonzero(kind))
            expected.append(len(events) * odds * share_odds)
    assert scipy.stats.chisquare(observed, expected).pvalue > FALSE_ALARM


def random_network(rng: np.random.Generator, num_nodes: int, mean_degree: float) -> Graph:
    """G(n, c / n), with the rare repeated edge left in."""
    pairs = rng.poisson(num_nodes * mean_degree / 2)
    return Graph.from_edges(
        *rng.integers(0, num_nodes, (2, pairs)), num_nodes=num_nodes, directed=False
    )


def configuration_network(rng: np.random.Generator, degrees: np.ndarray) -> Graph:
    """Stubs paired at random; loops and parallel edges stay, as the theory has it."""
    stubs = rng.permutation(np.repeat(np.arange(degrees.size), degrees))
    half = stubs.size // 2
    return Graph.from_edges(
        stubs[:half], stubs[half : 2 * half], num_nodes=degrees.size, directed=False
    )


def assert_by_graph(samples: np.ndarray, expected: float, resolution: float) -> None:
    """t test of one number a graph; the test must also be able to tell `resolution` apart."""
    limit = scipy.stats.t.isf(FALSE_ALARM / 2, samples.size - 1)
    error = samples.std(ddof=1) / math.sqrt(samples.size)
    assert limit * error < resolution
    assert abs(samples.mean() - expected) <= limit * error


def test_giant_component_of_a_random_graph() -> None:
    """Mean degree 2: s = 1 - exp(-2 s), .796812; 1 comparison over 30 graphs.

    A finite graph of n nodes is off by some 1 / n, far below the resolution.
    """
    rng = np.random.default_rng(37)
    num_nodes, shares = 40_000, []
    for _ in range(30):
        graph = random_network(rng, num_nodes, 2.0)
        seeds = [[int(node)] for node in rng.integers(0, num_nodes, 12)]
        rule = CascadeRule(view=[1.0], share=SHARE_ALWAYS)
        reach = propagate(graph, rule, seeds, range(len(seeds))).reach.sum(axis=1)
        shares.append((reach.max() + 1) / num_nodes)
    assert_by_graph(np.array(shares), 0.796812, resolution=0.01)


def test_percolated_random_graph() -> None:
    """Mean degree 8 at p = 1/4 percolates as mean degree 2: how often it takes off, and how far.

    2 comparisons.
    """
    rng = np.random.default_rng(38)
    num_nodes, takes_off, shares = 10_000, [], []
    for number in range(20):
        graph = random_network(rng, num_nodes, 8.0)
        seeds = rng.integers(0, num_nodes, (100, 1))
        rule = CascadeRule(view=[0.25], share=SHARE_ALWAYS)
        share = 1 + propagate(graph, rule, seeds, range(100), number).reach.sum(axis=1)
        took_off = share > 0.2 * num_nodes
        takes_off.append(took_off.mean())
        shares.append(share[took_off].mean() / num_nodes)
    assert_by_graph(np.array(takes_off), 0.796812, resolution=0.15)
    assert_by_graph(np.array(shares), 0.796812, resolution=0.01)


DEGREES = {1: 0.2, 3: 0.4, 5: 0.3, 12: 0.1}


def draw_degrees(rng: np.random.Generator, num_nodes: int) -> np.ndarray:
    """The degree law without sampling noise, in random order, with an even sum."""
    counts = [round(share * num_nodes) for share in DEGREES.values()]
    return rng.permutation(np.repeat(list(DEGREES), counts))


def test_hop_by_hop_reach_against_eon() -> None:
    """EoN's edge-based compartmental model in discrete time, system 6.11 of Kiss et al. (2017).

    10 comparisons over 40 configuration graphs, means of 10 cascades from 2% of the nodes.
    """
    num_nodes, p, rho, hops = 40_000, 0.2, 0.02, 9
    _, _, infected, _ = EoN.EBCM_discrete_uniform_introduction(
        num_nodes,
        lambda x: sum(share * x**k for k, share in DEGREES.items()),
        lambda x: sum(k * share * x ** (k - 1) for k, share in DEGREES.items()),
        p,
        rho,
        tmax=200,
    )
    rng = np.random.default_rng(39)
    reach = np.zeros((40, hops + 1))
    for row in reach:
        graph = configuration_network(rng, draw_degrees(rng, num_nodes))
        seeds = [rng.choice(num_nodes, round(rho * num_nodes), replace=False) for _ in range(10)]
        seed = int(rng.integers(2**62))
        mean_reach = independent_cascade(graph, seeds, p, replicas=10, seed=seed).reach.mean(axis=0)
        row[:hops], row[hops] = mean_reach[:hops], mean_reach.sum()
    for hop in range(hops):
        assert_by_graph(reach[:, hop], infected[hop + 1], resolution=0.06 * infected[hop + 1])
    total = infected[1:].sum()
    final = EoN.Attack_rate_discrete(DEGREES, p, rho=rho) - rho
    assert math.isclose(total, final * num_nodes, rel_tol=1e-6)
    assert_by_graph(reach[:, hops], total, resolution=0.03 * total)


def test_chance_and_size_of_an_outbreak_against_eon() -> None:
    """One seed: how often it takes off, and how far; systems 6.2 and 6.6. 2 comparisons."""
    num_nodes, p = 10_000, 0.3
    rng = np.random.default_rng(40)
    takes_off, shares = [], []
    for number in range(20):
        graph = configuration_network(rng, draw_degrees(rng, num_nodes))
        seeds = rng.integers(0, num_nodes, (100, 1))
        rule = CascadeRule(view=[p], share=SHARE_ALWAYS)
        share = 1 + propagate(graph, rule, seeds, range(100), number).reach.sum(axis=1)
        took_off = share > 0.1 * num_nodes
        takes_off.append(took_off.mean())
        shares.append(share[took_off].mean() / num_nodes)
    assert_by_graph(np.array(takes_off), EoN.Epi_Prob_discrete(DEGREES, p), resolution=0.2)
    assert_by_graph(np.array(shares), EoN.Attack_rate_discrete(DEGREES, p), resolution=0.02)


def test_mean_reach_of_eons_own_simulation() -> None:
    """EoN's simulator on Zachary's club, 2,000 runs beside 20,000 cascades: 1 comparison.

    Two-sample z test at 1e-9, normal approximation.
    """
    club = nx.karate_club_graph()
    graph = Graph.from_edges(*np.array(club.edges).T, directed=False)
    ours = 1 + independent_cascade(graph, [0], 0.15, replicas=20_000, seed=41).reach.sum(axis=1)
    rng = np.random.default_rng(42)
    runs = (
        EoN.basic_discrete_SIR(club, 0.15, initial_infecteds=[0], rng=rng) for _ in range(2_000)
    )
    theirs = np.array([recovered[-1] for _, _, _, recovered in runs])
    error = math.sqrt(ours.var() / ours.size + theirs.var() / theirs.size)
    assert abs(ours.mean() - theirs.mean()) <= scipy.stats.norm.isf(FALSE_ALARM / 2) * error
