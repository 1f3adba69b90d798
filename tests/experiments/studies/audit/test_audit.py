"""The audit's findings, against sums done by hand."""

import pandas as pd
import pytest

from weishang.experiments.analysis import reported
from weishang.experiments.storage import manifest, tables
from weishang.experiments.storage.figure_style import styled
from weishang.experiments.studies.audit import audit, comparisons
from weishang.experiments.studies.audit.comparison import findings


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return findings(one for compare in comparisons.COMPARISONS for one in compare())


def test_table_1_is_13_million_orders_and_2_8_billion_cny_a_day():
    assert sum(map(comparisons.orders_a_day, comparisons.CHANNELS)) == pytest.approx(12_968_000)
    assert comparisons.trade_a_day() == pytest.approx(2_837_774_000)


def test_the_mix_of_levels_asks_for_6_percent_that_take_off():
    assert comparisons.take_off_share() == pytest.approx(0.0579, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "reading", "ratio", "finding"),
    [
        ("users", "", 1.0742, "consistent"),
        ("trade", "", 1.0, "consistent"),
        ("payments", "all ways to pay", 16.733, "conflict"),
        ("payment_value", "", 12.07 / 153, "conflict"),
        ("table3_units", "header's ten thousands apply too", 83.72, "ambiguous"),
        ("level2_conversion", "it comes from a friend", 0.378, "conflict"),
        ("live_strangers", "", 1.5512, "conflict"),
        ("moments_mix", "every campaign as in table 2", 0.05294 / 0.082, "ambiguous"),
        ("chain_level2", "every buyer shares", 1.0, "ambiguous"),
        ("chain_level3", "every buyer shares", 48_768 / 50_000, "conflict"),
        ("false_positives", "across borders", 0.75, "consistent"),
        ("group_cap", "", 501 / 500, "conflict"),
        ("group_repurchase", "so many times more", 5.2 / 4.2, "ambiguous"),
        ("survival_period", "the figure is of a quarter", 0.81**3, "ambiguous"),
        ("screening", "everyone in the trade posts once a day", 1_150_000 / 30_000, "ambiguous"),
        ("closings", "closing is why merchants leave", 0.0526, "ambiguous"),
    ],
)
def test_ratios_and_findings(table, name, reading, ratio, finding):
    row = table[(table["id"] == name) & (table["reading"] == reading)].iloc[0]
    assert row["ratio"] == pytest.approx(ratio, rel=1e-3)
    assert row["finding"] == finding


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("chain_level2", "2,858..5,080"),
        ("chain_level3", "20,574..48,768"),
        ("moments_mix", "0.0503..0.05294; 0.082 asks for 0.4304 of the visits from level 1"),
        ("campaigns", "1,569 campaigns a day"),
        ("settlement", "3 days, against 0"),
    ],
)
def test_arithmetic_shows_its_numbers(table, name, numbers):
    assert table[table["id"] == name]["arithmetic"].str.contains(numbers, regex=False).any()


def test_numbers_come_from_the_reported_figures(monkeypatch):
    doubled = {
        name: figure if name != "t3_qr_volume" else _doubled(figure)
        for name, figure in reported.figures().items()
    }
    monkeypatch.setattr(reported, "figures", lambda: doubled)
    made = findings(comparisons.compare_payments())
    assert made["ratio"].iloc[0] == pytest.approx((217e6 + 120e6) / 12_968_000)


def test_audit_writes_a_whole_folder(tmp_path):
    audit.audit(out=tmp_path)
    manifest.verify(tmp_path / "audit")
    record = manifest.read(tmp_path / "audit")
    assert record["inputs"][0]["name"] == "reported.csv"
    assert record["outputs"]["audit.pdf"]["drawn_from"] == ["audit.csv"]
    book = tables.read(tmp_path / "audit" / "codebook.csv").groupby("table")["column"].apply(list)
    assert set(book.index) == {"audit", "codebook"}
    assert book["audit"] == list(audit.COLUMNS)


def test_figure_shows_a_dot_for_every_finite_ratio(table):
    with styled():
        axes = audit.draw(table).axes[0]
    dots = sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() == "o")
    assert dots == table["ratio"].notna().sum()


def _doubled(figure: reported.Figure) -> reported.Figure:
    return reported.Figure(**{**vars(figure), "value": 2 * figure.point()})
