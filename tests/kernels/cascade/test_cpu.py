"""What is the numba backend's own: threads, and memory that is handed from part to part."""

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.kernels.cascade import cpu, cpu_count, cpu_record

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
def test_memory_of_the_graphs_size_is_made_once_a_thread(monkeypatch, record, module, name):
    made = []
    make = getattr(module, name)
    monkeypatch.setattr(module, name, lambda size: made.append(size) or make(size))
    spread(record, threads=3)
    assert made == [400] * 3


def test_a_part_that_fails_fails_the_run_and_nothing_waits(monkeypatch):
    spread(threads=2)

    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(cpu_count, "count_cascades", fail)
    with pytest.raises(MemoryError, match="no room"):
        spread(threads=2)
    assert cpu.PARTS_PER_THREAD > 1
