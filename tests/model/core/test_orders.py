"""Orders: one entry an order, taken from events and visits as they are; and values."""

from dataclasses import fields, replace

import numpy as np
import pytest

from weishang.kernels import Events
from weishang.model.core.campaigns import Campaigns, Channel, Offer, Tool
from weishang.model.core.orders import (
    MoneyParameters,
    OrderChannel,
    Orders,
)
from weishang.model.core.shops import Shops, Visits

DAY = 4
CAMPAIGNS = Campaigns.from_offers(
    [
        Offer(900, 7, 0, 0.5, True, 0.0),
        Offer(901, 8, 1, 2.0, False, 0.0, channel=Channel.OFFICIAL, tool=Tool.TEAM),
    ]
)
EVENTS = Events.from_columns(
    CAMPAIGNS.campaign,
    row=np.array([0, 0, 0, 1, 1]),
    node=np.array([1, 2, 3, 1, 4]),
    hop=np.array([1, 1, 2, 1, 1]),
    parent=np.array([7, 7, 1, 8, 8]),
    visited=np.array([1, 1, 1, 1, 1]),
    bought=np.array([0, 1, 1, 1, 0]),
    shared_hop=np.array([0, 2, 0, 0, 0]),
    by_path=np.array([1, 7, 2, 6, 6]),
)
SHOPS = Shops(
    node=np.array([30, 31], dtype=np.int32),
    category=np.array([0, 1], dtype=np.int8),
    price=np.array([0.8, 1.5]),
    rich=np.array([True, False]),
    popularity=np.array([0, 3]),
)
VISITS = Visits(
    visitor=np.array([5, 6, 9], dtype=np.int32),
    shop=np.array([1, 0, 1], dtype=np.int32),
    rank=np.array([1, 1, 2], dtype=np.int32),
    friend=np.array([False, False, True]),
    bought=np.array([True, False, True]),
)


def columns_of(orders):
    return {item.name: getattr(orders, item.name).tolist() for item in fields(Orders)}


def test_buyers_of_campaigns_are_orders():
    assert columns_of(Orders.from_events(EVENTS, CAMPAIGNS, DAY)) == {
        "day": [4, 4, 4],
        "channel": [OrderChannel.MOMENTS, OrderChannel.MOMENTS, OrderChannel.OFFICIAL],
        "tool": [Tool.NONE, Tool.NONE, Tool.TEAM],
        "campaign": [900, 900, 901],
        "seller": [7, 7, 8],
        "buyer": [2, 3, 1],
        "distance": [7, 2, 6],
        "price": [0.5, 0.5, 2.0],
        "items": [1, 1, 1],
        "refunded": [False, False, False],
    }


def test_what_tools_settled_counts_and_not_what_the_events_say():
    orders = Orders.from_events(
        EVENTS,
        CAMPAIGNS,
        DAY,
        bought=np.array([True, False, True, True, False]),
        price_factor=np.array([0.5, 9.0, 1.0, 0.25, 9.0]),
        items=np.array([2, 9, 1, 3, 9], dtype=np.int32),
        refunded=np.array([False, True, False, True, True]),
    )
    assert orders.buyer.tolist() == [1, 3, 1]
    assert orders.price.tolist() == [0.25, 0.5, 0.5]
    assert orders.items.tolist() == [2, 1, 3]
    assert orders.refunded.tolist() == [False, False, True]
    assert orders.value(100.0).tolist() == [50.0, 50.0, 150.0]


@pytest.mark.parametrize("name", ["bought", "price_factor", "items", "refunded"])
def test_settled_arrays_have_an_entry_an_event(name):
    with pytest.raises(ValueError, match=rf"{name} has shape \(4,\); give \(5,\)"):
        Orders.from_events(EVENTS, CAMPAIGNS, DAY, **{name: np.ones(4)})


def test_searchers_who_bought_are_orders():
    assert columns_of(Orders.from_visits(VISITS, SHOPS, DAY)) == {
        "day": [4, 4],
        "channel": [OrderChannel.SEARCH] * 2,
        "tool": [Tool.NONE] * 2,
        "campaign": [0, 0],
        "seller": [31, 31],
        "buyer": [5, 9],
        "distance": [0, 0],
        "price": [1.5, 1.5],
        "items": [1, 1],
        "refunded": [False, False],
    }


def test_campaigns_and_searches_have_columns_of_one_kind():
    parts = [
        Orders.from_events(EVENTS, CAMPAIGNS, DAY),
        Orders.from_visits(VISITS, SHOPS, DAY),
    ]
    for item in fields(Orders):
        assert len({getattr(part, item.name).dtype for part in parts}) == 1, item.name
    joined = Orders.joined(parts)
    assert len(joined) == 5
    assert joined.buyer.tolist() == [2, 3, 1, 5, 9]
    chosen = joined.where(joined.seller == 31)
    assert columns_of(chosen) == columns_of(parts[1])


def test_channels_of_campaigns_have_the_same_numbers():
    assert {one.name: one.value for one in Channel}.items() <= {
        one.name: one.value for one in OrderChannel
    }.items()


def some_orders():
    orders = Orders.joined(
        [Orders.from_events(EVENTS, CAMPAIGNS, DAY), Orders.from_visits(VISITS, SHOPS, DAY)]
    )
    return replace(
        orders,
        items=np.array([1, 3, 2, 1, 1], dtype=np.int32),
        refunded=np.array([False, False, True, False, False]),
    )


def test_no_orders_have_columns_of_the_same_kind():
    none, some = Orders.none(), some_orders()
    assert len(none) == 0
    for item in fields(Orders):
        assert getattr(none, item.name).dtype == getattr(some, item.name).dtype, item.name
    assert columns_of(Orders.joined([none, some])) == columns_of(some)


def test_columns_of_different_length_are_refused():
    orders = some_orders()
    with pytest.raises(ValueError, match=r"items has shape \(1,\); give \(5,\)"):
        replace(orders, items=np.ones(1, dtype=np.int32))


@pytest.mark.parametrize("value", [0.0, -5.0, float("nan"), True])
def test_a_price_out_of_range_is_named(value):
    with pytest.raises(ValueError, match="reference_price is "):
        MoneyParameters(reference_price=value)
