"""Memory beyond the graph, measured in a process of its own, stays within the limit."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.bench import memory
from weishang.experiments.bench.common.graphs import build_graph, largest_hubs
from weishang.experiments.bench.contenders import contenders
from weishang.experiments.bench.memory import FORGET, peak_beyond_graph

needs_peak = pytest.mark.skipif(not FORGET.exists(), reason="the system does not tell a peak")


@needs_peak
@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize(("p", "cascades"), [(0.02, 512), (0.1, 16)])
def test_memory_stays_within_8_bytes_an_edge_and_16_a_node(tmp_path, backend, p, cascades):
    graph = build_graph(200_000, np.random.default_rng(1))
    file = tmp_path / "graph.npz"
    np.savez(file, indptr=graph.indptr, indices=graph.indices)
    peak = peak_beyond_graph(file, backend, p, cascades, largest_hubs(graph), 2)
    assert peak is not None
    assert 0 < peak <= contenders.memory_limit(graph)


@needs_peak
def test_a_failed_measurement_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="numba could not be measured"):
        peak_beyond_graph(tmp_path / "absent.npz", "numba", 0.1, 1, [0], 1)


def test_batches_are_as_large_as_the_timed_ones_and_never_small(monkeypatch):
    asked = []

    def peak(file, backend, p, cascades, seeds, threads):
        asked.append((backend, cascades))
        return 10**9 if backend == "torch" else 100

    monkeypatch.setattr(memory, "peak_beyond_graph", peak)
    graph = build_graph(500, np.random.default_rng(1))
    timed = pd.DataFrame({"program": ["numba", "torch", "peer"], "units": [4096, 1, 7]})
    table = memory.measure_memory(graph, 0.1, timed, 1)
    assert asked == [("numba", 4096), ("torch", memory.LEAST_AT_ONCE)]
    assert table["within"].tolist() == [True, False]
    assert table["bytes_an_edge"].tolist() == [100 / graph.num_edges, 10**9 / graph.num_edges]
