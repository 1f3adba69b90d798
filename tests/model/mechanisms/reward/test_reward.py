"""Rewards: visitors of rewarded offers pass them on, where the platform lets sellers give any."""

from dataclasses import fields, replace

import numpy as np
import pytest

from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Offer, Tool
from weishang.model.core.choices import Options
from weishang.model.mechanisms.mechanism import Grant
from weishang.model.mechanisms.reward import Reward, RewardParameters
from weishang.model.scenario import Scenario


def test_rewards_let_visitors_pass_on_and_do_nothing_else(offers_of, added_by):
    campaigns = offers_of(Tool.NONE, induced=True)
    added = added_by(Reward, campaigns, RewardParameters(induced=0.6))
    assert (added.share == 0.6).all()
    none = Adjustments.none(1)
    for item in fields(Adjustments):
        if item.name != "share":
            assert np.array_equal(getattr(added, item.name), getattr(none, item.name)), item.name


def test_other_offers_are_left_alone(added_by):
    offers = [Offer(at, at, 0, 1.0, False, 0.0, induced=bool(at % 2)) for at in range(4)]
    added = added_by(Reward, Campaigns.from_offers(offers), RewardParameters(induced=0.6))
    assert added.share.ravel().tolist() == [0.0, 0.6, 0.0, 0.6]


@pytest.mark.parametrize("allowed", [True, False])
def test_the_platforms_rule_lets_sellers_give_them(world_of, allowed):
    usual = Scenario()
    world = world_of(usual, rules=replace(usual.rules, induced_sharing=allowed))
    expected = [Grant(Options(induced=(False, True)))] if allowed else []
    assert Reward().options(world, None) == expected


@pytest.mark.parametrize("induced", [-1.0, float("nan"), 21.0])
def test_a_reward_out_of_range_is_refused(induced):
    with pytest.raises(ValueError, match="induced is"):
        RewardParameters(induced=induced)
