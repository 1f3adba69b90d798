"""Bargains: helpers lower the price, and who asked decides again with the same luck."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels.rng import CERTAIN, Purpose, uniform
from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import SocialDistance
from weishang.model.mechanisms.bargain import Bargain, BargainParameters
from weishang.model.mechanisms.bargain.bargain import end_bargains
from weishang.model.mechanisms.bargain.by_agents import (
    BargainByAgents,
    end_bargains_by_agents,
)

SEED = 2026
NEAR, FAR, STRANGER = SocialDistance.FRIEND, SocialDistance.FRIENDS_FRIEND, SocialDistance.STRANGER
TENTHS = BargainParameters(step=0.1, floor=0.75)
WAYS = pytest.mark.parametrize("way", [end_bargains, end_bargains_by_agents])


def never(chosen, price):
    return np.zeros(chosen.size)


def always(chosen, price):
    return np.ones(chosen.size)


@pytest.fixture
def asked(offers_of, events_of):
    """1 asked; 2 and a stranger, 3, helped; 4 looked away; 5 asked and bought and 6 helped.

    7 asked in vain, 8 visited and did not ask.
    """
    campaigns = offers_of(Tool.BARGAIN)
    return campaigns, events_of(
        campaigns,
        (0, 1, 1, 0, NEAR, "vs"),
        (0, 1, 5, 0, NEAR, "vbs"),
        (0, 1, 7, 0, NEAR, "vs"),
        (0, 1, 8, 0, NEAR, "v"),
        (0, 2, 2, 1, FAR, "v"),
        (0, 2, 3, 1, STRANGER, "v"),
        (0, 2, 4, 1, FAR, ""),
        (0, 2, 6, 5, FAR, "v"),
    )


@WAYS
def test_each_helper_takes_a_step_off_the_price_of_who_asked(way, asked):
    campaigns, events = asked
    price, _ = way(events, events.bought, campaigns, TENTHS, SEED, never)
    assert price.tolist() == [0.8, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]


@WAYS
def test_the_price_has_a_floor(way, asked):
    campaigns, events = asked
    price, _ = way(events, events.bought, campaigns, replace(TENTHS, step=0.2), SEED, never)
    assert price.tolist()[:2] == [0.75, 0.8]


@WAYS
def test_only_those_who_asked_and_were_helped_decide_again(way, asked):
    campaigns, events = asked
    _, unwilling = way(events, events.bought, campaigns, TENTHS, SEED, never)
    assert unwilling.tolist() == events.bought.tolist()
    _, willing = way(events, events.bought, campaigns, TENTHS, SEED, always)
    assert events.node[willing].tolist() == [1, 5]


@WAYS
def test_the_second_decision_is_held_against_the_luck_of_the_first(way, asked):
    campaigns, events = asked
    luck = uniform(SEED, Purpose.BUY, int(campaigns.campaign[0]), 1)
    for above, buys in ((1, True), (0, False)):
        chance = (luck + above) / CERTAIN
        _, bought = way(
            events,
            events.bought,
            campaigns,
            TENTHS,
            SEED,
            lambda chosen, _, at=chance: np.full(chosen.size, at),
        )
        assert bool(bought[0]) is buys


@WAYS
def test_the_chance_is_asked_for_at_the_lowered_price(way, asked):
    campaigns, events = asked
    seen = {}

    def chance(chosen, price):
        seen.update(zip(chosen.tolist(), price.tolist(), strict=True))
        return np.zeros(chosen.size)

    way(events, events.bought, campaigns, TENTHS, SEED, chance)
    assert seen == {0: 0.8}


@WAYS
def test_the_seller_is_no_helper_of_anyone_in_another_campaign(way, offers_of, events_of):
    """1 asks in the first campaign; in the second 1 is passed by, and 2 visits by way of 1."""
    campaigns = offers_of(Tool.BARGAIN, Tool.BARGAIN)
    events = events_of(
        campaigns,
        (0, 1, 1, 0, NEAR, "vs"),
        (1, 1, 1, 0, NEAR, "vs"),
        (1, 2, 2, 1, FAR, "v"),
    )
    price, _ = way(events, events.bought, campaigns, TENTHS, SEED, never)
    assert price.tolist() == [1.0, 0.9, 1.0]


@WAYS
def test_other_tools_keep_price_and_buyers(way, offers_of, events_of):
    others = [tool for tool in Tool if tool is not Tool.BARGAIN]
    campaigns = offers_of(*others)
    people = [
        person
        for row in range(len(others))
        for person in ((row, 1, 1, 0, NEAR, "vs"), (row, 2, 2, 1, FAR, "v"))
    ]
    events = events_of(campaigns, *people)
    price, bought = way(events, events.bought, campaigns, TENTHS, SEED, always)
    assert (price == 1.0).all()
    assert not bought.any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), step=st.floats(0.0, 0.3), floor=st.floats(0.3, 1.0))
def test_both_ways_alike_on_the_rules_own_chances(small_world, seed, step, floor):
    day = small_world(seed, choices=[Tool.BARGAIN, Tool.BARGAIN, Tool.TEAM])
    parameters = BargainParameters(step=step, floor=floor)
    fast, slow = (
        way(day.events, day.events.bought, day.campaigns, parameters, day.seed, day.chance)
        for way in (end_bargains, end_bargains_by_agents)
    )
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(fast, slow, strict=True))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_helper_who_takes_nothing_off_changes_nobodys_mind(small_world, seed):
    day = small_world(seed, choices=[Tool.BARGAIN] * 3)
    nothing = BargainParameters(step=0.0)
    price, bought = end_bargains(
        day.events, day.events.bought, day.campaigns, nothing, day.seed, day.chance
    )
    assert (price == 1.0).all()
    assert np.array_equal(bought, day.events.bought)


def test_buyers_only_increase_with_what_a_helper_is_worth(small_world):
    more = 0
    for seed in range(10):
        day = small_world(seed, choices=[Tool.BARGAIN] * 3)
        before = day.events.bought
        for step in (0.02, 0.05, 0.1, 0.3):
            parameters = BargainParameters(step=step, floor=0.1)
            _, now = end_bargains(
                day.events, day.events.bought, day.campaigns, parameters, day.seed, day.chance
            )
            assert not (before & ~now).any()
            before = now
        more += int(before.sum() - day.events.bought.sum())
    assert more > 10


def test_more_helpers_never_make_a_purchase_less_likely(offers_of, events_of, small_world):
    """The same person, told by the seller, with 0 to 8 helpers and every luck in turn."""
    campaigns = offers_of(Tool.BARGAIN)
    rule = small_world(0, choices=[Tool.BARGAIN])
    for seed in range(60):
        bought_before = False
        for helpers in range(9):
            helped = [(0, 2, 10 + k, 1, FAR, "v") for k in range(helpers)]
            events = events_of(campaigns, (0, 1, 1, 0, NEAR, "vs"), *helped)
            day = replace(rule, day=replace(rule.day, campaigns=campaigns), events=events)
            _, bought = end_bargains(
                events, events.bought, campaigns, BargainParameters(), seed, day.chance
            )
            assert not (bought_before and not bought[0])
            bought_before = bool(bought[0])


def test_visitors_ask_for_help(offers_of, added_by):
    campaigns = offers_of(Tool.BARGAIN, Tool.TEAM)
    added = added_by(Bargain, campaigns, BargainParameters(ask=0.4))
    assert (added.share[0] == 0.4).all()
    assert not added.share[1].any()
    assert (added.price == 1.0).all()
    for name in ("visit", "visit_match", "buy", "share_of_buyers"):
        assert not getattr(added, name).any()


@WAYS
def test_who_orders_so_far_counts_and_not_what_the_events_say(way, asked):
    """5 did not order after all, and decides again; 1 did, and pays the lower price."""
    campaigns, events = asked
    bought = events.node == 1
    price, ordered = way(events, bought, campaigns, TENTHS, SEED, always)
    assert price.tolist()[:2] == [0.8, 0.9]
    assert events.node[ordered].tolist() == [1, 5]
    _, ordered = way(events, bought, campaigns, TENTHS, SEED, never)
    assert events.node[ordered].tolist() == [1]


@pytest.mark.parametrize("kind", [Bargain, BargainByAgents])
def test_prices_asked_so_far_count_on(kind, asked, world_of, draft_of, open_day_of):
    """The tables had given everyone half the price."""
    campaigns, events = asked
    seen = {}

    def chance(chosen, price):
        seen.update(zip(chosen.tolist(), price.tolist(), strict=True))
        return np.ones(chosen.size)

    world = world_of(bargain=TENTHS)
    before = draft_of(events, chance, price=np.full(len(events), 0.5))
    after = kind().settle(world, None, open_day_of(campaigns), before)
    assert after.price.tolist() == [0.4, 0.45] + [0.5] * 6
    assert seen == {0: 0.4}
    assert events.node[after.bought].tolist() == [1, 5]
    assert not after.refunded.any()
    assert before.price.tolist() == [0.5] * 8


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", -0.1), ("floor", 0.0), ("ask", -1.0), ("slots", 2.5), ("seen", 30.0), ("near", 2)],
)
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is"):
        BargainParameters(**{name: value})
