"""Layers beside stored ties, and levels by path: every engine gives the reference's cascades."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels import CascadeRule, Graph, Groups, Strangers, propagate
from weishang.kernels.rng import CERTAIN, Purpose, derive, threshold

EVERYONE = np.ones((1, 3, 1))


def test_every_engine_equals_the_reference_on_layers(
    layered_cases: Callable[..., Any], other: Any, reference: Any, examples: Callable[..., int]
) -> None:
    @settings(max_examples=examples(other, 400))
    @given(case=layered_cases())
    def compare(case: Any) -> None:
        assert case.run(other).equals(case.run(reference))

    compare()


@pytest.mark.slow
def test_every_engine_equals_the_reference_on_new_layers(
    layered_cases: Callable[..., Any], other: Any, reference: Any, examples: Callable[..., int]
) -> None:
    @settings(max_examples=examples(other, 4_000), derandomize=False)
    @given(case=layered_cases())
    def compare(case: Any) -> None:
        assert case.run(other).equals(case.run(reference))

    compare()


def test_counts_alone_are_the_counts_beside_events_on_layers(
    layered_cases: Callable[..., Any], engine: Any, examples: Callable[..., int]
) -> None:
    @settings(max_examples=examples(engine, 60))
    @given(case=layered_cases())
    def compare(case: Any) -> None:
        with_events, alone = case.run(engine), replace(case, record="counts").run(engine)
        assert replace(with_events, events=None).equals(alone)

    compare()


def test_any_choice_and_order_of_rows_gives_the_same_cascades_on_layers(
    layered_cases: Callable[..., Any], engine: Any, examples: Callable[..., int], same_rows: Any
) -> None:
    @settings(max_examples=examples(engine, 60))
    @given(data=st.data())
    def compare(data: st.DataObject) -> None:
        case = data.draw(layered_cases())
        whole = case.run(engine)
        if not case.cascades:
            return
        rows = st.lists(st.integers(0, len(case.cascades) - 1), min_size=1, max_size=7)
        chosen = data.draw(rows)
        same_rows(case.rows(chosen).run(engine), whole, chosen)

    compare()


def test_the_random_layers_are_no_empty_ones(
    layered_cases: Callable[..., Any], reference: Any
) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=300)
    @given(case=layered_cases())
    def look(case: Any) -> None:
        events = case.run(reference).events
        seen["deep"] += bool(np.any(events.hop > 2))
        seen["wide"] += len(events) > 20
        seen["level is not the hop"] += bool(np.any(events.level != events.hop))
        for kind in (Graph, Groups, Strangers):
            alone = all(isinstance(layer, kind) for layer in case.graph)
            seen[kind.__name__] += alone and len(events) > 5

    look()
    assert seen["deep"] >= 30
    assert seen["wide"] >= 50
    assert seen["level is not the hop"] >= 50
    assert min(seen[kind] for kind in ("Graph", "Groups", "Strangers")) >= 5


def test_a_post_reaches_a_group_once(engine: Any) -> None:
    """0 posts in the group in hop 1, 2 would in hop 2: 2's post is not shown there again."""
    group = Groups(4, np.array([0, 3]), np.array([0, 2, 3]))
    chain = Graph.from_edges([0], [1], num_nodes=4)
    rule = CascadeRule(view=np.ones((2, 1)), share=np.ones((1, 3, 1, 2)), doses=2)
    told = engine([chain, group], rule, [0], max_hops=4, record="events").events
    assert told.node.tolist() == [1, 2, 3]
    assert told.hop.tolist() == [1, 1, 1]
    assert told.parent.tolist() == [0, 0, 0]


def test_the_nearest_poster_of_a_group_is_the_parent(engine: Any) -> None:
    """1 (level 1 by layer 0) and 2 (level 2 by layer 1) post in one group in hop 2."""
    near = Graph.from_edges([0], [2], num_nodes=4)
    far = Graph.from_edges([0], [1], num_nodes=4)
    group = Groups(4, np.array([0, 3]), np.array([1, 2, 3]))
    paths = [[1, 1, 1, 1], [2, 2, 2, 2], [1, 1, 3, 3]]
    rule = CascadeRule(view=np.ones((3, 1)), share=EVERYONE, paths=paths)
    told = engine([near, far, group], rule, [0], record="events").events
    assert dict(zip(told.node.tolist(), told.level.tolist(), strict=True)) == {1: 2, 2: 1, 3: 1}
    assert dict(zip(told.node.tolist(), told.parent.tolist(), strict=True)) == {1: 0, 2: 0, 3: 2}


def test_nobody_posts_in_groups_where_they_are_not_seen(engine: Any) -> None:
    """A layer that is off in hop 1 has lost nothing in hop 2."""
    ties = Graph.from_edges([0], [1], num_nodes=3)
    group = Groups(3, np.array([0, 3]), np.array([0, 1, 2]))
    rule = CascadeRule(view=[[1.0, 1.0], [0.0, 1.0]], share=EVERYONE)
    told = engine([ties, group], rule, [0], record="events").events
    assert told.node.tolist() == [1, 2]
    assert told.hop.tolist() == [1, 2]


def test_strangers_are_those_that_the_words_name(engine: Any) -> None:
    klass = np.arange(50) % 5
    layer = Strangers(50, 8, 0.5, klass)
    told = engine(
        [layer], CascadeRule(view=[[1.0]]), [7], [3], 11, max_hops=1, record="events"
    ).events
    expected = set()
    for slot in range(8):
        word = derive(11, Purpose.STRANGER, 0, 3, 7, slot)
        low, high = word % CERTAIN, word // CERTAIN
        if low < threshold(0.5):
            expected.add(2 + 5 * (high * 10 // CERTAIN))
        else:
            expected.add(high * 50 // CERTAIN)
    assert told.node.tolist() == sorted(expected - {7})


def test_demotion_thins_what_members_see(engine: Any) -> None:
    """Of 2,000 members a weight of .25 leaves 500; five standard deviations: 1 in 1,700,000."""
    size = 2_001
    group = Groups(size, np.array([0, size]), np.arange(size), weights=[0.25])
    reach = engine([group], CascadeRule(view=[[1.0]]), [0], max_hops=1).reach
    assert abs(int(reach[0, 0]) - 500) < 5 * (2_000 * 0.25 * 0.75) ** 0.5


def test_columns_are_levels_where_there_are_paths(engine: Any) -> None:
    ring = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 0])
    rule = CascadeRule(view=[[1.0]], share=EVERYONE, paths=[[1, 2, 2]])
    assert engine([ring], rule, [0]).reach.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"indptr": [0, 2]}, "indptr ends with 2; members has 3"),
        ({"indptr": [1, 3]}, "begin with 0"),
        ({"members": [0, 2, 1]}, "members of group 0 do not rise"),
        ({"members": [0, 1, 4]}, r"members\[2\] is 4"),
        ({"weights": [0.5, 0.5]}, r"weights has shape \(2,\)"),
        ({"weights": [12.7]}, "weights.* is 12.7"),
        ({"post": 12.7}, "post is 12.7"),
        ({"num_nodes": -1}, "num_nodes is -1"),
    ],
)
def test_bad_groups_are_told(change: dict[str, Any], told: str) -> None:
    good: dict[str, Any] = {"num_nodes": 4, "indptr": [0, 3], "members": [0, 1, 2]}
    with pytest.raises(ValueError, match=told):
        Groups(**good | change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"slots": -1}, "slots is -1"),
        ({"slots": 2.5}, "slots is 2.5"),
        ({"near": 1.5}, "near is 1.5"),
        ({"near": 0.5}, "klass is None"),
        ({"klass": [0, 1]}, r"klass has shape \(2,\)"),
        ({"klass": [0, 1, -1]}, "klass"),
        ({"num_nodes": 0}, "no nodes to draw"),
    ],
)
def test_bad_strangers_are_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Strangers(**{"num_nodes": 3, "slots": 2} | change)


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ([[1, 2]], "paths holds 2"),
        ([[0, 1]], "paths holds 0"),
        ([[1, 1], [1, 1]], "paths has 2 rows"),
        ([[1]], "R > 0"),
        ([[0.5, 1.0]], "integers"),
        (np.ones((1, 200), int), "at most 127"),
    ],
)
def test_bad_paths_are_told(paths: Any, told: str) -> None:
    ring = Graph.from_edges([0, 1], [1, 0])
    with pytest.raises(ValueError, match=told):
        propagate([ring], CascadeRule(view=[[1.0]], paths=paths), [0])


def test_fingerprints_tell_layers_apart() -> None:
    layers = [
        Groups(3, np.array([0, 2]), np.array([0, 1])),
        Groups(3, np.array([0, 2]), np.array([0, 1]), post=0.5),
        Groups(3, np.array([0, 2]), np.array([0, 1]), weights=[0.5]),
        Groups(3, np.array([0, 2]), np.array([0, 2])),
        Strangers(3, 2),
        Strangers(3, 3),
        Strangers(3, 2, 0.5, np.array([0, 0, 1])),
    ]
    assert len({layer.fingerprint() for layer in layers}) == len(layers)
