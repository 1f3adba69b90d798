"""The rule of decision: a case worked by hand, and what must rise with what."""

import math
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from weishang.kernels import Graph, propagate
from weishang.kernels.rng import derive
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Offer
from weishang.model.core.decision import LogisticRule, ThresholdRule, share_intercept
from weishang.model.core.streams import standard_normal
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.mechanisms.fatigue import AttentionParameters, Fatigue

PASSED_BY, VISITED, BOUGHT = 0, 1, 2
FIVE_SD = 5.0
"""Two-sided false-alarm rate of one comparison: 6e-7."""

INTERESTS, BUDGETS = 2, Budgets((0.5, 1.5))
ROUND = DecisionWeights(
    view=0.3,
    buy_intercept=-2.0,
    trust=0.5,
    recommender_trust=0.4,
    shareability_sd=2.0,
    takeoff_probability=0.2,
    first_visitors=50.0,
    visit_intercept=-1.0,
    match=1.0,
    price=2.0,
    content=0.25,
    proof=0.3,
    shareability_on_buying=0.2,
    buyers_share=0.7,
)


def offer(**changes):
    usual = {
        "campaign": 5,
        "seller": 0,
        "category": 1,
        "price": 2.0,
        "rich": True,
        "shareability": 0.5,
    }
    return Offer(**{**usual, **changes})


def made(*offers, weights=ROUND, interests=INTERESTS, budgets=BUDGETS, trust=None):
    return LogisticRule(weights, budgets).tables(Campaigns.from_offers(offers), interests, trust)


def weights_in_their_ranges():
    return st.builds(
        DecisionWeights,
        **{
            item.name: st.floats(item.metadata["low"], item.metadata["high"])
            for item in fields(DecisionWeights)
        },
    )


def test_tables_have_an_axis_for_campaign_distance_outcome_segment_and_exposures():
    tables = made(offer(), offer(campaign=6), offer(campaign=7), interests=4)
    assert np.shape(tables.view) == (3, 1)
    assert np.shape(tables.visit) == np.shape(tables.buy) == (3, 2, 8, 2)
    assert np.shape(tables.share) == (3, 2, 3, 8, 2)
    assert tables.doses == 2
    assert tables.per_cascade


def test_a_case_worked_by_hand():
    """Offer: category 1 of 2, price 2, rich, shareability .5. Segment = 2 * interest + budget.

    A friend, first exposure, interest 1, budget .5: log odds of visiting -1 + .5 trust + .25
    content + 1 match + .2 * .5 shareability = .85; of buying -2 + 1.85 - 2 log(4) = -2.9225887.
    A friend's friend, second exposure, interest 0, budget 1.5: visiting -1 + .5 * .4 + .3 proof +
    .25 + .1 = -.15; buying -2 + .85 - 2 log(2 / 1.5) = -1.7253641.
    """
    tables = made(offer())
    near, far = (0, 0, 2, 0), (0, 1, 1, 1)
    assert tables.view == 0.3
    assert tables.visit[near] == pytest.approx(0.7005671, abs=1e-7)
    assert tables.buy[near] == pytest.approx(0.0510482, abs=1e-7)
    assert tables.visit[far] == pytest.approx(0.4625702, abs=1e-7)
    assert tables.buy[far] == pytest.approx(0.1511815, abs=1e-7)


def test_sharing_by_hand_up_to_its_intercept():
    """Friend, first exposure: 2 * .5 shareability + .5 trust + .25 content = 1.75 more.

    A friend's friend, second exposure: 1 + .2 + .3 + .25 = 1.75 as well; buyers .7 more.
    """
    odds = logit(made(offer()).share[0]) - share_intercept(LogisticRule, ROUND)
    assert odds[0, VISITED, :, 0] == pytest.approx([1.75] * 4)
    assert odds[1, VISITED, :, 1] == pytest.approx([1.75] * 4)
    assert odds[0, BOUGHT, :, 0] == pytest.approx([2.45] * 4)
    assert odds[1, VISITED, :, 0] == pytest.approx([1.45] * 4)


@settings(max_examples=40)
@given(weights=weights_in_their_ranges(), shareability=st.floats(-3, 3), price=st.floats(0.3, 3))
def test_what_passes_by_is_never_shared(weights, shareability, price):
    tables = made(offer(shareability=shareability, price=price), weights=weights)
    assert not tables.share[:, :, PASSED_BY].any()
    assert (tables.share[:, :, VISITED] > 0.0).all()


@settings(max_examples=40)
@given(weights=weights_in_their_ranges(), shareability=st.floats(-3, 3), price=st.floats(0.3, 3))
def test_trust_proof_match_and_having_bought_never_lower_a_chance(weights, shareability, price):
    tables = made(
        offer(shareability=shareability, price=price), weights=weights, trust=(0.0, 0.4, 1.0)
    )
    for table in (tables.visit, tables.buy, tables.share):
        assert (np.diff(table, axis=1) >= 0.0).all(), "trust"
        assert (np.diff(table, axis=-1) >= 0.0).all(), "proof"
    for table in (tables.visit, tables.buy):
        assert (table[:, :, 2:] > table[:, :, :2]).all(), "match"
    assert (tables.share[:, :, BOUGHT] >= tables.share[:, :, VISITED]).all()


@settings(max_examples=40)
@given(weights=weights_in_their_ranges(), shareability=st.floats(-3, 3), price=st.floats(0.3, 3))
def test_shareability_content_and_a_low_price_raise_what_they_should(weights, shareability, price):
    usual, liked, plain, dear = (
        made(offer(**{"shareability": shareability, "price": price, **changes}), weights=weights)
        for changes in (
            {},
            {"shareability": shareability + 0.5},
            {"rich": False},
            {"price": price * 1.5},
        )
    )
    for name in ("visit", "buy", "share"):
        assert (getattr(liked, name) >= getattr(usual, name)).all()
        assert (getattr(usual, name) >= getattr(plain, name)).all()
    assert (liked.share[:, :, VISITED:] > usual.share[:, :, VISITED:]).all()
    assert (dear.buy < usual.buy).all()
    assert (dear.visit == usual.visit).all()
    assert (dear.share == usual.share).all()


def test_who_has_more_to_spend_buys_more_and_visits_alike():
    tables = made(offer())
    assert (tables.buy[:, :, [1, 3]] > tables.buy[:, :, [0, 2]]).all()
    assert (tables.visit[:, :, [1, 3]] == tables.visit[:, :, [0, 2]]).all()


def test_price_is_judged_against_the_budget():
    """Twice the price at twice the budget is the same."""
    cheap = made(offer(price=1.0), budgets=Budgets((0.5,)))
    dear = made(offer(price=2.0), budgets=Budgets((1.0,)))
    assert np.allclose(cheap.buy, dear.buy, rtol=1e-12)


def test_friends_come_first_then_recommenders_unless_told_otherwise():
    told = made(offer(), trust=(1.0, ROUND.recommender_trust))
    usual = made(offer())
    for name in ("visit", "buy", "share"):
        assert np.array_equal(getattr(told, name), getattr(usual, name))
    strangers = made(offer(), trust=(0.0,))
    assert strangers.visit.shape[1] == 1
    assert (strangers.visit < usual.visit[:, 1:]).all()


@pytest.mark.parametrize("name", [item.name for item in fields(DecisionWeights)])
def test_no_weight_is_idle(name):
    other = replace(ROUND, **{name: 1.1 * getattr(ROUND, name)})
    tables = [made(offer(), weights=weights) for weights in (ROUND, other)]
    assert any(
        not np.array_equal(getattr(tables[0], table), getattr(tables[1], table))
        for table in ("view", "visit", "buy", "share")
    )


def test_campaigns_have_tables_of_their_own_whoever_stands_beside_them():
    one, two = offer(), offer(campaign=6, category=0, price=0.7, rich=False, shareability=-1.0)
    both, alone = made(one, two), made(two)
    for name in ("view", "visit", "buy", "share"):
        assert np.array_equal(getattr(both, name)[1:], getattr(alone, name))
    assert not np.array_equal(both.visit[0], both.visit[1])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"shareability_sd": 0.0},
        {"shareability_sd": 8.0},
        {"takeoff_probability": 0.05, "first_visitors": 120.0},
        {"takeoff_probability": 0.3, "first_visitors": 40.0, "trust": 2.0},
    ],
)
def test_campaigns_are_passed_on_as_often_as_set(changes):
    """By simulation: shareability is drawn, then every visiting friend shares or not.

    The intercept is solved over 2,001 cells of shareability, so it may miss by half a cell.
    """
    weights = replace(ROUND, **changes)
    rng = np.random.default_rng(11)
    draws = 200_000
    odds = share_intercept(LogisticRule, weights) + weights.trust
    chance = 1.0 / (1.0 + np.exp(-(odds + weights.shareability_sd * rng.standard_normal(draws))))
    sharers = rng.binomial(int(weights.first_visitors), chance)
    error = math.sqrt(weights.takeoff_probability * (1.0 - weights.takeoff_probability) / draws)
    found = np.count_nonzero(sharers) / draws
    assert abs(found - weights.takeoff_probability) < FIVE_SD * error + 0.5 / 2001


def test_plain_offers_are_passed_on_as_often_as_set_in_the_cascade_itself():
    """75 friends who all open and never buy; appeals as sellers draw them."""
    weights = DecisionWeights(view=1.0, visit_intercept=60.0, buy_intercept=-60.0)
    friends, campaigns = int(weights.first_visitors), 4000
    star = Graph.from_edges([0] * friends, range(1, friends + 1))
    offers = [
        offer(campaign=number, rich=False, shareability=standard_normal(derive(3, number)))
        for number in range(campaigns)
    ]
    tables = made(*offers, weights=weights, interests=2)
    spread = propagate(star, tables, [0], range(campaigns), seed=4, max_hops=1)
    assert (spread.visitors == friends).all()
    assert not spread.buyers.any()
    expected = weights.takeoff_probability
    error = math.sqrt(expected * (1.0 - expected) / campaigns)
    found = np.count_nonzero(spread.sharers) / campaigns
    assert abs(found - expected) < FIVE_SD * error


def test_without_differences_in_shareability_the_intercept_is_known():
    """1 - (1 - s)^n = takeoff_probability for s = logistic(intercept + trust)."""
    weights = replace(ROUND, shareability_sd=0.0)
    share = 1.0 - 0.8 ** (1.0 / 50.0)
    assert share_intercept(LogisticRule, weights) == pytest.approx(
        math.log(share / (1.0 - share)) - 0.5
    )
    shared = made(offer(shareability=-3.0), offer(shareability=3.0), weights=weights).share
    assert np.array_equal(shared[0], shared[1])


@pytest.mark.parametrize("takeoff_probability", [0.0, 1.0, -0.1, math.nan])
def test_passed_on_must_be_a_chance_that_leaves_a_choice(takeoff_probability):
    with pytest.raises(ValueError, match="takeoff_probability is "):
        share_intercept(LogisticRule, replace(ROUND, takeoff_probability=takeoff_probability))


def test_a_view_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"view.* is 1\.5"):
        made(offer(), weights=replace(ROUND, view=1.5))


OFFERS = Campaigns.from_offers(
    [offer(), offer(category=0, price=0.7, rich=False, shareability=-1.0)]
)
TRUST = (1.0, 0.4, 0.0)
TIRED = (0.0, 0.3, 0.9)
NUM_CLASSES = len(TIRED)


def some_adjustments(seed, classes=1):
    rng = np.random.default_rng(seed)
    shape = (len(OFFERS), len(TRUST), classes)
    names = [item.name for item in fields(Adjustments) if item.name != "friends_view"]
    drawn = {name: rng.normal(size=shape) for name in names}
    return Adjustments(
        **{**drawn, "price": np.exp(drawn["price"]), "friends_view": rng.random((len(OFFERS), 3))}
    )


def adjusted(adjustments=None, classes=NUM_CLASSES, rule=LogisticRule):
    return rule(ROUND, BUDGETS).tables(
        OFFERS, INTERESTS, TRUST, adjustments=adjustments, num_classes=classes
    )


@pytest.mark.parametrize("rule", [LogisticRule, ThresholdRule])
@pytest.mark.parametrize(
    "adjustments", [None, some_adjustments(1), some_adjustments(2), some_adjustments(3, len(TIRED))]
)
def test_the_chance_of_single_events_is_the_tables_entry(rule, adjustments):
    """Every campaign, distance, segment and exposure count, to the last but one digit."""
    table = adjusted(adjustments, rule=rule).buy
    row, distance, segment, exposures = (axis.ravel() for axis in np.indices(table.shape))
    person = segment // len(TIRED)
    chance = rule(ROUND, BUDGETS).chance_of_buying(
        OFFERS,
        TRUST,
        row=row,
        distance=distance + 1,
        interest=person // len(BUDGETS.relative),
        budget_class=person % len(BUDGETS.relative),
        exposures=exposures + 1,
        person_class=segment % len(TIRED),
        adjustments=adjustments,
    )
    np.testing.assert_allclose(chance, table.ravel(), rtol=1e-12)


def test_a_price_that_is_asked_takes_the_place_of_the_adjustments():
    half = np.array([0.5])
    at = {
        "row": np.array([0]),
        "distance": np.array([1]),
        "interest": np.array([1]),
        "budget_class": np.array([0]),
    }
    cheaper = Adjustments.none(len(OFFERS), len(TRUST))
    cheaper.price[:] = 0.5
    decide = LogisticRule(ROUND, BUDGETS)
    asked = decide.chance_of_buying(OFFERS, TRUST, price=half, **at)
    assert asked == decide.chance_of_buying(OFFERS, TRUST, adjustments=cheaper, **at)
    both = decide.chance_of_buying(OFFERS, TRUST, adjustments=cheaper, price=half, **at)
    assert asked == both
    assert asked > decide.chance_of_buying(OFFERS, TRUST, **at)


@pytest.mark.parametrize("classes", [1, len(TIRED)])
def test_adjustments_add_log_odds_where_they_say(classes):
    """By class of person, which is the last digit of the segment, or for all classes alike."""
    added, usual = some_adjustments(3, classes), adjusted()
    moved_tables = adjusted(added)
    segments = INTERESTS * len(BUDGETS.relative) * len(TIRED)
    match = np.repeat([[0, 1], [1, 0]], len(BUDGETS.relative) * len(TIRED), axis=1)

    def by_segment(array):
        return np.tile(array, segments // array.shape[-1])[..., None]

    visit = by_segment(added.visit) + by_segment(added.visit_match) * match[:, None, :, None]
    buy = by_segment(added.buy - ROUND.price * np.log(added.price))
    for name, expected in (("visit", visit), ("buy", buy)):
        moved = logit(getattr(moved_tables, name)) - logit(getattr(usual, name))
        np.testing.assert_allclose(moved, np.broadcast_to(expected, moved.shape), atol=1e-9)
    for outcome, shared in (
        (VISITED, added.share),
        (BOUGHT, added.share + added.share_of_buyers),
    ):
        moved = logit(moved_tables.share[:, :, outcome]) - logit(usual.share[:, :, outcome])
        expected = np.broadcast_to(by_segment(shared), moved.shape)
        np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_no_adjustments_change_nothing_bit_for_bit():
    none = Adjustments.none(len(OFFERS), len(TRUST))
    for name in ("visit", "buy", "share"):
        assert np.array_equal(getattr(adjusted(none), name), getattr(adjusted(), name))


def test_the_tired_visit_less_and_buy_and_share_alike(world_of):
    """By what the mechanism of fatigue adds."""
    parameters = AttentionParameters(thresholds=(5.0, 20.0), tired=TIRED)
    world = world_of(attention=parameters, society=SimpleNamespace(num_users=4))
    tables = adjusted(Fatigue().adjust(world, Fatigue().start(world), None))
    by_class = tables.visit.reshape(*tables.visit.shape[:2], -1, len(TIRED), 2)
    lost = logit(by_class[:, :, :, :1]) - logit(by_class)
    np.testing.assert_allclose(
        lost, np.broadcast_to(np.array(TIRED)[:, None], lost.shape), atol=1e-9
    )
    for table in (tables.buy, tables.share):
        by_class = table.reshape(*table.shape[:-2], -1, len(TIRED), 2)
        assert (by_class == by_class[..., :1, :]).all()


def test_a_threshold_rule_is_linear_between_its_ends_and_sure_beyond():
    rule = ThresholdRule(ROUND, BUDGETS)
    ends = np.array([-math.pi, -math.pi / 2, 0.0, math.pi / 2, math.pi])
    np.testing.assert_allclose(rule.probability(ends), [0.0, 0.25, 0.5, 0.75, 1.0])
    assert rule.probability(np.array([-9.0, 9.0])).tolist() == [0.0, 1.0]
    assert rule.refusal(np.array([-9.0, 0.0, 9.0])).tolist() == [1.0, 0.5, 0.0]


def test_a_threshold_rules_tables_tell_five_exposures_apart():
    tables = adjusted(rule=ThresholdRule)
    assert tables.doses == ThresholdRule.exposures == 5
    assert tables.visit.shape[-1] == 5
    inside = (tables.visit > 0.0) & (tables.visit < 1.0)
    assert (np.diff(tables.visit, axis=-1)[inside[..., 1:] & inside[..., :-1]] > 0.0).all()


def test_campaigns_take_off_as_often_as_set_by_thresholds_too():
    intercept = share_intercept(ThresholdRule, ROUND)
    shareability = ROUND.shareability_sd * np.random.default_rng(4).standard_normal(200_000)
    refused = ThresholdRule(ROUND, BUDGETS).refusal(intercept + ROUND.trust + shareability)
    found = float(np.mean(1.0 - refused**ROUND.first_visitors))
    assert found == pytest.approx(ROUND.takeoff_probability, abs=0.005)
    assert intercept != share_intercept(LogisticRule, ROUND)
