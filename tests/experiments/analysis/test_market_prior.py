"""Scenarios drawn from the prior ranges of all their groups."""

from dataclasses import fields, replace

import numpy as np
import pytest

from weishang.experiments.analysis.market_prior import (
    FIXED,
    FIXED_GROUPS,
    drawn_group,
    drawn_scenario,
)
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
