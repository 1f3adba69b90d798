"""How fast the machine reads at random, and what a cascade would cost if reading were all of it.

A cascade reads from places that it cannot foresee, so its time is bound by random reads. Per person
reached a plain cascade reads one row offset and one word of seen bits, and per live slot one
target. `person_bound` is the time of these reads alone, each at the speed that independent reads
from an array of that size have on this machine. Random words, counting and everything in order
are left out, so no program that reads at random can reach it; one that reads in order may pass it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph, independent_cascade
from weishang.kernels.rng import GOLDEN, MIX_1
from weishang.kernels.runtime.jit import jit_entry

REPETITIONS = 5
READS = 1 << 22
"""Reads a thread in one measurement."""
USUAL_BYTES = 64 << 20
"""An array that no core's own cache holds; the size that such measurements usually have."""
COUNTED_PEOPLE = 1_000_000
MOST_COUNTED = 1024
"""Cascades whose exposures are counted: so many, or as many as reach so many people."""


class Reads(NamedTuple):
    """Nanoseconds a random read, of a graph's arrays, over all threads together.

    Attributes:
        offset: of the row offsets, 8 bytes each.
        target: of the targets, 4 bytes each.
        seen: of one bit a node, in words of 8 bytes.
    """

    offset: float
    target: float
    seen: float


def nanoseconds(array: NDArray[Any], threads: int, reads: int = READS) -> float:
    """Wall time of one random read from an array: independent reads, all threads together.

    Args:
        array: integers, at least one and fewer than 2^32, all of them written before.
        threads: that read at once.
        reads: of each thread.

    Returns:
        Median over `REPETITIONS`. With two threads it is half of what one thread waits.
    """
    starts = [thread * reads for thread in range(threads)]
    _sum_at_random(array, 0, 1)
    took = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(REPETITIONS):
            begin = time.perf_counter()
            list(pool.map(lambda start: _sum_at_random(array, start, reads), starts))
            took.append(time.perf_counter() - begin)
    return 1e9 * median(took) / (threads * reads)


def usual_nanoseconds(threads: int) -> float:
    """A random read of 8 bytes out of 64 MB."""
    return nanoseconds(np.ones(USUAL_BYTES // 8, dtype=np.int64), threads)


def of_graph(graph: Graph, threads: int) -> Reads:
    """Random reads from a graph's own arrays and from seen bits of its size."""
    seen = np.ones((graph.num_nodes + 63) // 64, dtype=np.uint64)
    return Reads(*(nanoseconds(one, threads) for one in (graph.indptr, graph.indices, seen)))


def person_bound(reads: Reads, exposures: float) -> float:
    """Nanoseconds a person reached when random reads are all that costs.

    Args:
        reads: of the graph.
        exposures: live slots for each person reached.
    """
    return reads.offset + reads.seen + exposures * reads.target


def exposures_a_person(
    graph: Graph, seeds: Sequence[int], p: float, mean_reach: float, seed: int
) -> float:
    """Live slots for each person reached: p times the ties of all who post, in the mean.

    Args:
        graph: undirected.
        seeds: node ids.
        p: of the independent cascade.
        mean_reach: people that a cascade reaches, about; decides how many are run.
        seed: of the cascades.
    """
    cascades = int(np.clip(COUNTED_PEOPLE // max(mean_reach, 1), 1, MOST_COUNTED))
    events = independent_cascade(
        graph, seeds, p, cascades, seed, backend="numba", record="events"
    ).events
    assert events is not None
    ties = graph.degrees[events.node].sum() + cascades * graph.degrees[list(seeds)].sum()
    return float(p * ties / max(events.node.size, 1))


@jit_entry
def _sum_at_random(array: NDArray[Any], start: int, count: int) -> np.int64:
    """Add up entries at places that one multiplication and two shifts make out of a counter."""
    total = np.int64(0)
    size = np.uint64(array.size)
    half = np.uint64(32)
    for i in range(start, start + count):
        word = np.uint64(i) * np.uint64(GOLDEN)
        word = (word ^ (word >> half)) * np.uint64(MIX_1)
        total += np.int64(array[((word >> half) * size) >> half])
    return total
