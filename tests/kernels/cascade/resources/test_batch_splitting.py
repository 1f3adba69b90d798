"""A batch that outgrows memory goes on in halves, and nobody can tell from its result.

Failures are either injected into a real backend, for batches above a size, or real ones: the
address space of a process of its own is bounded.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels import CascadeRule, Cascades, Graph, propagate
from weishang.kernels.cascade.core.task import check
from weishang.kernels.cascade.registry import BACKENDS, estimate, missing
from weishang.kernels.cascade.resources import batch_splitting
from weishang.kernels.runtime.availability import interpreted

RUNNING = [name for name in BACKENDS if missing(name) is None]
FAULTS: list[Exception] = [
    MemoryError("Allocation failed (probably too large)."),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 80000000000 bytes. Error code 12 (Cannot allocate memory)"
    ),
]

BOUNDED = """
import json, resource, sys
import numpy as np
from weishang.kernels import CascadeRule, Graph, propagate
from weishang.kernels.cascade.core import task
from weishang.kernels.runtime import free_memory as available

room, cascades, view, options = json.loads(sys.argv[1])
num_nodes, ties = 20_000, 4
source = np.repeat(np.arange(num_nodes), ties)
target = (7 * source + np.tile(np.arange(1, ties + 1), num_nodes)) % num_nodes
graph = Graph.from_edges(source, target, num_nodes=num_nodes)
rule = CascadeRule(view=[view], share=np.ones((1, 3, 1)))

propagate(graph, rule, [0, 1], **options)
sizes, rows = [], task.Task.rows
task.Task.rows = lambda self, first, last: sizes.append(last - first) or rows(self, first, last)
held = available._fields(available.PROC / "self" / "status")["VmSize:"] * available.KIBIBYTE
if room:
    resource.setrlimit(resource.RLIMIT_AS, (held + room, held + room))
result = propagate(graph, rule, [0, 1], range(cascades), **options)
arrays = [result.reach, result.sharers]
columns = {} if result.events is None else vars(result.events)
arrays += [array for array in columns.values() if array is not None]
sums = [int(np.sum(one.ravel() * (1 + np.arange(one.size)), dtype=np.uint64)) for one in arrays]
print(json.dumps([sizes, sums]))
"""
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux bounds the address space")


def make_fail(patch: pytest.MonkeyPatch, backend: str, most: int, fault: Exception) -> list[int]:
    """Let a backend fail for batches of more than so many rows; returns the sizes it is given."""
    module = import_module(BACKENDS[backend].run)
    run, sizes = module.run, []

    @wraps(run)
    def fail_above(task: Any, **options: Any) -> Cascades:
        sizes.append(task.num_cascades)
        if task.num_cascades > most:
            raise fault
        return run(task, **options)

    patch.setattr(module, "run", fail_above)
    return sizes


@pytest.mark.parametrize("backend", RUNNING)
def test_halves_give_what_the_whole_gives(
    cases: Callable[..., Any], reference: Any, backend: str
) -> None:
    """Few cases are enough of interpreted kernels: that parts are exact is tested elsewhere."""

    @settings(max_examples=3 if backend == "triton" and interpreted() else 12)
    @given(data=st.data())
    def compare(data: st.DataObject) -> None:
        case = data.draw(cases())
        record = data.draw(st.sampled_from(["events", "counts"]))
        most = data.draw(st.integers(1, 4))
        case = replace(case, record=record)
        expected = case.run(reference)
        with pytest.MonkeyPatch.context() as patch:
            sizes = make_fail(patch, backend, most, FAULTS[0])
            result = case.run(lambda *args, **kwargs: propagate(*args, backend=backend, **kwargs))
        assert result.equals(expected)
        assert sum(size for size in sizes if size <= most) == len(case.cascades)

    compare()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_sizes_are_halved_and_not_raised_again(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    sizes = make_fail(monkeypatch, "numba", 3, fault)
    ring = Graph.from_edges([0, 1, 2], [1, 2, 0])
    rule = CascadeRule(view=[0.5], share=np.ones((1, 3, 1)))
    result = propagate(ring, rule, [0], range(20), 5, backend="numba", record="events")
    assert sizes == [20, 10, 5, 3, 3, 3, 3, 3, 3, 2]
    assert result.equals(
        propagate(ring, rule, [0], range(20), 5, backend="reference", record="events")
    )


def test_other_errors_are_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = make_fail(monkeypatch, "numba", 0, RuntimeError("no more"))
    with pytest.raises(RuntimeError, match="no more"):
        propagate(
            Graph.from_edges([0], [1]), CascadeRule(view=[1.0]), [0], range(8), backend="numba"
        )
    assert sizes == [8]


@pytest.mark.parametrize("backend", RUNNING)
def test_one_cascade_that_does_not_fit_is_told_with_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    make_fail(monkeypatch, backend, 0, FAULTS[0])
    graph = Graph.from_edges([0, 1], [1, 2], num_nodes=100_000)
    with pytest.raises(ValueError, match="one cascade on 100,000 nodes and 2 edges") as caught:
        propagate(graph, CascadeRule(view=[1.0]), [0], range(4), backend=backend)
    assert isinstance(caught.value, MemoryError)
    told = str(caught.value)
    assert f"backend {backend!r} takes up to" in told
    assert re.search(
        r"MB beside the graph( and .*B of the device)?; [\d,.]+ [MGT]B left here; run fewer",
        told,
    )


def test_an_empty_batch_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = make_fail(monkeypatch, "numba", 3, FAULTS[0])
    result = propagate(
        Graph.from_edges([0], [1]), CascadeRule(view=[1.0]), [0], [], max_hops=2, backend="numba"
    )
    assert sizes == [0]
    assert result.reach.shape == (0, 2)


def test_results_that_do_not_fit_together_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Graph.from_edges([0], [1])
    task = check(pair, CascadeRule(view=[1.0]), [0], range(2), 0, None, None, "counts")

    def no_room(done: list[Cascades]) -> Cascades:
        raise MemoryError

    monkeypatch.setattr(Cascades, "joined", no_room)
    with pytest.raises(
        batch_splitting.DoesNotFitError, match="the results of 2 cascades take up to"
    ):
        batch_splitting.run_splitting(
            import_module(BACKENDS["reference"].run).run,
            task,
            partial(estimate, "reference"),
            "reference",
            {},
        )


def test_ids_that_do_not_fit_are_told() -> None:
    with pytest.raises(ValueError, match=r"ids, seeds or tables .* left here; run fewer cascades"):
        propagate(Graph.from_edges([0], [1]), CascadeRule(view=[1.0]), [0], range(10**14))


@ON_LINUX
@pytest.mark.parametrize(
    ("room", "cascades", "view", "options"),
    [
        (135_000_000, 64, 0.9, {"backend": "numba", "record": "events", "threads": 1}),
        # Few are reached: what is bounded is the state of all nodes, not the result.
        (160_000_000, 640, 0.1, {"backend": "torch", "record": "events", "device": "cpu"}),
    ],
    ids=["numba", "torch"],
)
def test_a_batch_outgrows_a_real_bound_and_goes_on(
    room: int, cascades: int, view: float, options: dict[str, Any]
) -> None:
    whole, expected = bounded(0, cascades, view, options)
    assert whole == [cascades]
    sizes, found = bounded(room, cascades, view, options)
    assert len(sizes) > 2
    assert max(sizes[1:]) <= cascades // 2
    assert found == expected


@ON_LINUX
def test_results_outgrow_a_real_bound_and_are_told() -> None:
    options = {"backend": "numba", "record": "events", "threads": 1}
    with pytest.raises(subprocess.CalledProcessError) as caught:
        bounded(12_000_000, 64, 0.9, options)
    last = caught.value.stderr.strip().splitlines()[-1]
    assert "DoesNotFitError" in last
    assert "left here" in last


def bounded(
    room: int, cascades: int, view: float, options: dict[str, Any]
) -> tuple[list[int], list[int]]:
    """Sizes that were run and sums of the result, with so many bytes more than the process has."""
    told = json.dumps([room, cascades, view, options])
    # A thread that first starts, or first touches its own variables, when nothing is left ends
    # the process (the loader's exit code is 127): the bound is for arrays, so one thread works.
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    # A thread's own heap takes address space before anything is allocated in it.
    one = dict.fromkeys((*threads, "MALLOC_ARENA_MAX"), "1")
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, told],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | one,
    )
    sizes, sums = json.loads(done.stdout)
    return sizes, sums
