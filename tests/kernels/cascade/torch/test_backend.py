"""The torch backend's own matters: its arithmetic, its memory, its threads and its devices.

That it gives the reference's cascades is tested beside the other engines.
"""

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from weishang.kernels import CascadeRule, Graph, propagate, rng
from weishang.kernels.cascade.torch import backend as tensor
from weishang.kernels.cascade.torch import graph as tensor_graph
from weishang.kernels.cascade.torch import memory as tensor_memory
from weishang.kernels.cascade.torch import ops, pipeline, state
from weishang.kernels.cascade.torch import rng as tensor_words

WORDS = st.integers(0, 2**64 - 1)
THRESHOLDS = st.one_of(
    st.integers(0, rng.CERTAIN), st.sampled_from([0, 1, 2**31, rng.CERTAIN - 1, rng.CERTAIN])
)
MASKS = st.one_of(WORDS, st.sampled_from([0, 1, 2**63, 2**64 - 1]))

KNOWN_KEY = 0x7B2A124706263C9E
ALL_LANES = 2**64 - 1


def as_words(values: list[int]) -> torch.Tensor:
    return torch.from_numpy(np.array(values, dtype=np.uint64).view(np.int64))


def as_integers(words: torch.Tensor) -> list[int]:
    return words.numpy().view(np.uint64).tolist()


def torch_on(**options: Any) -> Callable[..., Any]:
    return partial(propagate, backend="torch", **options)


class TestWords:
    @given(pairs=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=40))
    @example(pairs=[(0, 0), (0, 3), (42, 0), (2**64 - 1, 2**64 - 1), (2**63, 2**63 - 1)])
    def test_children_are_those_of_the_integers(self, pairs: list[tuple[int, int]]) -> None:
        states, indices = (list(column) for column in zip(*pairs, strict=True))
        words = tensor_words.child(as_words(states), as_words(indices))
        assert as_integers(words) == [rng.child(*pair) for pair in pairs]
        of_one = tensor_words.child(states[0], as_words(indices))
        assert as_integers(of_one) == [rng.child(states[0], index) for index in indices]

    @given(words=st.lists(WORDS, min_size=1, max_size=40))
    def test_a_uniform_is_the_upper_half(self, words: list[int]) -> None:
        assert tensor_words.uniforms(as_words(words)).tolist() == [word >> 32 for word in words]

    @pytest.mark.parametrize("p", [0.02, 0.127, 0.5])
    @pytest.mark.parametrize("each_block", [False, True])
    def test_known_live_lanes(self, p: float, each_block: bool) -> None:
        known = {0.02: 0x0000000100000000, 0.127: 0x0808000100002102, 0.5: 0x8A1A8B6572CFFFCE}
        limit: Any = int(rng.threshold(p))
        if each_block:
            limit = torch.tensor([limit])
        keys, first = as_words([KNOWN_KEY]), torch.tensor([0])
        for states in (keys, tensor_words.advanced(keys, first)):
            live = tensor_words.live_lanes(states, as_words([ALL_LANES]), limit)
            assert as_integers(live) == [known[p]]
        assert as_integers(keys) == [KNOWN_KEY]
        if p == 0.5:
            states = tensor_words.advanced(keys, first + 1)
            live = tensor_words.live_lanes(states, as_words([0x3FF]), limit)
            assert as_integers(live) == [0x35B]

    @settings(max_examples=40)
    @given(
        blocks=st.lists(st.tuples(WORDS, st.integers(0, 2**30), MASKS), min_size=1, max_size=6),
        limits=st.lists(THRESHOLDS, min_size=6, max_size=6),
        at_once=st.sampled_from([1, 7, 1 << 16]),
    )
    def test_live_lanes_are_uniforms_below_the_threshold(
        self, blocks: list[tuple[int, int, int]], limits: list[int], at_once: int
    ) -> None:
        keys, numbers, lanes = (list(column) for column in zip(*blocks, strict=True))
        limits = limits[: len(blocks)]
        states = tensor_words.advanced(as_words(keys), torch.tensor(numbers))
        uniforms = [lane_uniforms(key, number) for key, number in zip(keys, numbers, strict=True)]
        with mock.patch.object(tensor_words, "WORDS_AT_ONCE", at_once):
            one = tensor_words.live_lanes(states, as_words(lanes), limits[0])
            each = tensor_words.live_lanes(states, as_words(lanes), torch.tensor(limits))
        for found, expected in ((one, [limits[0]] * len(blocks)), (each, limits)):
            assert as_integers(found) == [
                sum(1 << lane for lane in range(64) if mask >> lane & 1 and of[lane] < limit)
                for mask, of, limit in zip(lanes, uniforms, expected, strict=True)
            ]

    @given(masks=st.lists(MASKS, max_size=12), limit=st.integers(12, 900))
    @pytest.mark.parametrize("few", [1, 5, tensor_words.FEW_MASKS])
    def test_every_lane_is_listed_once(self, few: int, masks: list[int], limit: int) -> None:
        with mock.patch.object(tensor_words, "FEW_MASKS", few):
            listed = list(tensor_words.list_lanes(as_words(masks), limit))
        assert all(0 < len(block) <= limit for block, _ in listed)
        # Two that follow each other would not have fitted into one.
        assert all(len(one[0]) + len(two[0]) > limit for one, two in pairwise(listed))
        pairs = [
            pair for batch in listed for pair in zip(*map(torch.Tensor.tolist, batch), strict=True)
        ]
        assert sorted(pairs) == [
            (i, j) for i, mask in enumerate(masks) for j in range(64) if mask >> j & 1
        ]

    def test_first_lanes(self) -> None:
        last = [-1, 0, 1, 18, 62, 63, 64, 5_000]
        masks = as_integers(tensor_words.first_lanes(torch.tensor(last)))
        assert masks == [(1 << min(number + 1, 64)) - 1 for number in last]


def test_certain_decisions_draw_no_words() -> None:
    graph, _ = some_world()
    rule = CascadeRule([0.4], buy=[[1.0]], share=np.ones((1, 3, 1)))
    with mock.patch.object(tensor_words, "uniforms", side_effect=AssertionError("a word drawn")):
        result = propagate(graph, rule, [0], range(5), backend="torch")
    assert result.reach.sum() > graph.num_nodes
    assert np.array_equal(result.reach, result.visitors)
    assert np.array_equal(result.reach, result.buyers)
    assert np.array_equal(result.reach, result.sharers)


def some_world() -> tuple[Graph, CascadeRule]:
    """A few hundred nodes, most of whom are reached over some ten hops."""
    ends = np.random.default_rng(5).integers(0, 300, (2, 3_000))
    return Graph.from_edges(*ends), CascadeRule([0.4], buy=[[0.3]], share=np.full((1, 3, 1), 0.6))


def lane_uniforms(key: int, block: int) -> list[int]:
    words = [rng.child(key, 32 * block + i) for i in range(32)]
    return [int("".join(str(word >> lane & 1) for word in words), 2) for lane in range(64)]


class TestMemory:
    @settings(max_examples=60)
    @given(data=st.data())
    def test_as_little_as_it_asks_for_gives_the_same(
        self, data: st.DataObject, cases: Callable[..., Any], reference: Any
    ) -> None:
        """One row and a few blocks at once: many parts, and hubs cut in pieces."""
        case = data.draw(cases(min_cascades=1))
        with mock.patch.object(
            tensor_memory, "MIN_BLOCKS", data.draw(st.sampled_from([1, 2, 3, 7]))
        ):
            result = case.run(torch_on(memory=case.least_memory(torch_on(memory=0))))
        assert result.equals(case.run(reference))

    @pytest.mark.parametrize("list_bytes", [1, 24, 100, 100_000])
    def test_a_frontier_is_the_same_listed_or_marked(self, list_bytes: int, reference: Any) -> None:
        """Hops that are listed, hops that are not, and from the one to the other and back."""
        graph, rule = some_world()
        with mock.patch.object(state, "LIST_BYTES", list_bytes):
            result = propagate(graph, rule, [0], range(9), backend="torch", device="cpu")
        assert result.reach.max() > 60
        assert result.equals(reference(graph, rule, [0], range(9)))

    @settings(max_examples=60)
    @given(data=st.data())
    def test_operations_of_other_devices_give_the_same(
        self, data: st.DataObject, cases: Callable[..., Any], reference: Any
    ) -> None:
        """Torch's own, which a CPU leaves to NumPy."""
        case = replace(data.draw(cases()), record=data.draw(st.sampled_from(["counts", "events"])))
        with ExitStack() as patches:
            for module in (ops, state, tensor_words):
                patches.enter_context(mock.patch.object(module, "by_numpy", return_value=False))
            result = case.run(torch_on(device="cpu"))
        assert result.equals(case.run(reference))

    @given(count=st.integers(0, 300), most=st.integers(1, 80))
    def test_parts_are_few_and_even(self, count: int, most: int) -> None:
        parts = tensor._cut(count, most)
        sizes = [part.stop - part.start for part in parts]
        assert [row for part in parts for row in range(part.start, part.stop)] == list(range(count))
        assert len(parts) == -(-count // most)
        assert max(sizes, default=0) <= most
        assert max(sizes, default=0) - min(sizes, default=0) <= 1

    def test_marks_of_many_parts_never_meet(self, reference: Any) -> None:
        """A byte has marks for some eighty parts; then they are cleared."""
        graph, rule = some_world()
        with pytest.raises(ValueError, match="memory is 0 bytes") as error:
            propagate(graph, rule, [0], backend="torch", device="cpu", memory=0)
        memory = int(re.findall(r"[0-9]+", str(error.value))[-1])
        with mock.patch.object(tensor_memory, "BLOCKS_SHARE", 1):
            plan = partial(propagate, backend="torch", device="cpu", memory=memory)
            result = plan(graph, rule, [0], range(200))
        assert result.equals(reference(graph, rule, [0], range(200)))

    @pytest.mark.parametrize("doses", [1, 3])
    @pytest.mark.parametrize("record", ["counts", "events"])
    @pytest.mark.parametrize("view", [0.4, 1.0])
    def test_working_arrays_stay_within_it(
        self, doses: int, record: str, view: float, torch_threads: Callable[[int], None]
    ) -> None:
        torch_threads(1)  # what threads allocate is not seen
        num_nodes, count = 3_000, 20
        ends = np.random.default_rng(3).integers(0, num_nodes, (2, 8 * num_nodes))
        share = np.broadcast_to([0.5, 0.7, 1.0][-doses:], (1, 3, 1, doses))
        rule = CascadeRule(
            [view], buy=[[0.4]], share=share[..., 0] if doses == 1 else share, doses=doses
        )
        peaks = []
        for memory in (4 << 20, 64 << 20):
            seen = _Peak()
            with seen, mock.patch.object(ops, "_tensor", seen.taken_over):
                spread = torch_on(memory=memory, device="cpu")
                result = spread(
                    Graph.from_edges(*ends), rule, range(9), range(count), record=record
                )
            assert result.reach.sum() > count * num_nodes / 2
            assert seen.peak <= memory
            peaks.append(seen.peak)
        assert peaks[0] < peaks[1]

    @pytest.mark.parametrize("memory", [0, -1, 1_000, 2.0**31, "1 GB", True, None])
    def test_too_little_or_no_number_is_an_error(self, memory: Any) -> None:
        ring = Graph.from_edges([0, 1], [1, 0])
        with pytest.raises(ValueError, match=f"memory is {re.escape(repr(memory))}"):
            propagate(ring, CascadeRule(view=[1.0]), [0], backend="torch", memory=memory)

    def test_uninitialised_memory_is_never_read(
        self, cases: Callable[..., Any], reference: Any
    ) -> None:
        """In its deterministic mode torch fills new memory with the largest integer."""

        @settings(max_examples=60)
        @given(case=cases())
        def compare(case: Any) -> None:
            assert case.run(torch_on(device="cpu")).equals(case.run(reference))

        torch.use_deterministic_algorithms(True)
        try:
            assert torch.empty(1, dtype=torch.int64).item() == torch.iinfo(torch.int64).max
            compare()
        finally:
            torch.use_deterministic_algorithms(False)

    def test_a_graph_is_kept_no_longer_than_its_owner_does(self) -> None:
        gc.collect()
        before = len(tensor_graph._on_devices)
        ring = Graph.from_edges([0, 1], [1, 0])
        propagate(ring, CascadeRule(view=[1.0]), [0], backend="torch")
        assert len(tensor_graph._on_devices) == before + 1
        del ring
        gc.collect()
        assert len(tensor_graph._on_devices) == before


class TestThreads:
    def test_their_number_changes_nothing(self, torch_threads: Callable[[int], None]) -> None:
        num_nodes = 3_000
        ends = np.random.default_rng(4).integers(0, num_nodes, (2, 9 * num_nodes))
        graph = Graph.from_edges(*ends)
        rule = CascadeRule([0.4], buy=[[0.3]], share=np.ones((1, 3, 1)))
        results = []
        for threads in (1, 3):
            torch_threads(threads)
            with mock.patch.dict(tensor_memory.MAX_BLOCKS, cpu=64):
                result = propagate(graph, rule, [0], range(4), backend="torch", record="events")
            assert torch.get_num_threads() == threads
            results.append(result)
        assert results[0].reach.sum() > 2 * num_nodes
        assert results[0].equals(results[1])

    def test_torch_gets_its_threads_back_after_an_error(
        self, torch_threads: Callable[[int], None]
    ) -> None:
        torch_threads(3)
        with pytest.raises(RuntimeError, match="no more"):
            work_until_it_fails()
        assert torch.get_num_threads() == 3

    def test_work_is_shared_unless_it_is_little(self) -> None:
        pool, least = pipeline.ThreadPool(torch.device("cpu"), 3), pipeline.LEAST
        assert pool.share(2 * least, 100 * least) == least
        assert pool.share(30 * least - 1, 100 * least) == 10 * least
        assert pool.share(900 * least, 100 * least) == 100 * least
        assert pool.share(5, 2) == 2

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_steps_of_an_item_come_in_order(self, size: int) -> None:
        lengths = [0, 1, 3 * pipeline.STEPS_AHEAD, 2, 0, 50, 1, 1, 7]

        def work(item: int) -> Iterator[tuple[int, int]]:
            return ((item, step) for step in range(lengths[item]))

        with pipeline.ThreadPool(torch.device("cpu"), size) as pool:
            steps = list(pool.ahead(work, range(len(lengths))))
        # Items come as they are done; sorting leaves the order of an item's steps as it is.
        assert sorted(steps, key=itemgetter(0)) == [
            (item, step) for item, number in enumerate(lengths) for step in range(number)
        ]


def work_until_it_fails() -> None:
    with pipeline.ThreadPool(torch.device("cpu"), 2) as pool:
        assert torch.get_num_threads() == 1
        assert pipeline.pool_size(torch.device("cpu")) == 3
        list(pool.ahead(give_up, range(5)))


def give_up(item: int) -> Iterator[int]:
    yield item
    raise RuntimeError("no more")


class TestDevices:
    @pytest.mark.parametrize("device", ["abacus", "cuda:999", "cpu:x", 3.5])
    def test_what_is_none_is_an_error(self, device: Any) -> None:
        ring = Graph.from_edges([0, 1], [1, 0])
        with pytest.raises(ValueError, match=f"device is {re.escape(repr(device))}"):
            propagate(ring, CascadeRule(view=[1.0]), [0], backend="torch", device=device)

    @settings(max_examples=60)
    @given(data=st.data())
    def test_every_tensor_is_made_on_the_device(
        self, data: st.DataObject, cases: Callable[..., Any], reference: Any
    ) -> None:
        """A tensor made on torch's default device would be without data here."""
        case = data.draw(cases())
        tensor_words._places_in_byte.cache_clear()
        with torch.device("meta"):
            result = case.run(torch_on(device="cpu"))
        assert result.equals(case.run(reference))

    @pytest.mark.gpu
    @settings(max_examples=200)
    @given(data=st.data())
    def test_cuda_gives_the_same(
        self, data: st.DataObject, cases: Callable[..., Any], reference: Any
    ) -> None:
        case = data.draw(cases())
        assert case.run(torch_on(device="cuda")).equals(case.run(reference))


def test_a_graph_is_not_written_to() -> None:
    rows = Graph.from_edges([0, 0, 1, 2], [1, 2, 2, 0], weights=[1.0, 0.5, 1.0, 1.0])
    before = rows.fingerprint()
    rule = CascadeRule(view=[1.0], share=np.ones((1, 3, 1)))
    result = propagate(rows, rule, [0], range(5), backend="torch", record="events")
    assert result.reach.sum() > 5
    assert rows.fingerprint() == before


class _Peak(TorchDispatchMode):
    """Follows the bytes that live tensors hold, of those made while it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._storages: dict[int, tuple[StorageWeakRef, int]] = {}

    def taken_over(self, array: np.ndarray) -> torch.Tensor:
        """A tensor on an array's memory, followed too."""
        tensor = torch.from_numpy(array)
        self._follow(tensor)
        return tensor

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for made in result if isinstance(result, tuple | list) else [result]:
            if isinstance(made, torch.Tensor):
                self._follow(made)
        return result

    def _follow(self, made: torch.Tensor) -> None:
        storage = StorageWeakRef(made.untyped_storage())
        self._storages[storage.cdata] = storage, made.untyped_storage().nbytes()
        self._storages = {
            place: (storage, size)
            for place, (storage, size) in self._storages.items()
            if not storage.expired()
        }
        self.peak = max(self.peak, sum(size for _, size in self._storages.values()))
