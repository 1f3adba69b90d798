"""Sellers: what they offer, whose luck it is, what it earns them and what they make of that.

Statistical tests refuse at p < 1e-6: that is the false-alarm rate of each.
"""

import hashlib
import math
from dataclasses import replace

import mesa
import numpy as np
import pytest
from scipy import stats

from weishang.kernels.rng import child, derive
from weishang.model.core.campaigns import Campaigns, Channel, Offer, Tool
from weishang.model.core.choices import EVERYTHING, PLAIN, Decision, Options, draw
from weishang.model.core.streams import ACTIVITY, EXPLORE, fraction
from weishang.model.market.market import Market
from weishang.model.mechanisms.learning import LearningParameters, ProfitLearner
from weishang.model.scenario import Mechanisms, Scenario
from weishang.model.sellers.choose import choose_sellers
from weishang.model.sellers.parameters import SellerParameters
from weishang.model.sellers.seller import Seller, cost
from weishang.model.society.generate import generate
from weishang.model.society.parameters import SocietyParameters

RARE = 1e-6
MANY = 2000
REPLICATE = 31

FROZEN = "2cf2f18a873a1abe69c552e709fc467b9b501ffd444ebb6c7e6cbc64dced33f4"
"""SHA-256 of the offers of 50 sellers on three days, before there were channels and tools."""
PLAIN_MIX = {
    "channels": (1.0, 0.0, 0.0),
    "tools": (1.0, 0.0, 0.0, 0.0, 0.0),
    "external": 0.0,
    "induced": 0.0,
}


@pytest.fixture(scope="module")
def society():
    parameters = SocietyParameters(mean_friends=8.0)
    return generate(parameters, 4000, np.random.default_rng(2))


def sellers_at(society, count, learning=None, **parameters):
    """Sellers who have just come to a market, active every day if not told, and that market."""
    own = SellerParameters(**{"activity": 1.0, **parameters})
    scenario = Scenario(mechanisms=Mechanisms.none(), sellers=own)
    market = Market(society, scenario, REPLICATE, 1)
    nodes = choose_sellers(society, 1.0, REPLICATE, count)
    sellers = Seller.create_agents(market, count, nodes)
    if learning is not None:
        for seller in sellers:
            seller.equip(ProfitLearner(learning))
    return sellers, market


def learns(seller, profit):
    """Let a campaign have earned this, and the seller learn from it."""
    seller.earned = profit
    seller.learn()


def offers_of(sellers, market, day=0, allowed=PLAIN):
    market.day = day
    return [seller.choose_offer(allowed) for seller in sellers]


@pytest.fixture(scope="module")
def campaigns(society):
    """The first offers of many sellers, with nothing that is not plain."""
    return Campaigns.from_offers(offers_of(*sellers_at(society, MANY)))


@pytest.fixture(scope="module")
def everything(society):
    """The first offers of many sellers who may do everything."""
    return Campaigns.from_offers(offers_of(*sellers_at(society, MANY), allowed=EVERYTHING))


def test_sellers_are_mesa_agents_who_sell_what_they_like(society):
    sellers, market = sellers_at(society, 20)
    offers = offers_of(sellers, market)
    assert all(isinstance(seller, Seller) for seller in sellers)
    assert isinstance(market, mesa.Model)
    for seller, offer in zip(sellers, offers, strict=True):
        assert seller.offer is offer
        assert seller.category == society.interest[seller.node]
        assert (offer.seller, offer.category) == (seller.node, seller.category)


@pytest.mark.parametrize(("allowed", "mix"), [(PLAIN, {}), (EVERYTHING, PLAIN_MIX)])
def test_plain_offers_are_those_of_before_channels_and_tools(allowed, mix):
    """Whether nothing else is allowed, or nobody wants anything else."""
    people = generate(SocietyParameters(mean_friends=8.0), 1000, np.random.default_rng(2))
    sellers, market = sellers_at(people, 50, **mix)
    found = [
        f"{offer.campaign} {offer.seller} {offer.category} {offer.price.hex()} {offer.rich} "
        f"{offer.shareability.hex()} {int(offer.channel)} {int(offer.tool)} {offer.external} "
        f"{offer.induced}"
        for day in range(3)
        for offer in offers_of(sellers, market, day, allowed)
    ]
    assert hashlib.sha256("\n".join(found).encode()).hexdigest() == FROZEN


def test_nothing_is_offered_or_earned_before_the_first_day(society):
    ((seller,), _) = sellers_at(society, 1)
    assert seller.offer is None
    assert (seller.orders, seller.revenue, seller.profit) == (0, 0.0, 0.0)


@pytest.mark.parametrize("learning", [None, LearningParameters(price_steps=(0.9, 1.1))])
def test_a_shop_has_the_price_of_the_first_day_and_then_of_the_last_campaign(society, learning):
    sellers, market = sellers_at(society, 30, learning, activity=0.5)
    at_first = [seller.price for seller in sellers]
    first = offers_of(sellers, market)
    assert None in first
    for seller, before, offer in zip(sellers, at_first, first, strict=True):
        assert seller.price == before
        assert offer is None or offer.price == before
    second = offers_of(sellers, market, day=1)
    for seller, before, offer in zip(sellers, at_first, second, strict=True):
        assert seller.price == (before if offer is None else offer.price)


def test_prices_are_lognormal_around_the_reference_price(campaigns):
    prices = np.log(campaigns.price) / SellerParameters().price_log_sd
    assert stats.kstest(prices, "norm").pvalue > RARE


def test_shareability_is_standard_normal_and_content_as_rich_as_set(campaigns):
    assert stats.kstest(campaigns.shareability, "norm").pvalue > RARE
    rich = int(campaigns.rich.sum())
    assert stats.binomtest(rich, MANY, SellerParameters().rich_content).pvalue > RARE


def test_the_choices_are_independent(everything):
    """Two-sided tests of rank correlation at 1e-6 each."""
    names = ("price", "rich", "shareability", "channel", "tool", "external", "induced")
    columns = [getattr(everything, name) for name in names]
    for place, one in enumerate(columns):
        for other in columns[place + 1 :]:
            assert stats.spearmanr(one, other).pvalue > RARE


def test_channels_tools_links_and_rewards_have_their_shares(everything):
    parameters = SellerParameters()
    for name, shares in (("channel", parameters.channels), ("tool", parameters.tools)):
        found = np.bincount(getattr(everything, name), minlength=len(shares))
        expected = MANY * np.array(shares) / sum(shares)
        assert stats.chisquare(found, expected).pvalue > RARE
    for name in ("external", "induced"):
        found = int(getattr(everything, name).sum())
        assert stats.binomtest(found, MANY, getattr(parameters, name)).pvalue > RARE


def test_each_decision_has_a_word_of_its_own(society):
    sellers, market = sellers_at(society, 300, external=0.5, induced=0.5)
    own = market.parameters.sellers
    for offer in offers_of(sellers, market, 3, EVERYTHING):
        luck = derive(REPLICATE, EXPLORE, offer.campaign)
        for decision, found, shares in (
            (Decision.CHANNEL, offer.channel, own.channels),
            (Decision.TOOL, offer.tool, own.tools),
            (Decision.EXTERNAL, offer.external, (0.5, 0.5)),
            (Decision.INDUCED, offer.induced, (0.5, 0.5)),
        ):
            assert found == draw(shares, range(len(shares)), child(luck, decision))


@pytest.mark.parametrize(("share", "expected"), [(0.0, {False}), (1.0, {True})])
def test_content_can_be_all_plain_or_all_rich(society, share, expected):
    offers = offers_of(*sellers_at(society, 40, rich_content=share))
    assert {offer.rich for offer in offers} == expected


def test_without_spread_everyone_asks_the_reference_price(society):
    offers = offers_of(*sellers_at(society, 10, price_log_sd=0.0))
    assert [offer.price for offer in offers] == [1.0] * 10


def test_a_change_of_one_choice_leaves_the_luck_of_the_others(society, campaigns):
    """More rich content: the same prices and appeals, and nobody rich turns plain."""
    other = Campaigns.from_offers(offers_of(*sellers_at(society, MANY, rich_content=0.8)))
    assert np.array_equal(other.price, campaigns.price)
    assert np.array_equal(other.shareability, campaigns.shareability)
    assert (other.rich >= campaigns.rich).all()
    assert other.rich.sum() > campaigns.rich.sum()


def test_a_rule_changes_only_the_offers_that_it_forbids(society, everything):
    tools = tuple(tool for tool in Tool if tool != Tool.TEAM)
    allowed = replace(EVERYTHING, tools=tools, induced=(False,))
    offers = offers_of(*sellers_at(society, MANY), allowed=allowed)
    changed = 0
    for row, offer in enumerate(offers):
        was = Tool(everything.tool[row])
        assert offer.tool == was or (was == Tool.TEAM and offer.tool in tools)
        assert not offer.induced
        assert offer.channel == everything.channel[row]
        assert offer.external == everything.external[row]
        assert offer.price == everything.price[row]
        changed += offer.tool != was
    assert changed > 100


def test_activity_is_the_share_of_days_with_a_campaign(society):
    sellers, market = sellers_at(society, 500, activity=0.3)
    days = [offers_of(sellers, market, day) for day in range(4)]
    found = sum(offer is not None for offers in days for offer in offers)
    assert stats.binomtest(found, 2000, 0.3).pvalue > RARE
    for seller, offer in zip(sellers, days[-1], strict=True):
        word = derive(REPLICATE, ACTIVITY, market.campaign_id(seller.node))
        assert (offer is not None) == (fraction(word) < 0.3)
        assert seller.offer is offer


def test_who_is_active_offers_what_it_would_have_offered_every_day(society):
    usual = offers_of(*sellers_at(society, 200), day=2)
    some = offers_of(*sellers_at(society, 200, activity=0.5), day=2)
    assert 0 < some.count(None) < 200
    assert all(offer in (None, same) for offer, same in zip(some, usual, strict=True))


def test_orders_and_revenue_add_up(society):
    ((seller,), market) = sellers_at(society, 1, unit_cost=0.5)
    seller.price = 2.0
    assert seller.count_orders(3, items=3, revenue=6.0) == 3 * 1.5
    assert seller.count_orders(0, items=0, revenue=0.0) == 0.0
    assert seller.count_orders(4, items=6, revenue=5.0) == 2.0
    assert seller.orders == 7
    assert seller.revenue == 6.0 + 5.0
    assert seller.profit == 4.5 + 2.0
    assert market.parameters.sellers.unit_cost == 0.5


def offered(**changes):
    plain = Offer(campaign=1, seller=1, category=0, price=1.0, rich=False, shareability=0.0)
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0.0),
        ({"rich": True}, 0.7),
        ({"tool": Tool.LIVESTREAM}, 3.0),
        ({"tool": Tool.TEAM}, 0.0),
        ({"channel": Channel.ADVERT}, 0.4 * 1.5),
        ({"channel": Channel.OFFICIAL}, 0.0),
        ({"induced": True}, 0.1 * 20),
        ({"rich": True, "tool": Tool.LIVESTREAM, "channel": Channel.ADVERT}, 0.7 + 3.0 + 0.6),
    ],
)
def test_a_campaign_costs_what_it_uses(changes, expected):
    parameters = SellerParameters(
        content_cost=0.7, advert_cost=0.4, livestream_cost=3.0, reward_cost=0.1
    )
    assert cost(offered(**changes), 1500, 20, parameters) == pytest.approx(expected)


def test_costs_are_paid_for_a_campaign_only(society):
    ((seller,), market) = sellers_at(society, 1, rich_content=1.0, content_cost=0.7)
    assert seller.pay_costs(shown=500) == 0.0
    offers_of([seller], market)
    assert seller.pay_costs(shown=500) == 0.7
    assert seller.profit == -0.7


def test_who_has_learnt_nothing_offers_what_it_would_without_learning(society):
    without = offers_of(*sellers_at(society, 200), allowed=EVERYTHING)
    learning = LearningParameters(epsilon=1.0)
    assert offers_of(*sellers_at(society, 200, learning), allowed=EVERYTHING) == without


def test_a_profit_is_the_reward_of_each_action_that_was_taken(society):
    ((seller,), market) = sellers_at(society, 1, LearningParameters())
    (offer,) = offers_of([seller], market, allowed=EVERYTHING)
    learns(seller, 4.0)
    taken = (0, offer.rich, offer.channel, offer.tool, offer.external, offer.induced)
    for decision, action in zip(Decision, taken, strict=True):
        tries = seller.learner.tries[decision]
        assert seller.learner.values[decision][action] == 4.0
        assert (tries[action], sum(tries)) == (1, 1)


def test_days_without_a_campaign_and_sellers_without_learning_learn_nothing(society):
    ((idle,), market) = sellers_at(society, 1, LearningParameters(), activity=0.0)
    offers_of([idle], market)
    learns(idle, 4.0)
    assert idle.learner.campaigns == 0
    ((other,), market) = sellers_at(society, 1)
    before = offers_of([other], market, day=1)
    learns(other, 4.0)
    assert other.learner is None
    assert offers_of([other], market, day=1) == before


def test_a_seller_returns_to_what_paid_and_leaves_what_did_not(society):
    sellers, market = sellers_at(society, 100, LearningParameters(epsilon=0.0))
    for seller, offer in zip(sellers, offers_of(sellers, market, 0, EVERYTHING), strict=True):
        learns(seller, 1.0 if offer.rich else -1.0)
    first = [seller.offer for seller in sellers]
    second = offers_of(sellers, market, 1, EVERYTHING)
    for before, after in zip(first, second, strict=True):
        assert after.rich
        assert (after.price == before.price) == before.rich
        assert (after.channel == before.channel) == before.rich


def test_prices_move_in_steps_around_the_level_that_the_seller_began_with(society):
    learning = LearningParameters(epsilon=1.0, price_steps=(1.0, 0.5, 2.0))
    sellers, market = sellers_at(society, 60, learning)
    levels = [seller.price for seller in sellers]
    for seller in sellers:
        offers_of([seller], market)
        learns(seller, 1.0)
    offers = offers_of(sellers, market, day=1)
    steps = [offer.price / level for offer, level in zip(offers, levels, strict=True)]
    assert {round(step, 9) for step in steps} == {1.0, 0.5, 2.0}


def test_what_is_explored_of_one_decision_says_nothing_of_another(society):
    """Two-sided tests of rank correlation at 1e-6 each; all decisions explore."""
    sellers, market = sellers_at(society, MANY, LearningParameters(epsilon=1.0))
    offers_of(sellers, market)
    for seller in sellers:
        learns(seller, 1.0)
    levels = np.array([seller.price for seller in sellers])
    explored = Campaigns.from_offers(offers_of(sellers, market, 1, EVERYTHING))
    names = ("rich", "channel", "tool", "external", "induced")
    columns = [explored.price / levels, *(getattr(explored, name) for name in names)]
    for place, one in enumerate(columns):
        for other in columns[place + 1 :]:
            assert stats.spearmanr(one, other).pvalue > RARE


def test_a_learner_does_only_what_is_allowed_when_rules_change(society):
    sellers, market = sellers_at(society, 50, LearningParameters(epsilon=0.3))
    strict = Options(
        (Channel.MOMENTS, Channel.OFFICIAL), (Tool.NONE, Tool.BARGAIN), (False,), (False,)
    )
    seen = set()
    for day in range(12):
        allowed = EVERYTHING if day % 3 == 2 else strict
        for offer in offers_of(sellers, market, day, allowed):
            assert offer.channel in allowed.channels
            assert offer.tool in allowed.tools
            assert offer.external in allowed.external
            assert offer.induced in allowed.induced
            seen.add((offer.tool, offer.induced))
        for place, seller in enumerate(sellers):
            learns(seller, float(place + day))
    assert len(seen) > 4


def test_a_seller_learns_from_its_own_results_alone(society):
    """Nine others who earn otherwise change nothing."""
    histories = []
    for count in (1, 10):
        sellers, market = sellers_at(society, count, LearningParameters(epsilon=0.4))
        history = []
        for day in range(20):
            history.append(offers_of(sellers, market, day, EVERYTHING)[0])
            for place, seller in enumerate(sellers):
                learns(seller, (1.0 + place) * seller.offer.price - seller.offer.rich)
        histories.append(history)
    assert histories[0] == histories[1]
    assert len({offer.tool for offer in histories[0]}) > 1


def test_sellers_learn_a_price_that_earns_more(society):
    """Demand falls with the price to the power of -2.62; 300 campaigns of 30 sellers.

    The goods cost .6: sellers begin at 1.6 times the reference price, but would earn most at .97.
    """
    sellers, market = sellers_at(
        society, 30, LearningParameters(price_steps=(1.6, 1.0, 2.0)), price_log_sd=0.0
    )
    profits = []
    for day in range(300):
        for offer, seller in zip(offers_of(sellers, market, day), sellers, strict=True):
            luck = derive(5, day, seller.node) >> 60
            sold = round(30.0 * offer.price**-2.62 * (0.5 + luck / 15.0))
            profits.append(seller.count_orders(sold, sold, sold * offer.price))
            learns(seller, profits[-1])
    early, late = np.mean(profits[:300]), np.mean(profits[-3000:])
    assert late > 1.1 * early
    best = [np.argmax(seller.learner.values[Decision.PRICE]) for seller in sellers]
    assert np.mean(np.array(best) == 1) > 0.8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("by_ties", -0.1),
        ("by_ties", math.nan),
        ("rich_content", 1.5),
        ("price_log_sd", -1.0),
        ("price_log_sd", math.inf),
        ("campaign_hops", 0),
        ("campaign_hops", 2.5),
        ("activity", 1.01),
        ("external", -1.0),
        ("induced", "half"),
        ("unit_cost", -0.5),
        ("livestream_cost", math.nan),
        ("channels", (1.0, 0.0)),
        ("channels", (0.0, 0.0, 0.0)),
        ("channels", 0.8),
        ("tools", (1.0, -0.1, 0.0, 0.0, 0.0)),
        ("tools", (math.nan, 0.1, 0.0, 0.0, 0.0)),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} is "):
        SellerParameters(**{name: value})
