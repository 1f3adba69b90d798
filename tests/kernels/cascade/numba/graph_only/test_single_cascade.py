"""One cascade on several threads is the same cascade."""

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.kernels.cascade.numba import backend as cpu
from weishang.kernels.cascade.numba.graph_only import single_cascade

THREADS = 4
NODES = 3_000


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Share out what is small, as if it were large; nothing is known of earlier calls."""
    monkeypatch.setattr(single_cascade, "PIECE_POSTS", 100)
    monkeypatch.setattr(cpu, "_paces", {})


@pytest.fixture
def spread_few(monkeypatch):
    """Threads take over at 50 posts."""
    monkeypatch.setattr(single_cascade, "LEAST_POSTS", 50)


def graph(weighted):
    rng = np.random.default_rng(11)
    ends = rng.integers(0, NODES, (2, 8 * NODES))
    # A hub, whose row takes many blocks, and parallel edges.
    ends[0, :900] = 7
    return Graph.from_edges(*ends, weights=rng.random(8 * NODES) if weighted else None)


RULES = {
    "independent": CascadeRule(view=[0.3], share=np.ones((1, 3, 1))),
    "decisions": CascadeRule(
        view=[0.9, 0.4],
        visit=[[0.8, 0.5]],
        buy=[[0.3, 0.6], [0.2, 0.1]],
        share=np.random.default_rng(3).random((2, 3, 2)),
    ),
}


@pytest.mark.usefixtures("spread_few")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("max_hops", [None, 1, 3])
@pytest.mark.parametrize("layers", [1, 2])
def test_it_is_the_same_as_the_reference(rule, weighted, max_hops, layers):
    one = graph(weighted)
    given = (
        one if layers == 1 else [one, Graph.from_edges(np.arange(NODES), np.arange(NODES)[::-1])]
    )
    tables = RULES[rule]
    if layers == 2:
        view = np.tile(np.asarray(tables.view), (2, 1))
        tables = CascadeRule(view=view, visit=tables.visit, buy=tables.buy, share=tables.share)
    batch = (given, tables, [7, 7, 12, NODES - 1], range(5, 5 + THREADS - 1), 9)
    options = {
        "max_hops": max_hops,
        "segment": np.arange(NODES) % 2 if rule == "decisions" else None,
    }
    mine = propagate(*batch, backend="numba", threads=THREADS, **options)
    assert mine.reach.max() > 100
    assert mine.equals(propagate(*batch, backend="reference", **options))


@pytest.mark.parametrize("seeds", [[], [[], [3], [3, 7]]])
def test_seeds_may_be_few_or_none(seeds):
    rule = RULES["independent"]
    batch = (graph(False), rule, seeds, range(3), 2)
    mine = propagate(*batch, backend="numba", threads=THREADS)
    assert mine.equals(propagate(*batch, backend="reference"))


def test_large_frontiers_are_shared_out_as_they_are(monkeypatch):
    """Without changed bounds: the middle of a cascade that reaches 200,000 people."""
    monkeypatch.undo()
    monkeypatch.setattr(cpu, "_paces", {})
    nodes = 200_000
    ends = np.random.default_rng(1).integers(0, nodes, (2, 10 * nodes))
    dense = Graph.from_edges(*ends, num_nodes=nodes, directed=False)
    shared = []
    post = single_cascade._post_in_pieces
    monkeypatch.setattr(
        single_cascade, "_post_in_pieces", lambda *args: shared.append(args[1]) or post(*args)
    )
    batch = (dense, RULES["independent"], [0], range(1), 4)
    wide = propagate(*batch, backend="numba", threads=2)
    assert shared
    assert wide.reach.sum() > nodes // 2
    assert wide.equals(propagate(*batch, backend="numba", threads=1))
