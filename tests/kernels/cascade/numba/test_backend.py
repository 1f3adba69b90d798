"""What is the numba backend's own: threads, and memory that is handed from part to part."""

import signal
import threading
from contextlib import contextmanager
from functools import partial
from time import perf_counter

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.kernels.cascade.numba import backend as cpu
from weishang.kernels.cascade.numba.common import batch as cpu_batch
from weishang.kernels.cascade.numba.graph_only import count as cpu_count
from weishang.kernels.cascade.numba.graph_only import record as cpu_record
from weishang.kernels.runtime.thread_pool import share_out

CASCADES = 37


def ring(num_nodes=400):
    """Everyone tied to the next five."""
    source = np.repeat(np.arange(num_nodes), 5)
    target = (source + np.tile(np.arange(1, 6), num_nodes)) % num_nodes
    return Graph.from_edges(source, target, directed=False)


def spread(record="counts", backend="numba", **options):
    rule = CascadeRule(view=[0.25], share=np.full((1, 3, 1), 0.8))
    seeds = [[7 * row] for row in range(CASCADES)]
    return propagate(
        ring(), rule, seeds, range(CASCADES), 3, backend=backend, record=record, **options
    )


@pytest.mark.parametrize("record", ["counts", "events"])
@pytest.mark.parametrize("threads", [1, 2, 5, 64])
def test_threads_change_nothing(threads, record):
    assert spread(record, threads=threads).equals(spread(record, backend="reference"))


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_are_refused(threads):
    with pytest.raises(ValueError, match=f"threads is {threads}; give at least 1"):
        spread(threads=threads)


@pytest.mark.parametrize(
    ("record", "module", "name"),
    [("counts", cpu_count, "make_state"), ("events", cpu_record, "make_places")],
)
def test_memory_of_the_graphs_size_is_made_at_most_once_a_thread(monkeypatch, record, module, name):
    made = []
    monkeypatch.setattr(cpu, "_kept", threading.local())
    make = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *sizes: made.append(sizes[0]) or make(*sizes))
    spread(record, threads=3)
    # A thread that wakes when all is done makes none.
    assert made in ([400], [400] * 2, [400] * 3)


def test_memory_of_a_small_graph_is_kept_for_the_next_call_and_clean(monkeypatch):
    monkeypatch.setattr(cpu, "_kept", threading.local())
    first = spread(threads=1)
    made = []
    monkeypatch.setattr(cpu_count, "make_state", lambda *sizes: made.append(sizes))
    assert spread(threads=1).equals(first)
    assert not made


def test_memory_in_which_a_call_failed_is_not_kept(monkeypatch):
    monkeypatch.setattr(cpu, "_kept", threading.local())
    first = spread(threads=1)
    count = cpu_count.count_cascades

    def fail(first, last, replicas, batch, state):
        count(first, last, replicas, batch, state)
        state.seen[:] = 255
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(cpu_count, "count_cascades", fail)
        with pytest.raises(ValueError, match="does not fit"):
            spread(threads=1)
    assert spread(threads=1).equals(first)


def test_large_memory_is_not_kept(monkeypatch):
    monkeypatch.setattr(cpu, "_kept", threading.local())
    monkeypatch.setattr(cpu, "KEPT_BYTES", 0)
    spread(threads=1)
    assert cpu._kept.state is None


def test_a_quick_batch_is_not_shared_out_and_a_slow_one_is(monkeypatch):
    asked = []
    monkeypatch.setattr(
        cpu, "share_out", lambda *given: asked.append(given[4]) or share_out(*given)
    )
    graph, rule = ring(), CascadeRule(view=[0.25], share=np.ones((1, 3, 1)))

    def call():
        return propagate(graph, rule, [0], range(8), 3, backend="numba", threads=2)

    first = call()
    for seconds in (0.0, 1.0):
        monkeypatch.setitem(cpu._paces, graph, seconds)
        assert call().equals(first)
    assert asked == [0.0, cpu.ALONE_SECONDS, 0.0]


def test_a_hop_that_outgrows_the_queue_goes_on_in_bits():
    """A hub's leaves are hit in one hop, by far more codes than a list of a few has room for."""
    leaves = 5_000
    star = Graph.from_edges(np.zeros(leaves, int), np.arange(1, leaves + 1), directed=False)
    rule = CascadeRule(view=[0.9], share=np.ones((1, 3, 1)))
    cascades = range(cpu_batch.MOST_REPLICAS)
    assert leaves * len(cascades) > 4 * cpu_batch.MOST_HITS
    result = propagate(star, rule, [0], cascades, 5, backend="numba", threads=1)
    assert result.equals(propagate(star, rule, [0], cascades, 5, backend="torch"))
    # The state is left as it was found: a second bundle on it counts the same.
    twice = propagate(star, rule, [0], [*cascades, *cascades], 5, backend="numba", threads=1)
    np.testing.assert_array_equal(twice.reach, np.tile(result.reach, (2, 1)))


def test_seeds_beyond_the_queue_are_planted_in_bits():
    pairs = np.arange(20_000)
    graph = Graph.from_edges(pairs, pairs[::-1])
    rule = CascadeRule(view=[0.5], share=np.ones((1, 3, 1)))
    seeds = pairs[: pairs.size // 2]
    mine, other = (
        propagate(graph, rule, seeds, range(70), 2, backend=name) for name in ("numba", "torch")
    )
    assert mine.equals(other)


def test_strands_are_few_on_large_graphs_and_leave_no_thread_idle():
    assert cpu_count.replicas_of(1_000, 4_096, threads=2) == cpu_batch.MOST_REPLICAS
    assert cpu_count.replicas_of(1_000, 64, threads=2) == 32
    assert cpu_count.replicas_of(1_000, 1, threads=2) == 1
    # A code, node and replica, is a 32-bit number on any graph.
    assert cpu_count.replicas_of(2**31, 4_096, threads=2) <= 2


def test_a_part_that_fails_fails_the_run_and_nothing_waits(monkeypatch):
    spread(threads=2)

    def fail(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(cpu_count, "count_cascades", fail)
    with pytest.raises(RuntimeError, match="broken"):
        spread(threads=2)
    assert cpu.PARTS_PER_THREAD > 1


class TestInterrupts:
    """Ctrl-C reaches Python between two steps of compiled code."""

    @pytest.mark.parametrize("threads", [1, 2])
    @pytest.mark.parametrize("doses", [1, 2])
    def test_one_is_answered_long_before_the_batch_is_done(self, threads, doses):
        share = np.full((1, 3, 1, doses), 0.9)
        rule = CascadeRule(view=[0.9], share=share if doses > 1 else share[..., 0], doses=doses)
        run = partial(propagate, ring(20_000), rule, [0], backend="numba", threads=threads)
        run(range(4))
        begun = perf_counter()
        run(range(64))
        seconds = (perf_counter() - begun) / 64
        before = run(range(8))
        many = int(20 / seconds)
        begun = perf_counter()
        with interrupted_after(0.2), pytest.raises(KeyboardInterrupt):
            run(range(many))
        assert perf_counter() - begun < many * seconds / 4
        assert run(range(8)).equals(before)

    def test_steps_change_nothing(self, monkeypatch):
        whole = spread("events", threads=2)
        monkeypatch.setattr(cpu, "STEP_SECONDS", 0.0)
        assert spread("events", threads=2).equals(whole)
        counted = spread(threads=2)
        assert np.array_equal(counted.reach, whole.reach)
        assert np.array_equal(counted.sharers, whole.sharers)


@contextmanager
def interrupted_after(seconds):
    """Ctrl-C by a clock."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
