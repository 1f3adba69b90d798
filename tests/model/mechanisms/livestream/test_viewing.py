"""Livestreams: viewers choose to watch, come and go over time, and order while they are there."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels.rng import uniform
from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import SocialDistance
from weishang.model.mechanisms.livestream.by_agents import viewing_by_agents
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters
from weishang.model.mechanisms.livestream.viewing import (
    NO_ORDER,
    ROOM,
    Viewing,
    by_minute,
    viewing,
)

SEED = 2026
NEAR, FAR, STRANGER = SocialDistance.FRIEND, SocialDistance.FRIENDS_FRIEND, SocialDistance.STRANGER
FIVE_SD = 5.0
SHORT = LivestreamParameters(minutes=30, mean_stay=5.0, offer_every=7)
WAYS = pytest.mark.parametrize("way", [viewing, viewing_by_agents])


def crowd(offers_of, events_of, people, done="v"):
    campaigns = offers_of(Tool.LIVESTREAM)
    return campaigns, events_of(
        campaigns, *((0, 1, node, 0, STRANGER, done) for node in range(1, people + 1))
    )


def equal(mine, theirs):
    return all(
        np.array_equal(getattr(mine, item.name), getattr(theirs, item.name))
        and getattr(mine, item.name).dtype == getattr(theirs, item.name).dtype
        for item in fields(Viewing)
    )


@WAYS
def test_a_viewer_worked_by_hand(way, offers_of, events_of):
    """Node 4 bought; arrival and stay follow from two words of the room's stream."""
    campaigns = offers_of(Tool.LIVESTREAM)
    events = events_of(campaigns, (0, 1, 4, 0, STRANGER, "vb"), (0, 1, 5, 0, NEAR, ""))
    luck = [uniform(SEED, ROOM, 100, 4, what) / 2**32 for what in (0, 1)]
    arrival = int(luck[0] * 30)
    stay = next(m for m in range(1, 100) if luck[1] >= 0.8**m)
    leaving = min(arrival + stay, 30)
    order = next((m for m in range(arrival, leaving) if m % 7 == 0), leaving - 1)
    seen = way(campaigns, events, SHORT, SEED)
    assert seen.rooms.tolist() == [0]
    assert (seen.event.tolist(), seen.row.tolist()) == ([0], [0])
    assert (seen.arrival[0], seen.leaving[0], seen.order[0]) == (arrival, leaving, order)


@WAYS
def test_nobody_comes_before_who_told_them(way, offers_of, events_of):
    campaigns = offers_of(Tool.LIVESTREAM)
    people = [(0, 1, 1, 0, NEAR, "vs")]
    people += [(0, 2, node, 1, FAR, "v") for node in range(2, 60)]
    seen = way(campaigns, events_of(campaigns, *people), SHORT, SEED)
    assert seen.arrival[0] > 0
    assert (seen.arrival[1:] >= seen.arrival[0]).all()
    assert seen.arrival.max() < SHORT.minutes


@WAYS
def test_who_does_not_visit_is_not_in_the_room(way, offers_of, events_of):
    campaigns, events = crowd(offers_of, events_of, 5, done="")
    seen = way(campaigns, events, SHORT, SEED)
    assert seen.event.size == 0
    assert seen.rooms.tolist() == [0]


@WAYS
def test_other_tools_have_no_room(way, offers_of, events_of):
    others = [tool for tool in Tool if tool is not Tool.LIVESTREAM]
    campaigns = offers_of(*others)
    events = events_of(campaigns, *((row, 1, 1, 0, NEAR, "vb") for row in range(len(others))))
    seen = way(campaigns, events, SHORT, SEED)
    assert seen.rooms.size == seen.event.size == 0


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    minutes=st.integers(1, 40),
    mean_stay=st.sampled_from([1.0, 1.5, 6.0, 200.0]),
    offer_every=st.integers(1, 50),
)
def test_both_ways_alike(small_world, seed, minutes, mean_stay, offer_every):
    day = small_world(seed, choices=[Tool.LIVESTREAM, Tool.TEAM, Tool.LIVESTREAM])
    parameters = LivestreamParameters(minutes=minutes, mean_stay=mean_stay, offer_every=offer_every)
    fast = viewing(day.campaigns, day.events, parameters, day.seed)
    assert equal(fast, viewing_by_agents(day.campaigns, day.events, parameters, day.seed))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_buyers_order_once_while_they_are_there_and_nobody_else_does(small_world, seed):
    day = small_world(seed, choices=[Tool.LIVESTREAM, Tool.TEAM, Tool.LIVESTREAM])
    seen = viewing(day.campaigns, day.events, SHORT, day.seed)
    assert (seen.arrival >= 0).all()
    assert (seen.leaving > seen.arrival).all()
    assert (seen.leaving <= SHORT.minutes).all()
    ordered = seen.order != NO_ORDER
    assert np.array_equal(ordered, day.events.bought[seen.event])
    assert (seen.order >= seen.arrival)[ordered].all()
    assert (seen.order < seen.leaving)[ordered].all()


def test_minutes_add_up(small_world):
    day = small_world(3, choices=[Tool.LIVESTREAM, Tool.TEAM, Tool.LIVESTREAM])
    seen = viewing(day.campaigns, day.events, SHORT, day.seed)
    told = by_minute(seen, SHORT)
    assert told.rooms.tolist() == np.flatnonzero(day.campaigns.tool == Tool.LIVESTREAM).tolist()
    assert told.viewers.shape == told.arrivals.shape == told.orders.shape == (2, SHORT.minutes)
    for place, room in enumerate(told.rooms.tolist()):
        mine = seen.row == room
        for minute in range(SHORT.minutes):
            here = (seen.arrival <= minute) & (minute < seen.leaving) & mine
            assert told.viewers[place, minute] == here.sum()
            assert told.arrivals[place, minute] == (seen.arrival[mine] == minute).sum()
            assert told.orders[place, minute] == (seen.order[mine] == minute).sum()
    assert told.orders.sum() > 0


def test_a_room_without_viewers_has_its_row(offers_of, events_of):
    campaigns = offers_of(Tool.NONE, Tool.LIVESTREAM)
    told = by_minute(viewing(campaigns, events_of(campaigns), SHORT, SEED), SHORT)
    assert told.rooms.tolist() == [1]
    assert told.viewers.shape == (1, 30)
    assert not told.viewers.any()


def test_arrivals_are_even_and_stays_have_their_mean(offers_of, events_of):
    campaigns, events = crowd(offers_of, events_of, 4000)
    long = LivestreamParameters(minutes=1000, mean_stay=6.0)
    seen = viewing(campaigns, events, long, SEED)
    spread = 1000 / np.sqrt(12 * 4000)
    assert abs(seen.arrival.mean() - 499.5) < FIVE_SD * spread
    stay = (seen.leaving - seen.arrival)[seen.arrival < 850]
    assert abs(stay.mean() - 6.0) < FIVE_SD * np.sqrt(30.0 / stay.size)


def test_offers_gather_orders(offers_of, events_of):
    """With long stays nearly everyone waits for the next presentation."""
    campaigns, events = crowd(offers_of, events_of, 500, done="vb")
    waiting = replace(SHORT, mean_stay=1000.0, minutes=70)
    order = viewing(campaigns, events, waiting, SEED).order
    assert (order % 7 == 0).mean() > 0.8


def test_who_was_told_comes_soon_after_who_told_them(offers_of, events_of):
    """Of 4,000 told by one the mean delay is `reaction`: a geometric number has that deviation."""
    told, reaction = 4_000, 20.0
    parameters = LivestreamParameters(minutes=1_000, reaction=reaction)
    campaigns = offers_of(Tool.LIVESTREAM)
    later = ((0, 2, node, 1, FAR, "v") for node in range(2, 2 + told))
    seen = viewing(campaigns, events_of(campaigns, (0, 1, 1, 0, NEAR, "v"), *later), parameters, 1)
    first, *others = seen.arrival.tolist()
    assert first < 700
    delays = np.array(others) - first
    deviation = (reaction * (1.0 + reaction)) ** 0.5
    assert abs(delays.mean() - reaction) < FIVE_SD * deviation / told**0.5
    assert delays.min() == 0


def test_who_is_told_late_comes_before_the_end(offers_of, events_of):
    """A room of two minutes, in which people react in an hour: all who come do so in time."""
    parameters = LivestreamParameters(minutes=2, reaction=60.0)
    campaigns = offers_of(Tool.LIVESTREAM)
    chain = ((0, hop, hop, hop - 1, FAR, "v") for hop in range(1, 40))
    seen = viewing(campaigns, events_of(campaigns, *chain), parameters, SEED)
    assert len(seen.arrival) == 39
    assert (np.diff(seen.arrival) >= 0).all()
    assert seen.arrival.max() <= 1
