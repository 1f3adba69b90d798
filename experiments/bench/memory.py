"""Memory of our backends beyond the graph, in batches as large as the timed ones.

Each batch runs in a process of its own: `python -m` of this module with GRAPH.npz BACKEND P
CASCADES SEEDS THREADS prints the peak in bytes. Linux only: there the kernel counts the peak of
resident memory, and can forget it.
"""

import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from weishang.experiments.bench.common.graphs import largest_hubs
from weishang.experiments.bench.contenders.contenders import (
    backend_options,
    memory_limit,
    our_backends,
)
from weishang.kernels import Graph, independent_cascade

LEAST_AT_ONCE = 32
"""Cascades of a batch, however slow."""
ON_CPU = ("numba", "torch")
"""Backends whose memory is that of the process."""
STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"
KIBIBYTE = 1024


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


def peak_beyond_graph(
    graph_file: Path, backend: str, p: float, cascades: int, seeds: Sequence[int], threads: int
) -> int | None:
    """Bytes that one batch takes at its peak beyond the graph, in a fresh process.

    Args:
        graph_file: .npz with indptr and indices, not compressed.
        backend: of `independent_cascade`.
        p: probability.
        cascades: in the batch.
        seeds: node ids.
        threads: that the backend may use.

    Returns:
        Bytes, or None where the system does not tell.

    Raises:
        RuntimeError: the process failed.
    """
    if not FORGET.exists():
        return None
    told = json.dumps(list(seeds))
    arguments = [str(graph_file), backend, str(p), str(cascades), told, str(threads)]
    done = subprocess.run(
        [sys.executable, "-m", "weishang.experiments.bench.memory", *arguments],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the memory of {backend} could not be measured:\n{done.stderr}")
    return int(done.stdout)


def _measure(graph_file: str, backend: str, p: str, cascades: str, seeds: str, threads: str) -> int:
    arrays = np.load(graph_file, allow_pickle=False)
    graph = Graph.from_csr(arrays["indptr"], arrays["indices"])
    options = backend_options(backend, graph, int(threads))
    pair = Graph.from_edges([0, 1], [1, 0])
    independent_cascade(pair, [0], 0.5, int(cascades), **options)
    gc.collect()
    before = _resident("VmRSS")
    FORGET.write_text(FORGET_PEAK)
    independent_cascade(graph, json.loads(seeds), float(p), int(cascades), **options)
    return _resident("VmHWM") - before


def _resident(name: str) -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * KIBIBYTE
    raise RuntimeError(f"{STATUS} has no {name}")


if __name__ == "__main__":
    print(_measure(*sys.argv[1:]))
