"""The torch backend's layers: its parts, its threads and its memory.

That it gives the reference's cascades is tested beside the other engines.
"""

import gc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels import CascadeRule, Graph, Groups, Strangers, propagate
from weishang.kernels.cascade.core.task import Layer
from weishang.kernels.cascade.torch import layers as tensor_layers
from weishang.kernels.cascade.torch import memory, pipeline

SIZE = 1_500


def torch_on(**options: Any) -> Callable[..., Any]:
    return partial(propagate, backend="torch", **options)


@pytest.fixture
def eager_crew() -> Iterator[None]:
    """Pieces of a few posters each, so that there are many of them."""
    with mock.patch.object(pipeline, "LEAST", 3), mock.patch.dict(memory.MAX_BLOCKS, cpu=16):
        yield


@settings(max_examples=80)
@given(data=st.data())
def test_as_little_memory_as_it_asks_for_gives_the_same(
    data: st.DataObject, layered_cases: Callable[..., Any], reference: Any
) -> None:
    """One row and a few blocks at once: many parts, and long rows cut in pieces."""
    case = data.draw(layered_cases())
    with mock.patch.object(memory, "MIN_BLOCKS", data.draw(st.sampled_from([1, 2, 3, 7]))):
        result = case.run(torch_on(memory=case.least_memory(torch_on(memory=0))))
    assert result.equals(case.run(reference))


@pytest.mark.usefixtures("eager_crew")
@pytest.mark.parametrize("paths", [True, False])
def test_pieces_and_threads_change_nothing(
    paths: bool, torch_threads: Callable[[int], None]
) -> None:
    layers, rule = some_world(paths)
    results = []
    for threads in (1, 3):
        torch_threads(threads)
        results.append(
            propagate(layers, rule, range(5), range(4), backend="torch", record="events")
        )
    with mock.patch.object(pipeline, "LEAST", 1 << 14):
        whole = propagate(layers, rule, range(5), range(4), backend="torch", record="events")
    assert whole.reach.sum() > 2 * SIZE
    assert all(result.equals(whole) for result in results)


@pytest.mark.usefixtures("eager_crew")
def test_pieces_are_the_reference_together(reference: Any) -> None:
    """Posters of one group are in several pieces; the smallest of all is its first."""
    layers, rule = some_world(paths=True)
    of_posters = {"seeds": range(40), "cascades": [9], "record": "events", "max_hops": 3}
    result = propagate(layers, rule, backend="torch", **of_posters)
    assert len(result.events) > 100
    assert result.equals(reference(layers, rule, **of_posters))


@pytest.mark.parametrize("record", ["counts", "events"])
@pytest.mark.parametrize("paths", [True, False])
def test_rows_of_a_batch_do_not_meet(paths: bool, record: str) -> None:
    """A batch gives what its cascades give alone."""
    layers, rule = some_world(paths)
    ids = [3, 1, 3, 2]
    batch = propagate(layers, rule, [7], ids, 5, backend="torch", record=record)
    for row, number in enumerate(ids):
        alone = propagate(layers, rule, [7], [number], 5, backend="torch", record=record)
        width = alone.reach.shape[1]
        assert np.array_equal(batch.reach[row, :width], alone.reach[0])
        assert not batch.reach[row, width:].any()
        if batch.events is not None and alone.events is not None:
            own = batch.events.row == row
            assert np.array_equal(batch.events.parent[own], alone.events.parent)
            assert np.array_equal(batch.events.level[own], alone.events.level)


@settings(max_examples=60)
@given(data=st.data())
def test_every_tensor_is_made_on_the_device(
    data: st.DataObject, layered_cases: Callable[..., Any], reference: Any
) -> None:
    """A tensor made on torch's default device would be without data here."""
    case = data.draw(layered_cases())
    with torch.device("meta"):
        result = case.run(torch_on(device="cpu"))
    assert result.equals(case.run(reference))


def test_uninitialised_memory_is_never_read(
    layered_cases: Callable[..., Any], reference: Any
) -> None:
    """In its deterministic mode torch fills new memory with the largest integer."""

    @settings(max_examples=60)
    @given(case=layered_cases())
    def compare(case: Any) -> None:
        assert case.run(torch_on(device="cpu")).equals(case.run(reference))

    torch.use_deterministic_algorithms(True)
    try:
        assert torch.empty(1, dtype=torch.int64).item() == torch.iinfo(torch.int64).max
        compare()
    finally:
        torch.use_deterministic_algorithms(False)


def test_people_at_the_end_of_the_ids_are_drawn() -> None:
    """The product of a word's half and N takes 63 bits; the largest people come of the largest."""
    num_nodes = (1 << 31) - 1
    crowd = object.__new__(tensor_layers.StrangerChannel)
    crowd._num_nodes = num_nodes
    crowd._stored = tensor_layers.StoredStrangers(1, 0, *[torch.empty(0)] * 3)
    halves = [0, 1, 2**31, 2**32 - 1]
    words = np.array([half << 32 | 5 for half in halves], dtype=np.uint64).view(np.int64)
    people = crowd._people(torch.from_numpy(words), torch.zeros(4, dtype=torch.int64))
    assert people.tolist() == [half * num_nodes >> 32 for half in halves]


def test_a_layer_is_kept_no_longer_than_its_owner_does() -> None:
    gc.collect()
    before = len(tensor_layers._on_devices)
    layers, rule = some_world(paths=False)
    propagate(layers, rule, [0], backend="torch")
    assert len(tensor_layers._on_devices) == before + 2
    del layers
    gc.collect()
    assert len(tensor_layers._on_devices) == before


def some_world(paths: bool) -> tuple[list[Layer], CascadeRule]:
    """Ties, groups of up to forty and a channel to strangers; most people are reached."""
    rng = np.random.default_rng(6)
    ties = Graph.from_edges(*rng.integers(0, SIZE, (2, 5 * SIZE)))
    members = [np.unique(rng.integers(0, SIZE, rng.integers(2, 40))) for _ in range(SIZE // 8)]
    bounds = np.cumsum([0, *(one.size for one in members)])
    groups = Groups(SIZE, bounds, np.concatenate(members), rng.random(len(members)), post=0.6)
    crowd = Strangers(SIZE, 300, 0.5, rng.integers(0, 7, SIZE))
    steps = [[1, 2, 2, 4, 4], [3, 2, 2, 4, 4], [3, 3, 3, 3, 4]]
    rule = CascadeRule(
        view=[[0.4, 0.3], [0.5, 0.5], [0.0, 0.004]],
        buy=[[0.3]],
        share=np.broadcast_to([0.2, 0.4], (1, 3, 1, 2)),
        doses=2,
        paths=steps if paths else None,
    )
    return [ties, groups, crowd], rule
