"""Figures of tables 1 and 2 over markets with all channels: what is counted over whom.

A channel's conversion is orders over visits, a level's is orders over reached; the other reading
stands beside it. Orders are those that were not refunded, after bargains end. A channel's campaigns
are those that start in it, livestreams apart; their visits are those of everyone who came, by
whatever path.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weishang.experiments.analysis.estimands import ALL, INTERVAL, RESAMPLES, THERE, Estimand
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.simulate.market_runs import Run

EVERY = "all channels"
THERE_BY_ALL, ALL_BY_ALL = f"{THERE}, {EVERY}", f"{ALL}, {EVERY}"
LIVESTREAMS = f"mean over livestreams, {EVERY}"
ORDERS_BY_VISITS, ORDERS_BY_REACHED = "orders over visits", "orders over reached"
LEVEL_BY_REACHED = f"{ORDERS_BY_REACHED}, {EVERY}"
LEVEL_BY_VISITS = f"{ORDERS_BY_VISITS}, {EVERY}"
WITH_LIVE = f"{ORDERS_BY_VISITS}, livestreams too"
SALES_BY_ORDERS = "sales over orders"
CHANNELS = {"moments": "moments", "oa": "official"}
"""Channels of campaigns, as figures and as campaigns name them."""

Counted = Callable[[pd.DataFrame], NDArray[np.float64]]


@dataclass(frozen=True)
class MarketEstimand(Estimand):
    """A ratio of two sums over campaigns, or over worlds and days of search.

    Attributes:
        frame: the table of the Run that it is counted in.
    """

    frame: str = "campaigns"

    def of(self, run: Run, nobody: float = 0.0) -> float:
        """The figure over a run; `nobody` where nobody is in the denominator."""
        rows = getattr(run, self.frame)
        return self.value(rows) if self.denominator(rows).any() else nobody


def in_money(run: Run, reference_price: float, before: float) -> Run:
    """The run with sales in CNY beside those in reference prices, as sales_cny.

    Args:
        run: whose days have sales in CNY already, at another reference price.
        reference_price: in CNY.
        before: the reference price that the days' sales were counted at.
    """
    factors = {
        name: run.days[name] * (reference_price / before)
        for name in run.days.columns
        if name.startswith("sales_")
    }
    return Run(
        days=run.days.assign(**factors),
        campaigns=run.campaigns.assign(sales_cny=run.campaigns["sales"] * reference_price),
        searches=run.searches.assign(sales_cny=run.searches["sales"] * reference_price),
    )


def _total(name: str, *levels: int) -> Counted:
    names = [f"{name}_{level}" for level in levels] or [name]
    return lambda rows: rows[names].to_numpy(dtype=np.float64).sum(axis=1)


def _there(level: int) -> Counted:
    return lambda rows: (rows[f"reach_{level}"].to_numpy() > 0).astype(np.float64)


def _each(rows: pd.DataFrame) -> NDArray[np.float64]:
    return np.ones(len(rows))


def _if_live(count: Counted) -> Counted:
    return lambda rows: count(rows) * (rows["tool"] == "livestream").to_numpy()


def _in(channel: str, count: Counted, *, live: bool = False) -> Counted:
    """Counted over the campaigns of a channel alone."""

    def counted(rows: pd.DataFrame) -> NDArray[np.float64]:
        chosen = rows["channel"] == channel
        if not live:
            chosen = chosen & (rows["tool"] != "livestream")
        return count(rows) * chosen.to_numpy()

    return counted


def _of_channel(figure: str, channel: str) -> list[MarketEstimand]:
    orders, visits, reach, sales = (
        _in(channel, counted)
        for counted in (
            _total("orders"),
            _total("visitors", *LEVELS),
            _total("reach", *LEVELS),
            _total("sales_cny"),
        )
    )
    all_orders, all_visits = (
        _in(channel, counted, live=True)
        for counted in (_total("orders"), _total("visitors", *LEVELS))
    )
    return [
        MarketEstimand(f"t1_{figure}_conv", ORDERS_BY_VISITS, orders, visits),
        MarketEstimand(f"t1_{figure}_conv", ORDERS_BY_REACHED, orders, reach),
        MarketEstimand(f"t1_{figure}_conv", WITH_LIVE, all_orders, all_visits),
        MarketEstimand(f"t1_{figure}_aov", SALES_BY_ORDERS, sales, orders),
    ]


def _of_level(level: int) -> list[MarketEstimand]:
    reach, orders = _total("reach", level), _total("orders", level)
    return [
        MarketEstimand(f"t2_l{level}_reach", THERE_BY_ALL, reach, _there(level)),
        MarketEstimand(f"t2_l{level}_reach", ALL_BY_ALL, reach, _each),
        MarketEstimand(f"l{level}_conv", LEVEL_BY_REACHED, orders, reach),
        MarketEstimand(f"l{level}_conv", LEVEL_BY_VISITS, orders, _total("visitors", level)),
    ]


ESTIMANDS = (
    *(one for figure, channel in CHANNELS.items() for one in _of_channel(figure, channel)),
    MarketEstimand(
        "t1_search_conv", ORDERS_BY_VISITS, _total("orders"), _total("visits"), "searches"
    ),
    MarketEstimand(
        "t1_search_aov", SALES_BY_ORDERS, _total("sales_cny"), _total("orders"), "searches"
    ),
    *(one for level in LEVELS for one in _of_level(level) if one.figure != "l3_conv"),
    MarketEstimand("t2_l3_reach", LIVESTREAMS, _if_live(_total("reach", 3)), _if_live(_each)),
)
"""Every figure that the channels experiment gives, the main reading of a figure first."""


def values(run: Run, nobody: float = 0.0) -> Mapping[tuple[str, str], float]:
    """Every estimand by (figure, reading); `nobody` where nobody is in the denominator."""
    return {(item.figure, item.reading): item.of(run, nobody) for item in ESTIMANDS}


def with_intervals(run: Run, rng: np.random.Generator) -> pd.DataFrame:
    """Every estimand with its 95% interval.

    Campaigns of all worlds and days are resampled alike, and so are days of search of all worlds,
    with Poisson weights of mean 1. That campaigns of a day share tired people, and a seller's what
    it has learnt, is left out.

    Args:
        run: in money.
        rng: decides the resamples.

    Returns:
        figure, reading, value, ci_low, ci_high: percentiles, widened where they leave the value
        out.
    """
    found = values(run)
    low, high = {}, {}
    for frame in ("campaigns", "searches"):
        items = [item for item in ESTIMANDS if item.frame == frame]
        ratios = _resample(getattr(run, frame), items, rng)
        for item, ends in zip(items, np.quantile(ratios, INTERVAL, axis=0).T, strict=True):
            low[item.figure, item.reading], high[item.figure, item.reading] = ends
    return pd.DataFrame(
        [
            {
                "figure": key[0],
                "reading": key[1],
                "value": value,
                "ci_low": min(low[key], value),
                "ci_high": max(high[key], value),
            }
            for key, value in found.items()
        ]
    )


def _resample(
    rows: pd.DataFrame, items: list[MarketEstimand], rng: np.random.Generator
) -> NDArray[np.float64]:
    """The figures of resamples of these rows, [RESAMPLES, items]."""
    above = np.stack([item.numerator(rows) for item in items], axis=1)
    below = np.stack([item.denominator(rows) for item in items], axis=1)
    ratios = np.empty((RESAMPLES, len(items)))
    for draw in range(RESAMPLES):
        mass = rng.poisson(1.0, size=len(rows))
        under = mass @ below
        ratios[draw] = np.divide(mass @ above, under, out=np.zeros_like(under), where=under > 0)
    return ratios
