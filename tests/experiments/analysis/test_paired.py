"""Paired replicates: effects and variances are those of the pairs; no change has no effect."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from weishang.experiments.analysis.paired import (
    Outcome,
    by_replicate,
    campaign_outcomes,
    described,
    effects,
    market_outcomes,
)
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.setting import Setting
from weishang.model.scenario import Scenario

PRICE = 200.0
SOME = (Outcome("reach", "people", "reached", lambda days, _: float(days["reach"].sum())),)
USUAL = [10.0, 20.0, 60.0]
OTHER = [14.0, 22.0, 66.0]


def replicates(values, name="reach", **more):
    return pd.DataFrame({"replicate": range(len(values)), name: values, **more})


def effect(before, after):
    return effects(replicates(before), replicates(after), SOME).iloc[0]


@pytest.fixture(scope="module")
def setting():
    return Setting.of(None, 600, 3, replicates=2, days=2, sellers=40)


@pytest.fixture(scope="module")
def busy():
    usual = Scenario()
    return replace(usual, sellers=replace(usual.sellers, activity=1.0))


@pytest.fixture(scope="module")
def run(setting, busy):
    return setting.run(busy, "default")


def test_the_effect_is_the_mean_difference_with_students_interval():
    row = effect(USUAL, OTHER)
    assert row["usual"] == 30.0
    assert row["other"] == 34.0
    assert row["effect"] == 4.0
    told = stats.ttest_rel(OTHER, USUAL).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((told.low, told.high))


def test_what_pairing_saves_is_the_ratio_of_the_variances():
    row = effect(USUAL, OTHER)
    assert row["paired_variance"] == pytest.approx(np.var([4.0, 2.0, 6.0], ddof=1))
    independent = np.var(USUAL, ddof=1) + np.var(OTHER, ddof=1)
    assert row["independent_variance"] == pytest.approx(independent)
    assert row["saved"] == pytest.approx(independent / 4.0)


def test_the_change_is_that_of_the_mean_and_its_interval_that_of_a_ratio():
    row = effect(USUAL, OTHER)
    assert row["change"] == pytest.approx(4.0 / 30.0)
    rest = np.array(OTHER) - (34.0 / 30.0) * np.array(USUAL)
    half = stats.t.ppf(0.975, 2) * rest.std(ddof=1) / np.sqrt(3) / 30.0
    assert row["change_high"] - row["change"] == pytest.approx(half)
    assert row["change"] - row["change_low"] == pytest.approx(half)


def test_a_change_in_proportion_has_no_interval():
    row = effect(USUAL, [1.5 * value for value in USUAL])
    assert row["change"] == pytest.approx(0.5)
    assert row["change_high"] == pytest.approx(row["change_low"])
    assert row["high"] > row["low"]


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        base = rng.normal(100.0, 20.0, size=5)
        row = effect(base, base + rng.normal(3.0, 1.0, size=5))
        held += row["low"] <= 3.0 <= row["high"]
    # Of 200 draws of a chance of .95, fewer than 177 come once in ten thousand, and so do 200.
    assert 177 <= held < 200


def test_pairs_that_differ_alike_save_without_end_and_what_never_varies_nothing():
    assert effect(USUAL, [value + 1.0 for value in USUAL])["saved"] == np.inf
    assert np.isnan(effect([0.0, 0.0], [0.0, 0.0])["saved"])


def test_a_change_from_nothing_or_less_has_no_size():
    for before in ([0.0, 0.0], [-4.0, 1.0]):
        row = effect(before, [1.0, 2.0])
        assert np.isnan([row["change"], row["change_low"], row["change_high"]]).all()
        assert row["effect"] == pytest.approx(1.5 - np.mean(before))


def test_profit_is_told_beside_sales():
    usual = replicates([100.0, 300.0], "sales", profit=[-10.0, 2.0])
    other = replicates([120.0, 320.0], "sales", profit=[10.0, 22.0])
    outcomes = [one for one in market_outcomes(PRICE) if one.name in ("sales", "profit")]
    table = effects(usual, other, outcomes).set_index("outcome")
    assert table.loc["profit", "change"] == pytest.approx(20.0 / 200.0)
    assert table.loc["sales", "change"] == pytest.approx(20.0 / 200.0)


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        (replicates([1.0, 2.0]), replicates([1.0, 2.0]).iloc[::-1]),
        (replicates([1.0, 2.0]), replicates([1.0, 2.0, 3.0])),
        (replicates([1.0]), replicates([1.0])),
    ],
)
def test_other_replicates_or_one_pair_are_refused(usual, other):
    with pytest.raises(ValueError, match="give the same, at least 2, in the same order"):
        effects(usual, other, SOME)


def test_outcomes_of_a_market_are_its_indicators(run, setting):
    found = by_replicate(run, market_outcomes(PRICE))
    assert found["replicate"].tolist() == setting.replicates
    for row in found.to_dict("records"):
        days = run.days[run.days["replicate"] == row["replicate"]]
        assert row["reach"] == days["reach"].sum()
        visits = [f"visits_{name}" for name in ("moments", "official", "advert", "search", "live")]
        assert row["visits"] == days[visits].to_numpy().sum()
        assert row["refunds"] == days["refunded"].sum()
        assert row["conversion"] == pytest.approx(row["orders"] / row["visits"])
        assert row["profit"] == pytest.approx(PRICE * days["profit"].iloc[-1])


def test_visits_of_campaigns_and_search_are_all_visits(run):
    """Channels and livestreams part the visits: none is counted twice or left out."""
    found = by_replicate(run, market_outcomes(PRICE)).set_index("replicate")["visits"]
    campaigns = run.days.groupby("replicate")["visitors"].sum()
    searches = run.searches.groupby("replicate")["visits"].sum()
    assert found.to_dict() == (campaigns + searches).to_dict()


def test_outcomes_of_a_campaign_are_means_over_campaigns(run):
    outcomes = campaign_outcomes(PRICE)
    for row in by_replicate(run, outcomes).to_dict("records"):
        some = run.campaigns[run.campaigns["replicate"] == row["replicate"]]
        total = {
            name: some[[f"{name}_{level}" for level in (1, 2, 3)]].to_numpy().sum()
            for name in ("reach", "visitors", "sharers")
        }
        assert row["reach"] == pytest.approx(total["reach"] / len(some))
        assert row["sharing"] == pytest.approx(total["sharers"] / total["visitors"])
        assert row["conversion"] == pytest.approx(some["orders"].sum() / total["visitors"])
        assert row["sales"] == pytest.approx(PRICE * some["sales"].mean())


def test_a_replicate_without_campaigns_has_outcomes_of_zero(run):
    empty = Run(run.days, run.campaigns.iloc[:0], run.searches)
    found = by_replicate(empty, campaign_outcomes(PRICE))
    assert len(found) == 2
    assert found.drop(columns=["replicate", "profit"]).to_numpy().sum() == 0.0


def test_the_same_scenario_has_no_effect_and_another_has(run, setting, busy):
    outcomes = market_outcomes(PRICE)
    usual = by_replicate(run, outcomes)
    again = effects(usual, by_replicate(setting.run(busy, "again"), outcomes), outcomes)
    assert (again["effect"] == 0.0).all()
    blind = replace(busy, weights=replace(busy.weights, view=0.1))
    table = effects(usual, by_replicate(setting.run(blind, "blind"), outcomes), outcomes)
    assert table.set_index("outcome").loc["reach", "effect"] < 0.0


def test_outcomes_are_described():
    for outcomes in (market_outcomes(PRICE), campaign_outcomes(PRICE)):
        table = described(outcomes)
        assert table["outcome"].is_unique
        assert (table[["unit", "meaning"]] != "").all(axis=None)
        assert set(table["change_relative_to"]) <= set(table["outcome"])
