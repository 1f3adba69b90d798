"""Every column has its unit and meaning, and no other column is described."""

import pandas as pd
import pytest

from weishang.experiments.bench import tables as bench_tables
from weishang.experiments.bench.market import market_speed
from weishang.experiments.simulate import run
from weishang.experiments.storage import tables
from weishang.experiments.storage.codebook import CODEBOOK, add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies import nulls
from weishang.experiments.studies.audit import audit
from weishang.experiments.studies.channels import codebook as channels_codebook
from weishang.experiments.studies.reach import codebook as reach_codebook

SOURCES = {
    "audit": {"audit": audit.COLUMNS},
    "bench": bench_tables.COLUMNS,
    "channels": channels_codebook.TABLES,
    "market": market_speed.COLUMNS,
    "nulls": {"nulls": nulls.COLUMNS},
    "reach": reach_codebook.TABLES,
    "run": run.COLUMNS,
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


@pytest.mark.parametrize("described", SOURCES.values(), ids=SOURCES)
def test_nothing_is_left_empty(described):
    entries = [entry for table in described.values() for entry in table.values()]
    assert entries
    assert all(unit.strip() and meaning.strip() for unit, meaning in entries)


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
