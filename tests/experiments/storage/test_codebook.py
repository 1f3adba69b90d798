"""Every column has its unit and meaning, and no other column is described."""

from dataclasses import fields

import pandas as pd
import pytest

from weishang.experiments.bench import codebook as bench_codebook
from weishang.experiments.bench.market import codebook as market_speed_codebook
from weishang.experiments.storage import codebook, tables
from weishang.experiments.storage.codebook import CODEBOOK, TABLES, add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies import audit, nulls
from weishang.experiments.studies.reach import codebook as reach_codebook
from weishang.model.core.orders import Orders
from weishang.model.market.indicators import DAILY

SOURCES = {
    "audit": {"audit": audit.COLUMNS},
    "bench": bench_codebook.TABLES,
    "experiments": TABLES,
    "market": market_speed_codebook.TABLES,
    "nulls": {"nulls": nulls.COLUMNS},
    "reach": reach_codebook.TABLES,
}
DESCRIBED = {"reach": {"people": ("people", "reached"), "level": ("number", "of steps")}}


def frame(*columns):
    return pd.DataFrame(columns=list(columns))


def book_of(out, described, **saved):
    """The codebook of a report that holds these frames."""
    with Report("told", out, title="Told", parameters={}) as report:
        for name, rows in saved.items():
            report.table(name, rows, name)
        add_codebook(report, described)
    return tables.read(out / "told" / "codebook.csv")


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
    live = next(item for item in DAILY if item.name == "visits_live")
    assert made.iloc[3][["unit", "meaning"]].tolist() == [live.unit, live.meaning]


@pytest.mark.parametrize("described", SOURCES.values(), ids=SOURCES)
def test_nothing_is_left_empty(described):
    entries = [entry for table in described.values() for entry in table.values()]
    assert entries
    assert all(unit.strip() and meaning.strip() for unit, meaning in entries)


def test_days_have_every_indicator():
    assert {item.name for item in DAILY} <= set(TABLES["days"])


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


def test_a_report_tells_of_the_columns_that_it_holds(tmp_path):
    described = {**DESCRIBED, "days": {"day": ("days", "from 1")}}
    book = book_of(tmp_path, described, days=frame("day"), reach=frame("level"))
    assert list(book.columns) == list(CODEBOOK)
    assert book.iloc[:2].to_numpy().tolist() == [
        ["reach", "level", "number", "of steps"],
        ["days", "day", "days", "from 1"],
    ]
    assert book["table"].tolist()[2:] == ["codebook"] * 4
    assert book["column"].tolist()[2:] == list(CODEBOOK)


@pytest.mark.parametrize(
    ("saved", "fault"),
    [
        ({"reach": frame("level", "weather")}, "reach has column 'weather'; describe it"),
        ({"reach": frame("level"), "days": frame("day")}, "days has column 'day'; describe it"),
        ({}, "nothing is saved as 'reach' in the report told"),
    ],
)
def test_a_report_that_its_codebook_does_not_fit_is_refused(tmp_path, saved, fault):
    with pytest.raises(ValueError, match=fault):
        book_of(tmp_path, DESCRIBED, **saved)
    assert list(tmp_path.iterdir()) == []
