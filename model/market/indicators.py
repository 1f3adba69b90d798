"""What is noted of a market every day, with the meaning and unit of each column."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.orders import OrderChannel
from weishang.model.core.social_distance import REPORTED
from weishang.model.scenario import Scenario

if TYPE_CHECKING:
    from weishang.model.market.market import Market

LEVELS = (1, 2, 3)


@dataclass(frozen=True)
class Indicator:
    """A column of the time series.

    Attributes:
        name: of the column.
        unit: of its values.
        meaning: what is counted, over whom.
        measure: takes the market at the end of a day.
        adds_up: whether its days add up to a run's; otherwise the last day tells.
    """

    name: str
    unit: str
    meaning: str
    measure: Callable[["Market"], float]
    adds_up: bool = True


def indicators(scenario: Scenario) -> dict[str, Callable[["Market"], float]]:
    """What a market with these mechanisms notes, by name."""
    some = AMONG_FRIENDS if scenario.mechanisms.friends_only else EVERYWHERE
    return {one.name: one.measure for one in some}


def reach_at(market: "Market", level: int) -> int:
    """People reached at a reported level, each counted once a campaign."""
    assert market.spread is not None
    return int(market.spread.reach[:, level == REPORTED].sum())


def visits_by(market: "Market", channel: OrderChannel, *, live: bool = False) -> int:
    """People who opened a link of a channel's campaigns, livestreams apart, or a result."""
    if channel == OrderChannel.SEARCH:
        return 0 if market.visits is None else len(market.visits)
    assert market.spread is not None
    chosen = (market.campaigns.channel == channel) & _is_live(market, live)
    return int(market.spread.visitors[chosen].sum())


def buyers_by(market: "Market", channel: OrderChannel, *, live: bool = False) -> int:
    """Orders through a channel that were not refunded, livestreams apart."""
    return int(_kept(market, channel, live).sum())


def sales_by(market: "Market", channel: OrderChannel, *, live: bool = False) -> float:
    """What these orders are worth, in CNY."""
    assert market.orders is not None
    kept = _kept(market, channel, live)
    return float(market.orders.value(market.parameters.money.usual_price)[kept].sum())


def _is_live(market: "Market", live: bool) -> np.ndarray:
    return (market.campaigns.tool == Tool.LIVESTREAM) == live


def _kept(market: "Market", channel: OrderChannel, live: bool) -> np.ndarray:
    orders = market.orders
    assert orders is not None
    return (
        (orders.channel == channel) & ~orders.refunded & ((orders.tool == Tool.LIVESTREAM) == live)
    )


def _live(measure: Callable[..., float]) -> Callable[["Market"], float]:
    """Over the livestreams of all channels."""
    return lambda market: sum(measure(market, channel, live=True) for channel in Channel)


def _started(kind: str, which: Channel | Tool) -> Indicator:
    """How many campaigns of the day use a channel or a tool."""
    name = which.name.lower()

    def count(market: "Market") -> int:
        return int((getattr(market.campaigns, kind) == which).sum())

    return Indicator(f"campaigns_{name}", "campaigns", f"with the {kind} {name}", count)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _count(name: str) -> Callable[["Market"], int]:
    return lambda market: 0 if market.spread is None else int(getattr(market.spread, name).sum())


DAY = Indicator("day", "days", "days that have passed", lambda market: market.day, False)
REACH = Indicator("reach", "people", "reached by campaigns, each once a campaign", _count("reach"))
VISITORS = Indicator("visitors", "people", "who opened a campaign's link", _count("visitors"))
BUYERS = Indicator(
    "buyers", "people", "who ordered from a campaign before bargains end", _count("buyers")
)
AMONG_FRIENDS = (DAY, REACH, VISITORS, BUYERS)
"""Columns of a market in which only friends spread campaigns."""

EVERYWHERE = (
    *AMONG_FRIENDS,
    Indicator(
        "campaigns", "campaigns", "that started on this day", lambda market: len(market.campaigns)
    ),
    *(_started("channel", channel) for channel in Channel),
    *(_started("tool", tool) for tool in Tool),
    *(
        Indicator(
            f"reach_{level}",
            "people",
            f"reached at reported level {level}, each once a campaign",
            partial(reach_at, level=level),
        )
        for level in LEVELS
    ),
    *(
        Indicator(
            f"{kind}_{channel.name.lower()}",
            unit,
            f"{meaning} through the channel {channel.name.lower()}, livestreams apart",
            partial(measure, channel=channel),
        )
        for kind, unit, meaning, measure in (
            ("visits", "visits", "links opened", visits_by),
            ("orders", "orders", "orders that were not refunded", buyers_by),
            ("sales", "CNY", "value of these orders", sales_by),
        )
        for channel in OrderChannel
    ),
    Indicator("visits_live", "people", "who chose to watch a livestream", _live(visits_by)),
    Indicator("orders_live", "orders", "from livestreams, not refunded", _live(buyers_by)),
    Indicator("sales_live", "CNY", "value of orders from livestreams", _live(sales_by)),
    Indicator(
        "refunded",
        "orders",
        "called off because too few bought together",
        lambda market: 0 if market.orders is None else int(market.orders.refunded.sum()),
    ),
    Indicator(
        "price",
        "usual price = 1",
        "mean price of the day's offers before tools",
        lambda market: _mean(market.campaigns.price),
        adds_up=False,
    ),
    Indicator(
        "followers",
        "pairs",
        "who follow an official account, at the end of the day",
        lambda market: len(market.followers),
        adds_up=False,
    ),
    Indicator(
        "load",
        "posts a person",
        "remembered on average, at the end of the day",
        lambda market: float(market.attention.load.mean()),
        adds_up=False,
    ),
    Indicator(
        "profit",
        "usual prices",
        "of all sellers so far",
        lambda market: sum(seller.profit for seller in market.sellers),
        adds_up=False,
    ),
)
"""Columns of the time series of a market with more than friends."""
