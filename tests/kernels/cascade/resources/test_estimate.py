"""What a run is told to take holds it, and is no more than a few times what it takes."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from weishang.experiments.bench.memory import FORGET
from weishang.kernels import CascadeRule, Graph, Groups, Strangers, propagate
from weishang.kernels.cascade.core import memory
from weishang.kernels.cascade.core.memory import Batch
from weishang.kernels.cascade.core.task import Task, check
from weishang.kernels.cascade.numba import memory as numba
from weishang.kernels.cascade.numba.graph_only import count
from weishang.kernels.cascade.registry import BACKENDS, estimate
from weishang.kernels.cascade.resources import batch_splitting
from weishang.kernels.cascade.resources.estimate import FIXED_BYTES, Need, in_words
from weishang.kernels.cascade.torch import memory as tensor
from weishang.kernels.cascade.triton import memory as triton
from weishang.kernels.runtime import free_memory

TIMES, SLACK = 3, FIXED_BYTES + (4 << 20)
"""An estimate is at most so many times what was measured, and so many bytes."""

BATCH = Batch(num_nodes=1_000_000, num_edges=18_437_682, cascades=64)

MEASURE = """
import gc, json, sys
import numpy as np
from weishang.experiments.bench.memory import FORGET, FORGET_PEAK, _resident
from weishang.kernels import CascadeRule, Graph, propagate

num_nodes, ties, cascades, doses, options = json.loads(sys.argv[1])
rng = np.random.default_rng(1)
graph = Graph.from_edges(*rng.integers(0, num_nodes, (2, ties * num_nodes)), num_nodes=num_nodes)
rule = CascadeRule(view=[1.0], share=np.ones((1, 3, 1)), doses=doses)
pair = Graph.from_edges([0, 1], [1, 0])
propagate(pair, rule, [0], range(cascades), **options)
gc.collect()
before = _resident("VmRSS")
FORGET.write_text(FORGET_PEAK)
result = propagate(graph, rule, [0], range(cascades), **options)
peak = _resident("VmHWM") - before
print(json.dumps([peak, graph.num_edges, int(result.reach.sum()), result.reach.shape[1]]))
"""

RUNS: list[tuple[int, int, int, dict[str, Any]]] = [
    (100_000, 16, 1, {"backend": "numba", "record": "counts", "threads": 2}),
    (100_000, 8, 1, {"backend": "numba", "record": "events", "threads": 1}),
    (100_000, 8, 1, {"backend": "numba", "record": "events", "threads": 2}),
    (100_000, 8, 2, {"backend": "numba", "record": "counts", "threads": 2}),
    (100_000, 16, 1, {"backend": "torch", "record": "counts", "device": "cpu", "memory": 1 << 25}),
    (100_000, 8, 1, {"backend": "torch", "record": "events", "device": "cpu", "memory": 1 << 27}),
    (100_000, 8, 2, {"backend": "torch", "record": "counts", "device": "cpu", "memory": 1 << 25}),
    (2_000, 8, 1, {"backend": "reference", "record": "events"}),
    (2_000, 8, 1, {"backend": "reference", "record": "counts"}),
]


@pytest.mark.skipif(not FORGET.exists(), reason="the system does not tell a peak of memory")
@pytest.mark.parametrize(("num_nodes", "cascades", "doses", "options"), RUNS)
def test_an_estimate_holds_what_was_measured(
    num_nodes: int, cascades: int, doses: int, options: dict[str, Any]
) -> None:
    told = json.dumps([num_nodes, 10, cascades, doses, options])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, told], capture_output=True, text=True, check=True
    )
    peak, num_edges, reached, levels = json.loads(done.stdout)
    assert reached > 0.99 * num_nodes * cascades
    batch = Batch(
        num_nodes,
        num_edges,
        cascades,
        events=options["record"] == "events",
        doses=doses,
        levels=levels,
    )
    kept = {name: options[name] for name in ("threads", "device", "memory") if name in options}
    need = estimate(options["backend"], batch, **kept)
    assert peak <= need.beyond_graph <= TIMES * peak + SLACK


MEASURE_LAYERED = """
import gc, json, sys
import numpy as np
from weishang.experiments.bench.memory import FORGET, FORGET_PEAK, _resident
from weishang.kernels import CascadeRule, Graph, Groups, Strangers, propagate

def layers(num_nodes, size):
    rng = np.random.default_rng(1)
    ends = rng.integers(0, num_nodes, (2, 8 * num_nodes))
    offsets = np.arange(0, num_nodes + 1, size)
    chats = Groups(num_nodes, offsets, np.arange(offsets[-1]), np.ones(offsets.size - 1))
    return [Graph.from_edges(*ends, num_nodes=num_nodes), chats, Strangers(num_nodes, 2)]

num_nodes, cascades, doses, options = json.loads(sys.argv[1])
rule = CascadeRule(
    view=np.ones((3, 1)), share=np.ones((1, 3, 1)), doses=doses, paths=np.ones((3, 3), dtype=int)
)
propagate(layers(2, 2), rule, [0], range(cascades), **options)
large = layers(num_nodes, 20)
gc.collect()
before = _resident("VmRSS")
FORGET.write_text(FORGET_PEAK)
result = propagate(large, rule, [0], range(cascades), **options)
peak = _resident("VmHWM") - before
sizes = [sum(layer.num_edges for layer in large), large[1].num_edges, large[1].num_groups]
print(json.dumps([peak, sizes, int(result.reach.sum()), result.reach.shape[1]]))
"""

LAYERED_RUNS = [
    (100_000, 64, 2, {"backend": "numba", "record": "events", "threads": 2}),
    (100_000, 8, 2, {"backend": "numba", "record": "counts", "threads": 2}),
]


@pytest.mark.skipif(not FORGET.exists(), reason="the system does not tell a peak of memory")
@pytest.mark.parametrize(("num_nodes", "cascades", "doses", "options"), LAYERED_RUNS)
def test_an_estimate_holds_what_was_measured_on_layers(
    num_nodes: int, cascades: int, doses: int, options: dict[str, Any]
) -> None:
    told = json.dumps([num_nodes, cascades, doses, options])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE_LAYERED, told], capture_output=True, text=True, check=True
    )
    peak, (num_edges, memberships, groups), reached, levels = json.loads(done.stdout)
    assert reached > 0.99 * num_nodes * cascades
    batch = Batch(
        num_nodes,
        num_edges,
        cascades,
        layers=3,
        events=options["record"] == "events",
        doses=doses,
        levels=levels,
        layered=True,
        memberships=memberships,
        groups=groups,
    )
    need = estimate(options["backend"], batch, threads=options["threads"])
    assert peak <= need.beyond_graph <= TIMES * peak + SLACK


def task_on(num_nodes: int, cascades: int, record: str = "counts", doses: int = 1) -> Task:
    star = Graph.from_edges(np.zeros(num_nodes - 1, dtype=int), np.arange(1, num_nodes))
    share = np.ones((1, 3, 1)) if doses == 1 else np.ones((1, 3, 1, doses))
    rule = CascadeRule(view=[1.0], share=share, doses=doses)
    return check(star, rule, [0], range(cascades), 0, None, None, record)


@pytest.mark.parametrize("limit", [2 << 20, 3 << 20, 50 << 20, 1 << 30])
@pytest.mark.parametrize("record", ["counts", "events"])
def test_torch_cuts_a_batch_as_it_is_told(limit: int, record: str) -> None:
    task = task_on(5_000, 400, record)
    batch = Batch(5_000, 4_999, 400, events=record == "events")
    plan = tensor.make_plan(task, "cpu", limit, threads=1)
    need = estimate("torch", batch, memory=limit)
    assert need.rows == plan.rows
    assert need.work <= limit + batch.call_bytes + FIXED_BYTES + (
        memory.SORT_BYTES * 5_000 * 400 if record == "events" else 0
    )


@pytest.mark.parametrize("backend", ["torch", "triton"])
def test_memory_for_less_than_one_cascade_is_an_error(backend: str) -> None:
    with pytest.raises(ValueError, match=r"memory is 1000 bytes, .* give at least that") as caught:
        estimate(backend, BATCH, memory=1000)
    least = int(re.findall(r"takes (\d+);", str(caught.value))[0])
    assert estimate(backend, BATCH, memory=least, device="cuda").rows == 1
    with pytest.raises(ValueError, match=f"memory is {least - 1} bytes"):
        estimate(backend, BATCH, memory=least - 1)


def test_torch_names_the_same_least_memory_as_the_estimate() -> None:
    graph = Graph.from_edges([0], [1], num_nodes=5_000)
    with pytest.raises(ValueError, match="memory is 9 bytes") as run:
        propagate(graph, CascadeRule(view=[1.0]), [0], backend="torch", memory=9)
    with pytest.raises(ValueError, match="memory is 9 bytes") as told:
        estimate("torch", Batch(5_000, 1), memory=9)
    assert str(told.value).startswith(str(run.value))


@pytest.mark.parametrize("record", ["counts", "events"])
@pytest.mark.parametrize("doses", [1, 3])
def test_triton_takes_what_its_buffers_take(record: str, doses: int) -> None:
    buffers = pytest.importorskip("weishang.kernels.cascade.triton.buffers")
    queues = pytest.importorskip("weishang.kernels.cascade.triton.kernels.queues")
    task = task_on(100_000, 7, record, doses)
    tiles = queues.count_tiles(task.graphs[0].degrees)
    assert tiles > 10
    exact = buffers.DeviceBuffers.bytes_of_row(task, tiles)
    batch = Batch(100_000, 99_999, 7, events=record == "events", doses=doses)
    need = estimate("triton", batch, memory=1 << 40)
    work = need.device - batch.graph_bytes - batch.call_bytes
    assert need.rows == 7
    assert 7 * exact <= work <= 1.1 * 7 * exact


def test_triton_on_layers_takes_what_its_buffers_take() -> None:
    layered = replace(BATCH, cascades=1, layered=True, groups=50)
    least = triton.NODE_BYTES * BATCH.num_nodes + 50 * triton.GROUP_BYTES
    assert least < estimate("triton", layered, memory=1 << 40).device < 2 * least


def test_numba_on_layers_takes_its_own_bytes_and_not_those_of_triton() -> None:
    """72 bytes, in a list that doubles as it grows; 40 while they are hit, 24 laid out."""
    few, many = (
        estimate("numba", replace(BATCH, cascades=16, layered=True, events=True, reach=reach))
        for reach in (1_000.0, 2_000.0)
    )
    part = 16 // numba.PARTS_PER_THREAD
    assert many.work - few.work == 1_000 * (72 * part + 40 + 16 * 24)


def test_triton_takes_a_share_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    one = estimate("triton", replace(BATCH, cascades=1), memory=1 << 40)
    row = one.device - BATCH.graph_bytes - replace(BATCH, cascades=1).call_bytes
    free = BATCH.graph_bytes + int(9.5 * row / triton.FREE_SHARE)
    monkeypatch.setattr(free_memory, "device_bytes", lambda: free)
    assert estimate("triton", BATCH).rows == 9
    monkeypatch.setattr(free_memory, "device_bytes", lambda: None)
    assert estimate("triton", BATCH).rows == 1


def test_arrays_are_on_the_host_or_on_the_device() -> None:
    here = estimate("torch", BATCH, device="cpu")
    away = estimate("torch", BATCH, device="cuda")
    assert here.device == 0
    arrays = tensor.MIN_BLOCKS * tensor.BLOCK_BYTES + BATCH.num_nodes * BATCH.cascades
    assert away.device > away.graph + arrays
    assert away.work < here.work
    assert here.graph == away.graph == BATCH.graph_bytes


def test_a_graph_takes_its_arrays() -> None:
    graph = Graph.from_edges([0, 1, 2], [1, 2, 0], weights=[0.5, 1.0, 0.25])
    thresholds = graph.weight_thresholds()
    assert graph.weights is not None
    assert thresholds is not None
    arrays = graph.indptr, graph.indices, graph.weights, thresholds
    size = sum(array.nbytes for array in arrays)
    assert Batch(3, 3, weighted=True).graph_bytes == size
    assert Batch(3, 3).graph_bytes == size - graph.weights.nbytes - thresholds.nbytes
    assert Batch(3, 6, layers=2, weighted=True).graph_bytes == 2 * size


@pytest.mark.parametrize("paths", [None, [[1, 2, 2]]])
def test_a_result_takes_its_arrays(paths: list[list[int]] | None) -> None:
    ring = Graph.from_edges([0, 1, 2], [1, 2, 0])
    rule = CascadeRule(view=[[1.0]], share=np.ones((1, 3, 1)), paths=paths)
    result = propagate([ring], rule, [0], range(5), backend="reference", record="events")
    assert result.events is not None
    counts = [result.reach, result.visitors, result.buyers, result.sharers]
    columns = [array for array in vars(result.events).values() if array is not None]
    size = sum(array.nbytes for array in (*counts, *columns))
    levels = result.reach.shape[1]
    batch = Batch(3, 3, 5, events=True, levels=levels, reach=2.0, layered=paths is not None)
    assert batch.result_bytes == size


def test_groups_take_their_arrays() -> None:
    members = np.arange(5, dtype=np.int32)
    groups = Groups(5, np.array([0, 2, 5]), members, weights=np.array([0.5, 1.0]))
    assert groups.weights is not None
    arrays = (
        groups.indptr,
        groups.members,
        groups.weights,
        groups.weight_thresholds(),
        groups.member_indptr,
        groups.member_of,
    )
    size = sum(array.nbytes for array in arrays)
    told = Batch(5, 5, layered=True, memberships=5, groups=2).graph_bytes
    # The last of the G + 1 offsets is not counted.
    assert told == size - memory.OFFSET_BYTES


def test_a_call_is_told_with_its_layers() -> None:
    num_nodes = 50
    groups = Groups(num_nodes, np.array([0, 20, 20, 50]), np.arange(50, dtype=np.int32))
    ties = Graph.from_edges(np.arange(49), np.arange(1, 50), weights=np.full(49, 0.5))
    rule = CascadeRule(view=np.ones((3, 1)), paths=np.ones((3, 6), dtype=int))
    channels: list[Any] = [ties, groups, Strangers(num_nodes, 7)]
    task = check(channels, rule, [0], range(4), 0, None, None, "events")
    assert batch_splitting._batch(task, cascades=4) == Batch(
        num_nodes,
        99,
        4,
        layers=3,
        weighted=True,
        events=True,
        levels=5,
        layered=True,
        memberships=50,
        groups=3,
    )


@pytest.mark.parametrize("replicas", [1, 5, 16, 64])
def test_a_bundle_takes_its_arrays(replicas: int) -> None:
    state = count.make_state(10_000, replicas)
    size = sum(array.nbytes for array in (*state[:-1], *state.scratch))
    assert size <= count.state_bytes(10_000, replicas) <= size + 1_000


@pytest.mark.parametrize("backend", list(BACKENDS))
def test_more_of_anything_never_takes_less(backend: str) -> None:
    base = replace(BATCH, num_nodes=20_000, num_edges=200_000, reach=5_000.0)
    larger = [
        replace(base, num_nodes=40_000),
        replace(base, num_edges=400_000),
        replace(base, cascades=128),
        replace(base, weighted=True),
        replace(base, events=True),
        replace(base, levels=64),
        replace(base, layered=True, events=True),
        replace(base, layered=True, groups=1_000),
        replace(base, layered=True, memberships=5_000),
    ]

    def size(batch: Batch) -> int:
        need = estimate(backend, batch, threads=2, memory=1 << 30)
        return need.host + need.device

    assert all(size(one) > size(base) for one in larger)


def test_the_sums_of_a_need() -> None:
    need = Need(graph=1, work=10, result=100, device=1000, rows=3)
    assert (need.beyond_graph, need.host) == (110, 111)


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (163_501_456, "163.5 MB"),
        (2 * 10**9, "2.0 GB"),
        (68 * 10**11, "6.8 TB"),
        (5 * 10**15, "5,000.0 TB"),
    ],
)
def test_bytes_as_people_read_them(size: int, told: str) -> None:
    assert in_words(size) == told
