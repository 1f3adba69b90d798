"""Arguments of the public calls: what they may look like, and how faults are named."""

from typing import Any

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, independent_cascade, propagate
from weishang.kernels.cascade.core.task import Task, check
from weishang.model.agents.engine import propagate_by_agents

PAIR = Graph.from_edges([0, 1], [1, 2])
SEE_ALL = CascadeRule(view=[1.0])
TWO_CLASSES = CascadeRule(view=[1.0], buy=[[0.1, 0.2]])
BY_LAYER = CascadeRule(view=[[1.0], [1.0]])

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"graph": 5}, "graph is not a Graph"),
    ({"graph": []}, "graph is not a Graph"),
    ({"graph": [PAIR, None]}, "graph is not a Graph"),
    ({"graph": [PAIR, Graph.from_edges([0], [1])]}, r"graph has layers of \[3, 2\] nodes"),
    ({"graph": [PAIR] * 3, "rule": BY_LAYER}, "view has 2 rows of layers .* 3 layers"),
    ({"graph": PAIR, "rule": BY_LAYER}, r"view has shape \(2, 1\)"),
    ({"graph": [PAIR]}, r"view has shape \(1,\)"),
    ({"rule": None}, "rule is None"),
    ({"rule": CascadeRule(view=[[1.0]] * 2, per_cascade=True)}, r"view has shape \(2, 1\).*C = 1"),
    ({"seeds": [3]}, r"seeds holds 3, which is not a node in 0 \.\. 2"),
    ({"seeds": [0, -1]}, "seeds holds -1"),
    ({"seeds": [2**40]}, "seeds holds 1099511627776"),
    ({"seeds": [2**70]}, "seeds is .*give integer node ids"),
    ({"seeds": [0.0]}, r"seeds is \[0\.0\]"),
    ({"seeds": [np.nan]}, r"seeds is \[nan\]"),
    ({"seeds": [True]}, r"seeds is \[True\]"),
    ({"seeds": [True, 1]}, r"seeds is \[True, 1\]"),
    ({"seeds": np.array([True])}, "seeds is array"),
    ({"seeds": ["0"]}, r"seeds is \['0'\]"),
    ({"seeds": "0"}, "seeds is '0'"),
    ({"seeds": 0}, "seeds is 0"),
    ({"seeds": None}, "seeds is None"),
    ({"seeds": [[0], [1]]}, "seeds has 2 lists but there are 1 cascades"),
    ({"seeds": [[0], 1], "cascades": range(2)}, "seeds.* is 1; give numbers or lists in seeds"),
    ({"seeds": [[0], [3]], "cascades": range(2)}, r"seeds\[1\] holds 3"),
    ({"seeds": np.zeros((1, 1, 1), dtype=np.int64)}, "seeds is array"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": 2**64}, "seed is 18446744073709551616"),
    ({"seed": 1.0}, r"seed is 1\.0"),
    ({"seed": True}, "seed is True"),
    ({"seed": None}, "seed is None"),
    ({"cascades": [-1]}, r"cascades\[0\] is -1"),
    ({"cascades": [0, 2**64]}, r"cascades\[1\] is 18446744073709551616"),
    ({"cascades": range(-1, 2)}, r"cascades\[0\] is -1"),
    ({"cascades": range(1, -2, -1)}, r"cascades\[2\] is -1"),
    ({"cascades": range(2**64 - 1, 2**64 + 1)}, "cascades is 18446744073709551616"),
    ({"cascades": [0.0]}, r"cascades\[0\] is 0\.0"),
    ({"cascades": np.array([0.0])}, r"cascades\[0\] is .*0\.0"),
    ({"cascades": [False]}, r"cascades\[0\] is False"),
    ({"cascades": [[0]]}, r"cascades\[0\] is \[0\]"),
    ({"cascades": 3}, "cascades is 3"),
    ({"cascades": "ab"}, "cascades is 'ab'"),
    ({"max_hops": -1}, "max_hops is -1"),
    ({"max_hops": 1.0}, r"max_hops is 1\.0"),
    ({"max_hops": True}, "max_hops is True"),
    ({"record": "all"}, "record is 'all'"),
    ({"segment": [0, 1]}, r"segment has shape \(2,\)"),
    ({"segment": [0.0, 0.0, 0.0]}, "segment has dtype float64"),
    ({"segment": [True, False, True]}, "segment has dtype bool"),
    ({"segment": [0, [1], 2]}, "segment is not a list of integers"),
    ({"segment": [0, -1, 0]}, r"segment\[1\] is -1"),
    ({"rule": TWO_CLASSES, "segment": [0, 1, 2]}, r"segment\[2\] is 2, .* classes 0 \.\. 1"),
]


@pytest.mark.parametrize("call", [propagate, propagate_by_agents])
@pytest.mark.parametrize(("arguments", "message"), FAULTS)
def test_a_fault_is_named(call: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(**{"graph": PAIR, "rule": SEE_ALL, "seeds": [0], **arguments})


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(ValueError, match=r"backend is 'fast'; give one of auto, reference"):
        propagate(PAIR, SEE_ALL, [0], backend="fast")


@pytest.mark.parametrize(
    ("p", "replicas", "message"),
    [
        (np.nan, 1, "p is nan"),
        (1.5, 1, r"p is 1\.5"),
        (-0.1, 1, r"p is -0\.1"),
        (np.float32(0.5), 1, "p has dtype float32"),
        ("half", 1, "p has dtype"),
        ([0.5], 1, r"p is \[0\.5\]"),
        (0.5, -1, "replicas is -1"),
        (0.5, 1.5, r"replicas is 1\.5"),
        (0.5, True, "replicas is True"),
    ],
)
def test_the_short_call_names_its_faults(p: Any, replicas: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        independent_cascade(PAIR, [0], p, replicas)


@pytest.mark.parametrize(
    "cascades",
    [
        [3, 1, 2**64 - 1],
        (3, 1, 2**64 - 1),
        np.array([3, 1, 2**64 - 1], dtype=np.uint64),
        iter([3, 1, 2**64 - 1]),
        [np.uint64(3), np.int8(1), 2**64 - 1],
    ],
)
def test_cascade_ids_in_many_forms(cascades: Any) -> None:
    events = propagate(PAIR, SEE_ALL, [0], cascades, record="events").events
    assert events.cascade.tolist() == [3, 1, 2**64 - 1]


@pytest.mark.parametrize(
    "cascades",
    [
        range(2, 11, 4),
        range(5, -1, -2),
        range(2**64 - 3, 2**64),
        range(2**64 - 1, 2**64 - 9, -3),
        range(7, 7),
    ],
)
def test_a_range_of_ids_is_the_list_of_them(cascades: range) -> None:
    events = propagate(PAIR, SEE_ALL, [0], cascades, record="events").events
    assert events.cascade.tolist() == list(cascades)


@pytest.mark.parametrize(
    "seeds",
    [[1, 1, 0], (0, 1), {0, 1}, range(2), np.array([1, 0], dtype=np.uint8), [[1, 0]], ((0, 1),)],
)
def test_seeds_in_many_forms(seeds: Any) -> None:
    events = propagate(PAIR, SEE_ALL, seeds, record="events").events
    assert events.node.tolist() == [2]
    assert events.parent.tolist() == [1]


def test_segments_without_tables_are_of_no_matter() -> None:
    assert propagate(PAIR, SEE_ALL, [0], segment=[7, 8, 9]).reach.tolist() == [[1]]


def test_a_list_of_one_layer_is_that_layer() -> None:
    layered = CascadeRule(view=[[0.5]], share=np.ones((1, 3, 1)))
    plain = CascadeRule(view=[0.5], share=np.ones((1, 3, 1)))
    one = propagate([PAIR], layered, [0], range(40), record="events")
    assert one.equals(propagate(PAIR, plain, [0], range(40), record="events"))
    short = independent_cascade([PAIR], [0], 0.5, replicas=40, record="events")
    assert one.equals(short)


def three_rows(rule: CascadeRule) -> Task:
    return check(PAIR, rule, [[0, 1], [], [2]], [7, 8, 9], 3, 5, None, "events")


@pytest.mark.parametrize(("first", "last"), [(0, 3), (0, 1), (1, 3), (2, 9), (1, 1)])
def test_rows_are_a_batch_of_their_own(first: int, last: int) -> None:
    chances = np.arange(9, dtype=np.float64).reshape(3, 1, 3, 1) / 8
    rule = CascadeRule(view=[[0.1], [0.2], [0.3]], share=np.minimum(chances, 1), per_cascade=True)
    task = three_rows(rule)
    some = task.rows(first, last)
    assert some.cascades.tolist() == [7, 8, 9][first:last]
    assert some.num_cascades == len(range(3)[first:last])
    assert np.array_equal(some.tables.view, task.tables.view[first:last])
    assert np.array_equal(some.tables.share, task.tables.share[first:last])
    assert some.tables.buy is task.tables.buy
    seeds = [
        some.seed_nodes[a:b].tolist() for a, b in zip(some.seed_start, some.seed_end, strict=True)
    ]
    assert seeds == [[0, 1], [], [2]][first:last]
    assert (some.layers, some.seed, some.max_hops, some.events) == (task.layers, 3, 5, True)


def test_tables_that_all_share_stay_whole() -> None:
    task = three_rows(TWO_CLASSES)
    for mine, theirs in zip(task.rows(1, 2).tables, task.tables, strict=True):
        assert mine is theirs
