"""Search in a market: its orders stand beside the cascades', and its visits are noted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from weishang.model.core.campaigns import Campaigns
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.shops import Shops
from weishang.model.mechanisms.search import Search, SearchParameters
from weishang.model.mechanisms.search.by_agents import SearchByAgents
from weishang.model.mechanisms.search.searches import run_searches
from weishang.model.scenario import Scenario

NOTHING = Campaigns.from_offers([])


@pytest.fixture(scope="module")
def people(townspeople):
    return townspeople(300)


@pytest.fixture(scope="module")
def sellers(people, shops_of):
    shops = shops_of(people, 80, 1)
    return [
        SimpleNamespace(node=node, category=category, price=price, orders=orders, offer=None)
        for node, category, price, orders in zip(
            shops.node.tolist(),
            shops.category.tolist(),
            shops.price.tolist(),
            shops.popularity.tolist(),
            strict=True,
        )
    ]


@pytest.mark.parametrize("kind", [Search, SearchByAgents])
@pytest.mark.parametrize("friends_first", [True, False])
def test_orders_and_visits_of_searches_are_added_to_the_days(
    kind, friends_first, people, sellers, world_of, draft_of, open_day_of, events_of
):
    usual = Scenario()
    world = world_of(
        usual,
        society=people,
        sellers=sellers,
        search=SearchParameters(rate=0.5),
        rules=replace(usual.rules, friends_first=friends_first),
        weights=replace(usual.weights, buy_intercept=-0.5),
    )
    before = replace(
        draft_of(events_of(NOTHING), None),
        beside=(Orders.none(),),
        visits={OrderChannel.ADVERT: 3},
    )
    after = kind().settle(world, None, open_day_of(NOTHING, number=4, world=world), before)
    shops = Shops.of(sellers)
    expected = run_searches(
        people, shops, world.scenario.search, world.rule, 7, 4, friends_first=friends_first
    )
    assert after.notes["search"].equals(expected)
    assert after.visits == {OrderChannel.ADVERT: 3, OrderChannel.SEARCH: len(expected)}
    first, orders = after.beside
    assert first is before.beside[0]
    assert 10 < len(orders) == expected.bought.sum() < len(expected)
    assert np.array_equal(orders.buyer, expected.visitor[expected.bought])
    assert set(orders.day.tolist()) == {4}
