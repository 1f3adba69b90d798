"""Figures of tables 1 and 2 over markets with all channels: what is counted over whom.

A channel's conversion is orders over visits, a level's is orders over reached; the other reading
stands beside it. Orders are those that were not refunded, after bargains end. A channel's campaigns
are those that start in it, livestreams apart; their visits are those of everyone who came, by
whatever path.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weishang.experiments.analysis import estimands
from weishang.experiments.analysis.estimands import (
    ALL,
    THERE,
    Counted,
    Estimand,
    each,
    there,
    total,
)
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


def in_money(run: Run, reference_price: float, before: float | None = None) -> Run:
    """The run with sales in CNY beside those in reference prices, as sales_cny.

    Args:
        run: whose days have sales in CNY already.
        reference_price: in CNY.
        before: the reference price that the days' sales were counted at; None: the same.
    """
    factors = {
        name: run.days[name] * (reference_price / (reference_price if before is None else before))
        for name in run.days.columns
        if name.startswith("sales_")
    }
    return Run(
        days=run.days.assign(**factors),
        campaigns=run.campaigns.assign(sales_cny=run.campaigns["sales"] * reference_price),
        searches=run.searches.assign(sales_cny=run.searches["sales"] * reference_price),
    )


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


def _of_channel(figure: str, channel: str) -> list[Estimand]:
    orders, visits, reach, sales = (
        _in(channel, counted)
        for counted in (
            total("orders"),
            total("visitors", *LEVELS),
            total("reach", *LEVELS),
            total("sales_cny"),
        )
    )
    all_orders, all_visits = (
        _in(channel, counted, live=True)
        for counted in (total("orders"), total("visitors", *LEVELS))
    )
    return [
        Estimand(f"t1_{figure}_conv", ORDERS_BY_VISITS, orders, visits),
        Estimand(f"t1_{figure}_conv", ORDERS_BY_REACHED, orders, reach),
        Estimand(f"t1_{figure}_conv", WITH_LIVE, all_orders, all_visits),
        Estimand(f"t1_{figure}_aov", SALES_BY_ORDERS, sales, orders),
    ]


def _of_level(level: int) -> list[Estimand]:
    reach, orders = total("reach", level), total("orders", level)
    return [
        Estimand(f"t2_l{level}_reach", THERE_BY_ALL, reach, there(level)),
        Estimand(f"t2_l{level}_reach", ALL_BY_ALL, reach, each),
        Estimand(f"l{level}_conv", LEVEL_BY_REACHED, orders, reach),
        Estimand(f"l{level}_conv", LEVEL_BY_VISITS, orders, total("visitors", level)),
    ]


ESTIMANDS = (
    *(one for figure, channel in CHANNELS.items() for one in _of_channel(figure, channel)),
    Estimand("t1_search_conv", ORDERS_BY_VISITS, total("orders"), total("visits"), "searches"),
    Estimand("t1_search_aov", SALES_BY_ORDERS, total("sales_cny"), total("orders"), "searches"),
    *(one for level in LEVELS for one in _of_level(level) if one.figure != "l3_conv"),
    Estimand("t2_l3_reach", LIVESTREAMS, _if_live(total("reach", 3)), _if_live(each)),
)
"""Every figure that the channels experiment gives, the main reading of a figure first."""


def tables(run: Run) -> dict[str, pd.DataFrame]:
    """The tables of a run that estimands are counted in, by name."""
    return {"campaigns": run.campaigns, "searches": run.searches}


def values(run: Run, nobody: float = 0.0) -> Mapping[tuple[str, str], float]:
    """Every estimand by (figure, reading); `nobody` where nobody is in the denominator."""
    return estimands.values(ESTIMANDS, tables(run), nobody)
