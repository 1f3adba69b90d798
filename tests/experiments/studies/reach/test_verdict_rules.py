"""Roles, verdicts, nulls and reasons of the reach experiment."""

import math

import pandas as pd
import pytest

from weishang.experiments.analysis import verdicts
from weishang.experiments.analysis.estimands import ALL, BY_REACHED, THERE
from weishang.experiments.studies.reach import verdict_rules
from weishang.experiments.studies.reach.estimands import ESTIMANDS


def estimate(**changes):
    """A row of the table for a predicted figure: outside its null, its band and its prior."""
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
        ({}, "predicted", "outside"),
        ({"value": 5e4, "ci_low": 4e4, "ci_high": 6e4, "null": 3e4}, "predicted", "inside"),
        ({"null": math.nan}, "predicted", "outside"),
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
    made = verdict_rules.verdict(estimate(**changes), "", judged=True)
    assert (made.role, made.verdict) == (role, verdict)


def test_a_graph_of_ones_own_is_not_judged():
    made = verdict_rules.verdict(estimate(), "", judged=False)
    assert made.verdict == "-"
    assert "own" in made.why


def table(found=True):
    """Estimates for every estimand and one fitted weight."""
    rows = [estimate(figure=item.figure, reading=item.reading) for item in ESTIMANDS]
    weights = [{"weight": "view", "figure": "t2_l1_reach", "value": 0.3281, "found": found}]
    return pd.DataFrame(rows), pd.DataFrame(weights)


def test_every_verdict_says_why():
    made = verdict_rules.judge(*table(), judged=True)
    assert [(one.id, one.reading) for one in made] == [(x.figure, x.reading) for x in ESTIMANDS]
    assert all(one.why for one in made)


@pytest.mark.parametrize("found", [True, False])
def test_a_fitted_figure_names_its_weight_and_whether_it_was_met(found):
    made = verdict_rules.judge(*table(found), judged=True)
    whys = {(one.id, one.reading): one.why for one in made}
    assert "view = 0.328" in whys["t2_l1_reach", THERE]
    assert ("no value in its range meets" in whys["t2_l1_reach", THERE]) is not found
    assert whys["t2_l1_reach", ALL] == verdicts.OTHER_READING
