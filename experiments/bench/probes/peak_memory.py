"""How much memory a backend takes beyond its graph: measured in a process of its own.

Run by `python -m` with GRAPH.npz BACKEND P CASCADES SEEDS THREADS, it prints the peak in bytes.
Linux only: there the kernel counts the peak of resident memory, and can forget it.
"""

import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from weishang.experiments.bench.contenders.contenders import backend_options
from weishang.kernels import Graph, independent_cascade

STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"
KIBIBYTE = 1024


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
        [sys.executable, "-m", "weishang.experiments.bench.probes.peak_memory", *arguments],
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
