"""Time to the first result: fresh processes that import, load a graph and run cascades."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from weishang.experiments.bench.common.graphs import build_graph, largest_hubs, public_files
from weishang.kernels import Graph, independent_cascade

START_GRAPH, START_P, START_CASCADES = "facebook_combined", 0.05, 1000
START_NODES = 4_000
"""Size of the graph that stands in where ego-Facebook is not there."""
CACHE = "NUMBA_CACHE_DIR"
"""Where compiled code is kept; an empty folder makes a run the first one ever."""
PROGRAM = """
import json, sys
from weishang.kernels import Graph, independent_cascade

edges, p, cascades, seeds, threads = sys.argv[1:]
result = independent_cascade(
    Graph.from_edge_list(edges, directed=False),
    json.loads(seeds),
    float(p),
    int(cascades),
    backend="numba",
    threads=int(threads),
)
print(int(result.reach.sum()))
"""
"""What a process does: no more than its user would write, so that no other import is timed."""


def measure_start(cached: int, first_ever: bool, seed: int, threads: int) -> pd.DataFrame:
    """Time fresh processes to a first result, which must be the same as here.

    Args:
        cached: processes with compiled code there.
        first_ever: whether one goes before them with nothing compiled.
        seed: of the graph that stands in.
        threads: that the backend may use.

    Returns:
        One row a process: graph, nodes, compiled_code ("first ever" or "cached"), seconds.

    Raises:
        RuntimeError: a process failed, or its result is another.
    """
    with tempfile.TemporaryDirectory() as folder:
        edges = public_files().get(START_GRAPH) or _write_edges(Path(folder) / "edges.txt", seed)
        graph = Graph.from_edge_list(edges, directed=False)
        seeds = largest_hubs(graph)
        here = independent_cascade(graph, seeds, START_P, START_CASCADES, backend="numba")
        expected = int(here.reach.sum())
        cache = Path(folder) / "compiled" if first_ever else None
        kinds = ["first ever"] * first_ever + ["cached"] * cached
        rows = []
        for kind in kinds:
            took, reach = first_result(edges, START_P, START_CASCADES, seeds, threads, cache)
            if reach != expected:
                raise RuntimeError(f"a fresh process reaches {reach}, here {expected}: no times")
            rows.append((edges.stem, graph.num_nodes, kind, took))
    return pd.DataFrame(rows, columns=["graph", "nodes", "compiled_code", "seconds"])


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
    arguments = [str(edges), str(p), str(cascades), json.dumps(list(seeds)), str(threads)]
    environment = os.environ if cache is None else {**os.environ, CACHE: str(cache)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        env=environment,
    )
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"a first result could not be had:\n{done.stderr}")
    return took, int(done.stdout)


def _write_edges(path: Path, seed: int) -> Path:
    graph = build_graph(START_NODES, np.random.default_rng(seed))
    source = np.repeat(np.arange(graph.num_nodes), graph.degrees)
    np.savetxt(path, np.column_stack([source, graph.indices]), fmt="%d")
    return path
