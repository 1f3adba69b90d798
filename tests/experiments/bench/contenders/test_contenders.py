"""Every program in the benchmark runs the same independent cascade.

Statistical: against exact means, 5 standard errors of a mean of 400 cascades, and of the 400 live
counts; a false alarm in about one of 50,000 runs of the 30 comparisons (normal, 6 in ten million
each).
"""

import numpy as np
import pytest

from weishang.experiments.bench.contenders import contenders
from weishang.experiments.bench.contenders.contenders import (
    CONTENDERS,
    Contender,
    backend_options,
    memory_limit,
)
from weishang.experiments.bench.contenders.live_edges import live_edges
from weishang.kernels import Graph

CASCADES = 400
K10_MEAN = 2.026929
"""People reached on the complete graph of 10 at p = .1 beside the seed, exactly."""
K10_SPREAD = 2.4
"""Standard deviation of that number, rounded up from 2.33 in 200,000 cascades of ours."""


def complete(nodes: int) -> Graph:
    ends = np.array([(u, v) for u in range(nodes) for v in range(u)]).T
    return Graph.from_edges(ends[0], ends[1], directed=False)


def star(leaves: int) -> Graph:
    return Graph.from_edges([0] * leaves, range(1, leaves + 1), directed=False)


@pytest.fixture(params=CONTENDERS, ids=lambda one: one.name)
def contender(request) -> Contender:
    if why := request.param.absence():
        pytest.skip(f"{request.param.name} is {why}")
    return request.param


def test_certain_and_impossible_spread(contender):
    graph = star(70)
    certain = contender.prepare(graph, [0], 1.0, 1)
    assert certain.mean(3, 1) == 70
    assert certain.reaches(3, 1).tolist() == [70] * 3
    assert contender.prepare(graph, [0, 5], 1.0, 2).mean(3, 1) == 69
    assert contender.prepare(graph, [0], 0.0, 1).reaches(3, 1).tolist() == [0] * 3


def test_mean_on_a_star(contender):
    mean = contender.prepare(star(40), [0], 0.3, 2).mean(CASCADES, 7)
    assert abs(mean - 12) < 5 * np.sqrt(40 * 0.3 * 0.7 / CASCADES)


def test_mean_on_a_complete_graph(contender):
    program = contender.prepare(complete(10), [3], 0.1, 2)
    for mean in (program.mean(CASCADES, 11), program.reaches(CASCADES, 11).mean()):
        assert abs(mean - K10_MEAN) < 5 * K10_SPREAD / np.sqrt(CASCADES)


def test_a_way_is_found_over_many_hops(contender):
    path = Graph.from_edges(range(50), range(1, 51), directed=False)
    assert contender.prepare(path, [20], 1.0, 1).reaches(1, 1).tolist() == [50]


def test_a_seed_repeats_a_run(contender):
    program = contender.prepare(complete(10), [3], 0.3, 1)
    one, same, other = (program.reaches(20, seed).tolist() for seed in (5, 5, 6))
    assert one == same != other


def test_programs_on_the_same_live_edges_reach_the_same():
    names = ("igraph", "graphblas", "torch.sparse")
    programs = [one for one in CONTENDERS if one.name in names and not one.absence()]
    graph = complete(40)
    reaches = [one.prepare(graph, [3, 5], 0.03, 1).reaches(50, 9) for one in programs]
    assert all(len(set(reach.tolist())) > 5 for reach in reaches)
    if [one.name for one in programs][:2] == ["igraph", "graphblas"]:
        assert reaches[0].tolist() == reaches[1].tolist()


@pytest.mark.parametrize("p", [0.01, 0.3])
def test_live_edges_are_each_live_with_their_chance(p):
    graph = complete(12)
    rng = np.random.default_rng(3)
    counts = np.zeros(graph.num_edges)
    for _ in range(CASCADES):
        indptr, indices = live_edges(graph, p, rng)
        assert indptr[-1] == indices.size
        for node in range(graph.num_nodes):
            row = slice(graph.indptr[node], graph.indptr[node + 1])
            live = np.isin(graph.indices[row], indices[indptr[node] : indptr[node + 1]])
            assert live.sum() == indptr[node + 1] - indptr[node]
            counts[row] += live
    spread = np.sqrt(CASCADES * p * (1 - p))
    error = counts.sum() - CASCADES * p * counts.size
    assert abs(error) < 5 * spread * np.sqrt(counts.size)
    assert counts.std() == pytest.approx(spread, rel=0.3)
    assert abs(counts - CASCADES * p).max() < 6 * spread + 4


def test_all_or_no_edges_are_live_at_the_ends():
    graph = complete(5)
    rng = np.random.default_rng(1)
    indptr, indices = live_edges(graph, 1.0, rng)
    assert (indptr.tolist(), indices.tolist()) == (graph.indptr.tolist(), graph.indices.tolist())
    indptr, indices = live_edges(graph, 0.0, rng)
    assert (indptr.tolist(), indices.size) == ([0] * 6, 0)


def test_absence_is_told():
    absent = Contender("Absent", CONTENDERS[0].prepare, "no_such_module", "no-such-package")
    assert "no_such_module" in (absent.absence() or "")
    assert absent.version() == absent.absence()
    assert not absent.takes(star(3))
    assert CONTENDERS[0].absence() is None


def test_a_backend_that_is_not_there_is_told():
    other = Contender("other", CONTENDERS[0].prepare, ours=True)
    assert "no such backend" in (other.absence() or "")


def test_a_backend_that_cannot_run_says_why_in_a_few_words(monkeypatch):
    monkeypatch.setattr(contenders, "missing", lambda name: "no device; buy one, or borrow one")
    assert CONTENDERS[0].absence() == "absent: no device"
    assert contenders.our_backends() == []
    monkeypatch.setattr(contenders, "missing", lambda name: None)
    assert CONTENDERS[0].absence() is None


def test_interpreted_kernels_are_not_timed(monkeypatch):
    monkeypatch.setattr(contenders, "interpreted", lambda: True)
    monkeypatch.setitem(contenders.BACKENDS, "triton", "a module")
    (triton,) = (one for one in CONTENDERS if one.name == "triton")
    assert "TRITON_INTERPRET" in (triton.absence() or "")
    assert "triton" not in contenders.our_backends()


def test_large_graphs_are_kept_from_programs_that_cannot():
    small = Contender("small", CONTENDERS[0].prepare, "numpy", most_nodes=10)
    assert small.takes(star(9))
    assert not small.takes(star(10))
    assert CONTENDERS[0].takes(star(10))


def test_torch_is_held_to_the_memory_limit():
    graph = star(200_000)
    assert memory_limit(graph) == 8 * 400_000 + 16 * 200_001
    assert backend_options("torch", graph, 2)["memory"] == memory_limit(graph)
