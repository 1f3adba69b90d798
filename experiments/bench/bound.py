"""How near our backend comes to the machine's random reads on a graph; see random_reads."""

import pandas as pd

from weishang.experiments.bench.common import random_reads
from weishang.experiments.bench.common.graphs import largest_hubs
from weishang.experiments.bench.common.timing import OURS
from weishang.kernels import Graph


def measure_reads(graph: Graph, threads: int) -> pd.DataFrame:
    """Random reads from 64 MB and from the graph's own arrays, on one thread and on all.

    Returns:
        One row an array and number of threads: array, bytes, ns, threads.
    """
    parts = []
    for count in dict.fromkeys((1, threads)):
        reads = random_reads.of_graph(graph, count)
        seen = (graph.num_nodes + 63) // 64 * 8
        usual = random_reads.USUAL_BYTES, random_reads.usual_nanoseconds(count)
        rows = [
            ("64 MB", *usual),
            ("row offsets", graph.indptr.nbytes, reads.offset),
            ("targets", graph.indices.nbytes, reads.target),
            ("seen bits", seen, reads.seen),
        ]
        parts.append(pd.DataFrame(rows, columns=["array", "bytes", "ns"]).assign(threads=count))
    return pd.concat(parts, ignore_index=True)


def bound_row(
    graph: Graph, p: float, timed: pd.DataFrame, reads: pd.DataFrame, seed: int, threads: int
) -> pd.DataFrame:
    """What a reached person costs, over what the random reads alone would cost.

    Args:
        graph: undirected; its largest hubs are the seeds.
        p: probability.
        timed: rows of `measure` at this p.
        reads: of this graph, from `measure_reads`.
        seed: of the cascades whose exposures are counted.
        threads: that were used.

    Returns:
        One row: exposures a person, nanoseconds a person (bound, measured), and their ratio.
    """
    ours = timed[timed["program"] == OURS]
    reach = ours["mean_reach"].mean()
    exposures = random_reads.exposures_a_person(graph, largest_hubs(graph), p, reach, seed)
    ns = reads[reads["threads"] == threads].set_index("array")["ns"]
    each = random_reads.Reads(ns["row offsets"], ns["targets"], ns["seen bits"])
    bound = random_reads.person_bound(each, exposures)
    measured = float((1e9 * ours["seconds"] / (ours["units"] * ours["mean_reach"])).median())
    row = {"exposures": exposures, "bound": bound, "measured": measured, "ratio": measured / bound}
    return pd.DataFrame([row])
