"""Roles, nulls, reasons and switched-off mechanisms of the channels experiment."""

import math
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit, logit

from weishang.experiments.analysis import prior
from weishang.experiments.analysis.estimands import ALL, THERE
from weishang.experiments.analysis.null_models import among_friends
from weishang.experiments.analysis.verdicts import OTHER_READING, Verdict
from weishang.experiments.simulate.market_runs import run_markets
from weishang.experiments.simulate.replicates import chats, society
from weishang.experiments.studies.channels import verdict_rules
from weishang.experiments.studies.channels.estimands import (
    ALL_BY_ALL,
    ESTIMANDS,
    LIVESTREAMS,
    ORDERS_BY_VISITS,
    SALES_BY_ORDERS,
    THERE_BY_ALL,
    in_money,
    values,
)
from weishang.experiments.studies.channels.verdict_rules import MISSES, PREDICTED, explanations
from weishang.model.scenario import Scenario
from weishang.model.society.parameters import SocietyParameters

USUAL = Scenario()


def estimate(**changes):
    """A row of the table for a predicted figure: outside its null, its band and its prior."""
    usual = {
        "figure": "t1_search_conv",
        "reading": ORDERS_BY_VISITS,
        "value": 0.3,
        "ci_low": 0.29,
        "ci_high": 0.31,
        "prior_low": 0.01,
        "prior_high": 0.9,
        "first_replicate": 0.3,
        "off": 0.1,
        "by_arithmetic": 0.15,
    }
    return {**usual, **changes}


@pytest.mark.parametrize(
    ("changes", "role", "verdict"),
    [
        ({}, "predicted", "outside"),
        ({"value": 0.04, "ci_low": 0.03, "ci_high": 0.05}, "predicted", "inside"),
        ({"value": 0.04, "ci_low": 0.03, "by_arithmetic": 0.042}, "implied", "inside"),
        ({"by_arithmetic": 0.305}, "implied", "outside"),
        ({"prior_low": 0.038, "prior_high": 0.044}, "implied", "outside"),
        ({"off": 0.3}, "implied", "outside"),
        ({"prior_low": math.nan, "prior_high": math.nan}, "implied", "outside"),
        ({"off": 0.31, "first_replicate": 0.31}, "implied", "outside"),
        ({"off": 0.3, "first_replicate": 0.31, "value": 0.305}, "predicted", "outside"),
        (
            {"figure": "t1_moments_aov", "off": math.nan, "by_arithmetic": math.nan},
            "fitted",
            "outside",
        ),
        ({"figure": "l1_conv", "by_arithmetic": math.nan}, "fitted", "outside"),
    ],
)
def test_a_role_claims_no_more_than_the_numbers_bear(changes, role, verdict):
    made = verdict_rules.verdict(estimate(**changes), judged=True)
    assert (made.role, made.verdict) == (role, verdict)


def test_a_graph_of_ones_own_is_not_judged():
    made = verdict_rules.verdict(estimate(), judged=False)
    assert made.verdict == "-"
    assert "own" in made.why


def test_every_predicted_figure_says_why_and_has_a_switch():
    table = pd.DataFrame([estimate(figure=x.figure, reading=x.reading) for x in ESTIMANDS])
    told = {(one.id, one.reading): one.why for one in verdict_rules.judge(table, True)}
    assert list(told) == [(item.figure, item.reading) for item in ESTIMANDS]
    for (name, _), why in told.items():
        assert (why != OTHER_READING) == (name in (*PREDICTED, "t1_moments_aov"))
    assert set(PREDICTED) <= set(verdict_rules.switches(USUAL))


@pytest.mark.parametrize(
    ("figure", "changed"),
    [
        ("t1_moments_conv", {"weights.shareability_sd": 0.0}),
        ("t1_oa_conv", {"followers.interested": 0.0, "channels.follower_trust": 0.0}),
        ("t1_oa_aov", {"basket.max_items": 1}),
        ("t1_search_conv", {"search.price_comparison": 0.0, "search.rank_price": 0.0}),
        ("t1_search_aov", {"search.price_comparison": 0.0, "search.rank_price": 0.0}),
        (
            "t2_l3_reach",
            {
                f"mechanisms.{name}": False
                for name in ("groups", "accounts", "adverts", "bargain", "livestream")
            },
        ),
    ],
)
def test_a_switch_changes_its_mechanism_and_nothing_else(figure, changed):
    off, _ = verdict_rules.switches(USUAL)[figure]
    differing = {
        f"{group}.{name}": value
        for group, part in asdict(off).items()
        for name, value in part.items()
        if value != asdict(USUAL)[group][name]
    }
    assert differing == changed


def test_nulls_of_reach_and_moments_are_those_of_friends():
    found = verdict_rules.null_value
    takes_off = USUAL.weights.takeoff_probability
    third = among_friends("t2_l3_reach", THERE, takes_off)
    mean = among_friends("t2_l3_reach", ALL, takes_off)
    assert found("t2_l3_reach", THERE_BY_ALL, USUAL) == third
    assert found("t2_l3_reach", ALL_BY_ALL, USUAL) == mean
    room = USUAL.livestream
    assert found("t2_l3_reach", LIVESTREAMS, USUAL) == mean + room.slots * room.seen
    moments = among_friends("t1_moments_conv", "", takes_off)
    assert found("t1_moments_conv", ORDERS_BY_VISITS, USUAL) == moments
    assert math.isnan(found("l1_conv", "", USUAL))


@pytest.mark.parametrize(("trust", "expected"), [(0.0, 0.043), (1.0, 0.127)])
def test_a_follower_stands_between_stranger_and_friend(trust, expected):
    there = replace(USUAL, channels=replace(USUAL.channels, follower_trust=trust))
    found = verdict_rules.null_value("t1_oa_conv", ORDERS_BY_VISITS, there)
    assert found == pytest.approx(expected)
    basket = verdict_rules.null_value("t1_oa_aov", SALES_BY_ORDERS, there)
    assert basket == pytest.approx(198.0 / (1.0 - expected))


def test_half_way_is_half_way_in_log_odds():
    there = replace(USUAL, channels=replace(USUAL.channels, follower_trust=0.5))
    found = verdict_rules.null_value("t1_oa_conv", ORDERS_BY_VISITS, there)
    assert found == pytest.approx(expit((logit(0.127) + logit(0.043)) / 2.0))


def test_a_searcher_of_any_shop_by_integration():
    weights, spread = USUAL.weights, USUAL.sellers.price_log_sd

    def buys(z, budget):
        liking = weights.match + weights.content
        return expit(
            weights.buy_intercept + liking - weights.price * (spread * z - math.log(budget))
        ) * stats.norm.pdf(z)

    budgets = USUAL.budgets.relative
    bought = [integrate.quad(buys, -8, 8, args=(one,))[0] for one in budgets]
    paid = [
        integrate.quad(lambda z, b=one: math.exp(spread * z) * buys(z, b), -8, 8)[0]
        for one in budgets
    ]
    conversion = verdict_rules.null_value("t1_search_conv", ORDERS_BY_VISITS, USUAL)
    price = verdict_rules.null_value("t1_search_aov", SALES_BY_ORDERS, USUAL)
    assert conversion == pytest.approx(np.mean(bought), rel=1e-3)
    assert price == pytest.approx(USUAL.money.reference_price * sum(paid) / sum(bought), rel=5e-3)


@pytest.fixture(scope="module")
def judged():
    """A small market, without one mechanism each, and its table."""
    parameters = SocietyParameters(mean_friends=20.0)
    scenario = replace(USUAL, society=parameters, sellers=replace(USUAL.sellers, activity=0.5))
    people = society(None, 1000, 6, parameters)
    groups = chats(people, scenario.groups, 6)

    def run(there, *replicates):
        return in_money(run_markets(people, groups, there, replicates, 2, 60), 200.0, 200.0)

    usual = run(scenario, 3, 4)
    off = {what: run(there, 3) for there, what in verdict_rules.switches(scenario).values()}
    draws = pd.DataFrame(
        [
            {prior.column(*key): scale * (value + 1) for key, value in values(usual).items()}
            for scale in (0.5, 2.0)
        ]
    )
    return usual, off, verdict_rules.estimates(usual, off, draws, scenario, 1), run(scenario, 3)


def test_the_table_has_a_row_an_estimand_counted_in_the_runs(judged):
    usual, off, table, first = judged
    assert list(zip(table["figure"], table["reading"], strict=True)) == list(values(usual))
    assert table["value"].tolist() == list(values(usual).values())
    assert table["first_replicate"].tolist() == list(values(first).values())
    for row in table.to_dict("records"):
        if row["figure"] == "t1_moments_aov":
            assert math.isnan(row["off"])
        else:
            there = values(off[row["switched_off"]])
            assert row["off"] == there[row["figure"], row["reading"]]
        assert row["prior_low"] < row["prior_high"]


def test_what_is_switched_off_matters(judged):
    table = judged[2].set_index(["figure", "reading"])
    for name in ("t1_oa_aov", "t1_search_aov"):
        row = table.loc[(name, SALES_BY_ORDERS)]
        assert row["off"] != pytest.approx(row["first_replicate"])
    row = table.loc[("t2_l3_reach", ALL_BY_ALL)]
    assert row["off"] < row["first_replicate"]


def test_an_open_band_is_left_empty(judged):
    row = judged[2].set_index(["figure", "reading"]).loc[("t2_l3_reach", THERE_BY_ALL)]
    assert row["reported_low"] == 50_000
    assert math.isnan(row["reported_high"])


def implied(name, value, reading="main", judged=True):
    return Verdict(
        id=name, role="implied", reading=reading, simulated=value, why="so", judged=judged
    )


def test_every_figure_that_could_miss_has_its_paragraph():
    assert set(MISSES) == set(PREDICTED)


def test_a_paragraph_a_miss_of_the_main_reading():
    told = explanations(
        [
            implied("t1_search_conv", 0.4),
            implied("t1_oa_conv", 0.065),
            implied("t1_oa_conv", 0.4, reading="another"),
            implied("t1_search_aov", 80.0),
            implied("t1_search_aov", 150.0, reading="another"),
        ]
    )
    assert told.split("\n\n") == [
        f"Why `{name}` is missed. {MISSES[name]}" for name in ("t1_search_conv", "t1_search_aov")
    ]


def test_nothing_is_missed_where_nothing_is_judged():
    assert explanations([implied("t1_search_conv", 0.4, judged=False)]) == ""
    assert explanations([implied("t1_moments_conv", 0.08)]) == ""
