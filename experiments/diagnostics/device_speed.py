"""How fast a device reads at random and copies, and how near to that its cascades come.

A cascade is bound by random reads (see gather): of a row offset and of a word of seen bits for each
person, and of a target for each live slot. Here the device itself reads arrays of these sizes, and
an edge-trial is one slot of one who posts, live or not.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from weishang.experiments.bench.common.random_reads import Reads, exposures_a_person, person_bound
from weishang.experiments.bench.common.timing import Run, calibrate, measure, spread
from weishang.kernels import Graph, independent_cascade

REPETITIONS = 5
READS = {"cpu": 1 << 20}
MOST_READS = 1 << 26
"""Reads of one measurement; on a device the larger number, to fill it."""
COPIED_BYTES = {"cpu": 1 << 26}
MOST_COPIED_BYTES = 1 << 30
USUAL_BYTES = 64 << 20
"""The array that gathers are usually measured on; on a GPU it may lie in the second cache."""
WORD_BYTES, OFFSET_BYTES, TARGET_BYTES = 8, 8, 4
BITS_A_WORD = 64

NAMES = {"program": "backend", "median": "cascades_per_second"}
"""What the columns of the benchmark's measurements are called here."""

Options = Mapping[str, Any]
"""Of `propagate`: the backend and what it takes."""


def bandwidth(device: torch.device) -> pd.DataFrame:
    """Random reads of 8-byte words, and copying in order: a row a measurement."""
    large = COPIED_BYTES.get(device.type, MOST_COPIED_BYTES)
    source = torch.ones(large // WORD_BYTES, dtype=torch.int64, device=device)
    target = torch.empty_like(source)
    seconds = _median_seconds(lambda: target.copy_(source), device)
    rows = [("copy, read and written", large, 2 * large / seconds / 1e9, "GB/s")]
    for size in sorted({USUAL_BYTES, large}):
        words = source[: size // WORD_BYTES]
        rows.append(("random read of 8 bytes", size, nanoseconds(words), "ns"))
    return pd.DataFrame(rows, columns=["measure", "array_bytes", "value", "unit"])


def nanoseconds(array: Tensor) -> float:
    """Time of one of many independent random reads; places and results are streamed beside."""
    reads = READS.get(array.device.type, MOST_READS)
    places = torch.randint(0, array.numel(), (reads,), device=array.device)
    return 1e9 * _median_seconds(lambda: array.index_select(0, places), array.device) / reads


def trials(
    graph: Graph,
    seeds: Sequence[int],
    probabilities: Sequence[float],
    backends: Mapping[str, Options],
    device: torch.device,
    at_once: int,
    seconds: float,
    seed: int,
) -> pd.DataFrame:
    """Edge-trials a second of each backend, beside the bound of the device's random reads.

    Args:
        graph: undirected.
        seeds: nodes.
        probabilities: of the independent cascade.
        backends: by name.
        device: whose reads are the bound.
        at_once: cascades of a call, or a multiple of them.
        seconds: of one measurement, about.
        seed: of the cascades.

    Returns:
        One row a probability and backend: cascades in one call, how many a second (median, min,
        max), trials a second, their bound, and the share of it that is reached.
    """
    reads = _reads(graph, device)
    tables = []
    for p in probabilities:
        runs = {name: _run(graph, seeds, p, at_once, one) for name, one in backends.items()}
        timed = _timed(runs, at_once, seconds, seed)
        mean = float(timed["mean_reach"].mean())
        exposures = exposures_a_person(graph, seeds, p, mean, seed)
        table = spread(timed, ["program", "cascades"], "cascades_per_second").rename(columns=NAMES)
        trials = mean * exposures / p
        table["trials_per_second"] = trials * table["cascades_per_second"]
        table["bound"] = 1e9 / person_bound(reads, exposures) * exposures / p
        table["of_bound"] = table["trials_per_second"] / table["bound"]
        tables.append(table.assign(p=p, mean_reach=mean, trials_a_cascade=trials))
    return pd.concat(tables, ignore_index=True)


def _timed(runs: Mapping[str, Run], at_once: int, seconds: float, seed: int) -> pd.DataFrame:
    """Measurements of each backend in turn."""
    for run in runs.values():
        run(1, seed)  # what is compiled at a first call would pass for the cascades' time
    counts = {name: calibrate(run, seconds, seed) for name, run in runs.items()}
    timed = measure(runs, counts, seed)
    cascades = at_once * timed["units"]
    return timed.assign(cascades=cascades, cascades_per_second=cascades / timed["seconds"])


def _run(graph: Graph, seeds: Sequence[int], p: float, at_once: int, options: Options) -> Run:
    def run(units: int, seed: int) -> float:
        cascades = units * at_once
        reach = independent_cascade(graph, seeds, p, cascades, seed, **options).reach
        return float(reach.sum()) / cascades

    return run


def _reads(graph: Graph, device: torch.device) -> Reads:
    """Random reads of arrays as large as the graph's and as one cascade's seen bits."""

    def read(size: int, kind: torch.dtype) -> float:
        return nanoseconds(torch.ones(max(size, 1), dtype=kind, device=device))

    return Reads(
        offset=read(graph.num_nodes, torch.int64),
        target=read(graph.num_edges, torch.int32),
        seen=read(graph.num_nodes // BITS_A_WORD, torch.int64),
    )


def _median_seconds(work: Callable[[], Any], device: torch.device) -> float:
    took = []
    for _ in range(REPETITIONS + 1):
        _finish(device)
        start = time.perf_counter()
        work()
        _finish(device)
        took.append(time.perf_counter() - start)
    return median(took[1:])


def _finish(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
