"""The cases that devices are held to: right, of every kind, and not empty."""

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from weishang.experiments.bench.common.graphs import build_graph
from weishang.experiments.diagnostics import device_checks
from weishang.experiments.diagnostics.device_checks import KNOWN, large_cases, small_case
from weishang.kernels import propagate

NODES, CASCADES = 2_000, 16
REFERENCE = partial(propagate, backend="reference")
NUMBA = partial(propagate, backend="numba")


def off_by_one_seed(*args, seed=None, **kwargs):
    """An engine with the luck of another replicate."""
    if seed is not None:
        return NUMBA(*args, seed=seed ^ 1, **kwargs)
    return NUMBA(*args[:4], args[4] ^ 1, *args[5:], **kwargs)


@pytest.mark.parametrize("knows", KNOWN, ids=lambda knows: knows.__name__)
@pytest.mark.parametrize("backend", ["reference", "numba", "torch"])
def test_the_known_answers_are_known(knows, backend):
    assert knows(partial(propagate, backend=backend))


@pytest.mark.parametrize("knows", KNOWN, ids=lambda knows: knows.__name__)
def test_another_luck_does_not_know_them(knows):
    assert not knows(off_by_one_seed)


@pytest.mark.parametrize("number", range(len(device_checks.KNOWN_MASKS)))
def test_every_known_mask_counts(monkeypatch, number):
    masks = list(device_checks.KNOWN_MASKS)
    masks[number] = (*masks[number][:3], masks[number][3] ^ 1)
    monkeypatch.setattr(device_checks, "KNOWN_MASKS", tuple(masks))
    assert not device_checks.knows_masks(REFERENCE)


def small_cases(count):
    return [small_case(np.random.default_rng((5, number))) for number in range(count)]


def test_small_cases_give_the_same_on_all_backends():
    for case in small_cases(60):
        expected = case.run(REFERENCE)
        assert case.run(NUMBA).equals(expected)
        assert case.run(partial(propagate, backend="torch")).equals(expected)


def test_small_cases_are_of_every_kind():
    seen = Counter()
    for case in small_cases(200):
        arguments, rule = case.arguments, case.arguments["rule"]
        result = case.run(NUMBA)
        seen["wide"] += result.reach.sum() > 20
        seen["nobody"] += result.reach.sum() == 0
        seen["events"] += arguments["record"] == "events"
        seen["weights"] += any(layer.weights is not None for layer in arguments["graph"])
        seen["layers"] += len(arguments["graph"]) > 1
        seen["blocks"] += any(layer.degrees.max() > 64 for layer in arguments["graph"])
        seen["doses"] += rule.doses > 1
        seen["own"] += rule.per_cascade
        seen["buyers"] += result.buyers.sum() > 0
        seen["no end"] += arguments["max_hops"] is None
    assert min(seen.values()) >= 10, seen
    assert len(seen) == 10


@pytest.fixture(scope="module")
def cases():
    graph = build_graph(NODES, np.random.default_rng(1))
    return list(large_cases(graph, CASCADES, 3))


def test_large_cases_reach_many_and_differ_from_another_luck(cases):
    for case in cases:
        result = case.run(NUMBA)
        assert result.reach.sum() > NODES // 20 * len(result.reach), case.name
        changed = replace(case, arguments={**case.arguments, "seed": case.arguments["seed"] + 1})
        assert not changed.run(NUMBA).equals(result), case.name


def test_large_cases_are_of_every_kind(cases):
    assert len({case.name for case in cases}) == len(cases)
    assert sum(case.cut for case in cases) == 1
    graphs = [case.arguments["graph"] for case in cases]
    singles = [graph for graph in graphs if not isinstance(graph, list)]
    assert len(singles) == len(graphs) - 2
    assert sum(graph.weights is not None for graph in singles) == 2
    assert max(graph.degrees.max() for graph in singles) == NODES - 1
    rules = [case.arguments["rule"] for case in cases]
    assert sum(rule.doses > 1 for rule in rules) == sum(rule.per_cascade for rule in rules) == 2
    records = Counter(case.arguments.get("record", "counts") for case in cases)
    assert min(records["counts"], records["events"]) >= 7


def test_large_cases_give_the_same_on_torch(cases):
    for case in cases:
        torch = partial(propagate, backend="torch", device="cpu")
        assert case.run(torch).equals(case.run(NUMBA)), case.name
