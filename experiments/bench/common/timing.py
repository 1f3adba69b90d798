"""How the benchmark takes time: calibrated, interleaved, medians of several."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

REPETITIONS = 5

OURS = "numba"
"""The backend that ratios are of."""

Run = Callable[[int, int], float]
"""(units of work, seed) -> mean reach."""


def calibrate(run: Run, seconds: float, seed: int) -> int:
    """Units that take about so many seconds; doubled, as some gain from large batches.

    What took long once may have been compiled in that time, or waited: it is to do so twice.
    """

    def took() -> float:
        start = time.perf_counter()
        run(units, seed)
        return time.perf_counter() - start

    units, enough = 1, 0.7 * seconds
    while took() < enough or took() < enough:
        units *= 2
    return units


def measure(runs: Mapping[str, Run], counts: Mapping[str, int], seed: int) -> pd.DataFrame:
    """Time every program in turn, `REPETITIONS` times, so that a slow minute meets all alike.

    Args:
        runs: by name.
        counts: units of work of one measurement, by name.
        seed: of the first repetition; the others take the next ones.

    Returns:
        One row a measurement: program, repetition, units, seconds, mean_reach.
    """
    rows = []
    for repetition in range(REPETITIONS):
        for name, run in runs.items():
            start = time.perf_counter()
            mean = run(counts[name], seed + repetition)
            rows.append((name, repetition, counts[name], time.perf_counter() - start, mean))
    return pd.DataFrame(rows, columns=["program", "repetition", "units", "seconds", "mean_reach"])


def spread(frame: pd.DataFrame, keys: list[str], value: str) -> pd.DataFrame:
    """Median, smallest and largest of a column for each of the keys, in order of appearance."""
    groups = frame.groupby(keys, sort=False)[value]
    return groups.agg(["median", "min", "max"]).reset_index()


def of_ours(table: pd.DataFrame, keys: list[str]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Our median beside each row of a table of medians; NaN where we did not run.

    Args:
        table: with `program`, `median` and the keys, one row for each of them.
        keys: that name a setting.
    """
    ours = table[table["program"] == OURS].set_index(keys)["median"]
    return ours.reindex(pd.MultiIndex.from_frame(table[keys])).to_numpy(dtype=np.float64)
