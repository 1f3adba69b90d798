"""Audiences: rows are the markets' own counts, by level and interest; minutes add up to viewers."""

from dataclasses import replace

import numpy as np
import pytest

from weishang.experiments.analysis.counterfactuals import forced
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.studies.livestream.audiences import (
    FIRST_HAND,
    RECOMMENDED,
    TOLD,
    WHO,
    audiences,
)
from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import SocialDistance
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario

USUAL = forced(Scenario(), Tool.LIVESTREAM)
LIVE = replace(
    USUAL,
    livestream=replace(USUAL.livestream, slots=100),
    weights=replace(USUAL.weights, takeoff_probability=0.3),
)
"""Few strangers and much passing on, so that some viewers are told by others."""


@pytest.fixture(scope="module")
def setting():
    return Setting.of(None, 800, 4, replicates=2, days=2, sellers=30)


@pytest.fixture(scope="module")
def found(setting):
    return audiences(setting, LIVE)


@pytest.fixture(scope="module")
def market(setting):
    """The first replicate after its first day."""
    market = Market(setting.people, LIVE, setting.replicates[0], 30, chats=setting.chats)
    market.step()
    return market


def of_first_day(frame, setting):
    return frame[(frame["replicate"] == setting.replicates[0]) & (frame["day"] == 1)]


def test_a_row_a_campaign_and_level_and_one_of_those_recommended_to(found):
    rows = found.rows
    assert len(rows) == 2 * 2 * 30 * (len(SocialDistance) + 1)
    assert set(rows["who"]) == {*WHO.values(), RECOMMENDED}
    assert set(WHO) == set(SocialDistance)
    assert not rows.duplicated(["replicate", "day", "campaign", "who"]).any()


def test_counts_are_those_of_the_cascades(found, setting, market):
    rows = of_first_day(found.rows, setting)
    for level in SocialDistance:
        campaigns = market.today.campaigns.campaign
        some = rows[rows["who"] == WHO[level]].set_index("campaign").loc[campaigns]
        for name, told in (("shown", "reach"), ("visitors", "visitors"), ("buyers", "buyers")):
            assert (
                some[name].tolist() == getattr(market.today.cascades, told)[:, level - 1].tolist()
            )


def test_interested_are_those_whose_interest_the_goods_serve(found, setting, market):
    rows = of_first_day(found.rows, setting)
    events, campaigns = market.today.events, market.today.campaigns
    expected = 0
    for row, node, level, visited in zip(
        events.row, events.node, events.level, events.visited, strict=True
    ):
        interested = market.society.interest[node] == campaigns.category[row]
        expected += bool(visited and interested and level == SocialDistance.STRANGER)
    strangers = rows[rows["who"] == WHO[SocialDistance.STRANGER]]
    assert strangers["visitors_match"].sum() == expected
    assert 0 < expected < strangers["visitors"].sum()


def test_interested_are_part_of_all(found):
    for name in ("shown", "visitors", "buyers"):
        assert (found.rows[f"{name}_match"] <= found.rows[name]).all()


def test_everyone_recommended_to_is_shown(found):
    rows = found.rows[found.rows["who"] == RECOMMENDED]
    assert (rows["shown"] == Scenario().feed.audience).all()
    assert (rows["buyers"] <= rows["visitors"]).all()
    assert rows["visitors"].sum() > 0


def test_minutes_add_up_to_viewers_and_buyers(found):
    rows = found.rows[found.rows["who"] != RECOMMENDED]
    sums = rows.groupby("replicate")[["visitors", "buyers"]].sum()
    minutes = found.minutes.groupby("replicate")[["arrivals", "orders"]].sum()
    assert np.array_equal(sums.to_numpy(), minutes.loc[sums.index].to_numpy())
    assert len(found.minutes) == 2 * 2 * 2 * LIVE.livestream.minutes
    assert (found.minutes["rooms"] == 30).all()
    assert (found.minutes["viewers"] >= found.minutes["orders"]).all()


def test_who_heard_at_first_hand_is_told_from_the_others(found, setting, market):
    minutes = of_first_day(found.minutes, setting).groupby("how")["arrivals"].sum()
    events = market.today.events
    assert minutes[FIRST_HAND] == (events.visited & (events.hop == 1)).sum() > 0
    assert minutes[TOLD] == (events.visited & (events.hop > 1)).sum() > 0


def test_without_rooms_there_are_no_minutes(setting):
    plain = audiences(setting, forced(Scenario(), Tool.NONE))
    assert plain.minutes.empty
    assert list(plain.minutes.columns)[-3:] == ["viewers", "arrivals", "orders"]
    assert not plain.rows.empty
