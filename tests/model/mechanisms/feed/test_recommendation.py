"""Recommendation: who is shown what, how often strangers buy, and whose luck it is.

Statistical tests compare with five standard deviations: a false-alarm rate of 6e-7 each.
"""

from dataclasses import fields, replace

import numpy as np
import pytest

from weishang.kernels import Graph
from weishang.model.core.campaigns import Campaigns, Offer
from weishang.model.core.decision import STRANGER_TRUST, LogisticRule
from weishang.model.core.weights import DecisionWeights
from weishang.model.market.market import Market
from weishang.model.market.spread import spread_among_friends
from weishang.model.mechanisms.feed.parameters import FeedParameters
from weishang.model.mechanisms.feed.recommendation import draw_audience, recommend
from weishang.model.scenario import Scenario
from weishang.model.society.generate import generate
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters

FIVE_SD = 5.0
SCENARIO = Scenario(weights=DecisionWeights(buy_intercept=-1.0))
FEED = FeedParameters(audience=120, targeted=0.25)
SEED = 77


@pytest.fixture(scope="module")
def society():
    parameters = SocietyParameters(mean_friends=8.0)
    return generate(parameters, 3000, np.random.default_rng(4))


@pytest.fixture(scope="module")
def campaigns(society):
    with Market(society, SCENARIO.friends_only(), SEED, 150) as market:
        return market.choose_campaigns()


def shown(society, campaigns, weights=SCENARIO.weights, feed=FEED, seed=SEED):
    return recommend(society, campaigns, LogisticRule(weights, SCENARIO.budgets), feed, seed)


def counts(result):
    return [getattr(result, name).tolist() for name in ("reach", "visitors", "buyers", "sharers")]


def test_everyone_shown_is_reached_and_nobody_passes_it_on(society, campaigns):
    result = shown(society, campaigns)
    assert result.reach.tolist() == [[120]] * 150
    assert not result.sharers.any()
    assert (result.buyers <= result.visitors).all()
    assert 0 < result.buyers.sum() < result.visitors.sum() < result.reach.sum()


def test_strangers_decide_by_the_rule_without_trust(society, campaigns):
    """Visitors and buyers against the sum of the table's chances over those who were shown."""
    rule = LogisticRule(SCENARIO.weights, SCENARIO.budgets)
    tables = rule.tables(campaigns, 8, (STRANGER_TRUST,))
    segment = society.segment[draw_audience(society, campaigns, FEED, SEED)]
    row = np.arange(len(campaigns))[:, np.newaxis]
    visit = tables.visit[row, 0, segment, 0]
    buy = visit * tables.buy[row, 0, segment, 0]
    result = shown(society, campaigns)
    for chance, found in ((visit, result.visitors), (buy, result.buyers)):
        error = np.sqrt((chance * (1.0 - chance)).sum())
        assert abs(found.sum() - chance.sum()) < FIVE_SD * error


def test_neither_trust_nor_view_nor_sharing_matters_to_strangers(society, campaigns):
    changed = replace(
        SCENARIO.weights,
        trust=0.0,
        recommender_trust=1.0,
        view=0.01,
        takeoff_probability=0.01,
        proof=3.0,
    )
    usual, other = shown(society, campaigns), shown(society, campaigns, changed)
    assert np.array_equal(usual.visitors, other.visitors)
    assert np.array_equal(usual.buyers, other.buyers)


def test_the_targeted_share_the_interest_and_the_others_are_anyone(society, campaigns):
    audience = draw_audience(society, campaigns, FEED, SEED)
    assert audience.shape == (150, 120)
    assert 0 <= audience.min() <= audience.max() < society.num_users
    same = society.interest[audience] == campaigns.category[:, np.newaxis]
    assert same[:, :30].all()
    by_chance = np.bincount(society.interest, minlength=8)[campaigns.category] / society.num_users
    error = np.sqrt((by_chance * (1.0 - by_chance)).sum() * 90)
    assert abs(same[:, 30:].sum() - 90 * by_chance.sum()) < FIVE_SD * error


@pytest.mark.parametrize("targeted", [0.0, 1.0])
def test_all_or_none_can_be_targeted(society, campaigns, targeted):
    feed = FeedParameters(audience=40, targeted=targeted)
    audience = draw_audience(society, campaigns, feed, SEED)
    same = society.interest[audience] == campaigns.category[:, np.newaxis]
    assert same.all() == (targeted == 1.0)


def test_everyone_is_as_likely_to_be_shown_an_offer(society, campaigns):
    """Chi-square over 30 equal groups of nodes, at z < 5 by its normal approximation."""
    feed = FeedParameters(audience=400, targeted=0.0)
    audience = draw_audience(society, campaigns, feed, SEED)
    found = np.bincount(audience.ravel() * 30 // society.num_users, minlength=30)
    expected = audience.size / 30
    distance = ((found - expected) ** 2 / expected).sum()
    assert abs(distance - 29.0) < FIVE_SD * np.sqrt(2.0 * 29.0)


def test_the_same_replicate_is_the_same_and_another_is_not(society, campaigns):
    one, again, other = (shown(society, campaigns, seed=seed) for seed in (1, 1, 2))
    assert counts(one) == counts(again)
    assert counts(one) != counts(other)
    audiences = [draw_audience(society, campaigns, FEED, seed) for seed in (1, 2)]
    assert not np.array_equal(*audiences)


def test_an_added_campaign_leaves_the_others_as_they_were(society, campaigns):
    first = Campaigns(*(getattr(campaigns, item.name)[:20] for item in fields(Campaigns)))
    few = shown(society, first)
    more = shown(society, campaigns)
    assert np.array_equal(more.visitors[:20], few.visitors)
    assert np.array_equal(more.buyers[:20], few.buyers)


def test_strangers_have_luck_of_their_own():
    """All are friends of a seller whom none trusts: in 20 replicates friends and strangers differ.

    With one interest all visit at one chance. Were the luck shared, the visitors would be the same
    in every replicate; by chance they are as many in all 20 with probability below 1e-15.
    """
    size = 60
    star = Graph.from_edges([0] * size, range(1, size + 1), directed=False)
    everyone = from_graph(star, SocietyParameters(num_interests=1), np.random.default_rng(1))
    campaigns = Campaigns.from_offers(
        [Offer(campaign=0, seller=0, category=0, price=1.0, rich=True, shareability=0.0)]
    )
    weights = DecisionWeights(view=1.0, trust=0.0, visit_intercept=-1.5)
    rule = LogisticRule(weights, SCENARIO.budgets)
    feed = FeedParameters(audience=size)
    same = []
    for seed in range(20):
        friends = spread_among_friends(everyone, campaigns, rule, seed, max_hops=1)
        strangers = recommend(everyone, campaigns, rule, feed, seed)
        assert friends.reach.sum() == strangers.reach.sum() == size
        same.append(friends.visitors.sum() == strangers.visitors.sum())
    assert not all(same)


@pytest.mark.parametrize(
    ("name", "value"),
    [("audience", 0), ("audience", -3), ("targeted", 1.01), ("targeted", float("nan"))],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} is "):
        FeedParameters(**{name: value})
