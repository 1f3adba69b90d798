"""The policies experiment from end to end at a small size; each policy changes one rule."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis.counterfactuals import busy
from weishang.experiments.analysis.paired import ENOUGH, market_outcomes
from weishang.experiments.scenario import scenario_file
from weishang.experiments.scenario.scenario_file import DEFAULT, FOLDER, load
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies.paired import policies
from weishang.model.scenario import Scenario

SIZES = {"users": 1000, "seed": 7, "replicates": 3, "days": 2, "sellers": 50}
FILES = {
    "codebook.csv",
    "days.parquet",
    "effects.csv",
    "effects.pdf",
    "effects.png",
    "manifest.json",
    "outcomes.csv",
    "pairing.csv",
    "pairing.pdf",
    "pairing.png",
    "table.md",
    "replicates.parquet",
}
CHANGED = {
    "induced_sharing": ("induced_sharing", True),
    "links_not_demoted": ("link_demotion", (1.0, 1.0, 1.0)),
    "group_cap_200": ("group_cap", 200),
    "group_cap_500": ("group_cap", 500),
    "group_cap_1000": ("group_cap", 1000),
    "platform_first": ("friends_first", False),
    "no_livestreams": ("livestreams", False),
}


@pytest.fixture(scope="module")
def outs(tmp_path_factory):
    """Results of two runs."""
    folders = [tmp_path_factory.mktemp("run") for _ in range(2)]
    for folder in folders:
        policies.policies(out=folder, **SIZES)
    return [folder / "policies" for folder in folders]


@pytest.fixture(scope="module")
def found(outs):
    return tables.read(outs[0] / "effects.csv").set_index(["policy", "outcome"])


def test_each_policy_changes_one_rule_and_nothing_else():
    assert set(CHANGED) == set(policies.POLICIES)
    usual = load(DEFAULT)
    for name, (rule, value) in CHANGED.items():
        file = load(FOLDER / f"{name}.toml")
        assert file.files[1:] == (DEFAULT,)
        assert getattr(file.scenario.rules, rule) == value
        for part in fields(Scenario):
            before, after = (getattr(one.scenario, part.name) for one in (usual, file))
            if part.name != "rules":
                assert before == after
        others = [item.name for item in fields(usual.scenario.rules) if item.name != rule]
        for other in others:
            assert getattr(file.scenario.rules, other) == getattr(usual.scenario.rules, other)
    names = [load(FOLDER / f"{name}.toml").name for name in policies.POLICIES]
    assert len(set(names)) == len(names)


def test_a_policy_has_the_unit_of_the_default():
    units = {row["name"]: row["unit"] for row in Scenario().described()}
    for name, (rule, _) in CHANGED.items():
        given = {one.name: one for one in load(FOLDER / f"{name}.toml").parameters}
        assert given[f"rules.{rule}"].unit == units[f"rules.{rule}"]


def test_the_folder_holds_all_that_is_promised(outs):
    assert {path.name for path in outs[0].iterdir()} == FILES
    manifest.verify(outs[0])


def test_two_runs_give_the_same_bytes(outs):
    for name in sorted(FILES - {"manifest.json"}):
        one, other = (folder / name for folder in outs)
        assert one.read_bytes() == other.read_bytes(), name


def test_the_manifest_names_the_scenario_files(outs):
    record = manifest.read(outs[0])
    names = {item["name"] for item in record["inputs"]}
    assert names == {"default.toml", *(f"{name}.toml" for name in CHANGED)}
    told = record["parameters"]
    assert (told["users"], told["replicates"], told["days"], told["num_sellers"]) == (
        1000,
        3,
        2,
        50,
    )
    assert told["sellers"]["activity"] == 1.0


def test_effects_are_counted_from_the_replicates(outs, found):
    rows = pd.read_parquet(outs[0] / "replicates.parquet")
    assert rows.groupby("policy").size().eq(3).all()
    usual = rows[rows["policy"] == "default"].set_index("replicate")
    for policy in found.index.get_level_values("policy").unique():
        other = rows[rows["policy"] == policy].set_index("replicate")
        for outcome in ("reach", "visits", "orders", "sales", "refunds", "conversion", "profit"):
            effect = (other[outcome] - usual[outcome]).mean()
            assert found.loc[(policy, outcome), "effect"] == pytest.approx(effect)


def test_the_default_in_another_file_changes_nothing(found):
    same = found.loc["group cap 500 (default)"]
    assert (same[["effect", "low", "high", "paired_variance"]] == 0.0).all(axis=None)


def test_rules_that_free_sharing_raise_reach(found):
    for policy in ("induced sharing allowed", "external links not demoted"):
        assert found.loc[(policy, "reach"), "effect"] > 0.0


def test_pairing_saves_at_least_ten_times_for_some_policy(found):
    finite = found[np.isfinite(found["saved"])]
    assert (finite["saved"] >= ENOUGH).any()


def test_every_case_that_saves_less_says_why(outs, found):
    table = tables.read(outs[0] / "pairing.csv").set_index(["policy", "outcome"])
    assert table.index.equals(found.index)
    why = table["why"].fillna("")
    assert ((table["all_days"] >= ENOUGH) & np.isfinite(table["all_days"]) == (why == "")).all()


@pytest.mark.parametrize(
    ("all_days", "first_day", "why"),
    [
        (10.0, 2.0, ""),
        (9.9, 50.0, policies.PART),
        (9.9, np.inf, policies.PART),
        (9.9, np.nan, policies.PART),
        (9.9, 3.0, policies.TAKE_OFF),
        (np.inf, np.inf, policies.EXACT),
        (np.nan, np.nan, policies.EXACT),
    ],
)
def test_the_first_day_tells_why_pairs_part(all_days, first_day, why):
    assert policies._why(all_days, first_day) == why


def test_the_days_are_the_time_series_of_every_policy(outs):
    days = pd.read_parquet(outs[0] / "days.parquet")
    assert days.groupby(["policy", "replicate"])["day"].apply(list).map(lambda x: x == [1, 2]).all()
    assert days["policy"].nunique() == 1 + len(CHANGED)


def test_the_share_of_the_largest_campaigns():
    reach = [1.0] * 19 + [81.0]
    rows = pd.DataFrame({"reach_1": reach, "reach_2": 0.0, "reach_3": 0.0})
    nothing = pd.DataFrame()
    assert policies.share_of_largest(Run(nothing, rows, nothing)) == pytest.approx(0.81)
    assert policies.share_of_largest(Run(nothing, 0.0 * rows, nothing)) == 0.0


def test_the_page_tells_what_was_run_and_saved(outs):
    page = (outs[0] / "table.md").read_text()
    assert (
        "50 sellers with one campaign per day over 2 days, in 3 pairs of replicates of 1,000"
        in page
    )
    assert "Pairing saves at least 10 times in" in page


def test_a_case_without_finite_savings_is_told_too():
    saved = pd.DataFrame({"policy": ["a"], "outcome": ["reach"], "all_days": [np.inf]})
    assert "0 of 0 cases" in policies._about_pairing(saved, 0.5)


def test_policies_sell_every_day():
    scenario = scenario_file.load(DEFAULT).scenario
    assert busy(scenario).sellers.activity == 1.0
    assert len({one.name for one in market_outcomes(1.0)}) == 7


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--replicates", "1"], "replicates is 1; give at least 2, to compare pairs"),
        (["--days", "0"], "days is 0 and sellers 200; give at least 1 of each"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_written(refusal, arguments, told):
    assert refusal(policies.policies, *arguments) == f"weishang: {told}"
