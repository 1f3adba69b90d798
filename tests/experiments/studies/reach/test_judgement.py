"""Roles, verdicts, nulls and reasons of the reach experiment."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from weishang.experiments.analysis.estimands import (
    ALL,
    BY_REACHED,
    BY_VISITS,
    ESTIMANDS,
    NEAR,
    THERE,
)
from weishang.experiments.studies.reach import judgement
from weishang.model.scenario import Scenario


def estimate(**changes):
    """A row of the table for a figure that comes out: outside its null, its band and its prior."""
    usual = {
        "figure": "t2_l3_reach",
        "reading": THERE,
        "value": 9000.0,
        "ci_low": 8000.0,
        "ci_high": 10_000.0,
        "prior_low": 100.0,
        "prior_high": 60_000.0,
        "shareability_off": 50.0,
        "null": 90_000.0,
    }
    return {**usual, **changes}


@pytest.mark.parametrize(
    ("changes", "role", "verdict"),
    [
        ({}, "comes out", "outside"),
        ({"value": 5e4, "ci_low": 4e4, "ci_high": 6e4, "null": 3e4}, "comes out", "inside"),
        ({"null": math.nan}, "comes out", "outside"),
        ({"null": 9900.0}, "implied", "outside"),
        ({"value": 7e4, "ci_high": 8e4}, "implied", "inside"),
        ({"prior_low": 51_000.0}, "implied", "outside"),
        ({"shareability_off": 9000.0}, "implied", "outside"),
        ({"figure": "conv_friend", "reading": BY_REACHED}, "implied", "outside"),
        ({"figure": "t2_l2_reach"}, "fitted", "outside"),
        ({"figure": "t2_l2_reach", "value": 3000.0, "ci_low": 9.0}, "fitted", "inside"),
    ],
)
def test_a_role_claims_no_more_than_the_numbers_bear(changes, role, verdict):
    made = judgement.verdict(estimate(**changes), "", judged=True)
    assert (made.role, made.verdict) == (role, verdict)


def test_a_graph_of_ones_own_is_not_judged():
    made = judgement.verdict(estimate(), "", judged=False)
    assert made.verdict == "-"
    assert "own" in made.why


def test_nulls_by_hand():
    """Level 3 grows as level 2 did from 175 to 4,000; 12% of campaigns get past level 1."""
    third = 4000.0**2 / 175.0
    usual = Scenario()
    scenario = replace(usual, weights=replace(usual.weights, takeoff_probability=0.12))
    two = (175 * 0.127 + 480 * 0.048) / 655
    all_three = (175 * 0.127 + (480 + 0.12 * third) * 0.048) / (655 + 0.12 * third)
    expected = {
        ("t2_l3_reach", THERE): third,
        ("t2_l3_reach", ALL): 0.12 * third,
        ("t1_moments_conv", BY_VISITS): all_three,
        ("t1_moments_conv", BY_REACHED): all_three,
        ("t1_moments_conv", f"{BY_VISITS}, {NEAR}"): two,
        ("t1_moments_conv", f"{BY_REACHED}, {NEAR}"): two,
    }
    found = {key: judgement.null_value(*key, scenario) for key in expected}
    assert found == pytest.approx(expected)
    assert math.isnan(judgement.null_value("l1_conv", BY_REACHED, scenario))


def table(found=True):
    """Estimates for every estimand and one fitted weight."""
    rows = [estimate(figure=item.figure, reading=item.reading) for item in ESTIMANDS]
    weights = [{"weight": "view", "figure": "t2_l1_reach", "value": 0.3281, "found": found}]
    return pd.DataFrame(rows), pd.DataFrame(weights)


def test_every_verdict_says_why():
    made = judgement.verdicts(*table(), judged=True)
    assert [(one.id, one.reading) for one in made] == [(x.figure, x.reading) for x in ESTIMANDS]
    assert all(one.why for one in made)


@pytest.mark.parametrize("found", [True, False])
def test_a_fitted_figure_names_its_weight_and_whether_it_was_met(found):
    made = judgement.verdicts(*table(found), judged=True)
    whys = {(one.id, one.reading): one.why for one in made}
    assert "view = 0.328" in whys["t2_l1_reach", THERE]
    assert ("no value in its range meets" in whys["t2_l1_reach", THERE]) is not found
    assert whys["t2_l1_reach", ALL] == judgement.OTHER_READING
