"""Time to the first result: fresh processes that import, load a graph and run cascades."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from weishang.experiments.bench.common.graphs import build_graph, largest_hubs, public_files
from weishang.experiments.bench.probes.first_result import first_result
from weishang.kernels import Graph, independent_cascade

START_GRAPH, START_P, START_CASCADES = "facebook_combined", 0.05, 1000
START_NODES = 4_000
"""Size of the graph that stands in where ego-Facebook is not there."""


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


def _write_edges(path: Path, seed: int) -> Path:
    graph = build_graph(START_NODES, np.random.default_rng(seed))
    source = np.repeat(np.arange(graph.num_nodes), graph.degrees)
    np.savetxt(path, np.column_stack([source, graph.indices]), fmt="%d")
    return path
