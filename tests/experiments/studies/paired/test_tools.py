"""The tools experiment from end to end at a small size, and that a tool is all that is changed."""

from dataclasses import fields

import pandas as pd
import pytest

from weishang.experiments.analysis.counterfactuals import forced
from weishang.experiments.analysis.paired import campaign_outcomes, compare
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies.paired import tools
from weishang.experiments.studies.paired.retention import SHARE_OF_RICH
from weishang.model.core.campaigns import Tool
from weishang.model.scenario import Mechanisms, Scenario

SIZES = {"users": 800, "seed": 7, "replicates": 2, "days": 1, "sellers": 50}
FILES = {
    "codebook.csv",
    "campaigns.parquet",
    "content.csv",
    "content_campaigns.parquet",
    "manifest.json",
    "market_outcomes.csv",
    "market_replicates.parquet",
    "mechanisms.csv",
    "mechanisms.pdf",
    "mechanisms.png",
    "outcomes.csv",
    "retention.csv",
    "table.md",
    "tools.csv",
    "tools.pdf",
    "tools.png",
    "replicates.parquet",
}
OFFER = ["replicate", "campaign", "seller", "channel", "external", "rich", "price", "shareability"]


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
    switches = {item.name for item in fields(Mechanisms)}
    assert set(tools.SWITCHES) == switches - {"basket", "feed", "links", "reward"}
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


def test_contents_are_compared_in_the_same_campaigns(out):
    rows = pd.read_parquet(out / "content_campaigns.parquet")
    plain, rich = (rows[rows["run"] == name].reset_index(drop=True) for name in SHARE_OF_RICH)
    same = [name for name in OFFER if name != "rich"]
    assert plain[same].equals(rich[same])
    assert rich["rich"].all()
    assert not plain["rich"].any()
    table = tables.read(out / "content.csv").set_index("outcome")
    assert table.loc["visits", "effect"] > 0.0


def test_a_tool_that_nobody_could_use_changes_nothing():
    """Forced or not, what is compared is the markets of the same replicates."""
    setting = Setting.of(None, 600, 5, replicates=2, days=1, sellers=20)
    run = setting.run(forced(Scenario(), Tool.NONE), "none")
    table = compare({"one": run, "other": run}, campaign_outcomes(1.0), "tool")
    assert (table["effect"] == 0.0).all()
    assert table["tool"].unique().tolist() == ["other"]
