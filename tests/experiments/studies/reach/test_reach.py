"""The reach experiment from end to end at a small size, and the rules of its verdicts.

The run on SNAP's ego-Facebook reads ../shared/graphs and is skipped where it is absent.
"""

import math
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis import prior, reported
from weishang.experiments.analysis.estimands import ALL, BY_REACHED, BY_VISITS, THERE
from weishang.experiments.analysis.verdicts import VERDICTS
from weishang.experiments.simulate.replicates import run_replicate, society
from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies.reach import codebook, reach
from weishang.experiments.studies.reach.estimands import ESTIMANDS
from weishang.model.core.weights import DecisionWeights
from weishang.model.scenario import Scenario
from weishang.model.society.parameters import SocietyParameters

FACEBOOK = Path(__file__).parents[4].parent / "shared" / "graphs" / "facebook_combined.txt"
SIZES = {"users": 5000, "seed": 7, "replicates": 2, "campaigns": 50}
DRAWS = 5
FILES = {
    "campaigns.parquet",
    "codebook.csv",
    "conversion.pdf",
    "conversion.png",
    "estimands.csv",
    "hops.csv",
    "manifest.json",
    "parameters.csv",
    "prior.parquet",
    "reach.pdf",
    "reach.png",
    "society.csv",
    "table.md",
    "take_off.csv",
    "weights.csv",
}


@pytest.fixture(scope="module")
def outs(tmp_path_factory):
    """Results of one run from a shell and of the same run in this process, and its seconds."""
    from_shell, from_here = (tmp_path_factory.mktemp("run") / "results" for _ in range(2))
    options = [part for name, value in SIZES.items() for part in (f"--{name}", str(value))]
    command = f"from weishang.experiments.analysis import prior; prior.DRAWS = {DRAWS};"
    command += "from weishang.experiments.studies.reach.reach import reach;"
    command += "from weishang.experiments.console.command import run; run(reach)"
    done = subprocess.run(
        [sys.executable, "-c", command, *options, "--out", str(from_shell)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prior, "DRAWS", DRAWS)
        start = time.perf_counter()
        reach.reach(**SIZES, out=from_here)
        return from_shell, from_here, time.perf_counter() - start


@pytest.fixture(scope="module")
def out(outs):
    return outs[0]


@pytest.fixture(scope="module")
def estimates(out):
    return tables.read(out / "reach" / "estimands.csv").set_index(["figure", "reading"])


@pytest.fixture(scope="module")
def verdict_rows(out):
    return pd.read_csv(out / "verdicts.csv").to_dict("records")


def test_the_folder_holds_all_that_is_promised(out):
    assert {path.name for path in out.iterdir()} == {"reach", "verdicts.csv"}
    assert {path.name for path in (out / "reach").iterdir()} == FILES
    manifest.verify(out / "reach")


def test_every_column_is_described_and_no_other(out):
    book = tables.read(out / "reach" / "codebook.csv").groupby("table")["column"].apply(set)
    described = {name: set(columns) for name, columns in codebook.TABLES.items()}
    hops = {f"{figure}, {reading}" for figure, reading in reach.SHOWN_BY_HOPS}
    assert book.drop("codebook").to_dict() == {**described, "hops": {"hops", *hops}}


def test_two_runs_give_the_same_bytes(outs):
    for name in sorted(FILES - {"manifest.json"}):
        one, other = (folder / "reach" / name for folder in outs[:2])
        assert one.read_bytes() == other.read_bytes(), name
    assert (outs[0] / "verdicts.csv").read_bytes() == (outs[1] / "verdicts.csv").read_bytes()


def test_the_manifest_tells_of_the_run(outs):
    record = manifest.read(outs[1] / "reach")
    assert record["seed"] == 7
    sizes = {name: record["parameters"][name] for name in ("users", "replicates", "campaigns")}
    assert sizes == {"users": 5000, "replicates": 2, "campaigns": 50}
    people = society(None, 5000, 7, Scenario().society)
    assert record["graph_sha256"] == people.graph.fingerprint()
    weights = tables.read(outs[1] / "reach" / "weights.csv").set_index("weight")["value"]
    assert weights.to_dict() == {
        name: record["parameters"]["weights"][name] for name in weights.index
    }


def test_the_wall_time_is_that_of_all_the_work(outs):
    """But for what starts before the report and the verdicts after it."""
    told = manifest.read(outs[1] / "reach")["wall_seconds"]
    assert 0.5 * outs[2] < told <= outs[2]


def test_the_table_is_counted_from_the_campaigns(out, estimates):
    rows = pd.read_parquet(out / "reach" / "campaigns.parquet")
    assert len(rows) == 100
    assert rows.groupby("replicate").size().tolist() == [50, 50]
    there = rows[rows["reach_2"] > 0]
    values = estimates["value"]
    assert values["t2_l2_reach", THERE] == pytest.approx(there["reach_2"].mean())
    assert values["t2_l3_reach", ALL] == pytest.approx(rows["reach_3"].mean())
    assert values["l1_conv", BY_REACHED] == pytest.approx(
        rows["buyers_1"].sum() / rows["reach_1"].sum()
    )
    buyers, visitors = (
        rows[[f"{name}_{level}" for level in (1, 2, 3)]].to_numpy().sum()
        for name in ("buyers", "visitors")
    )
    assert values["t1_moments_conv", BY_VISITS] == pytest.approx(buyers / visitors)
    take_off = tables.read(out / "reach" / "take_off.csv").set_index("level")
    assert take_off.loc[2, "share_of_campaigns"] == pytest.approx(len(there) / 100)
    assert take_off.loc[2, "largest_reach"] == rows["reach_2"].max()


def test_the_table_has_a_row_an_estimand_with_its_band(estimates):
    assert set(estimates.index) == {(item.figure, item.reading) for item in ESTIMANDS}
    for (name, _), row in estimates.iterrows():
        figure = reported.figure(name)
        for end, band in (("low", figure.band_low), ("high", figure.band_high)):
            told = row[f"reported_{end}"]
            assert math.isnan(told) if band is None else told == band
        assert row["ci_low"] <= row["value"] <= row["ci_high"]
        assert row["prior_low"] <= row["prior_high"]


def test_first_levels_do_not_depend_on_shareability_and_second_ones_do(estimates):
    first, second = (
        estimates.loc[(f"t2_l{level}_reach", ALL), ["value", "shareability_off"]]
        for level in (1, 2)
    )
    assert first["shareability_off"] == first["value"]
    assert second["shareability_off"] != second["value"]


def test_the_fitted_weights_are_told(out):
    weights = tables.read(out / "reach" / "weights.csv")
    assert len(weights) == 5
    assert set(weights["weight"]) == {
        item.name for item in fields(DecisionWeights) if item.metadata["role"] == "fitted"
    }
    met = weights[weights["found"]]
    assert np.allclose(met["reached"], met["target"], rtol=0.01)
    assert set(weights.loc[~weights["found"], "weight"]) <= {"shareability_sd", "recommender_trust"}


def test_every_verdict_obeys_the_rules(verdict_rows, estimates):
    assert {(row["id"], row["reading"]) for row in verdict_rows} == set(estimates.index)
    claims = {"fitted": 1, "implied": 2, "predicted": 3}
    for row in verdict_rows:
        figure, estimate = reported.figure(row["id"]), estimates.loc[row["id"], row["reading"]]
        assert claims[row["role"]] <= claims[figure.plan]
        assert row["verdict"] == ("inside" if figure.holds(row["simulated"]) else "outside")
        assert row["verdict"] in VERDICTS
        columns = {"simulated": "value", "mechanism_off": "shareability_off"}
        for name in ("simulated", "ci_low", "ci_high", "prior_low", "prior_high", "mechanism_off"):
            assert row[name] == estimate[columns.get(name, name)]
        if row["role"] == "predicted":
            assert not (figure.holds(row["prior_low"]) and figure.holds(row["prior_high"]))
            assert row["mechanism_off"] != pytest.approx(row["simulated"], rel=1e-6)
            assert not row["ci_low"] <= estimate["null"] <= row["ci_high"]


def test_the_page_tells_every_table(out):
    page = (out / "reach" / "table.md").read_text()
    for title in ("Reach and conversion", "Fitted weights", "The society", "Parameters"):
        assert f"## {title}\n" in page
    assert page.count("| t2_l3_reach |") == 2


def test_without_shareability_campaigns_differ_no_more_in_sharing():
    """The spread of shareability is off and nothing else: offers are the same, sharing is not."""
    people = society(None, 400, 1, SocietyParameters(mean_friends=15.0))
    usual = Scenario()
    off = reach.without_shareability(usual)
    assert off.weights.shareability_sd == 0.0
    assert replace(off, weights=usual.weights) == usual
    rows, without = (run_replicate(people, scenario, 4, 60) for scenario in (usual, off))
    assert rows["shareability"].equals(without["shareability"])
    assert rows["reach_1"].equals(without["reach_1"])
    assert not rows["sharers_1"].equals(without["sharers_1"])


def test_the_prior_predictive_has_one_row_per_draw_and_repeats(monkeypatch):
    monkeypatch.setattr(prior, "DRAWS", 3)
    people = society(None, 400, 1, SocietyParameters(mean_friends=15.0))
    one, again, other = (reach.prior_predictive(people, Scenario(), seed) for seed in (1, 1, 2))
    assert list(one.columns) == [f"{item.figure} | {item.reading}" for item in ESTIMANDS]
    assert len(one) == 3
    assert one["l1_conv | buyers over reached"].nunique() == 3
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


@pytest.mark.skipif(not FACEBOOK.exists(), reason=f"{FACEBOOK} is absent")
def test_on_a_graph_of_ones_own_nothing_is_refitted_or_judged(tmp_path):
    reach.reach(graph=FACEBOOK, seed=3, out=tmp_path, replicates=1, campaigns=60)
    rows = pd.read_csv(tmp_path / "verdicts.csv")
    assert len(rows) == len(ESTIMANDS)
    assert set(rows["verdict"]) == {"-"}
    assert rows["simulated"].notna().all()
    weights = tables.read(tmp_path / "reach" / "weights.csv")
    usual = Scenario().weights
    assert weights["value"].tolist() == [getattr(usual, name) for name in weights["weight"]]
    assert "found" not in weights
    record = manifest.read(tmp_path / "reach")
    assert [item["name"] for item in record["inputs"]] == [FACEBOOK.name]
    assert record["parameters"]["users"] == 4039


def test_a_small_graph_gets_the_campaigns_that_it_has_room_for(tmp_path, monkeypatch):
    """12 people in a ring and 988 without friends: three may sell."""
    monkeypatch.setattr(prior, "DRAWS", 2)
    path = tmp_path / "ring.txt"
    edges = [f"{node} {(node + 1) % 11}\n" for node in range(11)]
    path.write_text("".join([*edges, "0 999\n"]))
    reach.reach(graph=path, seed=3, out=tmp_path / "out", replicates=2)
    rows = pd.read_parquet(tmp_path / "out" / "reach" / "campaigns.parquet")
    assert rows.groupby("replicate").size().tolist() == [3, 3]
    assert manifest.read(tmp_path / "out" / "reach")["parameters"]["campaigns"] == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--graph", "missing.txt"],
            "missing.txt: No such file or directory; give a file of edges",
        ),
        (["--graph", "letters.txt"], "letters.txt, line 2: 'x' is not a node id; give an integer"),
        (["--users", "3"], "users is 3; give at least 100"),
        (["--replicates", "0"], "replicates is 0 and campaigns 2000; give at least 1 of each"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_written(tmp_path, refusal, arguments, told):
    (tmp_path / "letters.txt").write_text("0 1\n1 x\n")
    if arguments[0] == "--graph":
        arguments = ["--graph", str(tmp_path / arguments[1])]
        told = f"{tmp_path}/{told}"
    assert refusal(reach.reach, *arguments) == f"weishang: {told}"
