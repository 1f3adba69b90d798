"""From rows to estimates: a value with its interval, its prior range and the reported band.

Intervals come from the bootstrap, and every sum has the same digits on every processor.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from weishang.experiments.analysis import prior, reported
from weishang.experiments.analysis.estimands import Estimand

INTERVAL = (0.025, 0.975)
RESAMPLES = 1000


def estimates(
    items: Sequence[Estimand],
    tables: Mapping[str, pd.DataFrame],
    draws: pd.DataFrame,
    beside: Mapping[str, Sequence[Any]],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row per estimand, with all that a verdict on it goes by.

    Args:
        items: the estimands.
        tables: rows of all replicates, by name; those of one table are resampled together.
        draws: of the prior predictive.
        beside: further columns, in the order of `items`.
        rng: decides the resamples.

    Returns:
        figure, reading, value, ci_low, ci_high, prior_low, prior_high, the columns of `beside`,
        reported_low, reported_high; NaN where there is none.
    """
    table = intervals(items, tables, rng)
    ranges = [
        draws[prior.column(one.figure, one.reading)].quantile(list(prior.INTERVAL)).tolist()
        for one in items
    ]
    table["prior_low"], table["prior_high"] = zip(*ranges, strict=True)
    bands = [reported.figure(one.figure) for one in items]
    return table.assign(
        **beside,
        reported_low=[np.nan if one.band_low is None else one.band_low for one in bands],
        reported_high=[np.nan if one.band_high is None else one.band_high for one in bands],
    )


def intervals(
    items: Sequence[Estimand], tables: Mapping[str, pd.DataFrame], rng: np.random.Generator
) -> pd.DataFrame:
    """Every estimand with its 95% interval over the rows of all replicates.

    Rows are resampled alike, whatever their replicate or day. Replicates share their society, and a
    campaign's random numbers are its own: two campaigns of a replicate are no more alike than two
    of different ones, and to resample replicates as well would count the differences between
    campaigns twice. That campaigns of a day share tired people, and a seller's campaigns what it
    has learnt, is left out.

    Returns:
        figure, reading, value, ci_low, ci_high: percentiles, widened where they leave the value
        out.
    """
    ends: dict[Estimand, tuple[float, float, float]] = {}
    for name, rows in tables.items():
        some = [one for one in items if one.table == name]
        above = np.stack([one.numerator(rows) for one in some], axis=1)
        below = np.stack([one.denominator(rows) for one in some], axis=1)
        found = [one.value(rows) for one in some]
        low, high = interval(bootstrap(above, below, rng), found)
        ends.update(zip(some, zip(found, low, high, strict=True), strict=True))
    return pd.DataFrame(
        [(one.figure, one.reading, *ends[one]) for one in items],
        columns=["figure", "reading", "value", "ci_low", "ci_high"],
    )


def bootstrap(
    above: NDArray[np.float64], below: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Ratios of sums over resampled rows, by Poisson weights of mean 1 (for many rows).

    Args:
        above: [rows, K], what each row adds to the numerators.
        below: [rows, K], what it adds to the denominators.
        rng: decides the resamples; all K ratios see the same ones.

    Returns:
        [RESAMPLES, K]; 0 where nothing is in a denominator.
    """
    sums_above, sums_below = _Sums(above), _Sums(below)
    draws = np.empty((RESAMPLES, above.shape[1]))
    for number in range(RESAMPLES):
        weights = rng.poisson(1.0, size=len(above)).astype(np.float64)
        draws[number] = _over(sums_above.of(weights), sums_below.of(weights))
    return draws


def ratios(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ratios that `bootstrap` resamples, each row counted once, [K]."""
    once = np.ones(len(above))
    return _over(_Sums(above).of(once), _Sums(below).of(once))


def interval(
    draws: NDArray[np.float64], values: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95% interval of values from [draws, ..], widened where it leaves them out."""
    low, high = np.quantile(draws, INTERVAL, axis=0)
    return np.minimum(low, values), np.maximum(high, values)


class _Sums:
    """Weighted sums of columns, to the same digit on every processor.

    BLAS adds in an order that depends on the processor, so only whole numbers, whose sums are exact
    in any order, are left to it. All others are added in NumPy's order, which is always the same.
    """

    def __init__(self, columns: NDArray[np.float64]) -> None:
        whole = (columns == np.rint(columns)).all(axis=0)
        self._exact = np.flatnonzero(whole)
        self._whole = np.ascontiguousarray(columns[:, whole])
        self._others = {
            place: np.ascontiguousarray(columns[:, place]) for place in np.flatnonzero(~whole)
        }
        self._size = columns.shape[1]

    def of(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of each column, weighted by row with whole numbers."""
        sums = np.empty(self._size)
        sums[self._exact] = weights @ self._whole
        for place, column in self._others.items():
            sums[place] = (weights * column).sum()
        return sums


def _over(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)
