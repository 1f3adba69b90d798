"""Every program in the benchmark runs the same independent cascade.

Statistical: against exact means, 5 standard errors of a mean of 400 cascades; a false alarm in
about one of 100,000 runs of the 12 comparisons (normal, 6 in ten million each).
"""

import numpy as np
import pytest

from weishang.experiments.contenders import CONTENDERS, Contender, backend_options, memory_limit
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
    assert contender.prepare(graph, [0], 1.0, 1)(3, 1) == 70
    assert contender.prepare(graph, [0, 5], 1.0, 2)(3, 1) == 69
    assert contender.prepare(graph, [0], 0.0, 1)(3, 1) == 0


def test_mean_on_a_star(contender):
    mean = contender.prepare(star(40), [0], 0.3, 2)(CASCADES, 7)
    assert abs(mean - 12) < 5 * np.sqrt(40 * 0.3 * 0.7 / CASCADES)


def test_mean_on_a_complete_graph(contender):
    mean = contender.prepare(complete(10), [3], 0.1, 2)(CASCADES, 11)
    assert abs(mean - K10_MEAN) < 5 * K10_SPREAD / np.sqrt(CASCADES)


def test_a_seed_repeats_a_run(contender):
    if contender.name == "pynetim":
        pytest.skip("its threads share one stream of luck")
    run = contender.prepare(complete(10), [3], 0.3, 1)
    assert run(20, 5) == run(20, 5)


def test_absence_is_told():
    absent = Contender("Absent", CONTENDERS[0].prepare, "no_such_module", "no-such-package")
    assert "no_such_module" in (absent.absence() or "")
    assert absent.version() == absent.absence()
    assert CONTENDERS[0].absence() is None


def test_torch_is_held_to_the_memory_limit():
    graph = star(200_000)
    assert memory_limit(graph) == 8 * 400_000 + 16 * 200_001
    assert backend_options("torch", graph, 2)["memory"] == memory_limit(graph)
