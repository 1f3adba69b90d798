"""The daily series of a market: the columns of its own, and those that its mechanisms bring."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.orders import OrderChannel
from weishang.model.core.social_distance import REPORTED_TIER
from weishang.model.mechanisms import default_mechanisms
from weishang.model.mechanisms.mechanism import DayRecord, Indicator, Mechanism, World

TIERS = (1, 2, 3)


def indicators(mechanisms: Iterable[Mechanism]) -> list[tuple[Indicator, Mechanism | None]]:
    """Every column of the series of a market with these mechanisms, and whose it is.

    Raises:
        ValueError: two columns have one name.
    """
    every: list[tuple[Indicator, Mechanism | None]] = [(one, None) for one in OWN]
    every += [(one, mechanism) for mechanism in mechanisms for one in mechanism.indicators()]
    owners: dict[str, str] = {}
    for one, mechanism in every:
        owner = "the market" if mechanism is None else mechanism.name
        if one.name in owners:
            raise ValueError(
                f"indicator {one.name!r} of {owner} is there already, from {owners[one.name]}; "
                "give it another name"
            )
        owners[one.name] = owner
    return every


def _day(world: World, state: Any, record: DayRecord) -> int:
    return record.number + 1


def _counted(world: World, state: Any, record: DayRecord, count: str) -> int:
    return int(getattr(record.cascades, count).sum())


def _num_campaigns(world: World, state: Any, record: DayRecord) -> int:
    return len(record.campaigns)


def _started(world: World, state: Any, record: DayRecord, kind: str, which: int) -> int:
    return int((getattr(record.campaigns, kind) == which).sum())


def _reach(world: World, state: Any, record: DayRecord, tier: int) -> int:
    return int(record.cascades.reach[:, tier == REPORTED_TIER].sum())


def _visits(world: World, state: Any, record: DayRecord, channel: OrderChannel) -> int:
    campaigns = record.campaigns
    chosen = (campaigns.channel == channel) & (campaigns.tool != Tool.LIVESTREAM)
    links = int(record.cascades.visitors[chosen].sum())
    return links + record.visits.get(channel, 0)


def _orders(world: World, state: Any, record: DayRecord, channel: OrderChannel) -> int:
    return len(record.kept(channel, live=False))


def _sales(world: World, state: Any, record: DayRecord, channel: OrderChannel) -> float:
    kept = record.kept(channel, live=False)
    return float(kept.value(world.scenario.money.reference_price).sum())


def _refunded(world: World, state: Any, record: DayRecord) -> int:
    return int(record.orders.refunded.sum())


def _price(world: World, state: Any, record: DayRecord) -> float:
    prices = record.campaigns.price
    return float(prices.mean()) if prices.size else float("nan")


def _profit(world: World, state: Any, record: DayRecord) -> float:
    return sum(seller.profit for seller in world.sellers)


def _by(kind: str, which: Channel | Tool) -> Indicator:
    """How many campaigns of the day use a channel or a tool."""
    name = which.name.lower()
    measure = partial(_started, kind=kind, which=which)
    return Indicator(f"campaigns_{name}", "campaigns", f"with the {kind} {name}", measure)


def _through(kind: str, unit: str, meaning: str, measure: Callable[..., float]) -> list[Indicator]:
    """A column per channel."""
    return [
        Indicator(
            f"{kind}_{channel.name.lower()}",
            unit,
            f"{meaning} through the channel {channel.name.lower()}, livestreams apart",
            partial(measure, channel=channel),
        )
        for channel in OrderChannel
    ]


OWN = (
    Indicator("day", "days", "days that have passed", _day, adds_up=False),
    Indicator(
        "reach",
        "people",
        "reached by campaigns, each once per campaign",
        partial(_counted, count="reach"),
    ),
    Indicator(
        "visitors", "people", "who opened a campaign's link", partial(_counted, count="visitors")
    ),
    Indicator(
        "buyers",
        "people",
        "who ordered from a campaign before bargains end",
        partial(_counted, count="buyers"),
    ),
    Indicator("campaigns", "campaigns", "that started on this day", _num_campaigns),
    *(_by("channel", channel) for channel in Channel),
    *(_by("tool", tool) for tool in Tool),
    *(
        Indicator(
            f"reach_{tier}",
            "people",
            f"reached at reported tier {tier}, each once per campaign",
            partial(_reach, tier=tier),
        )
        for tier in TIERS
    ),
    *_through("visits", "visits", "links and results opened", _visits),
    *_through("orders", "orders", "orders that were not refunded", _orders),
    *_through("sales", "CNY", "value of these orders", _sales),
    Indicator("refunded", "orders", "called off because too few bought together", _refunded),
    Indicator(
        "price",
        "reference price = 1",
        "mean price of the day's offers before tools",
        _price,
        adds_up=False,
    ),
    Indicator("profit", "reference prices", "of all sellers so far", _profit, adds_up=False),
)
"""Columns that every market has."""

DAILY = tuple(one for one, _ in indicators(default_mechanisms()))
"""Columns of the series of a market with the mechanisms of this package."""
