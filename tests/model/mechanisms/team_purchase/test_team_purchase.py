"""Team purchases: teams are trees of buyers, and those below n are refunded."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import SocialDistance
from weishang.model.mechanisms.team_purchase import TeamParameters, TeamPurchase
from weishang.model.mechanisms.team_purchase.by_agents import (
    TeamPurchaseByAgents,
    refunded_by_agents,
)
from weishang.model.mechanisms.team_purchase.team_purchase import refunded

NEAR, FAR = SocialDistance.FRIEND, SocialDistance.FRIENDS_FRIEND
OF_TWO, OF_THREE = TeamParameters(size=2), TeamParameters(size=3)
WAYS = pytest.mark.parametrize("way", [refunded, refunded_by_agents])


def chain(events_of, campaigns, *letters):
    """1 was told by the seller, 2 by 1, 3 by 2 and so on."""
    people = [
        (0, place, place, place - 1, NEAR if place == 1 else FAR, done)
        for place, done in enumerate(letters, start=1)
    ]
    return events_of(campaigns, *people)


@WAYS
def test_who_was_told_by_a_buyer_is_in_the_buyers_team(way, offers_of, events_of):
    campaigns = offers_of(Tool.TEAM)
    events = chain(events_of, campaigns, "vbs", "vbs", "vb")
    assert way(events, events.bought, campaigns, OF_THREE).tolist() == [False, False, False]
    assert way(events, events.bought, campaigns, TeamParameters(size=4)).tolist() == [
        True,
        True,
        True,
    ]


@WAYS
def test_whoever_was_told_by_someone_who_did_not_buy_opens_a_team(way, offers_of, events_of):
    """1 and 2 are a team of two; 3 shared without buying; 4 and 5 are a team of two again."""
    campaigns = offers_of(Tool.TEAM)
    events = chain(events_of, campaigns, "vbs", "vbs", "vs", "vbs", "vb")
    assert way(events, events.bought, campaigns, OF_TWO).tolist() == [False] * 5
    assert way(events, events.bought, campaigns, OF_THREE).tolist() == [
        True,
        True,
        False,
        True,
        True,
    ]


@WAYS
def test_friends_of_the_seller_open_teams_of_their_own(way, offers_of, events_of):
    campaigns = offers_of(Tool.TEAM)
    events = events_of(
        campaigns,
        (0, 1, 1, 0, NEAR, "vb"),
        (0, 1, 2, 0, NEAR, "vbs"),
        (0, 2, 3, 2, FAR, "vb"),
        (0, 2, 4, 2, FAR, "v"),
    )
    assert way(events, events.bought, campaigns, OF_TWO).tolist() == [True, False, False, False]


@WAYS
def test_teams_do_not_reach_over_campaigns(way, offers_of, events_of):
    """2 was told by 1 in the second campaign, in which 1 did not buy."""
    campaigns = offers_of(Tool.TEAM, Tool.TEAM)
    events = events_of(
        campaigns,
        (0, 1, 1, 0, NEAR, "vbs"),
        (1, 1, 1, 0, NEAR, "vs"),
        (1, 2, 2, 1, FAR, "vb"),
    )
    assert way(events, events.bought, campaigns, OF_TWO).tolist() == [True, False, True]


@WAYS
def test_other_tools_refund_nobody(way, offers_of, events_of):
    others = [tool for tool in Tool if tool is not Tool.TEAM]
    campaigns = offers_of(*others)
    events = events_of(campaigns, *((row, 1, 1, 0, NEAR, "vb") for row in range(len(others))))
    assert not way(events, events.bought, campaigns, OF_THREE).any()


@WAYS
def test_no_events_no_refunds(way, offers_of, events_of):
    campaigns = offers_of(Tool.TEAM)
    events = events_of(campaigns)
    assert way(events, events.bought, campaigns, OF_THREE).shape == (0,)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 12))
def test_both_ways_alike(small_world, seed, size):
    day = small_world(seed, choices=[Tool.TEAM, Tool.NONE, Tool.TEAM])
    parameters = TeamParameters(size=size)
    assert np.array_equal(
        refunded(day.events, day.events.bought, day.campaigns, parameters),
        refunded_by_agents(day.events, day.events.bought, day.campaigns, parameters),
    )


def test_larger_teams_fail_more_and_teams_of_one_never(small_world):
    failed, bought = 0, 0
    for seed in range(10):
        day = small_world(seed, choices=[Tool.TEAM] * 3)
        before = refunded(day.events, day.events.bought, day.campaigns, TeamParameters(size=1))
        assert not before.any()
        for size in range(2, 8):
            now = refunded(day.events, day.events.bought, day.campaigns, TeamParameters(size=size))
            assert not (before & ~now).any()
            before = now
        assert not (before & ~day.events.bought).any()
        failed, bought = failed + before.sum(), bought + day.events.bought.sum()
    assert 10 < failed < bought - 10


def test_a_long_line_of_buyers_is_one_team(offers_of, events_of):
    campaigns = offers_of(Tool.TEAM)
    events = chain(events_of, campaigns, *["vbs"] * 1000)
    assert not refunded(events, events.bought, campaigns, TeamParameters(size=1000)).any()
    assert refunded(events, events.bought, campaigns, TeamParameters(size=1001)).all()


def test_everyone_is_offered_the_price_and_buyers_seek_partners(offers_of, added_by):
    campaigns = offers_of(Tool.NONE, Tool.TEAM)
    added = added_by(TeamPurchase, campaigns, TeamParameters(cut=0.3, seek_partners=0.7))
    assert (added.price[1] == 0.7).all()
    assert (added.share_of_buyers[1] == 0.7).all()
    assert (added.price[0] == 1.0).all()
    assert not added.share_of_buyers[0].any()
    for name in ("visit", "visit_match", "buy", "share"):
        assert not getattr(added, name).any()


@WAYS
def test_who_orders_in_the_end_counts_and_not_what_the_events_say(way, offers_of, events_of):
    """2 of three called it off: 1 and 3 are alone."""
    campaigns = offers_of(Tool.TEAM)
    events = chain(events_of, campaigns, "vbs", "vbs", "vb")
    bought = np.array([True, False, True])
    assert way(events, bought, campaigns, OF_TWO).tolist() == [True, False, True]


@pytest.mark.parametrize("kind", [TeamPurchase, TeamPurchaseByAgents])
def test_refunds_are_added_to_those_of_others(
    kind, offers_of, events_of, world_of, draft_of, open_day_of
):
    campaigns = offers_of(Tool.TEAM, Tool.NONE)
    events = events_of(campaigns, (0, 1, 1, 0, NEAR, "vb"), (1, 1, 2, 0, NEAR, "vb"))
    before = replace(draft_of(events, None), refunded=np.array([False, True]))
    after = kind().settle(world_of(team_purchase=OF_TWO), None, open_day_of(campaigns), before)
    assert after.refunded.tolist() == [True, True]
    assert after.bought.all()


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", 0), ("size", 2.5), ("cut", 1.0), ("cut", -0.1), ("seek_partners", float("inf"))],
)
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is"):
        TeamParameters(**{name: value})
