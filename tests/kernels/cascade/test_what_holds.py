"""What the contract promises of any two cascades, each with its conditions.

Every promise is tested as the conditions allow, and where a condition is dropped, a small world
shows that the promise then breaks. The engines are equal (test_exactness), so one is asked.

The only statistical test is that of relabelling. It makes 60 comparisons, each of which sounds a
false alarm with probability 1e-9 (normal approximation): below 1e-7 in all. Its seed is fixed.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels import CascadeRule, Cascades, Graph, propagate

FALSE_ALARM_Z = 6.11
"""Standard deviations that a normal variable passes, either way, with probability 1e-9."""
entropy = st.integers(0, 2**64 - 1)


@given(entropy=entropy, low=st.floats(0, 1), high=st.floats(0, 1))
def test_raising_view_keeps_every_live_lane(entropy: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    star = Graph.from_edges(np.zeros(200, dtype=np.int64), np.arange(1, 201))
    seen = [
        propagate(star, CascadeRule(view=[p]), [0], [5], entropy, record="events").events.node
        for p in (low, high)
    ]
    assert set(seen[0]) <= set(seen[1])


@settings(max_examples=150)
@given(entropy=entropy, ordered=st.sampled_from(["both", "lower", "raised"]))
def test_raising_any_probability_loses_no_one_under_ordered_tables(
    entropy: int, ordered: str
) -> None:
    """It is enough that one of the two rules does not rise with hop, nor fall with the rest."""
    rng = np.random.default_rng(entropy)
    lower, raised = _two_rules(rng, ordered)
    graphs = _two_weightings(rng)
    arguments: dict[str, Any] = {
        "seeds": [0, 1],
        "cascades": range(4),
        "seed": entropy,
        "segment": np.arange(graphs[0].num_nodes) % 2,
        "max_hops": int(rng.integers(1, 6)) if rng.random() < 0.5 else None,
        "record": "events",
    }
    before = propagate([graphs[0], graphs[0]], lower, **arguments)
    after = propagate([graphs[1], graphs[0]], raised, **arguments)
    _assert_no_one_lost(before, after)


def test_the_ordered_rules_are_no_empty_promise() -> None:
    """The random rules above reach deep, so that there is someone to lose."""
    deep, late = 0, 0
    for entropy in range(40):
        rng = np.random.default_rng(entropy)
        rule, _ = _two_rules(rng, "both")
        graph, _ = _two_weightings(rng)
        segment = np.arange(graph.num_nodes) % 2
        result = propagate([graph] * 2, rule, [0], segment=segment, record="events")
        deep += result.reach.shape[1] > 3
        late += bool(np.any(result.events.shared_hop > result.events.hop))
    assert deep >= 10
    assert late >= 5


PASS_ON = np.ones((1, 3, 2))
LATER_ONLY = [0.0, 1.0]

RulePair = tuple[CascadeRule, CascadeRule]


def small_world() -> list[Graph]:
    """0 shows 2, who shows 1; a second layer has 0 show 1 directly; a third has 1 show 3."""
    ties = [([0, 2], [2, 1]), ([0], [1]), ([1], [3])]
    return [Graph.from_edges(source, target, num_nodes=4) for source, target in ties]


def by_class_of_one(share: Any) -> np.ndarray:
    """A share table in which everyone passes on, but node 1's class as given: [H] or [H, D]."""
    share = np.asarray(share, dtype=np.float64)
    table = np.ones((share.shape[0], 3, 2, *share.shape[1:]))
    table[:, :, 1] = share[:, np.newaxis]
    return table


def shortcut(onward: Any = (1.0, 1.0, 1.0), **tables: Any) -> RulePair:
    """Two rules: 0 shows 1 directly, in the first hop, never or always; the rest is certain."""
    lower, raised = (
        CascadeRule(
            view=[[1.0, 1.0, 1.0], [sure, 0.0, 0.0], onward], **{"share": PASS_ON, **tables}
        )
        for sure in (0.0, 1.0)
    )
    return lower, raised


def view_that_rises() -> RulePair:
    return shortcut(onward=[0.0, 0.0, 1.0])


def share_that_rises() -> RulePair:
    return shortcut(share=by_class_of_one(LATER_ONLY))


def share_that_falls_with_outcome() -> RulePair:
    share = np.ones((1, 3, 2))
    share[:, 2, 1] = 0.0
    lower, _ = shortcut(share=share, buy=[[0.0, 0.0]])
    return lower, replace(lower, buy=[[1.0, 1.0]])


def share_that_falls_with_dose() -> RulePair:
    return shortcut(doses=2, share=by_class_of_one([[1.0, 0.0]]))


def buy_that_rises() -> RulePair:
    return shortcut(buy=np.array([LATER_ONLY, LATER_ONLY]).T)


def visit_that_rises() -> RulePair:
    return shortcut(visit=np.array([LATER_ONLY, LATER_ONLY]).T)


def of_small_world(rule: CascadeRule, layers: list[Graph]) -> Cascades:
    """The certain cascade from 0, with node 1 in a class of its own."""
    return propagate(layers, rule, [0], segment=[0, 1, 0, 0], record="events")


@pytest.mark.parametrize(
    "rules", [view_that_rises, share_that_rises, share_that_falls_with_outcome]
)
def test_outside_the_conditions_a_raised_probability_can_lose_someone(
    rules: Callable[[], RulePair],
) -> None:
    before, after = (of_small_world(rule, small_world()) for rule in rules())
    assert 3 in before.events.node
    assert 3 not in after.events.node


def test_outside_the_conditions_another_dose_can_lose_someone() -> None:
    """0 shows 1 once in the first hop, or once more on a second layer."""
    layers = small_world()
    layers[0] = layers[1]
    before, after = (of_small_world(rule, layers) for rule in share_that_falls_with_dose())
    assert 3 in before.events.node
    assert 3 not in after.events.node


@pytest.mark.parametrize(
    ("rules", "did"), [(buy_that_rises, "bought"), (visit_that_rises, "visited")]
)
def test_outside_the_conditions_a_raised_probability_can_lose_a_decision(
    rules: Callable[[], RulePair], did: str
) -> None:
    before, after = (of_small_world(rule, small_world()).events for rule in rules())
    assert getattr(before, did)[before.node == 1].all()
    assert not getattr(after, did)[after.node == 1].any()


def test_counts_by_hop_can_fall_though_no_one_is_lost() -> None:
    before, after = (of_small_world(rule, small_world()) for rule in shortcut())
    assert before.reach.tolist() == [[1, 1, 1]]
    assert after.reach.tolist() == [[2, 1]]


@settings(max_examples=50)
@given(entropy=entropy)
def test_two_policies_meet_the_same_luck(entropy: int) -> None:
    """Where sharing does not ask who bought, another buy table moves buyers only."""
    rng = np.random.default_rng(entropy)
    graph = Graph.from_edges(*rng.integers(0, 30, (2, 120)), num_nodes=30)
    rule = CascadeRule(
        view=[0.6], visit=[[0.7]], buy=[[0.2]], share=np.full((1, 3, 1), rng.random())
    )
    lower, higher = (
        propagate(graph, replace(rule, buy=[[p]]), [0], range(5), entropy, record="events")
        for p in (0.2, 0.8)
    )
    for name in ("row", "node", "hop", "parent", "visited", "shared_hop"):
        assert np.array_equal(getattr(lower.events, name), getattr(higher.events, name))
    assert np.all(higher.events.bought >= lower.events.bought)


@pytest.mark.parametrize("size", [10, 63, 64, 130])
def test_an_added_edge_moves_the_slots_behind_it(size: int) -> None:
    friends = np.arange(10, 10 + 2 * size, 2)
    middle = size // 2
    newcomer = int(friends[middle]) - 1

    def hit(targets: np.ndarray) -> list[bool]:
        star = Graph.from_edges(
            np.zeros(targets.size, dtype=np.int64), targets, num_nodes=3 * size + 20
        )
        seen = propagate(star, CascadeRule(view=[0.5]), [0], seed=4, record="events").events.node
        return np.isin(targets, seen).tolist()

    before, after = hit(friends), hit(np.sort(np.append(friends, newcomer)))
    assert after[:middle] == before[:middle]
    assert after[middle:-1] == before[middle:]
    assert after[middle + 1 :] != before[middle:]


@settings(max_examples=60)
@given(entropy=entropy, doses=st.integers(2, 4))
def test_tables_constant_in_dose_equal_the_plain_rule(entropy: int, doses: int) -> None:
    rng = np.random.default_rng(entropy)
    graph = Graph.from_edges(*rng.integers(0, 25, (2, 150)), num_nodes=25)
    plain = CascadeRule(
        view=[0.8, 0.4],
        visit=rng.random((2, 2)),
        buy=rng.random((1, 2)),
        share=rng.random((2, 3, 2)),
    )
    dosed = {
        name: np.repeat(np.asarray(getattr(plain, name))[..., np.newaxis], doses, axis=-1)
        for name in ("visit", "buy", "share")
    }
    results = [
        propagate(
            graph, rule, [0, 3], range(4), entropy, segment=np.arange(25) % 2, record="events"
        )
        for rule in (plain, replace(plain, doses=doses), replace(plain, doses=doses, **dosed))
    ]
    assert results[0].equals(results[1])
    assert results[0].equals(results[2])


def test_relabelling_changes_events_but_not_their_law() -> None:
    """Each node's chance of being reached and of buying, under two namings of the nodes.

    Two samples of 20,000 cascades; 60 two-sided comparisons at 1e-9 each.
    """
    rng = np.random.default_rng(77)
    num_nodes, replicas = 30, 20_000
    source, target = rng.integers(0, num_nodes, (2, 100))
    names = rng.permutation(num_nodes)
    rule = CascadeRule(view=[0.8, 0.5], buy=[[0.3, 0.6]], share=np.full((1, 3, 2), 0.9))
    segment = np.arange(num_nodes) % 2
    plain = propagate(
        Graph.from_edges(source, target, num_nodes=num_nodes),
        rule, [0], range(replicas), 1, segment=segment, record="events",
    )  # fmt: skip
    renamed = propagate(
        Graph.from_edges(names[source], names[target], num_nodes=num_nodes),
        rule, [names[0]], range(replicas), 1, segment=segment[np.argsort(names)], record="events",
    )  # fmt: skip
    assert not np.array_equal(plain.reach.sum(axis=1), renamed.reach.sum(axis=1))
    original = np.argsort(names)
    for did in ("visited", "bought"):
        ours, theirs = (
            np.bincount(label[events.node[getattr(events, did)]], minlength=num_nodes) / replicas
            for label, events in (
                (np.arange(num_nodes), plain.events),
                (original, renamed.events),
            )
        )
        pooled = (ours + theirs) / 2
        often = pooled > 0.01
        error = np.sqrt(2 * pooled * (1 - pooled) / replicas)
        assert np.all(np.abs(ours - theirs)[often] <= FALSE_ALARM_Z * error[often])
        assert np.count_nonzero(often) > num_nodes / 2


def _ordered(table: np.ndarray, *, dosed: bool = False, outcomes: bool = False) -> np.ndarray:
    """Make a table not rise with hop, nor fall with outcome or dose."""
    table = np.minimum.accumulate(table, axis=-1 if table.ndim == 2 and not dosed else 0)
    if outcomes:
        table = np.maximum.accumulate(table, axis=1)
    return np.maximum.accumulate(table, axis=-1) if dosed else table


def _two_rules(rng: np.random.Generator, ordered: str) -> RulePair:
    """A rule and a raised one, of two layers, two classes and three doses."""
    doses, hops = 3, int(rng.integers(1, 4))
    shapes = {
        "view": (2, hops),
        "visit": (hops, 2, doses),
        "buy": (hops, 2, doses),
        "share": (hops, 3, 2, doses),
    }
    lower, raised = {}, {}
    for name, shape in shapes.items():
        options = {"dosed": name != "view", "outcomes": name == "share"}
        one, more = rng.random(shape) ** 0.4, rng.random(shape) * (rng.random(shape) < 0.5)
        if ordered == "raised":
            raised[name] = _ordered(one, **options)
            lower[name] = np.minimum(raised[name], np.where(more > 0, more, 1.0))
        else:
            lower[name] = _ordered(one, **options)
            higher = np.maximum(lower[name], more)
            raised[name] = _ordered(higher, **options) if ordered == "both" else higher
        assert np.all(lower[name] <= raised[name])
    return CascadeRule(**lower, doses=doses), CascadeRule(**raised, doses=doses)


def _two_weightings(rng: np.random.Generator) -> tuple[Graph, Graph]:
    """A weighted graph, and the same with weights raised."""
    ends = rng.integers(0, 30, (2, 110))
    plain = Graph.from_edges(*ends, num_nodes=30)
    weights = rng.random(plain.num_edges) ** 0.4
    raised = np.maximum(weights, rng.random(plain.num_edges))
    return (
        Graph.from_csr(plain.indptr, plain.indices, weights),
        Graph.from_csr(plain.indptr, plain.indices, raised),
    )


def _assert_no_one_lost(before: Cascades, after: Cascades) -> None:
    found = {
        (row, node): place
        for place, (row, node) in enumerate(zip(after.events.row, after.events.node, strict=True))
    }
    for place, key in enumerate(zip(before.events.row, before.events.node, strict=True)):
        assert key in found
        there = found[key]
        assert after.events.hop[there] <= before.events.hop[place]
        assert after.events.visited[there] >= before.events.visited[place]
        assert after.events.bought[there] >= before.events.bought[place]
