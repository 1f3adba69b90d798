"""The channels experiment from end to end at a small size."""

import subprocess
import sys

import pandas as pd
import pytest

from weishang.experiments.analysis import prior, reported
from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies.channels import channels
from weishang.experiments.studies.channels.estimands import (
    ESTIMANDS,
    ORDERS_BY_VISITS,
    SALES_BY_ORDERS,
    THERE_BY_ALL,
)
from weishang.experiments.studies.channels.verdict_rules import PREDICTED
from weishang.model.scenario import Scenario

SIZES = {"users": 2400, "seed": 7, "replicates": 2, "days": 2, "sellers": 500}
FILES = {
    "campaigns.parquet",
    "channels.csv",
    "channels.pdf",
    "channels.png",
    "codebook.csv",
    "days.parquet",
    "estimands.csv",
    "levels.csv",
    "manifest.json",
    "money.csv",
    "prior.parquet",
    "reach.pdf",
    "reach.png",
    "searches.parquet",
    "table.md",
    "volumes.csv",
}


@pytest.fixture(scope="module")
def outs(tmp_path_factory):
    """Results of one run from a shell and of the same run in this process."""
    from_shell, from_here = (tmp_path_factory.mktemp("run") / "results" for _ in range(2))
    options = [part for name, value in SIZES.items() for part in (f"--{name}", str(value))]
    command = "from weishang.experiments.analysis import prior; prior.DRAWS = 3;"
    command += "from weishang.experiments.studies.channels.channels import channels;"
    command += "from weishang.experiments.console.command import run; run(channels)"
    done = subprocess.run(
        [sys.executable, "-c", command, *options, "--out", str(from_shell)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prior, "DRAWS", 3)
        channels.channels(**SIZES, out=from_here)
    return from_shell, from_here


@pytest.fixture(scope="module")
def folder(outs):
    return outs[1] / "channels"


@pytest.fixture(scope="module")
def estimates(folder):
    return tables.read(folder / "estimands.csv").set_index(["figure", "reading"])


def test_the_folder_holds_all_that_is_promised(outs, folder):
    assert {path.name for path in outs[1].iterdir()} == {"channels", "verdicts.csv"}
    assert {path.name for path in folder.iterdir()} == FILES
    manifest.verify(folder)


def test_two_runs_give_the_same_bytes(outs):
    for name in sorted(FILES - {"manifest.json"}):
        one, other = (out / "channels" / name for out in outs)
        assert one.read_bytes() == other.read_bytes(), name
    assert (outs[0] / "verdicts.csv").read_bytes() == (outs[1] / "verdicts.csv").read_bytes()


def test_the_manifest_tells_of_the_run(folder):
    record = manifest.read(folder)
    assert record["seed"] == 7
    sizes = {
        name: record["parameters"][name] for name in ("users", "replicates", "days", "num_sellers")
    }
    assert sizes == {"users": 2400, "replicates": 2, "days": 2, "num_sellers": 500}
    assert record["parameters"]["weights"]["view"] == Scenario().weights.view


def test_the_unit_of_money_meets_its_figure_and_nothing_else_is_tuned(folder, estimates):
    assert estimates.loc[("t1_moments_aov", SALES_BY_ORDERS), "value"] == pytest.approx(198.0)
    usual = manifest.read(folder)["parameters"]
    money = usual.pop("money")["reference_price"]
    told = tables.read(folder / "money.csv").iloc[0]
    assert (told["reference_price"], told["fitted"], told["target"]) == (money, True, 198.0)
    assert told["reached"] == pytest.approx(198.0)
    rows = pd.read_parquet(folder / "campaigns.parquet")
    assert (rows["sales_cny"] == rows["sales"] * money).all()
    days = pd.read_parquet(folder / "days.parquet")
    sales = days[["sales_moments", "sales_official", "sales_advert", "sales_live"]]
    assert sales.to_numpy().sum() == pytest.approx(rows["sales_cny"].sum())
    changed = {
        name
        for name, part in manifest.plain(Scenario().values()).items()
        if name != "money" and usual[name] != part
    }
    assert not changed


def test_figures_are_counted_from_the_saved_rows(folder, estimates):
    rows = pd.read_parquet(folder / "campaigns.parquet")
    assert rows.groupby("replicate").size().size == 2
    there = rows.loc[rows["reach_3"] > 0, "reach_3"]
    assert estimates.loc[("t2_l3_reach", THERE_BY_ALL), "value"] == pytest.approx(there.mean())
    links = rows[(rows["channel"] == "moments") & (rows["tool"] != "livestream")]
    visits = links[["visitors_1", "visitors_2", "visitors_3"]].to_numpy().sum()
    value = estimates.loc[("t1_moments_conv", ORDERS_BY_VISITS), "value"]
    assert value == pytest.approx(links["orders"].sum() / visits)
    searches = pd.read_parquet(folder / "searches.parquet")
    value = estimates.loc[("t1_search_conv", ORDERS_BY_VISITS), "value"]
    assert value == pytest.approx(searches["orders"].sum() / searches["visits"].sum())
    assert tables.read(folder / "channels.csv")["conversion"].tolist()[2] == pytest.approx(value)


def test_every_column_of_every_file_is_in_the_codebook(folder):
    told = tables.read(folder / "codebook.csv").groupby("table")["column"].apply(list)
    for name in sorted(FILES):
        stem, _, kind = name.partition(".")
        if kind in ("csv", "parquet"):
            read = tables.read if kind == "csv" else pd.read_parquet
            assert told[stem] == list(read(folder / name).columns), name


def test_every_verdict_obeys_the_rules(outs, estimates):
    rows = pd.read_csv(outs[1] / "verdicts.csv").to_dict("records")
    assert {(row["id"], row["reading"]) for row in rows} == set(estimates.index)
    claims = {"fitted": 1, "implied": 2, "predicted": 3}
    for row in rows:
        figure = reported.figure(row["id"])
        assert claims[row["role"]] <= claims[figure.plan]
        assert row["verdict"] == ("inside" if figure.holds(row["simulated"]) else "outside")
        assert row["why"]


def test_the_page_tells_every_table_and_every_miss(outs, folder):
    page = (folder / "table.md").read_text()
    for title in channels.TITLES.values():
        assert f"## {title}\n" in page
    rows = pd.read_csv(outs[1] / "verdicts.csv").drop_duplicates("id").set_index("id")
    for name in PREDICTED:
        missed = rows.loc[name, "verdict"] == "outside"
        assert (f"Why `{name}` is missed. " in page) == missed


def test_the_prior_predictive_has_a_row_a_draw_and_its_readings(folder):
    draws = pd.read_parquet(folder / "prior.parquet")
    assert len(draws) == 3
    assert set(draws.columns) == {f"{item.figure} | {item.reading}" for item in ESTIMANDS}
    assert draws["t1_search_aov | sales over orders"].nunique() == 3


def test_a_market_without_orders_keeps_its_unit_of_money(folder):
    rows = pd.read_parquet(folder / "campaigns.parquet")
    empty = channels.Run(
        pd.read_parquet(folder / "days.parquet"),
        rows.iloc[:0],
        pd.read_parquet(folder / "searches.parquet"),
    )
    assert channels.with_unit_of_money(Scenario(), empty) == Scenario()
    half = channels.Run(empty.days, rows.assign(sales=rows["sales"] / 2), empty.searches)
    full = channels.Run(empty.days, rows, empty.searches)
    one, two = (
        channels.with_unit_of_money(Scenario(), run).money.reference_price for run in (full, half)
    )
    assert two == pytest.approx(2 * one)


def test_on_a_graph_of_ones_own_nothing_is_fitted_or_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(prior, "DRAWS", 2)
    graph, nodes = tmp_path / "ring.txt", tmp_path / "nodes.csv"
    size = 240
    ties = (f"{u} {(u + step) % size}\n" for u in range(size) for step in (1, 2, 3))
    graph.write_text("".join(ties))
    nodes.write_text(
        "node,interest,groups\n" + "".join(f"{u},{u % 3},g{u // 9}\n" for u in range(size))
    )
    channels.channels(graph=graph, nodes=nodes, seed=3, out=tmp_path, replicates=1, days=1)
    rows = pd.read_csv(tmp_path / "verdicts.csv")
    assert set(rows["verdict"]) == {"-"}
    record = manifest.read(tmp_path / "channels")
    assert [item["name"] for item in record["inputs"]] == ["ring.txt", "nodes.csv"]
    assert record["parameters"]["money"] == {"reference_price": Scenario().money.reference_price}
    assert not tables.read(tmp_path / "channels" / "money.csv")["fitted"].any()
    assert record["parameters"]["num_sellers"] == 60


@pytest.mark.parametrize("option", ["--replicates", "--days", "--sellers"])
def test_sizes_below_one_are_refused_before_any_work(option, refusal):
    assert "give at least 1" in refusal(channels.channels, option, "0")
