"""Time to the first result: a fresh process imports, loads a graph and runs cascades.

Run by `python -m` with EDGES P CASCADES SEEDS THREADS, it prints the people reached in all
cascades together.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from weishang.kernels import Graph, independent_cascade

CACHE = "NUMBA_CACHE_DIR"
"""Where compiled code is kept; an empty folder makes a run the first one ever."""


def first_result(
    edges: Path, p: float, cascades: int, seeds: Sequence[int], threads: int, cache: Path | None
) -> tuple[float, int]:
    """Run a fresh process to its result.

    Args:
        edges: edge list of an undirected graph.
        p: probability.
        cascades: to run.
        seeds: node ids.
        threads: that the backend may use.
        cache: folder for compiled code; None for the usual one.

    Returns:
        Wall seconds from start to end of the process, and people reached in all cascades.

    Raises:
        RuntimeError: the process failed.
    """
    told = [str(edges), str(p), str(cascades), json.dumps(list(seeds)), str(threads)]
    environment = os.environ if cache is None else {**os.environ, CACHE: str(cache)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "weishang.experiments.bench.probes.first_result", *told],
        capture_output=True,
        text=True,
        env=environment,
    )
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"a first result could not be had:\n{done.stderr}")
    return took, int(done.stdout)


def total_reach(edges: str, p: str, cascades: str, seeds: str, threads: str) -> int:
    """What the process does: arguments as they stand on its command line."""
    graph = Graph.from_edge_list(edges, directed=False)
    result = independent_cascade(
        graph, json.loads(seeds), float(p), int(cascades), backend="numba", threads=int(threads)
    )
    return int(result.reach.sum())


if __name__ == "__main__":
    print(total_reach(*sys.argv[1:]))
