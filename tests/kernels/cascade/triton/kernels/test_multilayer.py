"""The triton backend's layers: rows of every length, its memory, its launches.

That it gives the reference's cascades is tested beside the other engines. Without a GPU all of it
runs in Triton's interpreter, which tests/conftest.py asks for.
"""

import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("triton")

from triton_runs import a_task, by_reference, on_gpu, small_launches

from weishang.kernels import CascadeRule, Graph, Groups, Strangers
from weishang.kernels.cascade.core.task import Layer
from weishang.kernels.cascade.triton import backend, multilayer_buffers, multilayer_chunk
from weishang.kernels.cascade.triton.multilayer_buffers import MultilayerBuffers, Plan

LENGTHS = (0, 1, 2, 63, 64, 65, 127, 128, 129, 300)
"""Slots of a row: about a block and about two, and more."""
SIZE = 400
STEPS = [[1, 2, 2, 4, 4], [3, 2, 2, 4, 4], [3, 3, 3, 3, 4]]


@settings(max_examples=4)
@given(data=st.data())
def test_any_memory_and_any_grid_give_the_same(
    data: st.DataObject, layered_cases: Callable[..., Any]
) -> None:
    """One or a few rows at once, few blocks a launch; a program's list is longer than its tile."""
    case = data.draw(layered_cases())
    memory = case.least_memory(on_gpu(memory=0)) * data.draw(st.integers(1, 3))
    programs, lanes = data.draw(st.sampled_from([(1, 64), (3, 64), (2, 256)]))
    with small_launches(programs, lanes):
        result = case.run(on_gpu(memory=memory))
    assert result.equals(case.run(by_reference))


@pytest.mark.parametrize("view", [0.02, 0.6, 1.0])
def test_groups_of_every_length(view: float) -> None:
    """Node i posts in a group of LENGTHS[i] others and itself, and in all of them is node 11."""
    members = [np.sort([i, 11, *range(20, 20 + size)]) for i, size in enumerate(LENGTHS)]
    bounds = np.cumsum([0, *(one.size for one in members)])
    weights = np.linspace(0.2, 1.0, len(members))
    groups = Groups(SIZE, bounds, np.concatenate(members), weights, post=0.8)
    rule = CascadeRule(view=[[view]], share=np.full((1, 3, 1), 0.1), paths=[[1, 2, 2]])
    arguments = [groups], rule, range(len(LENGTHS)), [5, 2**64 - 1], 2**64 - 1
    expected = by_reference(*arguments)
    assert expected.reach.sum() > 5
    assert on_gpu()(*arguments).equals(expected)


def test_nodes_in_groups_of_every_number() -> None:
    """Node i is in LENGTHS[i] groups, each with a person of its own."""
    pairs = [(i, 20 + j) for i, size in enumerate(LENGTHS) for j in range(size)]
    bounds = np.arange(len(pairs) + 1) * 2
    groups = Groups(SIZE, bounds, np.concatenate(pairs), post=0.5)
    rule = CascadeRule(view=[[0.75]])
    arguments = [groups], rule, range(len(LENGTHS)), range(2), 4
    expected = by_reference(*arguments)
    assert expected.reach.sum() > 200
    assert on_gpu()(*arguments).equals(expected)


@pytest.mark.parametrize("slots", LENGTHS)
@pytest.mark.parametrize("near", [0.0, 0.5])
def test_strangers_of_every_number(slots: int, near: float) -> None:
    strangers = Strangers(SIZE, slots, near, np.arange(SIZE) % 7)
    rule = CascadeRule(view=[[0.3]])
    arguments = [strangers], rule, [0, 3, 399], [1, 2], 6
    assert on_gpu()(*arguments).equals(by_reference(*arguments))


@pytest.mark.parametrize(("record", "paths"), [("events", True), ("counts", False)])
def test_parts_fit_the_memory_and_leave_no_trace(paths: bool, record: str) -> None:
    layers, rule = some_world(paths)
    arguments = layers, rule, [0, 5], range(3)
    task = a_task(*arguments, record=record, max_hops=2)
    memory = 120_000
    made: list[MultilayerBuffers] = []

    class Kept(MultilayerBuffers):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    with mock.patch.object(multilayer_chunk, "MultilayerBuffers", Kept):
        result = backend.run(task, memory=memory)
    assert result.equals(by_reference(*arguments, record=record, max_hops=2))
    (buffers,) = made
    arrays = [
        buffers.state,
        buffers.hits,
        *(array for groups in buffers.groups.values() for array in groups),
    ]
    assert sum(array.nbytes for array in arrays) <= memory
    assert SIZE <= len(buffers.hits) < 3 * SIZE
    assert torch.equal(
        buffers.state, MultilayerBuffers(task, len(buffers.hits) // SIZE, buffers.hits.device).state
    )


@given(cascades=st.integers(0, 50), times=st.integers(1, 40))
def test_a_plan_fits_and_is_even(cascades: int, times: int) -> None:
    layers, rule = some_world(paths=True)
    task = a_task(layers, rule, [0], range(cascades))
    with pytest.raises(ValueError, match="memory is 0 bytes") as error:
        Plan.of(task, 0)
    least = int(re.findall(r"[0-9]+", str(error.value))[-1])
    rows, blocks = Plan.of(task, least * times)
    row_bytes = least - multilayer_buffers.MIN_BLOCKS * multilayer_buffers.BLOCK_BYTES
    assert rows * row_bytes + blocks * multilayer_buffers.BLOCK_BYTES <= least * times
    assert blocks & (blocks - 1) == 0
    parts = -(-cascades // rows)
    assert rows == max(-(-cascades // max(parts, 1)), 1)


def test_uninitialised_memory_is_never_read(layered_cases: Callable[..., Any]) -> None:
    """In its deterministic mode torch fills new memory with the largest integer."""

    @settings(max_examples=4)
    @given(case=layered_cases())
    def compare(case: Any) -> None:
        assert case.run(on_gpu()).equals(case.run(by_reference))

    torch.use_deterministic_algorithms(True)
    try:
        assert torch.empty(1, dtype=torch.int64).item() == torch.iinfo(torch.int64).max
        compare()
    finally:
        torch.use_deterministic_algorithms(False)


def test_plain_ties_keep_their_own_kernels() -> None:
    ring = Graph.from_edges([0, 1, 2], [1, 2, 0])
    rule = CascadeRule(view=[1.0], share=np.ones((1, 3, 1)))
    with mock.patch.object(multilayer_chunk, "spread", side_effect=AssertionError("layers")):
        assert on_gpu()(ring, rule, [0]).reach.tolist() == [[1, 1]]


def test_cascades_in_which_nothing_happens() -> None:
    layers, _ = some_world(paths=True)
    rule = CascadeRule(view=[[0.0]] * 3, share=np.ones((1, 3, 1)), paths=STEPS)
    spread = on_gpu()
    assert spread(layers, rule, [0], range(2), max_hops=3).reach.tolist() == [[0] * 4] * 2
    assert spread(layers, rule, [[], []], range(2)).reach.shape == (2, 4)
    assert spread(layers, rule, [0], [], max_hops=2).reach.shape == (0, 4)
    assert spread(layers, rule, [0], max_hops=0).reach.shape == (1, 4)


def some_world(paths: bool) -> tuple[list[Layer], CascadeRule]:
    """Ties, groups of up to twenty and a channel to strangers; some hops, hundreds reached."""
    rng = np.random.default_rng(6)
    ties = Graph.from_edges(*rng.integers(0, SIZE, (2, 3 * SIZE)))
    members = [np.unique(rng.integers(0, SIZE, rng.integers(2, 20))) for _ in range(SIZE // 8)]
    bounds = np.cumsum([0, *(one.size for one in members)])
    groups = Groups(SIZE, bounds, np.concatenate(members), rng.random(len(members)), post=0.6)
    strangers = Strangers(SIZE, 100, 0.5, rng.integers(0, 7, SIZE))
    rule = CascadeRule(
        view=[[0.4, 0.3], [0.5, 0.5], [0.0, 0.01]],
        buy=[[0.3]],
        share=np.broadcast_to([0.3, 0.5], (1, 3, 1, 2)),
        doses=2,
        paths=STEPS if paths else None,
    )
    return [ties, groups, strangers], rule
