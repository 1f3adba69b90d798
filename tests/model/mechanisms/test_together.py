"""All tools together: neutral where there is none, and settled alike in both ways."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import NUM_DISTANCES, SocialDistance
from weishang.model.mechanisms import default_mechanisms, for_engine
from weishang.model.mechanisms.bargain import Bargain, BargainParameters
from weishang.model.mechanisms.discount import Discount
from weishang.model.mechanisms.livestream import Livestream
from weishang.model.mechanisms.mechanism import ENGINES, Draft
from weishang.model.mechanisms.reward import Reward
from weishang.model.mechanisms.team_purchase import TeamPurchase
from weishang.model.scenario import Scenario

NEAR, FAR = SocialDistance.FRIEND, SocialDistance.FRIENDS_FRIEND
TOOLS = (Discount, TeamPurchase, Bargain, Livestream, Reward)


def columns(adjustments, num_campaigns):
    """Fields by name, in full."""
    shape = (num_campaigns, NUM_DISTANCES, 1)
    return {
        item.name: np.broadcast_to(
            getattr(adjustments, item.name),
            (num_campaigns, 1) if item.name == "friends_view" else shape,
        )
        for item in fields(Adjustments)
    }


@pytest.fixture(scope="module")
def together(added_by):
    """What all tools and rewards add for campaigns, by field."""

    def of(campaigns):
        added = Adjustments.none(len(campaigns))
        for kind in TOOLS:
            added += added_by(kind, campaigns)
        return columns(added, len(campaigns))

    return of


@pytest.fixture(scope="module")
def settled(draft_of):
    """A small world's draft after bargains and teams have ended, on an engine."""

    def end(day, engine="vectorized", price=None, chance=None):
        events = day.events
        if price is None:
            price = day.adjustments.price[events.row, events.level - 1, 0]
        draft = draft_of(events, chance or day.chance, price=price)
        for one in for_engine(default_mechanisms(), engine):
            if one.name in ("team_purchase", "bargain"):
                draft = one.settle(day.world, None, day.day, draft)
        return draft

    return end


def test_without_tools_all_is_neutral_bit_for_bit(offers_of, together):
    added = together(offers_of(Tool.NONE, Tool.NONE))
    for name, none in columns(Adjustments.none(2, NUM_DISTANCES), 2).items():
        assert added[name].tobytes() == none.tobytes()


def test_without_tools_events_stay_as_they_are(small_world, settled):
    day = small_world(1, choices=[Tool.NONE] * 4)
    end = settled(day)
    assert (end.price == 1.0).all()
    assert np.array_equal(end.bought, day.events.bought)
    assert end.bought.any()
    assert not end.refunded.any()


def test_each_campaign_has_its_own_tools_adjustments(offers_of, together, added_by):
    campaigns = offers_of(*Tool)
    all_of_them = together(campaigns)
    own_of = dict(zip(list(Tool)[1:], (Discount, TeamPurchase, Bargain, Livestream), strict=True))
    for row, tool in enumerate(Tool):
        added = added_by(own_of[tool], campaigns) if tool in own_of else Adjustments.none(len(Tool))
        own = columns(added, len(campaigns))
        assert all(np.array_equal(all_of_them[name][row], own[name][row]) for name in own)


def test_each_tool_changes_something(offers_of, together):
    none = columns(Adjustments.none(1), 1)
    for tool in (tool for tool in Tool if tool is not Tool.NONE):
        own = together(offers_of(tool))
        assert any(not np.array_equal(own[name], none[name]) for name in none)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_price_of_the_tables_and_that_of_the_bargain_both_count(
    offers_of, events_of, small_world, settled, engine
):
    """1 asked and 2 helped; the tables had given everyone half the price."""
    campaigns = offers_of(Tool.BARGAIN)
    events = events_of(campaigns, (0, 1, 1, 0, NEAR, "vs"), (0, 2, 2, 1, FAR, "v"))
    day = small_world(1, bargain=BargainParameters(step=0.2))
    world = day.world._replace(seed=7)
    day = replace(day, world=world, day=replace(day.day, campaigns=campaigns), events=events)
    seen = []

    def chance(chosen, price):
        seen.append((chosen.tolist(), price.tolist()))
        return np.ones(chosen.size)

    end = settled(day, engine, price=np.full(2, 0.5), chance=chance)
    assert end.price.tolist() == [0.4, 0.5]
    assert end.bought.tolist() == [True, False]
    assert seen == [([0], [0.4])]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_both_ways_alike(small_world, settled, seed):
    day = small_world(seed)
    fast, slow = (settled(day, engine) for engine in ENGINES)
    for item in ("price", "bought", "refunded", "items"):
        assert np.array_equal(getattr(fast, item), getattr(slow, item))


def test_what_is_settled_says_who_pays_what(small_world, settled):
    """Refunds only of buyers; prices cut only by tools that cut them."""
    day = small_world(4, bargain=BargainParameters(step=0.3, floor=0.2))
    end = settled(day)
    assert isinstance(end, Draft)
    tool = day.campaigns.tool[day.events.row]
    assert not (end.refunded & ~end.bought).any()
    assert set(tool[end.refunded].tolist()) == {Tool.TEAM}
    assert (end.price[np.isin(tool, [Tool.NONE, Tool.LIVESTREAM])] == 1.0).all()
    assert (end.price[tool == Tool.TEAM] == 0.8).all()
    assert set(end.price[tool == Tool.DISCOUNT].tolist()) == {0.8, 1.0}
    assert (end.price[tool == Tool.BARGAIN] < 1.0).any()
    changed = end.bought != day.events.bought
    assert set(tool[changed].tolist()) == {Tool.BARGAIN}


@pytest.mark.parametrize("kind", TOOLS, ids=lambda kind: kind.name)
def test_every_parameter_has_unit_source_role_and_a_value_in_its_range(kind):
    part = getattr(Scenario(), kind.name)
    assert type(part) is kind.parameters
    for item in fields(part):
        value, told = getattr(part, item.name), item.metadata
        assert told["role"] == "set"
        assert told["unit"]
        assert told["source"]
        assert told["low"] <= value <= told["high"]
