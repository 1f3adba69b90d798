"""The triton backend's own matters: rows of every length, its memory, its launches, its errors.

That it gives the reference's cascades is tested beside the other engines. Without a GPU all of it
runs in Triton's interpreter, which tests/conftest.py asks for.
"""

import mmap
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

pytest.importorskip("triton")

from triton_runs import a_task, by_reference, on_gpu, small_launches

from weishang.kernels import CascadeRule, Graph
from weishang.kernels.cascade.core import reference
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch.graph import on_device
from weishang.kernels.cascade.triton import backend as gpu
from weishang.kernels.cascade.triton import batch, chunk
from weishang.kernels.cascade.triton.buffers import FIRST_LEVELS, DeviceBuffers
from weishang.kernels.cascade.triton.kernels.rng import INTERPRETED
from weishang.kernels.cascade.triton.kernels.state import NO_PARENT
from weishang.kernels.cascade.triton.launch import Launches

SHARE_ALL = np.ones((1, 3, 1))
LENGTHS = (0, 1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1_023, 1_024, 1_025, 2_048, 2_049)
"""Slots of a row: about a block, the blocks of a middle row, and one or two tiles."""

PAST_32_BITS = 1 << 32


@pytest.fixture
def empty_words() -> Iterator[Callable[[int], torch.Tensor]]:
    """Makes int32 tensors of any size that take no memory before they are written to."""
    if not INTERPRETED:
        pytest.skip("addresses that nothing lies behind are for the interpreter")

    def make(size: int) -> torch.Tensor:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # MAP_NORESERVE, on Linux
        return torch.frombuffer(mmap.mmap(-1, 4 * size, flags=flags), dtype=torch.int32)

    return make


class TestRows:
    @pytest.mark.parametrize("view", [0.02, 0.6, 1.0])
    @pytest.mark.parametrize("record", ["counts", "events"])
    def test_of_every_length(self, view: float, record: str) -> None:
        ends = [
            (len(LENGTHS) + i, 7 * i + j) for i, size in enumerate(LENGTHS) for j in range(size)
        ]
        source, target = np.array(ends).T
        weights = np.random.default_rng(1).random(source.size)
        num_nodes = target.max() + 1
        layers = [
            Graph.from_edges(source - len(LENGTHS), target, num_nodes=num_nodes),
            Graph.from_edges(source - len(LENGTHS), target[::-1], weights, num_nodes=num_nodes),
        ]
        rule = CascadeRule(view=[[view], [view / 2]])
        arguments = layers, rule, range(len(LENGTHS)), [5, 2**64 - 1], 2**64 - 1
        expected = by_reference(*arguments, record=record)
        assert expected.reach.sum() > 100
        assert on_gpu()(*arguments, record=record).equals(expected)

    def test_that_begin_past_2_32_slots(self, empty_words: Callable[[int], torch.Tensor]) -> None:
        """Cut to 32 bits their places would be those of untouched memory, of zeros."""
        rng = np.random.default_rng(2)
        sizes = [70, 3, 1_100, *[4] * 37]
        rows = [np.sort(rng.integers(0, len(sizes), size)) for size in sizes]
        starts, targets = np.cumsum([0, *sizes]), np.concatenate(rows).astype(np.int32)
        indices = empty_words(PAST_32_BITS + 8 + targets.size).numpy()
        indices[PAST_32_BITS + 8 :] = targets
        far, near = Graph(starts + PAST_32_BITS + 8, indices), Graph(starts, targets)
        rule = CascadeRule(view=[0.4], share=SHARE_ALL)
        expected = by_reference(near, rule, [0], range(3), 1)
        assert expected.reach.sum() > 60
        assert on_gpu()(far, rule, [0], range(3), 1).equals(expected)

    @pytest.mark.parametrize(("record", "doses"), [("counts", 1), ("events", 1), ("events", 3)])
    def test_whose_keys_pass_2_32(
        self, empty_words: Callable[[int], torch.Tensor], record: str, doses: int
    ) -> None:
        """Cut to 32 bits the keys of the last rows, or their records' places, are the first's."""
        ends = np.random.default_rng(4).integers(0, 30, (2, 90))
        share = np.linspace(0.4, 1.0, 3 * doses).reshape(1, 3, 1, doses)
        share = share if doses > 1 else share[..., 0]
        rule = CascadeRule(view=[0.7], buy=[[0.5]], share=share, doses=doses)
        seeds = [[row] for row in range(10)]
        task = a_task(Graph.from_edges(*ends), rule, seeds, range(10), record=record)
        far = _FarTask(**vars(task))
        records = record == "events"
        entries = task.num_cascades * far.num_nodes
        if records:
            state = empty_words(8 * entries).view(-1, 8)
            of_rows = state.view(task.num_cascades, -1, 8)
            of_rows[:, : task.num_nodes, chunk.PARENT.value] = NO_PARENT.value
        else:
            state = empty_words(entries // 32)
        buffers = DeviceBuffers(task, task.num_cascades, 0, torch.device("cpu"))
        buffers.state = state
        layers = [on_device(graph, state.device) for graph in task.layers]
        result = chunk.Part(far, layers, buffers, Launches.on(state.device)).spread()
        expected = reference.run(task)
        assert expected.reach.sum() > 60
        assert result.equals(expected)


class _FarTask(Task):
    """A task of a few nodes whose rows lie as if there were many."""

    @property
    def num_nodes(self) -> int:
        return PAST_32_BITS // (8 * 4 if self.events else 8)


class TestParts:
    @settings(max_examples=15)
    @given(data=st.data())
    def test_any_memory_and_any_grid_give_the_same(
        self, data: st.DataObject, cases: Callable[..., Any]
    ) -> None:
        """One or a few rows at once; a program's queues are longer than its tile."""
        case = data.draw(cases(min_cascades=1))
        memory = case.least_memory(on_gpu(memory=0)) * data.draw(st.integers(1, 3))
        programs, lanes = data.draw(st.sampled_from([(1, 16), (3, 16), (2, 64)]))
        with small_launches(programs, lanes), mock.patch.object(chunk, "MAX_COPIES", 2):
            result = case.run(on_gpu(memory=memory))
        assert result.equals(case.run(by_reference))

    @pytest.mark.parametrize("doses", [1, 2])
    @pytest.mark.parametrize("record", ["counts", "events"])
    def test_each_fits_the_memory_and_leaves_no_trace(self, doses: int, record: str) -> None:
        graph = Graph.from_edges(*np.random.default_rng(3).integers(0, 300, (2, 1_200)))
        share = np.full((1, 3, 1, doses), 0.6)
        share = share if doses > 1 else share[..., 0]
        rule = CascadeRule(view=[0.5], share=share, doses=doses)
        task = a_task(graph, rule, [0, 5], range(6), record=record)
        tiles = batch._count_tiles(graph)
        memory = 4 * (DeviceBuffers.bytes_of_row(task, tiles) + 100)
        made: list[DeviceBuffers] = []

        class Kept(DeviceBuffers):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                made.append(self)

        with mock.patch.object(batch, "DeviceBuffers", Kept):
            result = gpu.run(task, memory=memory)
        assert result.reach[:, 0].all()
        (buffers,) = made
        arrays = [
            buffers.state,
            *buffers.hits,
            buffers.posts,
            buffers.tile_posts,
            buffers.tile_numbers,
        ]
        arrays += [buffers.reached] if doses > 1 else []
        assert sum(array.nbytes for array in arrays) <= memory
        assert len(buffers.posts) < 6 * task.num_nodes
        launches = Launches.on(buffers.posts.device)
        buffers.clear(launches)
        assert torch.equal(buffers.state, DeviceBuffers(task, 3, tiles, buffers.posts.device).state)

    def test_uninitialised_memory_is_never_read(self, cases: Callable[..., Any]) -> None:
        """In its deterministic mode torch fills new memory with the largest integer."""

        @settings(max_examples=15)
        @given(case=cases())
        def compare(case: Any) -> None:
            assert case.run(on_gpu()).equals(case.run(by_reference))

        torch.use_deterministic_algorithms(True)
        try:
            assert torch.empty(1, dtype=torch.int64).item() == torch.iinfo(torch.int64).max
            compare()
        finally:
            torch.use_deterministic_algorithms(False)

    def test_tiles_of_long_rows_are_counted(self) -> None:
        sizes = [0, 256, 257, 1_024, 1_025, 4_000]
        graph = Graph(np.cumsum([0, *sizes]), np.zeros(sum(sizes), dtype=np.int32))
        assert batch._count_tiles(graph) == 0 + 0 + 1 + 1 + 2 + 4

    @pytest.mark.parametrize("memory", [0, -1, 1_000, 2.0**31, "1 GB", True])
    def test_too_little_or_no_number_is_an_error(self, memory: Any) -> None:
        ring = Graph.from_edges([0, 1], [1, 0])
        with pytest.raises(ValueError, match=f"memory is {re.escape(repr(memory))}"):
            on_gpu(memory=memory)(ring, CascadeRule(view=[1.0]), [0])


class TestHops:
    @pytest.mark.parametrize("doses", [1, 2])
    def test_more_than_counters_were_made_for_at_first(self, doses: int) -> None:
        """Forty paths side by side, so that every program counts in every hop."""
        width, length = 40, FIRST_LEVELS + 4
        source = np.arange(width * (length - 1))
        paths = Graph.from_edges(source, source + width)
        share = np.ones((1, 3, 1, 2)) if doses > 1 else SHARE_ALL
        rule = CascadeRule(view=[1.0], share=share, doses=doses)
        with small_launches(3, 16):
            result = on_gpu()(paths, rule, range(width))
        assert result.equals(by_reference(paths, rule, range(width)))
        assert result.reach[0].tolist() == [width] * (length - 1)

    def test_the_host_waits_once_in_a_few(self) -> None:
        """It reads one number every three hops here, and two at the end."""
        path = Graph.from_edges(np.arange(10), np.arange(1, 11))
        rule = CascadeRule(view=[1.0], share=SHARE_ALL)
        with small_launches(1, 64), _Reads() as seen:
            result = on_gpu()(path, rule, [0], record="counts")
        assert result.reach.shape == (1, 10)
        assert seen.count <= 4 + 2

    def test_cascades_in_which_nothing_happens(self) -> None:
        pair = Graph.from_edges([0], [1])
        rule = CascadeRule(view=[0.0, 1.0], share=SHARE_ALL)
        assert on_gpu()(pair, rule, [0], range(2), max_hops=3).reach.tolist() == [[0] * 3] * 2
        assert on_gpu()(pair, rule, [[], []], range(2)).reach.shape == (2, 0)
        assert on_gpu()(pair, rule, [0], [], max_hops=2).reach.shape == (0, 2)
        assert on_gpu()(pair, rule, [0], max_hops=0).reach.shape == (1, 0)


class _Reads(TorchDispatchMode):
    """Counts the numbers that the host reads from tensors while it is on."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


class TestDevices:
    def test_a_machine_without_one_is_told_so(self) -> None:
        if torch.cuda.is_available():
            pytest.skip("a CUDA device is here")
        script = (
            "from weishang.kernels import CascadeRule, Graph\n"
            "from weishang.kernels.cascade.triton import backend as gpu\n"
            "from weishang.kernels.cascade.core.task import check\n"
            "pair = Graph.from_edges([0], [1])\n"
            "task = check(pair, CascadeRule(view=[1.0]), [0], [0], 0, None, None, 'counts')\n"
            "try:\n"
            "    gpu.run(task)\n"
            "except ValueError as error:\n"
            "    print(error)\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "TRITON_INTERPRET": "0"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert told.startswith("backend 'triton' cannot run here: ")
        assert "CUDA" in told
        assert told.count("\n") == 1

    def test_without_triton_it_says_what_to_install(self) -> None:
        ring = Graph.from_edges([0, 1], [1, 0])
        with (
            mock.patch("weishang.kernels.runtime.availability.find_spec", return_value=None),
            pytest.raises(ValueError, match="not installed; pip install"),
        ):
            on_gpu()(ring, CascadeRule(view=[1.0]), [0])

    @pytest.mark.parametrize("device", ["abacus", "cuda:999", "meta", 3.5])
    def test_what_is_none_is_an_error(self, device: Any) -> None:
        ring = Graph.from_edges([0, 1], [1, 0])
        with pytest.raises(ValueError, match=f"device is {re.escape(repr(device))}"):
            on_gpu(device=device)(ring, CascadeRule(view=[1.0]), [0])


def test_a_graph_is_not_written_to() -> None:
    rows = Graph.from_edges([0, 0, 1, 2], [1, 2, 2, 0], weights=[1.0, 0.5, 1.0, 1.0])
    before = rows.fingerprint()
    result = on_gpu()(rows, CascadeRule(view=[1.0], share=SHARE_ALL), [0], range(5))
    assert result.reach.sum() > 5
    assert rows.fingerprint() == before
