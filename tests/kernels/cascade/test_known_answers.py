"""The contract's known answers and worked results, through every engine's public call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, Purpose, child, independent_cascade
from weishang.kernels.rng import CERTAIN, derive, uniform

HUB, CASCADE, SEED, SLOTS = 17, 3, 2026, 74
KNOWN_MASKS = [
    (0.02, 0, 64, 0x0000000100000000),
    (0.127, 0, 64, 0x0808000100002102),
    (0.5, 0, 64, 0x8A1A8B6572CFFFCE),
    (0.5, 64, 10, 0x35B),
]
CERTAINTY = [1.0]


def hub() -> tuple[Graph, np.ndarray]:
    """Node 17 with 74 friends, slot j being the j-th of them, and these friends."""
    friends = np.delete(np.arange(SLOTS + 1), HUB)
    return Graph.from_edges(np.full(SLOTS, HUB), friends), friends


def just(uniform_below: int) -> float:
    """The probability whose threshold is this number, exactly."""
    return uniform_below / CERTAIN


@pytest.mark.parametrize(("probability", "first", "lanes", "mask"), KNOWN_MASKS)
def test_the_known_lanes_are_hit(
    engine: Any, probability: float, first: int, lanes: int, mask: int
) -> None:
    graph, friends = hub()
    rule = CascadeRule(view=[probability])
    result = engine(graph, rule, [HUB], [CASCADE], SEED, record="events")
    slots = np.searchsorted(friends, result.events.node)
    hit = sum(1 << int(slot - first) for slot in slots if first <= slot < first + lanes)
    assert hit == mask


def test_the_known_lanes_are_hit_in_a_later_layer_only_with_its_own_words(engine: Any) -> None:
    graph, _ = hub()
    silent = Graph.from_edges([], [], num_nodes=graph.num_nodes)
    rule = CascadeRule(view=[[0.5], [0.5]])
    first = engine([graph, silent], rule, [HUB], [CASCADE], SEED, record="events")
    second = engine([silent, graph], rule, [HUB], [CASCADE], SEED, record="events")
    single = engine(graph, CascadeRule(view=[0.5]), [HUB], [CASCADE], SEED, record="events")
    assert np.array_equal(first.events.node, single.events.node)
    assert not np.array_equal(second.events.node, single.events.node)


def slot_uniform(layer: int, slot: int) -> int:
    """The slot's 32-bit uniform, bit by bit from the words of its block."""
    row_key = derive(SEED, Purpose.VIEW, layer, CASCADE, HUB)
    block, lane = divmod(slot, 64)
    bits = [child(row_key, 32 * block + i) >> lane & 1 for i in range(32)]
    return int("".join(map(str, bits)), base=2)


@pytest.mark.parametrize("slot", [0, 1, 31, 32, 63, 64, 73])
@pytest.mark.parametrize("layer", [0, 2])
def test_a_lane_is_live_from_the_threshold_above_its_uniform(
    engine: Any, layer: int, slot: int
) -> None:
    graph, friends = hub()
    silent = Graph.from_edges([], [], num_nodes=graph.num_nodes)
    layers = [graph if number == layer else silent for number in range(3)]
    luck = slot_uniform(layer, slot)
    seen = []
    for limit in (luck, luck + 1):
        rule = CascadeRule(view=[[just(limit)]] * 3)
        events = engine(layers, rule, [HUB], [CASCADE], SEED, record="events").events
        seen.append(friends[slot] in events.node)
    assert seen == [False, True]


@pytest.mark.parametrize("slot", [0, 63, 64, 73])
def test_an_edge_carries_from_the_weight_above_its_uniform(engine: Any, slot: int) -> None:
    plain, friends = hub()
    luck = uniform(SEED, Purpose.WEIGHT, 0, CASCADE, HUB, slot)
    seen = []
    for limit in (luck, luck + 1):
        weights = np.zeros(SLOTS)
        weights[slot] = just(limit)
        graph = Graph.from_csr(plain.indptr, plain.indices, weights)
        rule = CascadeRule(view=CERTAINTY)
        events = engine(graph, rule, [HUB], [CASCADE], SEED, record="events").events
        assert set(events.node.tolist()) <= {int(friends[slot])}
        seen.append(len(events) == 1)
    assert seen == [False, True]


@pytest.mark.parametrize(
    ("purpose", "did"), [("visit", "visited"), ("buy", "bought"), ("share", "shared")]
)
def test_one_decides_from_the_chance_above_ones_uniform(
    engine: Any, purpose: str, did: str
) -> None:
    graph, friends = hub()
    friend = int(friends[40])
    luck = uniform(SEED, Purpose[purpose.upper()], CASCADE, friend)
    outcomes = []
    for limit in (luck, luck + 1):
        table = np.full((1, 1), just(limit))
        rule = CascadeRule(
            view=CERTAINTY, **{purpose: table if purpose != "share" else np.tile(table, (1, 3, 1))}
        )
        events = engine(graph, rule, [HUB], [CASCADE], SEED, max_hops=1, record="events").events
        outcomes.append(bool(getattr(events, did)[events.node == friend][0]))
    assert outcomes == [False, True]


@pytest.fixture(scope="module")
def facebook(shared_graph: Callable[[str], Path]) -> Graph:
    return Graph.from_edge_list(shared_graph("facebook_combined.txt"), directed=False)


def test_worked_result_of_the_independent_cascade(engine: Any, facebook: Graph) -> None:
    assert (facebook.num_nodes, facebook.num_edges) == (4_039, 176_468)
    rule = CascadeRule(view=[0.05], share=np.ones((1, 3, 1)))
    result = engine(facebook, rule, [0, 107], range(3), SEED)
    by_hop = [80, 189, 278, 196, 168, 169, 259, 362, 310, 130, 69, 29, 12, 4, 1]
    assert result.reach[0].tolist()[:15] == by_hop
    assert result.reach.sum(axis=1).tolist() == [2256, 2018, 1929]
    assert np.array_equal(result.sharers, result.reach)
    assert np.array_equal(result.visitors, result.reach)
    assert not result.buyers.any()


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_worked_result_by_the_short_call(backend: str, facebook: Graph) -> None:
    result = independent_cascade(
        facebook, [107, 0, 107], p=0.05, replicas=3, seed=SEED, backend=backend
    )
    assert result.reach.sum(axis=1).tolist() == [2256, 2018, 1929]


WORKED_RULE = {
    (0, 1): (954, 104, 110, 102078),
    (0, 2): (121, 9, 7, 129471),
    (0, 3): (29, 0, 1, 46772),
    (1, 1): (952, 110, 103, 101864),
    (1, 2): (427, 22, 10, 142870),
    (1, 3): (43, 0, 0, 10311),
    (2, 1): (958, 119, 118, 102506),
    (2, 2): (531, 28, 20, 769405),
    (2, 3): (87, 2, 1, 214576),
}


def worked_rule() -> CascadeRule:
    share = np.zeros((2, 3, 4))
    share[0, 1], share[0, 2] = 0.05, 0.6
    share[1, 1], share[1, 2] = 0.02, 0.4
    buy = [[0.20, 0.15, 0.10, 0.06], [0.08, 0.06, 0.04, 0.02], [0.02, 0.02, 0.02, 0.02]]
    return CascadeRule(view=[0.9, 0.5, 0.25], buy=buy, share=share)


def test_worked_result_of_the_rule_with_four_segments(engine: Any, facebook: Graph) -> None:
    result = engine(
        facebook,
        worked_rule(),
        [107],
        range(3),
        SEED,
        max_hops=3,
        segment=np.arange(facebook.num_nodes) % 4,
        record="events",
    )
    events = result.events
    for (cascade, hop), expected in WORKED_RULE.items():
        at = cascade, hop - 1
        chosen = (events.cascade == cascade) & (events.hop == hop)
        parents = int(events.parent[chosen].sum(dtype=np.int64))
        counts = (result.reach[at], result.buyers[at], result.sharers[at], parents)
        assert counts == expected
    assert np.array_equal(result.visitors, result.reach)
