"""Every column has its unit and meaning, and no other column is described."""

from dataclasses import fields

import pandas as pd
import pytest

from weishang.experiments import codebook
from weishang.experiments.codebook import TABLES
from weishang.model.indicators import EVERYWHERE
from weishang.model.orders import Orders


def frame(*columns):
    return pd.DataFrame(columns=list(columns))


def test_a_row_a_column_in_the_order_given():
    made = codebook.codebook(searches=frame("visits", "world"), days=frame("day", "visits_live"))
    assert list(made.columns) == ["table", "column", "unit", "meaning"]
    rows = list(zip(made["table"], made["column"], strict=True))
    assert rows == [
        ("searches", "visits"),
        ("searches", "world"),
        ("days", "day"),
        ("days", "visits_live"),
        *(("codebook", name) for name in ("table", "column", "unit", "meaning")),
    ]
    live = next(item for item in EVERYWHERE if item.name == "visits_live")
    assert made.iloc[3][["unit", "meaning"]].tolist() == [live.unit, live.meaning]


def test_nothing_is_left_empty():
    assert all(unit and meaning for table in TABLES.values() for unit, meaning in table.values())


def test_days_have_every_indicator():
    assert {item.name for item in EVERYWHERE} <= set(TABLES["days"])


def test_orders_are_described_field_by_field():
    assert {item.name for item in fields(Orders)} == set(TABLES["orders"]) - {"world"}


def test_a_column_that_nobody_described_is_refused():
    with pytest.raises(ValueError, match="campaigns has column 'weather'; describe it"):
        codebook.codebook(campaigns=frame("price", "weather"))
    with pytest.raises(ValueError, match="forecasts has column 'price'"):
        codebook.codebook(forecasts=frame("price"))


def test_a_prior_predictive_may_hold_any_figure():
    made = codebook.codebook(prior=frame("t1_oa_conv | orders over visits"))
    assert made["unit"].tolist()[0] == codebook.DRAWN[0]
