"""Cost of a reached person against the size of the graph, from 10^4 nodes up.

The graph is a ring with chance ties, ten ties a node, so that only its size changes. At p = .15 a
node infects some 1.35 others at first and half of all are reached, at every size.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from weishang.experiments.bench.checks import check_exact
from weishang.experiments.bench.common import random_reads
from weishang.experiments.bench.common.graphs import NUM_SEEDS, RING_DEGREE, ring_and_chance
from weishang.experiments.bench.common.timing import OURS, calibrate, measure, spread
from weishang.experiments.bench.contenders.contenders import backend_options
from weishang.kernels import Graph, independent_cascade

P = 0.15
CHECKED_HOPS = 6
"""Hops in which the backends are held against each other; whole cascades on large graphs of a
backend that is not fast would take longer than all measurements."""

CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def measure_sizes(
    sizes: tuple[int, ...], seconds: float, seed: int, threads: int, advance: Callable[[], None]
) -> pd.DataFrame:
    """Check, then time, whole cascades at each size.

    Args:
        sizes: nodes; see `ring_and_chance`.
        seconds: aimed at for one measurement; a cascade a thread at the least.
        seed: of graphs and cascades.
        threads: that the backend may use.
        advance: called after each size.

    Returns:
        One row a size: nodes, edges, graph_bytes, p, cascades, share_reached; nanoseconds a person
        reached: median, min, max, bound (see gather).
    """
    rows = []
    for size in sizes:
        rng = np.random.default_rng(seed)
        graph = ring_and_chance(size, rng)
        rows.append(_measure_size(graph, seconds, rng, seed, threads))
        advance()
    return pd.DataFrame(rows)


def data_caches() -> pd.DataFrame:
    """The first core's caches of data: level and bytes, none where the system does not tell."""
    rows = []
    for folder in sorted(CACHES.glob("index*")):
        kind, level, size = (
            (folder / name).read_text().strip() for name in ("type", "level", "size")
        )
        if kind != "Instruction":
            rows.append((int(level), int(size[:-1]) * UNITS[size[-1]]))
    return pd.DataFrame(rows, columns=["level", "bytes"])


def _measure_size(
    graph: Graph, seconds: float, rng: np.random.Generator, seed: int, threads: int
) -> dict[str, float]:
    seeds = rng.choice(graph.num_nodes, NUM_SEEDS, replace=False).tolist()
    check_exact(graph, seeds, P, seed, CHECKED_HOPS)
    options = backend_options(OURS, graph, threads)

    def run(rounds: int, seed: int) -> float:
        result = independent_cascade(graph, seeds, P, rounds * threads, seed, **options)
        return float(result.reach.sum()) / (rounds * threads)

    rounds = calibrate(run, seconds, seed)
    timed = measure({OURS: run}, {OURS: rounds}, seed)
    people = timed["units"] * threads * timed["mean_reach"]
    cost = spread(timed.assign(cost=1e9 * timed["seconds"] / people), ["program"], "cost").iloc[0]
    reach = timed["mean_reach"].mean()
    exposures = P * RING_DEGREE * (reach + NUM_SEEDS) / reach
    return {
        "nodes": graph.num_nodes,
        "edges": graph.num_edges,
        "graph_bytes": graph.indptr.nbytes + graph.indices.nbytes,
        "p": P,
        "cascades": rounds * threads,
        "share_reached": reach / graph.num_nodes,
        **{name: float(cost[name]) for name in ("median", "min", "max")},
        "bound": random_reads.person_bound(random_reads.of_graph(graph, threads), exposures),
    }
