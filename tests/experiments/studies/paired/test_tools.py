"""The tools experiment from end to end at a small size, and that a tool is all that is changed."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis import reported
from weishang.experiments.analysis.paired import campaign_outcomes
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies.paired import tools
from weishang.model.core.campaigns import Tool
from weishang.model.scenario import Mechanisms, Scenario

SIZES = {"users": 800, "seed": 7, "worlds": 2, "days": 1, "sellers": 50}
FILES = {
    "codebook.csv",
    "campaigns.parquet",
    "content.csv",
    "content_campaigns.parquet",
    "manifest.json",
    "market_outcomes.csv",
    "market_worlds.parquet",
    "mechanisms.csv",
    "mechanisms.pdf",
    "mechanisms.png",
    "outcomes.csv",
    "retention.csv",
    "table.md",
    "tools.csv",
    "tools.pdf",
    "tools.png",
    "worlds.parquet",
}
OFFER = ["world", "campaign", "seller", "channel", "external", "rich", "price", "shareability"]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    tools.tools(out=folder, **SIZES)
    return folder / "tools"


@pytest.fixture(scope="module")
def campaigns(out):
    rows = pd.read_parquet(out / "campaigns.parquet")
    return {name: some.reset_index(drop=True) for name, some in rows.groupby("run", sort=False)}


@pytest.fixture(scope="module")
def found(out):
    return tables.read(out / "tools.csv").set_index(["tool", "outcome"])


def test_the_folder_holds_all_that_is_promised(out):
    assert {path.name for path in out.iterdir()} == FILES
    manifest.verify(out)
    assert manifest.read(out)["parameters"]["market_days"] == 2


def test_a_second_run_gives_the_same_bytes(out, tmp_path):
    tools.tools(out=tmp_path, **SIZES)
    for name in sorted(FILES - {"manifest.json"}):
        assert (tmp_path / "tools" / name).read_bytes() == (out / name).read_bytes(), name


def test_every_tool_and_every_mechanism_has_its_rows(out, found):
    assert set(tools.NAMES) == set(Tool)
    assert set(found.index.get_level_values("tool")) == set(tools.NAMES.values()) - {"no tool"}
    assert set(tools.SWITCHES) == {item.name for item in fields(Mechanisms)}
    without = tables.read(out / "mechanisms.csv")["without"]
    assert set(without) == set(tools.SWITCHES.values())


def test_the_same_offers_are_made_but_for_the_tool(campaigns):
    plain = campaigns["no tool"]
    assert (plain["tool"] == "none").all()
    assert len(plain) == 2 * 50
    for tool, name in tools.NAMES.items():
        assert (campaigns[name]["tool"] == tool.name.lower()).all()
        assert campaigns[name][OFFER].equals(plain[OFFER])


def test_effects_are_means_a_campaign(campaigns, found):
    plain, discount = campaigns["no tool"], campaigns["discount"]
    for name, measure in (("orders", "orders"), ("refunds", "refunded")):
        effect = (discount[measure] - plain[measure]).mean()
        assert found.loc[("discount", name), "effect"] == pytest.approx(effect)


def test_each_tool_acts_as_it_is_meant_to(found):
    assert found.loc[("discount", "conversion"), "effect"] > 0.0
    assert found.loc[("team purchase", "refunds"), "effect"] > 0.0
    assert found.loc[("livestream", "reach"), "effect"] > 0.0
    for name in ("discount", "bargain", "livestream"):
        assert found.loc[(name, "refunds"), "effect"] == 0.0


def test_nothing_but_the_tool_is_forced():
    usual = Scenario()
    plain, live = (tools.forced(usual, tool) for tool in (Tool.NONE, Tool.LIVESTREAM))
    assert live.sellers.tools == (0.0, 0.0, 0.0, 0.0, 1.0)
    assert replace(live, sellers=replace(live.sellers, tools=plain.sellers.tools)) == plain
    on = plain.mechanisms
    off = {item.name for item in fields(on) if not getattr(on, item.name)}
    assert off == {"learning", "fatigue", "search"}
    assert replace(plain, mechanisms=usual.mechanisms, sellers=usual.sellers) == usual


def test_contents_are_compared_in_the_same_campaigns(out):
    rows = pd.read_parquet(out / "content_campaigns.parquet")
    plain, rich = (rows[rows["run"] == name].reset_index(drop=True) for name in tools.SHARE_OF_RICH)
    same = [name for name in OFFER if name != "rich"]
    assert plain[same].equals(rich[same])
    assert rich["rich"].all()
    assert not plain["rich"].any()
    table = tables.read(out / "content.csv").set_index("outcome")
    assert table.loc["visits", "effect"] > 0.0


def campaign(sharers, visitors, reach):
    return {"sharers_1": sharers, "visitors_1": visitors, "reach_1": reach}


def frame(*rows):
    levels = {f"{name}_{level}": 0 for name in ("sharers", "visitors", "reach") for level in (2, 3)}
    return pd.DataFrame([{**row, **levels} for row in rows])


def test_retention_in_each_reading():
    plain = frame(campaign(0, 10, 100), campaign(9, 30, 50), campaign(0, 0, 10))
    rich = frame(campaign(1, 10, 100), campaign(12, 30, 50), campaign(0, 0, 10))
    table = tools.retention(
        {"plain content": plain, "rich content": rich}, np.random.default_rng(1)
    )
    values = {(row["content"], row["reading"]): row["value"] for row in table.to_dict("records")}
    each, visits, reach, anyone = (reading.name for reading in tools.READINGS)
    assert values["plain content", each] == pytest.approx((0.0 + 0.3) / 2)
    assert values["rich content", each] == pytest.approx((0.1 + 0.4) / 2)
    assert values["plain content", visits] == pytest.approx(9 / 40)
    assert values["rich content", reach] == pytest.approx(13 / 160)
    assert values["plain content", anyone] == pytest.approx(1 / 3)
    assert values["difference", anyone] == pytest.approx(1 / 3)
    assert (table["ci_low"] <= table["value"]).all()
    assert (table["value"] <= table["ci_high"]).all()
    assert set(table["reported"].round(9)) == {0.16, 0.22, 0.38}
    assert reported.figure("retention_rich").point() == 0.38


def test_campaigns_that_are_all_alike_have_no_interval():
    same = frame(*[campaign(2, 10, 20)] * 30)
    runs = {"plain content": same, "rich content": same}
    table = tools.retention(runs, np.random.default_rng(1))
    contents = table[table["content"] != "difference"]
    assert np.allclose(contents["ci_low"], contents["ci_high"])
    difference = table[table["content"] == "difference"]
    assert (difference[["value", "ci_low", "ci_high"]] == 0.0).all(axis=None)


def test_a_tool_that_nobody_could_use_changes_nothing():
    """Forced or not, what is compared is the markets of the same worlds."""
    setting = Setting.of(None, 600, 5, worlds=2, days=1, sellers=20)
    run = setting.run(tools.forced(Scenario(), Tool.NONE), "none")
    table = tools.compare({"one": run, "other": run}, campaign_outcomes(1.0), "tool")
    assert (table["effect"] == 0.0).all()
    assert table["tool"].unique().tolist() == ["other"]
