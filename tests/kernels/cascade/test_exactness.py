"""Every engine gives the reference's cascades, to the last event, in any batch."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels import CascadeRule, Graph
from weishang.kernels.cascade.core.result import COUNTS

HUB_SLOTS = 5_000


def test_every_engine_equals_the_reference(
    cases: Callable[..., Any], other: Any, reference: Any, examples: Callable[..., int]
) -> None:
    @settings(max_examples=examples(other, 500))
    @given(case=cases())
    def compare(case: Any) -> None:
        assert case.run(other).equals(case.run(reference))

    compare()


@pytest.mark.slow
def test_every_engine_equals_the_reference_on_new_cases(
    cases: Callable[..., Any], other: Any, reference: Any, examples: Callable[..., int]
) -> None:
    @settings(max_examples=examples(other, 5_000), derandomize=False)
    @given(case=cases())
    def compare(case: Any) -> None:
        assert case.run(other).equals(case.run(reference))

    compare()


def test_the_random_cases_are_no_empty_ones(cases: Callable[..., Any], reference: Any) -> None:
    """Of 300, many spread wide and deep; in some a later dose decides what the first did not."""
    seen: Counter[str] = Counter()

    @settings(max_examples=300)
    @given(case=cases())
    def look(case: Any) -> None:
        events = case.run(reference).events
        seen["deep"] += bool(np.any(events.hop > 2))
        seen["wide"] += len(events) > 20
        seen["passed by"] += not events.visited.all()
        seen["late share"] += bool(np.any(events.shared_hop > events.hop))

    look()
    assert seen["deep"] >= 50
    assert seen["wide"] >= 50
    assert seen["passed by"] >= 50
    assert seen["late share"] >= 20


def test_counts_alone_are_the_counts_beside_events(
    cases: Callable[..., Any], engine: Any, examples: Callable[..., int]
) -> None:
    @settings(max_examples=examples(engine, 60))
    @given(case=cases())
    def compare(case: Any) -> None:
        with_events, alone = case.run(engine), replace(case, record="counts").run(engine)
        assert alone.events is None
        assert replace(with_events, events=None).equals(alone)

    compare()


@settings(max_examples=100)
@given(data=st.data())
def test_events_add_up_to_the_counts(
    data: st.DataObject, cases: Callable[..., Any], reference: Any
) -> None:
    result = data.draw(cases()).run(reference)
    events = result.events
    for name, happened in zip(
        COUNTS,
        (np.ones(len(events), dtype=bool), events.visited, events.bought, events.shared),
        strict=True,
    ):
        for (row, column), count in np.ndenumerate(getattr(result, name)):
            chosen = (events.row == row) & (events.hop == column + 1)
            assert count == np.count_nonzero(chosen & happened)
    assert np.all(events.shared == (events.shared_hop >= events.hop))
    assert np.all(events.visited >= events.bought)


def test_any_choice_and_order_of_rows_gives_the_same_cascades(
    cases: Callable[..., Any], engine: Any, examples: Callable[..., int], same_rows: Any
) -> None:
    @settings(max_examples=examples(engine, 60))
    @given(data=st.data())
    def compare(data: st.DataObject) -> None:
        case = data.draw(cases(min_cascades=1))
        rows = st.lists(st.integers(0, len(case.cascades) - 1), min_size=1, max_size=7)
        chosen = data.draw(rows)
        same_rows(case.rows(chosen).run(engine), case.run(engine), chosen)

    compare()


def test_any_split_of_a_batch_gives_the_same_cascades(
    cases: Callable[..., Any], engine: Any, examples: Callable[..., int], same_rows: Any
) -> None:
    @settings(max_examples=examples(engine, 60))
    @given(data=st.data())
    def compare(data: st.DataObject) -> None:
        case = data.draw(cases(min_cascades=2))
        whole = case.run(engine)
        cut = data.draw(st.integers(1, len(case.cascades) - 1))
        for part in (list(range(cut)), list(range(cut, len(case.cascades)))):
            same_rows(case.rows(part).run(engine), whole, part)

    compare()


def test_a_hub_of_thousands(other: Any, reference: Any) -> None:
    rng = np.random.default_rng(5)
    arguments = hub_case(rng)
    assert other(**arguments).equals(reference(**arguments))


@pytest.mark.parametrize("size", [63, 64, 65, 127, 128, 129, 4_095, 4_096, 4_097])
def test_rows_that_just_fill_or_pass_a_block(other: Any, reference: Any, size: int) -> None:
    targets = np.arange(1, size + 1)
    star = Graph.from_edges(np.zeros(size, dtype=np.int64), targets)
    for view in ([0.3], [1.0], [0.0]):
        arguments = (star, CascadeRule(view=view), [0], range(3), 11)
        result = other(*arguments, record="events")
        assert result.equals(reference(*arguments, record="events"))


def test_thousands_of_cascades_with_rules_and_seeds_of_their_own(
    other: Any, reference: Any
) -> None:
    rng = np.random.default_rng(6)
    count, num_nodes = 3_000, 12
    graph = Graph.from_edges(*rng.integers(0, num_nodes, (2, 30)), num_nodes=num_nodes)
    rule = CascadeRule(
        view=rng.random((count, 2)),
        buy=rng.random((count, 1, 3)),
        share=rng.random((count, 2, 3, 3)),
        per_cascade=True,
    )
    arguments: dict[str, Any] = {
        "graph": graph,
        "rule": rule,
        "seeds": rng.integers(0, num_nodes, (count, 2)),
        "cascades": rng.integers(0, 2**64, count, dtype=np.uint64),
        "seed": 2**64 - 1,
        "segment": np.arange(num_nodes) % 3,
        "record": "events",
    }
    result = other(**arguments)
    assert len(result.events) > 2 * count
    assert result.equals(reference(**arguments))


def test_a_graph_without_nodes(engine: Any) -> None:
    nothing = Graph.from_csr([0], [])
    result = engine(nothing, CascadeRule(view=[0.5]), [], range(2), record="events")
    assert result.reach.shape == (2, 0)
    assert len(result.events) == 0


def test_one_node_that_shows_itself_its_post(engine: Any) -> None:
    loop = Graph.from_edges([0, 0], [0, 0])
    rule = CascadeRule(view=[1.0], share=np.ones((1, 3, 1)))
    result = engine(loop, rule, [0], range(2), max_hops=3, record="events")
    assert result.reach.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert len(result.events) == 0


def test_no_seeds_and_no_cascades(engine: Any) -> None:
    pair = Graph.from_edges([0], [1])
    rule = CascadeRule(view=[1.0])
    assert engine(pair, rule, [], range(3), max_hops=2).reach.tolist() == [[0, 0]] * 3
    assert engine(pair, rule, [[], [0]], range(2)).reach.tolist() == [[0], [1]]
    assert engine(pair, rule, [0], [], max_hops=2).reach.shape == (0, 2)
    assert engine(pair, rule, [0], max_hops=0, record="events").reach.shape == (1, 0)


def test_an_id_twice_is_one_world_twice(engine: Any) -> None:
    rng = np.random.default_rng(8)
    graph = Graph.from_edges(*rng.integers(0, 50, (2, 300)))
    rule = CascadeRule(view=[0.3], share=np.ones((1, 3, 1)))
    result = engine(graph, rule, [1], [9, 4, 9], record="events")
    assert result.reach[0].tolist() == result.reach[2].tolist() != result.reach[1].tolist()
    assert result.events.cascade.dtype == np.uint64
    rows = [result.events.node[result.events.row == row].tolist() for row in range(3)]
    assert rows[0] == rows[2] != rows[1]


def test_results_have_the_stated_types(engine: Any) -> None:
    graph = Graph.from_edges([0, 1], [1, 2])
    rule = CascadeRule(view=[1.0], share=np.ones((1, 3, 1)))
    result = engine(graph, rule, [0], [2**64 - 1], record="events")
    assert {getattr(result, name).dtype for name in COUNTS} == {np.dtype(np.int64)}
    types = {
        name: str(values.dtype)
        for name, values in vars(result.events).items()
        if values is not None
    }
    assert types == {
        "row": "int64",
        "cascade": "uint64",
        "node": "int32",
        "hop": "int32",
        "parent": "int32",
        "visited": "bool",
        "bought": "bool",
        "shared": "bool",
        "shared_hop": "int32",
    }


def hub_case(rng: np.random.Generator) -> dict[str, Any]:
    """Two layers around two hubs: many parallel slots, doses, weights, four classes."""
    num_nodes = HUB_SLOTS + 500
    everyone = np.arange(num_nodes)
    hub_targets = rng.integers(0, num_nodes, HUB_SLOTS)
    ties = Graph.from_edges(
        np.concatenate([np.full(HUB_SLOTS, 7), everyone, np.full(4_200, 9)]),
        np.concatenate([hub_targets, np.full(num_nodes, 9), rng.integers(0, 300, 4_200)]),
        num_nodes=num_nodes,
    )
    chance = rng.integers(0, num_nodes, (2, num_nodes // 4))
    weighted = Graph.from_edges(*chance, weights=rng.random(num_nodes // 4), num_nodes=num_nodes)
    doses = 3
    rule = CascadeRule(
        view=[[0.6, 0.2, 0.4], [1.0, 0.9, 0.5]],
        visit=np.sort(rng.random((2, 4, doses)), axis=-1),
        buy=rng.random((1, 4)),
        share=rng.random((3, 3, 4, doses)) * 0.5,
        doses=doses,
    )
    return {
        "graph": [ties, weighted],
        "rule": rule,
        "seeds": [7, 7, 3],
        "cascades": [0, 2**64 - 1],
        "seed": 99,
        "segment": everyone % 4,
        "max_hops": 4,
        "record": "events",
    }
