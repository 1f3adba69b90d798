"""Results compare in every count and every event."""

from dataclasses import fields, replace

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Cascades, Events, Graph, propagate
from weishang.kernels.cascade.core.result import COUNTS


@pytest.fixture(scope="module")
def result() -> Cascades:
    rng = np.random.default_rng(1)
    graph = Graph.from_edges(*rng.integers(0, 30, (2, 90)))
    rule = CascadeRule(
        view=[[0.9]],
        visit=[[0.5]],
        buy=[[0.5]],
        share=np.full((1, 3, 1), 0.6),
        paths=[[1, 2, 3, 3]],
    )
    return propagate([graph], rule, [0, 1], range(4), record="events")


def changed(array: np.ndarray) -> np.ndarray:
    other = array.copy()
    other.flat[-1] = not other.flat[-1] if other.dtype == bool else other.flat[-1] + 1
    return other


def test_a_result_equals_itself_and_its_copy(result: Cascades) -> None:
    columns = {item.name: getattr(result.events, item.name).copy() for item in fields(Events)}
    counts = {name: getattr(result, name).copy() for name in COUNTS}
    assert result.equals(Cascades(**counts, events=Events(**columns)))


@pytest.mark.parametrize("name", COUNTS)
def test_one_count_makes_a_difference(result: Cascades, name: str) -> None:
    assert not result.equals(replace(result, **{name: changed(getattr(result, name))}))


@pytest.mark.parametrize("name", [item.name for item in fields(Events)])
def test_one_event_makes_a_difference(result: Cascades, name: str) -> None:
    events = replace(result.events, **{name: changed(getattr(result.events, name))})
    assert not result.equals(replace(result, events=events))


def test_levels_by_path_are_not_levels_by_hop(result: Cascades) -> None:
    by_hop = replace(result, events=replace(result.events, by_path=None))
    assert not result.equals(by_hop)
    assert not by_hop.equals(result)


def test_absent_events_and_another_width_make_a_difference(result: Cascades) -> None:
    assert not result.equals(replace(result, events=None))
    assert not replace(result, events=None).equals(result)
    wider = {name: np.pad(getattr(result, name), ((0, 0), (0, 1))) for name in COUNTS}
    assert not result.equals(replace(result, **wider))


def test_events_are_sorted_and_completed() -> None:
    events = Events.from_columns(
        np.array([9, 2**64 - 1], dtype=np.uint64),
        row=np.array([1, 0, 0, 0]),
        node=np.array([4, 8, 2, 5]),
        hop=np.array([1, 1, 2, 1]),
        parent=np.array([0, 1, 5, 3]),
        visited=np.array([1, 0, 1, 1]),
        bought=np.array([1, 0, 0, 0]),
        shared_hop=np.array([0, 0, 3, 1]),
    )
    assert len(events) == 4
    assert events.row.tolist() == [0, 0, 0, 1]
    assert events.cascade.tolist() == [9, 9, 9, 2**64 - 1]
    assert events.hop.tolist() == [1, 1, 2, 1]
    assert events.node.tolist() == [5, 8, 2, 4]
    assert events.parent.tolist() == [3, 1, 5, 0]
    assert events.visited.tolist() == [True, False, True, True]
    assert events.shared.tolist() == [True, False, True, False]
    assert events.shared_hop.tolist() == [1, 0, 3, 0]


def test_parts_are_joined_as_wide_as_the_widest_with_rows_counted_on() -> None:
    rng = np.random.default_rng(1)
    graph = Graph.from_edges(*rng.integers(0, 30, (2, 90)))
    rule = CascadeRule(view=[0.9], visit=[[0.5]], buy=[[0.5]], share=np.full((1, 3, 1), 0.6))
    whole = propagate(graph, rule, [0, 1], range(4), record="events")
    silent = propagate(graph, rule, [[], []], range(7, 9), record="events")
    rest = propagate(graph, rule, [0, 1], range(1, 4), record="events")
    parts = [propagate(graph, rule, [0, 1], range(1), record="events"), silent, rest]
    assert len({part.reach.shape[1] for part in parts}) > 1
    joined = Cascades.joined(parts)
    assert joined.reach.shape == (6, whole.reach.shape[1])
    assert joined.reach.dtype == np.int64
    kept = [0, 3, 4, 5]
    for name in COUNTS:
        assert np.array_equal(getattr(joined, name)[kept], getattr(whole, name))
        assert not getattr(joined, name)[1:3].any()
    assert np.array_equal(joined.events.row, np.array(kept)[whole.events.row])
    for item in fields(Events):
        if item.name not in ("row", "by_path"):
            assert np.array_equal(
                getattr(joined.events, item.name), getattr(whole.events, item.name)
            )
    assert parts[2].events.row.min() == 0


def test_one_part_is_the_whole_and_counts_are_joined_alone(result: Cascades) -> None:
    assert Cascades.joined([result]) is result
    counts = replace(result, events=None)
    assert Cascades.joined([counts, counts]).events is None
    assert Cascades.joined([counts, counts]).reach.tolist() == 2 * result.reach.tolist()
