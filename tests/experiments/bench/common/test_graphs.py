"""The benchmark's graphs are those of their descriptions."""

import numpy as np
import pytest

from weishang.experiments.bench.common import graphs
from weishang.kernels import Graph


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graphs.build_graph(20_000, np.random.default_rng(1))


def pairs_of(graph: Graph) -> list[tuple[int, int]]:
    source = np.repeat(np.arange(graph.num_nodes), graph.degrees)
    return list(zip(source.tolist(), graph.indices.tolist(), strict=True))


def test_graph_with_hubs(graph: Graph) -> None:
    again = graphs.build_graph(20_000, np.random.default_rng(1))
    assert graph.fingerprint() == again.fingerprint()
    pairs = set(pairs_of(graph))
    assert len(pairs) == graph.num_edges
    assert all((v, u) in pairs and u != v for u, v in pairs)
    source = np.repeat(np.arange(graph.num_nodes), graph.degrees)
    away = np.abs(source - graph.indices)
    near = np.minimum(away, graph.num_nodes - away) <= graphs.NEAR
    assert 17.5 < graph.num_edges / graph.num_nodes < 19
    assert 0.4 < near.mean() < 0.5
    assert graph.degrees.max() > 10 * graph.degrees.mean()


def test_seeds_are_the_largest_hubs(graph: Graph) -> None:
    seeds = graphs.largest_hubs(graph)
    others = np.delete(graph.degrees, seeds)
    assert len(set(seeds)) == graphs.NUM_SEEDS
    assert graph.degrees[seeds].min() >= others.max()


def test_ring_has_ten_ties_a_node_half_of_them_near() -> None:
    nodes = 4_000
    ring = graphs.ring_and_chance(nodes, np.random.default_rng(1))
    assert (ring.degrees == graphs.RING_DEGREE).all()
    pairs = pairs_of(ring)
    assert sorted(pairs) == sorted((v, u) for u, v in pairs)
    steps = np.array([(v - u) % nodes for u, v in pairs])
    steps = np.minimum(steps, nodes - steps)
    for step, ties in ((1, 2), (2, 2), (4, 1)):
        assert (steps == step).sum() == pytest.approx(ties * nodes, abs=20)
    by_chance = steps[~np.isin(steps, (1, 2, 4))]
    assert by_chance.size == pytest.approx(5 * nodes, abs=60)
    assert by_chance.mean() == pytest.approx(nodes / 4, rel=0.03)


def test_ring_takes_after_its_seed() -> None:
    one, same, other = (
        graphs.ring_and_chance(64, np.random.default_rng(seed)).fingerprint() for seed in (1, 1, 2)
    )
    assert one == same != other


@pytest.mark.parametrize("nodes", [0, 8, 1_001, 100_000_008])
def test_sizes_that_no_ring_has_are_refused(nodes: int) -> None:
    with pytest.raises(ValueError, match=f"num_nodes is {nodes}; give a multiple of 8"):
        graphs.ring_and_chance(nodes, np.random.default_rng(1))


def test_public_graphs_are_those_that_are_there(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(graphs, "PUBLIC_FOLDER", tmp_path)
    assert graphs.public_files() == {}
    (tmp_path / "nethept.txt").write_text("0 1\n")
    assert graphs.public_files() == {"nethept": tmp_path / "nethept.txt"}
