"""What is counted over whom: one row a campaign, and the figures that follow from many.

A level's conversion is buyers over reached, a channel's is buyers over visits; the other reading
stands beside it. Means are given over all campaigns and over those that get to the level, which
is that they reach at least one person there. Level 3 is three hops and more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weishang.experiments.simulate.campaign_rows import LEVELS

INTERVAL = (0.025, 0.975)
RESAMPLES = 1000


@dataclass(frozen=True)
class Estimand:
    """A ratio of two sums over campaigns.

    Attributes:
        figure: id of the reported figure.
        reading: what is counted, over whom.
        numerator, denominator: give a number a campaign.
    """

    figure: str
    reading: str
    numerator: Callable[[pd.DataFrame], NDArray[np.float64]]
    denominator: Callable[[pd.DataFrame], NDArray[np.float64]]

    def value(self, rows: pd.DataFrame) -> float:
        """The figure over these campaigns; 0 when nobody is in the denominator."""
        below = float(self.denominator(rows).sum())
        return float(self.numerator(rows).sum()) / below if below else 0.0


def _sum(measure: str, *levels: int) -> Callable[[pd.DataFrame], NDArray[np.float64]]:
    names = [f"{measure}_{level}" for level in levels]
    return lambda rows: rows[names].to_numpy(dtype=np.float64).sum(axis=1)


def _column(name: str) -> Callable[[pd.DataFrame], NDArray[np.float64]]:
    return lambda rows: rows[name].to_numpy(dtype=np.float64)


def _each(rows: pd.DataFrame) -> NDArray[np.float64]:
    return np.ones(len(rows))


def _there(level: int) -> Callable[[pd.DataFrame], NDArray[np.float64]]:
    return lambda rows: (rows[f"reach_{level}"].to_numpy() > 0).astype(np.float64)


THERE, ALL = "mean over campaigns that get there", "mean over all campaigns"
BY_REACHED, BY_VISITS = "buyers over reached", "buyers over visits"
NEAR = "levels 1 and 2 only"

ESTIMANDS = (
    *(Estimand(f"t2_l{k}_reach", THERE, _sum("reach", k), _there(k)) for k in LEVELS),
    *(Estimand(f"t2_l{k}_reach", ALL, _sum("reach", k), _each) for k in LEVELS),
    *(Estimand(f"l{k}_conv", BY_REACHED, _sum("buyers", k), _sum("reach", k)) for k in (1, 2)),
    *(Estimand(f"l{k}_conv", BY_VISITS, _sum("buyers", k), _sum("visitors", k)) for k in (1, 2)),
    Estimand("conv_friend", BY_REACHED, _sum("buyers", 1), _sum("reach", 1)),
    Estimand("conv_system", BY_REACHED, _column("system_buyers"), _column("system_reach")),
    Estimand("conv_system", BY_VISITS, _column("system_buyers"), _column("system_visitors")),
    Estimand("t1_moments_conv", BY_VISITS, _sum("buyers", *LEVELS), _sum("visitors", *LEVELS)),
    Estimand("t1_moments_conv", BY_REACHED, _sum("buyers", *LEVELS), _sum("reach", *LEVELS)),
    Estimand(
        "t1_moments_conv", f"{BY_VISITS}, {NEAR}", _sum("buyers", 1, 2), _sum("visitors", 1, 2)
    ),
    Estimand("t1_moments_conv", f"{BY_REACHED}, {NEAR}", _sum("buyers", 1, 2), _sum("reach", 1, 2)),
)
"""Every figure that the reach experiment gives, the main reading of a figure first."""

TOOK_OFF = {level: Estimand("", f"gets to level {level}", _there(level), _each) for level in (2, 3)}


def with_intervals(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Every estimand with its 95% interval over campaigns and worlds.

    Campaigns of all worlds are resampled alike (Poisson weights with mean 1: the bootstrap for
    many rows). Worlds share their society, and luck is a campaign's own: two campaigns of a world
    are no more alike than two of different worlds. To resample worlds as well would count the
    differences between campaigns twice.

    Args:
        rows: from `campaign_rows`, all worlds.
        rng: decides the resamples.

    Returns:
        figure, reading, value, ci_low, ci_high: percentiles, widened where they leave the value
        out.
    """
    above = np.stack([item.numerator(rows) for item in ESTIMANDS], axis=1)
    below = np.stack([item.denominator(rows) for item in ESTIMANDS], axis=1)
    ratios = np.empty((RESAMPLES, len(ESTIMANDS)))
    for draw in range(RESAMPLES):
        mass = rng.poisson(1.0, size=len(rows))
        under = mass @ below
        ratios[draw] = np.divide(mass @ above, under, out=np.zeros_like(under), where=under > 0)
    low, high = np.quantile(ratios, INTERVAL, axis=0)
    found = [item.value(rows) for item in ESTIMANDS]
    return pd.DataFrame(
        {
            "figure": [item.figure for item in ESTIMANDS],
            "reading": [item.reading for item in ESTIMANDS],
            "value": found,
            "ci_low": np.minimum(low, found),
            "ci_high": np.maximum(high, found),
        }
    )


def values(rows: pd.DataFrame) -> Mapping[tuple[str, str], float]:
    """Every estimand by (figure, reading)."""
    return {(item.figure, item.reading): item.value(rows) for item in ESTIMANDS}
