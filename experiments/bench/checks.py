"""What must agree before any time is taken: our backends exactly, other programs in law."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from weishang.experiments.bench.common.timing import OURS
from weishang.experiments.bench.contenders.contenders import LEAST_MEMORY, our_backends
from weishang.experiments.bench.contenders.program import Program
from weishang.kernels import CascadeRule, Graph, propagate

BASELINE = 256
"""Cascades of our own that the others are held against."""
LEAST_CHECKED = 8
MOST_CHECKED = 1024
BOUND, MEAN_ALARM = 4.5, 7e-6
"""Standard errors that a mean may be away, and how often one is by chance."""
FALSE_ALARM = 1e-5
"""Chance that two samples of one law are told apart."""
EXACT_HOPS = 2
EXACT_CASCADES = 3
TORCH_NODE_BYTES = 160
"""Memory that torch may take a node while it is checked: the events of one cascade take most."""

COLUMNS = ["program", "cascades", "mean_reach", "errors_away", "ks_distance", "ks_p_value"]


def check_exact(
    graph: Graph, seeds: Sequence[int], p: float, seed: int, hops: int | None = None
) -> None:
    """Hold our backends against the reference and each other.

    Against the reference event by event for `EXACT_HOPS` hops, against each other count by count.

    Args:
        graph: undirected.
        seeds: node ids.
        p: probability.
        seed: of the cascades.
        hops: of the counts; None for whole cascades.

    Raises:
        RuntimeError: they differ.
    """
    rule = CascadeRule(view=[p], share=np.ones((1, 3, 1)))
    cascades = range(EXACT_CASCADES)
    for last, record, first in ((EXACT_HOPS, "events", "reference"), (hops, "counts", OURS)):
        expected, *others = (
            propagate(
                graph,
                rule,
                seeds,
                cascades,
                seed,
                max_hops=last,
                record=record,
                **_options(name, graph),
            )
            for name in dict.fromkeys([first, *our_backends()])
        )
        if not all(expected.equals(other) for other in others):
            raise RuntimeError(f"backends differ at p = {p} on {graph.num_nodes} nodes: no times")


def check_law(
    programs: Mapping[str, Program],
    counts: Mapping[str, int],
    baseline: NDArray[np.int64],
    seed: int,
) -> pd.DataFrame:
    """Hold every program's reach against ours: in mean, and in law by Kolmogorov and Smirnov.

    Args:
        programs: by name.
        counts: cascades to run, by name; at least `LEAST_CHECKED` and at most `MOST_CHECKED` are.
        baseline: people reached in cascades of ours, [BASELINE].
        seed: of the cascades.

    Returns:
        One row a program: cascades, mean, standard errors between the mean and ours, the largest
        distance between the distribution functions, and the chance of one so large.

    Raises:
        RuntimeError: a mean is further away than `BOUND`, or the chance is below `FALSE_ALARM`.
    """
    rows = []
    for name, program in programs.items():
        count = min(max(counts[name], LEAST_CHECKED), MOST_CHECKED)
        reaches = program.reaches(count, seed)
        away = _errors_away(name, float(reaches.mean()), count, baseline)
        if program.own_mean is not None:
            _errors_away(name, program.own_mean(count, seed), count, baseline)
        law = ks_2samp(reaches, baseline)
        if not law.pvalue >= FALSE_ALARM:
            raise RuntimeError(
                f"{name} has another law of reach than ours, p = {law.pvalue:.1g}; no times"
            )
        rows.append((name, count, reaches.mean(), away, law.statistic, law.pvalue))
    return pd.DataFrame(rows, columns=COLUMNS)


def _options(backend: str, graph: Graph) -> dict[str, Any]:
    if backend != "torch":
        return {"backend": backend}
    memory = LEAST_MEMORY + TORCH_NODE_BYTES * graph.num_nodes
    return {"backend": backend, "device": "cpu", "memory": memory}


def _errors_away(name: str, mean: float, count: int, baseline: NDArray[np.int64]) -> float:
    """Standard errors between a mean and ours, both taken with the spread of ours."""
    ours, spread = float(baseline.mean()), float(baseline.std(ddof=1))
    error = spread * np.sqrt(1 / baseline.size + 1 / count)
    away = (mean - ours) / error if mean != ours else 0.0
    if not abs(away) <= BOUND:
        raise RuntimeError(f"{name} reaches {mean}, ours {ours}: {away:.1f} errors; no times")
    return float(away)
