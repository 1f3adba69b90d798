"""Figures of tables 1 and 2 with all channels: counted by hand over a few campaigns."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis import reported
from weishang.experiments.analysis.inference import intervals
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.studies.channels.estimands import (
    ALL_BY_ALL,
    ESTIMANDS,
    LEVEL_BY_REACHED,
    LEVEL_BY_VISITS,
    LIVESTREAMS,
    ORDERS_BY_REACHED,
    ORDERS_BY_VISITS,
    SALES_BY_ORDERS,
    THERE_BY_ALL,
    WITH_LIVE,
    in_money,
    tables,
    values,
)


def campaign(channel, tool, reach, visitors, orders, sales):
    counts = (("reach", reach), ("visitors", visitors), ("orders", orders))
    by_level = {
        f"{name}_{level}": numbers[level - 1] for name, numbers in counts for level in (1, 2, 3)
    }
    return {"channel": channel, "tool": tool, **by_level, "orders": sum(orders), "sales": sales}


CAMPAIGNS = pd.DataFrame(
    [
        campaign("moments", "none", (100, 50, 0), (40, 10, 0), (8, 1, 0), 18.0),
        campaign("moments", "team", (80, 0, 0), (20, 0, 0), (2, 0, 0), 1.0),
        campaign("moments", "livestream", (90, 0, 900), (30, 0, 70), (5, 0, 10), 20.0),
        campaign("official", "none", (200, 40, 0), (60, 20, 0), (6, 2, 0), 24.0),
        campaign("advert", "none", (60, 0, 500), (9, 0, 91), (1, 0, 3), 4.0),
    ]
)
RUN = Run(
    days=pd.DataFrame(
        {"replicate": [1, 1], "day": [1, 2], "visits_live": [3, 4], "sales_live": [1, 2]}
    ),
    campaigns=CAMPAIGNS,
    searches=pd.DataFrame({"visits": [30, 70], "orders": [9, 11], "sales": [5.0, 7.0]}),
)
MONEY = in_money(RUN, 200.0, 100.0)
EXPECTED = {
    ("t1_moments_conv", ORDERS_BY_VISITS): 11 / 70,
    ("t1_moments_conv", ORDERS_BY_REACHED): 11 / 230,
    ("t1_moments_conv", WITH_LIVE): 26 / 170,
    ("t1_moments_aov", SALES_BY_ORDERS): 200 * 19 / 11,
    ("t1_oa_conv", ORDERS_BY_VISITS): 8 / 80,
    ("t1_oa_conv", ORDERS_BY_REACHED): 8 / 240,
    ("t1_oa_conv", WITH_LIVE): 8 / 80,
    ("t1_oa_aov", SALES_BY_ORDERS): 200 * 24 / 8,
    ("t1_search_conv", ORDERS_BY_VISITS): 20 / 100,
    ("t1_search_aov", SALES_BY_ORDERS): 200 * 12 / 20,
    ("t2_l1_reach", THERE_BY_ALL): 530 / 5,
    ("t2_l1_reach", ALL_BY_ALL): 530 / 5,
    ("l1_conv", LEVEL_BY_REACHED): 22 / 530,
    ("l1_conv", LEVEL_BY_VISITS): 22 / 159,
    ("t2_l2_reach", THERE_BY_ALL): 90 / 2,
    ("t2_l2_reach", ALL_BY_ALL): 90 / 5,
    ("l2_conv", LEVEL_BY_REACHED): 3 / 90,
    ("l2_conv", LEVEL_BY_VISITS): 3 / 30,
    ("t2_l3_reach", THERE_BY_ALL): 1400 / 2,
    ("t2_l3_reach", ALL_BY_ALL): 1400 / 5,
    ("t2_l3_reach", LIVESTREAMS): 900.0,
}


def test_figures_by_hand():
    assert values(MONEY) == pytest.approx(EXPECTED)


def test_every_estimand_is_of_a_reported_figure_and_stands_once():
    keys = [(item.figure, item.reading) for item in ESTIMANDS]
    assert len(set(keys)) == len(keys)
    assert all(reported.figure(name) for name, _ in keys)


def test_nobody_in_the_denominator_gives_nought():
    nobody = Run(RUN.days, MONEY.campaigns.iloc[:0], MONEY.searches.iloc[:0])
    assert set(values(nobody).values()) == {0.0}
    assert np.isnan(list(values(nobody, nobody=np.nan).values())).all()
    assert values(MONEY, nobody=np.nan) == values(MONEY)
    table = intervals(ESTIMANDS, tables(nobody), np.random.default_rng(1))
    assert not table[["value", "ci_low", "ci_high"]].to_numpy().any()


def test_money_is_a_unit():
    assert MONEY.campaigns["sales_cny"].tolist() == [200 * sales for sales in CAMPAIGNS["sales"]]
    assert MONEY.searches["sales_cny"].tolist() == [1000.0, 1400.0]
    assert MONEY.days["sales_live"].tolist() == [2, 4]
    assert MONEY.days["visits_live"].tolist() == [3, 4]
    assert "sales_cny" not in RUN.campaigns


def test_intervals_hold_the_value_and_narrow_with_more_campaigns():
    few = intervals(ESTIMANDS, tables(MONEY), np.random.default_rng(1)).set_index(
        ["figure", "reading"]
    )
    many = in_money(Run.joined([RUN] * 25), 200.0)
    table = intervals(ESTIMANDS, tables(many), np.random.default_rng(1)).set_index(
        ["figure", "reading"]
    )
    assert table["value"].to_dict() == pytest.approx(EXPECTED)
    assert (table["ci_low"] <= table["value"]).all()
    assert (table["ci_high"] >= table["value"]).all()
    for key in (("t1_moments_conv", ORDERS_BY_VISITS), ("t1_search_aov", SALES_BY_ORDERS)):
        width, before = (one.loc[key, "ci_high"] - one.loc[key, "ci_low"] for one in (table, few))
        assert 0.0 < width < 0.5 * before


def test_an_interval_is_about_two_standard_errors_either_way():
    """Of a conversion over many alike campaigns, whose spread is known."""
    rng = np.random.default_rng(5)
    orders = rng.binomial(50, 0.2, size=400)
    rows = [
        campaign("moments", "none", (90, 0, 0), (50, 0, 0), (int(n), 0, 0), 1.0) for n in orders
    ]
    run = in_money(Run(RUN.days, pd.DataFrame(rows), RUN.searches), 1.0)
    table = intervals(ESTIMANDS, tables(run), rng).set_index(["figure", "reading"])
    found = table.loc[("t1_moments_conv", ORDERS_BY_VISITS)]
    half = (found["ci_high"] - found["ci_low"]) / 2
    assert half == pytest.approx(1.96 * orders.std() / 50 / np.sqrt(400), rel=0.1)


def test_the_same_generator_gives_the_same_table():
    one, again = (intervals(ESTIMANDS, tables(MONEY), np.random.default_rng(3)) for _ in range(2))
    pd.testing.assert_frame_equal(one, again)
