"""Scenarios drawn from their prior ranges, and what is measured at each draw."""

from dataclasses import fields, replace

import numpy as np
import pytest

from weishang.experiments.analysis import prior
from weishang.experiments.analysis.prior import (
    FIXED,
    FIXED_GROUPS,
    drawn_group,
    drawn_scenario,
)
from weishang.kernels.rng import derive
from weishang.model.core.weights import DecisionWeights
from weishang.model.mechanisms.fatigue.parameters import AttentionParameters
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import SellerParameters

DRAWS = [drawn_scenario(Scenario(), np.random.default_rng(number)) for number in range(60)]


def ranges():
    """Every field that is drawn, with its group."""
    for group in fields(Scenario):
        part = getattr(Scenario(), group.name)
        for item in fields(part):
            value = getattr(part, item.name)
            fixed = group.name in FIXED_GROUPS or item.name in FIXED.get(group.name, ())
            if not (fixed or isinstance(value, bool) or item.metadata["low"] is None):
                yield group.name, item


@pytest.mark.parametrize(
    ("group", "item"), list(ranges()), ids=lambda one: getattr(one, "name", one)
)
def test_every_field_is_spread_over_its_range(group, item):
    values = np.array([getattr(getattr(draw, group), item.name) for draw in DRAWS])
    low, high = np.array(item.metadata["low"]), np.array(item.metadata["high"])
    assert (values >= low).all()
    assert (values <= high).all()
    assert (np.ptp(values, axis=0) >= 0.6 * (high - low)).all()


def test_what_is_fixed_stays():
    usual = Scenario()
    for draw in DRAWS[:5]:
        for name in FIXED_GROUPS:
            assert getattr(draw, name) == getattr(usual, name)
        for group, names in FIXED.items():
            for name in names:
                assert getattr(getattr(draw, group), name) == getattr(getattr(usual, group), name)
        assert draw.learning.price_steps == usual.learning.price_steps
        assert draw.livestream.traditional is usual.livestream.traditional


def test_integers_stay_integers():
    for draw in DRAWS[:5]:
        assert isinstance(draw.livestream.slots, int)
        assert isinstance(draw.basket.max_items, int)
    ends = {
        drawn_group(LivestreamParameters(), np.random.default_rng(n)).offer_every
        for n in range(200)
    }
    assert {5, 30} <= ends


def test_ascending_tuples_stay_ascending_and_others_do_not_have_to():
    rngs = [np.random.default_rng(number) for number in range(60)]
    tired = [drawn_group(AttentionParameters(), rng).tired for rng in rngs]
    assert all(list(one) == sorted(one) for one in tired)
    shares = [drawn_group(SellerParameters(), rng).channels for rng in rngs]
    assert any(list(one) != sorted(one) for one in shares)
    assert all(isinstance(share, float) for one in shares for share in one)


def test_a_draw_repeats_and_starts_from_what_is_given():
    given = replace(Scenario(), sellers=replace(Scenario().sellers, activity=0.37))
    one, again = (drawn_scenario(given, np.random.default_rng(3)) for _ in range(2))
    assert one == again
    assert one.sellers.activity == 0.37
    assert one != drawn_scenario(given, np.random.default_rng(4))


def test_a_group_fills_its_prior_ranges():
    rng = np.random.default_rng(1)
    drawn = [drawn_group(Scenario().weights, rng) for _ in range(200)]
    for item in fields(DecisionWeights):
        values = np.array([getattr(weights, item.name) for weights in drawn])
        low, high = item.metadata["low"], item.metadata["high"]
        assert low <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high


def test_what_is_fixed_is_not_drawn():
    usual = Scenario().sellers
    sellers = drawn_group(usual, np.random.default_rng(1), fixed=("campaign_hops", "tools"))
    assert (sellers.campaign_hops, sellers.tools) == (usual.campaign_hops, usual.tools)
    assert sellers.price_log_sd != usual.price_log_sd
    assert sellers.channels != usual.channels


def test_switches_and_what_has_no_range_stay():
    usual, rng = Scenario(), np.random.default_rng(1)
    rules = [drawn_group(usual.rules, rng) for _ in range(50)]
    assert all(isinstance(one.group_cap, int) for one in rules)
    assert len({one.group_cap for one in rules}) > 20
    assert {one.friends_first for one in rules} == {usual.rules.friends_first}
    assert {one.link_demotion for one in rules} == {usual.rules.link_demotion}


def test_the_prior_predictive_measures_each_draw_in_a_replicate_of_its_own(monkeypatch):
    monkeypatch.setattr(prior, "DRAWS", 3)

    def measure(scenario, replicate):
        return {"view": scenario.weights.view, "replicate": replicate}

    def draw(rng):
        return drawn_scenario(Scenario(), rng)

    one, again, other = (prior.predictive(draw, measure, seed) for seed in (1, 1, 2))
    assert one["replicate"].tolist() == [
        derive(1, prior.SeedStream.PRIOR, number) for number in range(3)
    ]
    assert one["view"].nunique() == 3
    assert one.equals(again)
    assert not one["view"].equals(other["view"])
