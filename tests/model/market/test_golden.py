"""A golden market: a small one in which everything happens, frozen day by day.

Whoever changes what the model does changes these numbers, and says in CHANGELOG.md what moved
and why. All of it is whole numbers, so that no last digit of a machine's arithmetic counts: prices
stand in the series, to a thousandth.
"""

import hashlib
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from weishang.model.market.indicators import DAILY
from weishang.model.market.market import Market
from weishang.model.mechanisms.mechanism import ENGINES, DayRecord
from weishang.model.scenario import Scenario
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

SEED, SELLERS = 7, 14
EXPLAIN = (
    "the golden market has moved: if that is meant, put the new numbers here, and say in "
    "CHANGELOG.md what changed and why"
)
DAYS: tuple[dict[str, Any], ...] = (
    {
        "campaigns": 14,
        "reach": 2634,
        "visitors": 1069,
        "buyers": 341,
        "sharers": 633,
        "orders": 407,
        "items": 417,
        "refunded": 71,
        "searches": 143,
        "viewers": 182,
        "offers": "a18f994decb3630442ae0cc279440bfd57876bd967d8710fb29f30d32444a1fd",
        "events": "4872a2b390685df88ad87f057cf688096bc61a4c59274b5ca37ca0ef3c1c8abe",
        "ordered": "a84fc58b30807e9ae5ebd6adf9a0b9eecf20a311f9ca37632e020fb63d0de822",
    },
    {
        "campaigns": 14,
        "reach": 1631,
        "visitors": 505,
        "buyers": 127,
        "sharers": 254,
        "orders": 198,
        "items": 228,
        "refunded": 9,
        "searches": 145,
        "viewers": 60,
        "offers": "ab2ed8a192aad542f1c3b5d45dfbe4c20ad6760433f493b428d66312823b9580",
        "events": "8cc7166f0cc3e02cacd374943309a8596eca23a18ccfa7271296ac441806886a",
        "ordered": "618f59d7cf24c8769177a1e56c580ffe7feea27490141ade3a3fb09431e20f46",
    },
    {
        "campaigns": 14,
        "reach": 1645,
        "visitors": 514,
        "buyers": 213,
        "sharers": 173,
        "orders": 294,
        "items": 665,
        "refunded": 9,
        "searches": 165,
        "viewers": 63,
        "offers": "cac9a09a70ca2cef775fdcc9a2b1ff128ac8212c1c60b838f6f66af7159d371b",
        "events": "b85cee57e70eefcdf7eb323c6039657fca44ef2ecc5b197f868a9d2e8b4cf278",
        "ordered": "a947800e973b08d9e1dfffbf2f2c513286e55f1d208468d5dc53ac2788c4880e",
    },
)
"""Counts of each day, and SHA-256 of all whole columns of its events and orders."""
SERIES: dict[str, int] = {
    "day": 3000,
    "reach": 5910000,
    "visitors": 2088000,
    "buyers": 681000,
    "campaigns": 42000,
    "campaigns_moments": 16000,
    "campaigns_official": 11000,
    "campaigns_advert": 15000,
    "campaigns_none": 13000,
    "campaigns_discount": 8000,
    "campaigns_team": 5000,
    "campaigns_bargain": 3000,
    "campaigns_livestream": 13000,
    "reach_1": 1851000,
    "reach_2": 2118000,
    "reach_3": 1941000,
    "visits_moments": 688000,
    "visits_official": 320000,
    "visits_advert": 775000,
    "visits_search": 453000,
    "orders_moments": 222000,
    "orders_official": 105000,
    "orders_advert": 175000,
    "orders_search": 218000,
    "sales_moments": 53843612,
    "sales_official": 74065665,
    "sales_advert": 46946178,
    "sales_search": 41258161,
    "refunded": 89000,
    "price": 1379,
    "profit": 183629,
    "followers": 639000,
    "visits_live": 305000,
    "orders_live": 90000,
    "sales_live": 37285175,
    "load": 6238,
}
"""Each column in thousandths: the total of days that add up, else the last day."""


def digest_of(table: Any) -> str:
    """SHA-256 of a table's whole columns, with their formats; names are free."""
    digest = hashlib.sha256()
    for item in fields(table):
        column = getattr(table, item.name)
        if isinstance(column, np.ndarray) and column.dtype.kind in "biu":
            digest.update(f"{column.dtype.name} {column.shape}\n".encode())
            digest.update(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def measured(day: DayRecord) -> dict[str, Any]:
    """What is frozen of a day."""
    return {
        "campaigns": len(day.campaigns),
        "reach": len(day.events),
        "visitors": int(day.events.visited.sum()),
        "buyers": int(day.events.bought.sum()),
        "sharers": int(day.events.shared.sum()),
        "orders": len(day.orders),
        "items": int(day.orders.items.sum()),
        "refunded": int(day.orders.refunded.sum()),
        "searches": len(day.notes["search"]),
        "viewers": len(day.notes["livestream"].event),
        "offers": digest_of(day.campaigns),
        "events": digest_of(day.events),
        "ordered": digest_of(day.orders),
    }


def run(
    people: Society, chats: GroupChats, scenario: Scenario, engine: str
) -> tuple[tuple[dict[str, Any], ...], dict[str, int]]:
    """Days and series of the golden market."""
    with Market(people, scenario, SEED, SELLERS, chats=chats, engine=engine) as market:
        days = []
        for _ in range(3):
            market.step()
            days.append(measured(market.today))
        series = market.datacollector.get_model_vars_dataframe()
    totals = {
        one.name: round(
            1000 * (series[one.name].sum() if one.adds_up else series[one.name].iloc[-1])
        )
        for one in DAILY
    }
    return tuple(days), totals


@pytest.mark.parametrize("engine", ENGINES)
def test_the_golden_market_is_as_it_was(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario], engine: str
) -> None:
    days, series = run(people, chats, busy(), engine)
    for number, (found, frozen) in enumerate(zip(days, DAYS, strict=True)):
        for name, value in frozen.items():
            assert found[name] == value, f"day {number}, {name}: {EXPLAIN}"
        assert found.keys() == frozen.keys()
    for name, value in SERIES.items():
        assert series[name] == value, f"series, {name}: {EXPLAIN}"
    assert series.keys() == SERIES.keys(), EXPLAIN


def test_it_is_golden_for_this_seed_alone(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario]
) -> None:
    """A digest that any market had would freeze nothing."""
    with Market(people, busy(), SEED + 1, SELLERS, chats=chats) as market:
        market.step()
        other = measured(market.today)
    for name in ("offers", "events", "ordered", "reach"):
        assert other[name] != DAYS[0][name], name
