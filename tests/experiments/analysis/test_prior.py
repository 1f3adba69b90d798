"""The prior predictive of the reach experiment."""

from dataclasses import fields

import numpy as np
import pandas as pd

from weishang.experiments.analysis import prior
from weishang.experiments.analysis.estimands import ESTIMANDS
from weishang.experiments.simulate.worlds import society
from weishang.model.core.weights import DecisionWeights
from weishang.model.scenario import Scenario
from weishang.model.society.parameters import SocietyParameters


def test_drawn_parameters_fill_their_prior_ranges():
    rng = np.random.default_rng(1)
    drawn = [prior.drawn(Scenario().weights, rng) for _ in range(200)]
    for item in fields(DecisionWeights):
        values = np.array([getattr(weights, item.name) for weights in drawn])
        low, high = item.metadata["low"], item.metadata["high"]
        assert low <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high


def test_what_is_fixed_is_not_drawn():
    sellers = prior.drawn(Scenario().sellers, np.random.default_rng(1), fixed=("campaign_hops",))
    assert sellers.campaign_hops == Scenario().sellers.campaign_hops
    assert sellers.price_log_sd != Scenario().sellers.price_log_sd


def test_whole_numbers_stay_whole_and_switches_and_lists_stay():
    usual, rng = Scenario(), np.random.default_rng(1)
    rules = [prior.drawn(usual.rules, rng) for _ in range(50)]
    assert all(isinstance(one.group_cap, int) for one in rules)
    assert len({one.group_cap for one in rules}) > 20
    assert {one.friends_first for one in rules} == {usual.rules.friends_first}
    assert {one.link_demotion for one in rules} == {usual.rules.link_demotion}


def test_the_prior_predictive_has_a_row_a_draw_and_repeats(monkeypatch):
    monkeypatch.setattr(prior, "DRAWS", 3)
    people = society(None, 400, 1, SocietyParameters(mean_friends=15.0))
    one, again, other = (prior.prior_predictive(people, Scenario(), seed) for seed in (1, 1, 2))
    assert list(one.columns) == [f"{item.figure} | {item.reading}" for item in ESTIMANDS]
    assert len(one) == 3
    assert one["l1_conv | buyers over reached"].nunique() == 3
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)
