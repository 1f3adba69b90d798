"""The market: one result from both engines, everyone's luck their own, sellers with many friends.

Statistical tests compare with five standard deviations: a false-alarm rate of 6e-7 each.
"""

import math
from dataclasses import fields, replace

import mesa
import numpy as np
import pytest

from weishang.kernels import Events, Graph
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.weights import DecisionWeights
from weishang.model.market.distribution import spread
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario
from weishang.model.sellers.choose import choose_sellers
from weishang.model.sellers.parameters import SellerParameters
from weishang.model.society.generate import generate
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters

FIVE_SD = 5.0

LIVELY = DecisionWeights(
    view=0.6,
    buy_intercept=-0.5,
    trust=1.0,
    recommender_trust=0.5,
    shareability_sd=1.5,
    takeoff_probability=0.9,
    first_visitors=10.0,
    visit_intercept=-0.5,
    price=1.0,
    proof=1.0,
    shareability_on_buying=0.3,
)
"""Much is passed on and second exposures tell, so that small worlds use all of the rule."""


def small_society(users, seed, friends=12.0):
    parameters = SocietyParameters(mean_friends=friends, num_interests=4)
    return generate(parameters, users, np.random.default_rng(seed))


def lively(**sellers):
    return Scenario(
        society=SocietyParameters(mean_friends=12.0, num_interests=4),
        weights=LIVELY,
        sellers=SellerParameters(**{"campaign_hops": 4, **sellers}),
    ).friends_only()


@pytest.fixture(scope="module")
def society():
    return small_society(600, 3)


def after_days(society, world, days=1, sellers=8, scenario=None, **options):
    market = Market(society, scenario or lively(), world, sellers, **options)
    for _ in range(days):
        market.step()
    return market


def events_of(market, row):
    """A campaign's events by column, its place in the batch aside."""
    events = market.spread.events
    mine = events.row == row
    return {
        item.name: getattr(events, item.name)[mine].tolist()
        for item in fields(Events)
        if item.name not in ("row", "by_path")
    }


@pytest.mark.parametrize(("users", "world"), [(300, 1), (500, 2026), (700, (1 << 64) - 1)])
def test_both_engines_give_the_same_market_event_by_event(users, world):
    people = small_society(users, users)
    tensor, agents = (
        Market(people, lively(), world, 6, engine=engine, record="events")
        for engine in ("tensor", "agents")
    )
    for _ in range(2):
        tensor.step()
        agents.step()
        assert tensor.spread.equals(agents.spread)
    assert [one.orders for one in tensor.sellers] == [one.orders for one in agents.sellers]
    assert sum(one.orders for one in tensor.sellers) > 20
    assert tensor.spread.reach[:, 2].any()
    assert tensor.indicators.get_model_vars_dataframe().equals(
        agents.indicators.get_model_vars_dataframe()
    )


def test_the_small_worlds_use_all_of_the_rule(society):
    """Each weight alone changes what happens there; `first_visitors` through sharing."""
    usual = after_days(society, 5, record="events")
    assert len(set(usual.campaigns.rich.tolist())) == 2
    for item in fields(DecisionWeights):
        weights = replace(LIVELY, **{item.name: 0.5 * getattr(LIVELY, item.name)})
        other = after_days(society, 5, scenario=replace(lively(), weights=weights), record="events")
        assert not usual.spread.equals(other.spread), item.name


def test_an_added_seller_leaves_the_others_as_they_were(society):
    few = after_days(society, 9, days=2, sellers=7, record="events")
    more = after_days(society, 9, days=2, sellers=10, record="events")
    offers = [[seller.offer for seller in market.sellers] for market in (few, more)]
    orders = [[seller.orders for seller in market.sellers] for market in (few, more)]
    assert offers[1][:7] == offers[0]
    assert orders[1][:7] == orders[0]
    for row in range(7):
        assert events_of(few, row) == events_of(more, row)
    assert few.spread.reach.sum() < more.spread.reach.sum()


def test_the_same_world_is_the_same_and_another_is_not(society):
    one, again, other = (after_days(society, world, record="events") for world in (4, 4, 5))
    assert one.spread.equals(again.spread)
    assert [seller.offer for seller in one.sellers] == [seller.offer for seller in again.sellers]
    assert not one.spread.equals(other.spread)
    assert [seller.node for seller in one.sellers] != [seller.node for seller in other.sellers]


def test_days_differ_in_offers_and_luck(society):
    market = after_days(society, 4)
    first, reach = market.campaigns, market.spread.reach
    market.step()
    assert np.array_equal(market.campaigns.seller, first.seller)
    assert (market.campaigns.shareability != first.shareability).all()
    assert not np.array_equal(market.spread.reach, reach)


def test_campaign_ids_are_unique_over_sellers_and_days(society):
    market = Market(society, lively(), 4, 50)
    ids = []
    for _ in range(3):
        market.step()
        ids += market.campaigns.campaign.tolist()
    assert len(set(ids)) == 150
    assert all(0 <= name < 1 << 64 for name in ids)


def test_the_ledger_of_days_agrees_with_the_cascades(society):
    market = Market(society, lively(), 8, 9)
    totals = {name: [] for name in ("reach", "visitors", "buyers")}
    orders = np.zeros(9, dtype=int)
    for _ in range(3):
        market.step()
        for name, values in totals.items():
            values.append(int(getattr(market.spread, name).sum()))
        orders += market.spread.buyers.sum(axis=1)
    told = market.indicators.get_model_vars_dataframe()
    assert told["day"].tolist() == [1, 2, 3]
    assert {name: told[name].tolist() for name in totals} == totals
    assert [seller.orders for seller in market.sellers] == orders.tolist()
    assert 0 < totals["buyers"][0] < totals["visitors"][0] < totals["reach"][0]


def test_a_campaign_ends_with_its_last_hop(society):
    for hops in (1, 2):
        market = after_days(society, 4, scenario=lively(campaign_hops=hops))
        assert market.spread.reach.shape == (8, hops)


def test_spread_without_end_goes_on_until_nobody_shares(society):
    market = after_days(society, 4)
    arguments = (society, market.campaigns, LIVELY, market.parameters.budgets, 4)
    endless = spread(*arguments, max_hops=None)
    assert endless.reach.shape[1] > 4
    assert np.array_equal(endless.reach[:, :4], market.spread.reach)


def test_a_market_is_a_mesa_model_whose_library_luck_decides_nothing(society):
    one, other = (Market(society, lively(), 4, 5, record="events") for _ in range(2))
    assert isinstance(one, mesa.Model)
    other.random.seed(99)
    other.rng = np.random.default_rng(99)
    one.step()
    other.step()
    assert one.spread.equals(other.spread)


def test_an_unknown_engine_is_refused(society):
    with pytest.raises(ValueError, match="engine is 'steam'; give one of tensor, agents"):
        Market(society, lively(), 4, 5, engine="steam")


def test_no_offers_spread_to_nobody(society):
    result = spread(society, Campaigns.from_offers([]), LIVELY, Scenario().budgets, 4, max_hops=3)
    assert result.reach.shape == (0, 3)


def test_sellers_are_distinct_and_more_only_add(society):
    chosen = choose_sellers(society, 0.7, 12, 300)
    assert len(set(chosen)) == 300
    assert choose_sellers(society, 0.7, 12, 40) == chosen[:40]
    assert choose_sellers(society, 0.7, 13, 300) != chosen


@pytest.mark.parametrize("by_ties", [0.0, 0.4, 1.0])
def test_sellers_by_ties_have_friends_in_proportion(by_ties):
    """The first seller of 3,000 worlds: mean friends is <k^2> / <k> by ties, <k> otherwise."""
    people = small_society(2000, 6)
    friends = people.graph.degrees.astype(float)
    friends = friends[friends > 0]
    found = [
        people.graph.degrees[choose_sellers(people, by_ties, world, 1)[0]] for world in range(3000)
    ]
    moments = {
        power: by_ties * (friends ** (power + 1)).sum() / friends.sum()
        + (1.0 - by_ties) * (friends**power).mean()
        for power in (1, 2)
    }
    error = math.sqrt((moments[2] - moments[1] ** 2) / len(found))
    assert abs(np.mean(found) - moments[1]) < FIVE_SD * error


def people_on(edges, num_nodes):
    graph = Graph.from_edges(*edges, num_nodes=num_nodes, directed=False)
    return from_graph(graph, SocietyParameters(), np.random.default_rng(1))


@pytest.mark.parametrize("by_ties", [0.0, 1.0])
def test_people_without_friends_do_not_sell(by_ties):
    people = people_on([[0, 4], [9, 7]], 12)
    assert sorted(choose_sellers(people, by_ties, 3, 4)) == [0, 4, 7, 9]


@pytest.mark.parametrize("wanted", [0, -1, 5])
def test_more_sellers_than_people_with_friends_are_refused(wanted):
    people = people_on([[0, 4], [9, 7]], 12)
    with pytest.raises(ValueError, match=f"num_sellers is {wanted}; 4 people have friends"):
        choose_sellers(people, 1.0, 3, wanted)


def test_a_society_without_ties_has_no_sellers():
    with pytest.raises(ValueError, match="nobody in the society has a friend"):
        choose_sellers(people_on([[], []], 3), 1.0, 3, 1)
