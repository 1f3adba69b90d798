"""All tools together: neutral where there is none, and settled alike in both ways."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import SocialDistance
from weishang.model.market.tools import Settlement, ToolParameters, leanings, settle
from weishang.model.mechanisms.bargain import bargain
from weishang.model.mechanisms.discount import discount
from weishang.model.mechanisms.livestream import livestream
from weishang.model.mechanisms.reward.reward import RewardParameters
from weishang.model.mechanisms.team_purchase import team_purchase

NEAR, FAR = SocialDistance.FRIEND, SocialDistance.FRIENDS_FRIEND
PARAMETERS = ToolParameters()


def columns(leanings):
    return {item.name: getattr(leanings, item.name) for item in fields(Adjustments)}


def settled(day, **options):
    return settle(
        day.events,
        day.campaigns,
        day.parameters,
        day.leanings,
        day.world,
        day.chance,
        **options,
    )


def test_without_tools_all_is_neutral_bit_for_bit(offers_of):
    added = columns(leanings(offers_of(Tool.NONE, Tool.NONE), PARAMETERS))
    for name, none in columns(Adjustments.none(2, len(SocialDistance))).items():
        assert added[name].tobytes() == none.tobytes()


def test_without_tools_events_stay_as_they_are(small_world):
    day = small_world(1, choices=[Tool.NONE] * 4)
    end = settled(day)
    assert (end.price == 1.0).all()
    assert np.array_equal(end.bought, day.events.bought)
    assert end.bought.any()
    assert not end.refunded.any()


def test_each_campaign_has_its_own_tools_leanings(offers_of):
    campaigns = offers_of(*Tool)
    together = columns(leanings(campaigns, PARAMETERS))
    alone = {
        Tool.DISCOUNT: discount.leanings(campaigns, PARAMETERS.discount),
        Tool.TEAM: team_purchase.leanings(campaigns, PARAMETERS.team_purchase),
        Tool.BARGAIN: bargain.leanings(campaigns, PARAMETERS.bargain),
        Tool.LIVESTREAM: livestream.leanings(campaigns, PARAMETERS.livestream),
    }
    for row, tool in enumerate(Tool):
        own = columns(alone.get(tool, Adjustments.none(len(Tool), len(SocialDistance))))
        assert all(np.array_equal(together[name][row], own[name][row]) for name in own)


def test_each_tool_changes_something(offers_of):
    none = columns(Adjustments.none(1, len(SocialDistance)))
    for tool in (tool for tool in Tool if tool is not Tool.NONE):
        own = columns(leanings(offers_of(tool), PARAMETERS))
        assert any(not np.array_equal(own[name], none[name]) for name in none)


def test_rewards_let_visitors_pass_on_and_do_nothing_else(offers_of):
    parameters = replace(PARAMETERS, reward=RewardParameters(induced=0.6))
    added = columns(leanings(offers_of(Tool.NONE, induced=True), parameters))
    assert (added.pop("share") == 0.6).all()
    none = columns(Adjustments.none(1, len(SocialDistance)))
    assert all(np.array_equal(added[name], none[name]) for name in added)


def test_the_price_of_the_tables_and_that_of_the_bargain_both_count(offers_of, events_of):
    """1 asked and 2 helped; the tables had given everyone half the price."""
    campaigns = offers_of(Tool.BARGAIN)
    events = events_of(campaigns, (0, 1, 1, 0, NEAR, "vs"), (0, 2, 2, 1, FAR, "v"))
    half = Adjustments.none(1, len(SocialDistance))
    half.price[:] = 0.5
    parameters = replace(PARAMETERS, bargain=bargain.BargainParameters(step=0.2))
    seen = []

    def chance(chosen, price):
        seen.append((chosen.tolist(), price.tolist()))
        return np.ones(chosen.size)

    end = settle(events, campaigns, parameters, half, 7, chance)
    assert end.price.tolist() == [0.4, 0.5]
    assert end.bought.tolist() == [True, False]
    assert seen == [([0], [0.4])]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_both_ways_alike(small_world, seed):
    day = small_world(seed)
    fast, slow = settled(day), settled(day, by_agents=True)
    for item in fields(Settlement):
        assert np.array_equal(getattr(fast, item.name), getattr(slow, item.name))


def test_what_is_settled_says_who_pays_what(small_world):
    """Refunds only of buyers; prices cut only by tools that cut them."""
    deep = bargain.BargainParameters(step=0.3, floor=0.2)
    day = small_world(4, ToolParameters(bargain=deep))
    end = settled(day)
    tool = day.campaigns.tool[day.events.row]
    assert not (end.refunded & ~end.bought).any()
    assert set(tool[end.refunded].tolist()) == {Tool.TEAM}
    assert (end.price[np.isin(tool, [Tool.NONE, Tool.LIVESTREAM])] == 1.0).all()
    assert (end.price[tool == Tool.TEAM] == 0.8).all()
    assert set(end.price[tool == Tool.DISCOUNT].tolist()) == {0.8, 1.0}
    assert (end.price[tool == Tool.BARGAIN] < 1.0).any()
    changed = end.bought != day.events.bought
    assert set(tool[changed].tolist()) == {Tool.BARGAIN}


@pytest.mark.parametrize("group", fields(ToolParameters), ids=lambda group: group.name)
def test_every_parameter_has_unit_source_role_and_a_value_in_its_range(group):
    part = getattr(PARAMETERS, group.name)
    for item in fields(part):
        value, told = getattr(part, item.name), item.metadata
        assert told["role"] == "set"
        assert told["unit"]
        assert told["source"]
        assert told["low"] <= value <= told["high"]


@pytest.mark.parametrize("induced", [-1.0, float("nan"), 21.0])
def test_a_reward_out_of_range_is_refused(induced):
    with pytest.raises(ValueError, match="induced is"):
        RewardParameters(induced=induced)
