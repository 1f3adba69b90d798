"""The market: one result from both engines, everyone's luck their own, a Mesa model like others."""

import copy
import gc
import pickle
import weakref
from dataclasses import fields, replace

import mesa
import numpy as np
import pytest

from weishang.kernels import Events
from weishang.model.agents.consumers import Consumer
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.decision import LogisticRule
from weishang.model.core.social_distance import SocialDistance
from weishang.model.core.weights import DecisionWeights
from weishang.model.market import state
from weishang.model.market.market import Market
from weishang.model.market.spread import spread_among_friends
from weishang.model.mechanisms.mechanism import ENGINES
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller, SellerParameters
from weishang.model.sellers.seller import Seller
from weishang.model.society.generate import generate
from weishang.model.society.parameters import SocietyParameters

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


def after_days(society, seed, days=1, sellers=8, scenario=None, **options):
    market = Market(society, scenario or lively(), seed, sellers, **options)
    for _ in range(days):
        market.step()
    return market


def events_of(market, row):
    """A campaign's events by column, its place in the batch aside."""
    events = market.today.events
    mine = events.row == row
    return {
        item.name: getattr(events, item.name)[mine].tolist()
        for item in fields(Events)
        if item.name != "row"
    }


@pytest.mark.parametrize(("users", "seed"), [(300, 1), (500, 2026), (700, (1 << 64) - 1)])
def test_both_engines_give_the_same_market_event_by_event(users, seed):
    people = small_society(users, users)
    arrays, agents = (
        Market(people, lively(), seed, 6, engine=engine) for engine in ("vectorized", "agents")
    )
    for _ in range(2):
        arrays.step()
        agents.step()
        assert arrays.today.cascades.equals(agents.today.cascades)
    assert [one.orders for one in arrays.sellers] == [one.orders for one in agents.sellers]
    assert sum(one.orders for one in arrays.sellers) > 20
    assert arrays.today.cascades.reach[:, 2].any()
    assert arrays.datacollector.get_model_vars_dataframe().equals(
        agents.datacollector.get_model_vars_dataframe()
    )


def test_the_small_worlds_use_all_of_the_rule(society):
    """Each weight alone changes what happens there; `first_visitors` through sharing."""
    usual = after_days(society, 5)
    assert len(set(usual.today.campaigns.rich.tolist())) == 2
    for item in fields(DecisionWeights):
        weights = replace(LIVELY, **{item.name: 0.5 * getattr(LIVELY, item.name)})
        other = after_days(society, 5, scenario=replace(lively(), weights=weights))
        assert not usual.today.cascades.equals(other.today.cascades), item.name


def test_an_added_seller_leaves_the_others_as_they_were(society):
    few = after_days(society, 9, days=2, sellers=7)
    more = after_days(society, 9, days=2, sellers=10)
    offers = [[seller.offer for seller in market.sellers] for market in (few, more)]
    orders = [[seller.orders for seller in market.sellers] for market in (few, more)]
    assert offers[1][:7] == offers[0]
    assert orders[1][:7] == orders[0]
    for row in range(7):
        assert events_of(few, row) == events_of(more, row)
    assert few.today.cascades.reach.sum() < more.today.cascades.reach.sum()


def test_the_same_seed_is_the_same_and_another_is_not(society):
    one, again, other = (after_days(society, seed) for seed in (4, 4, 5))
    assert one.today.cascades.equals(again.today.cascades)
    assert [seller.offer for seller in one.sellers] == [seller.offer for seller in again.sellers]
    assert not one.today.cascades.equals(other.today.cascades)
    assert [seller.node for seller in one.sellers] != [seller.node for seller in other.sellers]


def test_days_differ_in_offers_and_luck(society):
    market = after_days(society, 4)
    first, reach = market.today.campaigns, market.today.cascades.reach
    market.step()
    assert np.array_equal(market.today.campaigns.seller, first.seller)
    assert (market.today.campaigns.shareability != first.shareability).all()
    assert not np.array_equal(market.today.cascades.reach, reach)


def test_campaign_ids_are_unique_over_sellers_and_days(society):
    market = Market(society, lively(), 4, 50)
    ids = []
    for _ in range(3):
        market.step()
        ids += market.today.campaigns.campaign.tolist()
    assert len(set(ids)) == 150
    assert all(0 <= name < 1 << 64 for name in ids)


def test_the_ledger_of_days_agrees_with_the_cascades(society):
    market = Market(society, lively(), 8, 9)
    totals = {name: [] for name in ("reach", "visitors", "buyers")}
    orders = np.zeros(9, dtype=int)
    for _ in range(3):
        market.step()
        for name, values in totals.items():
            values.append(int(getattr(market.today.cascades, name).sum()))
        orders += market.today.cascades.buyers.sum(axis=1)
    told = market.datacollector.get_model_vars_dataframe()
    assert told["day"].tolist() == [1, 2, 3]
    assert {name: told[name].tolist() for name in totals} == totals
    assert [seller.orders for seller in market.sellers] == orders.tolist()
    assert 0 < totals["buyers"][0] < totals["visitors"][0] < totals["reach"][0]


def test_a_campaign_ends_with_its_last_hop(society):
    for hops in (1, 2):
        market = after_days(society, 4, scenario=lively(campaign_hops=hops))
        assert market.today.cascades.reach.shape == (8, len(SocialDistance))
        assert market.today.events.hop.max() == hops


def test_spread_without_end_goes_on_until_nobody_shares(society):
    market = after_days(society, 4)
    rule = LogisticRule(LIVELY, market.parameters.budgets)
    arguments = (society, market.today.campaigns, rule, 4)
    endless = spread_among_friends(*arguments, max_hops=None)
    assert endless.reach.shape[1] > 4
    ended = spread_among_friends(*arguments, max_hops=4)
    assert np.array_equal(endless.reach[:, :4], ended.reach)
    by_hop = np.bincount(market.today.events.hop, minlength=5)[1:]
    assert ended.reach.sum(axis=0).tolist() == by_hop.tolist()


def test_a_market_is_a_mesa_model_whose_library_luck_decides_nothing(society):
    one, other = (Market(society, lively(), 4, 5) for _ in range(2))
    assert isinstance(one, mesa.Model)
    other.random.seed(99)
    other.rng = np.random.default_rng(99)
    one.step()
    other.step()
    assert one.today.cascades.equals(other.today.cascades)


def test_an_unknown_engine_is_refused(society):
    with pytest.raises(ValueError, match="engine is 'steam'; give one of vectorized, agents"):
        Market(society, lively(), 4, 5, engine="steam")


def test_no_offers_spread_to_nobody(society):
    rule = LogisticRule(LIVELY, Scenario().budgets)
    nothing = Campaigns.from_offers([])
    result = spread_among_friends(society, nothing, rule, 4, max_hops=3)
    assert result.reach.shape == (0, 3)


def test_campaigns_can_be_chosen_without_a_day_passing(society):
    market = Market(society, lively(), 4, 5)
    chosen = market.choose_campaigns()
    assert market.day == 0
    assert len(market.today.campaigns) == 0
    market.step()
    for item in fields(Campaigns):
        assert np.array_equal(
            getattr(market.today.campaigns, item.name), getattr(chosen, item.name)
        )


def test_before_the_first_day_nothing_has_happened(society):
    today = Market(society, lively(), 4, 5).today
    assert (today.number, len(today.campaigns), len(today.orders)) == (-1, 0, 0)
    assert today.cascades.reach.shape == (0, len(SocialDistance))
    assert (today.visits, today.notes) == ({}, {})


def test_named_sellers_come_first(society):
    named = (NamedSeller("a", 5, price=1.5), NamedSeller("b", 9, category=2))
    market = Market(society, lively(), 4, 5, named=named)
    usual = Market(society, lively(), 4, 5)
    nodes = [one.node for one in market.sellers]
    assert nodes[:2] == [5, 9]
    assert nodes[2:] == [one.node for one in usual.sellers if one.node not in (5, 9)][:3]
    assert market.world.sellers[0].price == 1.5
    assert market.world.sellers[1].category == 2
    with pytest.raises(
        ValueError, match="num_sellers is 1, but 2 are named; give at least as many"
    ):
        Market(society, lively(), 4, 1, named=named)


@pytest.mark.parametrize(
    ("part", "wrong", "said"),
    [
        ("seller", LogisticRule, "seller is .*LogisticRule.*; give a subclass of Seller"),
        ("rule", Seller, "rule is .*Seller.*; give a subclass of DecisionRule"),
        ("rule", LogisticRule(LIVELY, Scenario().budgets), "rule is .*; give a subclass of"),
        ("consumer", Seller, "consumer is .*Seller.*; give a subclass of Consumer"),
        ("consumer", Consumer, "consumer is Consumer, which acts person by person, and engine"),
    ],
)
def test_parts_that_no_engine_can_use_are_refused_before_anything_is_read(part, wrong, said):
    with pytest.raises(ValueError, match=said):
        Market(None, None, 4, 5, **{part: wrong})


def same_day(one, other):
    """Events, orders and offers, bit for bit, and the series so far."""
    assert one.today.cascades.equals(other.today.cascades)
    for part in ("campaigns", "orders"):
        mine, theirs = getattr(one.today, part), getattr(other.today, part)
        for item in fields(mine):
            assert np.array_equal(getattr(mine, item.name), getattr(theirs, item.name)), item.name
    assert [seller.profit for seller in one.sellers] == [seller.profit for seller in other.sellers]
    series = [market.datacollector.get_model_vars_dataframe() for market in (one, other)]
    assert series[0].equals(series[1])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda market: pickle.loads(pickle.dumps(market))],
    ids=["copied", "pickled"],
)
def test_a_copy_goes_on_as_the_market_itself(people, chats, busy, engine, copied):
    whole = Market(people, busy(), 7, 14, chats=chats, engine=engine)
    whole.step()
    again = copied(whole)
    saved = state.save(whole)[0]
    for name, array in state.save(again)[0].items():
        assert array.tobytes() == saved[name].tobytes(), name
    same_day(whole, again)
    for _ in range(2):
        whole.step()
        again.step()
        same_day(whole, again)
    assert len(whole.today.events) > 1000
    assert again.day == whole.day == 3


def test_a_copy_is_a_market_of_its_own(people, chats, busy):
    whole = Market(people, busy(), 7, 14, chats=chats)
    whole.step()
    again = pickle.loads(pickle.dumps(whole))
    again.step()
    assert (whole.day, again.day) == (1, 2)
    assert len(whole.datacollector.model_vars["day"]) == 1
    assert whole.world.sellers[0].model is whole
    assert again.world.sellers[0].model is again
    assert again.world.sellers[0] in again.sellers


@pytest.mark.parametrize("engine", ENGINES)
def test_a_closed_market_frees_its_society(chats, busy, engine):
    """Mesa keeps the model, but no longer what is large about it."""
    people = small_society(500, 3)
    market = Market(people, busy(), 7, 14, chats=chats, engine=engine)
    market.step()
    free = weakref.ref(people.graph)
    del people
    gc.collect()
    assert free() is not None, "an open market needs its society"
    market.close()
    gc.collect()
    assert free() is None
    assert not market.running


def test_a_market_is_closed_at_the_end_of_its_block(society):
    with Market(society, lively(), 4, 5) as market:
        market.step()
        assert market.day == 1
        assert market.running
    assert not market.running
    assert not hasattr(market, "society")
    with pytest.raises(RuntimeError, match="on the way"), Market(society, lively(), 4, 5) as other:
        raise RuntimeError("on the way")
    assert not hasattr(other, "society")


def test_stages_take_time_and_each_mechanism_has_its_own(people, chats, busy):
    with Market(people, busy(learning=False), 7, 14, chats=chats) as market:
        market.step()
        stages = dict(market.seconds)
        market.step()
        assert all(market.seconds[name] > time for name, time in stages.items())
    own = {
        "sellers choose",
        "people and layers",
        "campaigns spread",
        "orders listed",
        "sellers count",
        "daily series",
    }
    mechanisms = {
        f"{one.name}: {what}"
        for one in market.mechanisms
        if one.name != "learning"
        for what in ("cascades settle", "day ends")
    }
    assert stages.keys() == own | mechanisms
