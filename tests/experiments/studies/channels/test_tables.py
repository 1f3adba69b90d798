"""Table 1 side by side, volumes scaled up to the platform, and levels."""

import math

import pandas as pd
import pytest

from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.studies.channels import codebook
from weishang.experiments.studies.channels.estimands import ORDERS_BY_VISITS, SALES_BY_ORDERS
from weishang.experiments.studies.channels.tables import by_level, table_1, unit_of_money, volumes
from weishang.model.scenario import Scenario

CHANNELS = ("moments", "official", "search", "advert", "live")
DAYS = pd.DataFrame(
    {
        **{f"visits_{name}": [10.0 * at, 30.0 * at] for at, name in enumerate(CHANNELS, 1)},
        **{f"orders_{name}": [1.0 * at, 3.0 * at] for at, name in enumerate(CHANNELS, 1)},
        **{f"sales_{name}": [100.0 * at, 300.0 * at] for at, name in enumerate(CHANNELS, 1)},
    }
)
RUN = Run(DAYS, pd.DataFrame(), pd.DataFrame())
USERS = 1000
SCALE = 1.289e9 / USERS


def row(figure, reading, value):
    return {
        "figure": figure,
        "reading": reading,
        "value": value,
        "ci_low": value * 0.9,
        "ci_high": value * 1.1,
    }


ESTIMATES = pd.DataFrame(
    [
        row(f"t1_{name}_{kind}", reading, value + at)
        for kind, reading, value in (
            ("conv", ORDERS_BY_VISITS, 0.1),
            ("aov", SALES_BY_ORDERS, 200.0),
        )
        for at, name in enumerate(("moments", "oa", "search"))
    ]
)


def test_table_1_stands_beside_what_is_reported():
    table = table_1(RUN, ESTIMATES, USERS).set_index("channel")
    assert list(table.index) == ["moments", "official", "search"]
    assert table["visits"].tolist() == [20_000.0, 40_000.0, 60_000.0]
    assert table["reported_visits"].tolist() == pytest.approx(
        [85 / 1289 * 1e6, 62 / 1289 * 1e6, 48 / 1289 * 1e6]
    )
    assert table["conversion"].tolist() == pytest.approx([0.1, 1.1, 2.1])
    assert table["conversion_low"].tolist() == pytest.approx([0.09, 0.99, 1.89])
    assert table["order_value_high"].tolist() == pytest.approx([220.0, 221.1, 222.2])
    assert table["reported_conversion"].tolist() == [0.082, 0.065, 0.041]
    assert table["reported_order_value"].tolist() == [198.0, 287.0, 153.0]


def test_the_unit_of_money_stands_beside_its_figure():
    (row,) = unit_of_money(Scenario(), ESTIMATES, fitted=True).to_dict("records")
    assert row == {
        "parameter": "money.reference_price",
        "reference_price": Scenario().money.reference_price,
        "fitted": True,
        "figure": "t1_moments_aov",
        "target": 198.0,
        "reached": 200.0,
    }


def test_volumes_are_scaled_to_all_users_and_compared_with_table_1():
    table = volumes(RUN, USERS).set_index(["channel", "quantity"])
    assert table.loc[("moments", "visits"), "a_day"] == 20.0
    assert table.loc[("moments", "visits"), "scaled"] == pytest.approx(20.0 * SCALE)
    assert table.loc[("moments", "visits"), "reported"] == 85e6
    assert table.loc[("search", "visits"), "ratio"] == pytest.approx(60.0 * SCALE / 48e6)
    together = table.loc["all three"]
    assert together["a_day"].tolist() == [120.0, 12.0, 1200.0]
    assert together["reported"].tolist() == pytest.approx([195e6, 12.968e6, 2.837774e9])
    assert table["unit"].unique().tolist() == ["visits", "orders", "CNY"]


def test_what_table_1_has_no_line_for_stands_beside_without_a_target():
    table = volumes(RUN, USERS).set_index(["channel", "quantity"])
    for name, at in (("advert", 4), ("live", 5)):
        assert table.loc[(name, "orders"), "a_day"] == 2.0 * at
        assert math.isnan(table.loc[(name, "orders"), "reported"])
        assert math.isnan(table.loc[(name, "orders"), "ratio"])


CAMPAIGNS = pd.DataFrame(
    {
        **{f"reach_{k}": [100 * k, 0, 50 * k, 50] for k in (1, 2, 3)},
        **{f"visitors_{k}": [20, 0, 10, 10] for k in (1, 2, 3)},
        **{f"orders_{k}": [4, 0, 2, 2] for k in (1, 2, 3)},
        "stranger_reach": [0, 0, 200, 0],
        "stranger_visitors": [0, 0, 40, 0],
        "stranger_buyers": [0, 0, 2, 0],
    }
)


def test_levels_by_hand():
    table = by_level(CAMPAIGNS).set_index("level")
    assert list(table.index) == ["1", "2", "3", "strangers"]
    second = table.loc["2"]
    assert second["campaigns_there"] == 0.75
    assert second["reach"] == 350 / 4
    assert second["reach_there"] == pytest.approx(350 / 3)
    assert second["median_there"] == 100
    assert second["visit_rate"] == pytest.approx(40 / 350)
    assert second["conversion"] == pytest.approx(8 / 350)
    assert second["conversion_of_visits"] == 0.2
    strangers = table.loc["strangers"]
    assert (strangers["reach_there"], strangers["conversion"]) == (200, 0.01)


def test_a_level_that_nobody_gets_to_has_no_rates():
    table = by_level(CAMPAIGNS.assign(stranger_reach=0, stranger_visitors=0)).set_index("level")
    assert table.loc["strangers", "reach"] == 0
    assert math.isnan(table.loc["strangers", "conversion"])
    assert math.isnan(by_level(CAMPAIGNS.iloc[:0])["campaigns_there"].iloc[0])


def test_every_column_is_described_and_no_other():
    made = {
        "channels": table_1(RUN, ESTIMATES, USERS),
        "volumes": volumes(RUN, USERS),
        "levels": by_level(CAMPAIGNS),
    }
    for name, table in made.items():
        assert list(codebook.TABLES[name]) == list(table.columns)
