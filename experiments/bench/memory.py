"""Memory of our backends beyond the graph, in batches as large as the timed ones."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from weishang.experiments.bench.common.graphs import largest_hubs
from weishang.experiments.bench.contenders.contenders import memory_limit, our_backends
from weishang.experiments.bench.probes.peak_memory import peak_beyond_graph
from weishang.kernels import Graph

LEAST_AT_ONCE = 32
"""Cascades of a batch, however slow."""
ON_CPU = ("numba", "torch")
"""Backends whose memory is that of the process."""


def measure_memory(graph: Graph, p: float, timed: pd.DataFrame, threads: int) -> pd.DataFrame:
    """Peak of each of our backends on the CPU in a batch at least as large as the timed ones.

    Args:
        graph: undirected; its largest hubs are the seeds.
        p: probability.
        timed: rows of `measure` at this p.
        threads: that a backend may use.

    Returns:
        One row a backend: program, cascades, peak_bytes, bytes_an_edge, limit_bytes, within; none
        where the system does not tell a peak.
    """
    limit = memory_limit(graph)
    cascades = timed.groupby("program")["units"].first()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.npz"
        np.savez(file, indptr=graph.indptr, indices=graph.indices)
        for name in (one for one in our_backends() if one in ON_CPU):
            count = max(LEAST_AT_ONCE, int(cascades[name]))
            peak = peak_beyond_graph(file, name, p, count, largest_hubs(graph), threads)
            if peak is not None:
                rows.append((name, count, peak, peak / graph.num_edges, limit, peak <= limit))
    columns = ["program", "cascades", "peak_bytes", "bytes_an_edge", "limit_bytes", "within"]
    return pd.DataFrame(rows, columns=columns)
