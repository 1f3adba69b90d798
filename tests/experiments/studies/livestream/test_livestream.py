"""The livestream experiment from end to end at a small size, and the rules of its verdicts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis import prior, reported, verdicts
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies.livestream import livestream
from weishang.experiments.studies.livestream.audiences import RECOMMENDED
from weishang.experiments.studies.livestream.verdict_rules import (
    BY_SHOWN,
    BY_VIEWERS,
    FRIENDS_POST,
    LIVE,
    NO_CHOICE,
    TRADITIONAL,
)
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters
from weishang.model.scenario import Scenario

SIZES = {"users": 1000, "seed": 7, "replicates": 2, "days": 1, "sellers": 30}
FILES = {
    "codebook.csv",
    "audiences.parquet",
    "conversions.csv",
    "conversions.pdf",
    "conversions.png",
    "manifest.json",
    "minutes.csv",
    "minutes.pdf",
    "minutes.png",
    "prior.parquet",
    "room_minutes.parquet",
    "selection.csv",
    "selection.pdf",
    "selection.png",
    "table.md",
}
DRAWS = 4


@pytest.fixture(scope="module")
def outs(tmp_path_factory):
    """Results of two runs."""
    folders = [tmp_path_factory.mktemp("run") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prior, "DRAWS", DRAWS)
        for folder in folders:
            livestream.livestream(out=folder, **SIZES)
    return folders


@pytest.fixture(scope="module")
def found(outs):
    return tables.read(outs[0] / "livestream" / "conversions.csv").set_index(["kind", "reading"])


def test_the_folder_holds_all_that_is_promised(outs):
    assert {path.name for path in outs[0].iterdir()} == {"livestream", "verdicts.csv"}
    assert {path.name for path in (outs[0] / "livestream").iterdir()} == FILES
    manifest.verify(outs[0] / "livestream")


def test_two_runs_give_the_same_bytes(outs):
    for name in sorted(FILES - {"manifest.json"}):
        one, other = (folder / "livestream" / name for folder in outs)
        assert one.read_bytes() == other.read_bytes(), name
    assert (outs[0] / "verdicts.csv").read_bytes() == (outs[1] / "verdicts.csv").read_bytes()


def test_conversions_are_counted_from_the_audiences(outs, found):
    rows = pd.read_parquet(outs[0] / "livestream" / "audiences.parquet")
    for kind in (LIVE, NO_CHOICE, TRADITIONAL):
        some = rows[(rows["kind"] == kind) & (rows["who"] != RECOMMENDED)]
        by_viewers = some["buyers"].sum() / some["visitors"].sum()
        assert found.loc[(kind, BY_VIEWERS), "value"] == pytest.approx(by_viewers)
        by_shown = some["buyers"].sum() / some["shown"].sum()
        assert found.loc[(kind, BY_SHOWN), "value"] == pytest.approx(by_shown)


def test_choosing_selects_the_interested(outs):
    table = tables.read(outs[0] / "livestream" / "selection.csv").set_index(["kind", "who"])
    assert RECOMMENDED not in table.index.get_level_values("who")
    chosen, sent = table.loc[(LIVE, "strangers")], table.loc[(NO_CHOICE, "strangers")]
    assert chosen["interested_visitors"] > chosen["interested_shown"]
    assert chosen["interested_visitors"] > sent["interested_visitors"]
    assert chosen["visitors"] < sent["visitors"]


def test_choosing_raises_conversion_and_friction_lowers_it(found):
    values = found["value"]
    assert values[LIVE, BY_VIEWERS] > values[NO_CHOICE, BY_VIEWERS]
    assert values[TRADITIONAL, BY_VIEWERS] < values[NO_CHOICE, BY_VIEWERS]


def test_the_verdict_is_of_viewers_and_of_no_other_figure(outs, found):
    rows = verdicts.read(outs[0]).to_dict("records")
    assert [(row["id"], row["reading"]) for row in rows] == [
        ("live_conv", BY_VIEWERS),
        ("live_conv", BY_SHOWN),
    ]
    for row in rows:
        told = found.loc[(LIVE, row["reading"])]
        assert row["role"] in ("predicted", "implied")
        holds = reported.figure("live_conv").holds(told["value"])
        assert row["verdict"] == ("inside" if holds else "outside")
        columns = {"simulated": "value"}
        for name in ("simulated", "ci_low", "ci_high", "prior_low", "prior_high", "mechanism_off"):
            assert row[name] == told[columns.get(name, name)]
        assert row["why"]


def test_minutes_are_means_over_rooms(outs):
    folder = outs[0] / "livestream"
    mean = tables.read(folder / "minutes.csv")
    rows = pd.read_parquet(folder / "room_minutes.parquet")
    assert mean["minute"].tolist() == 2 * list(range(LivestreamParameters().minutes))
    assert mean["how"].nunique() == 2
    total = rows["arrivals"].sum() / rows.groupby("replicate")["rooms"].first().sum()
    assert mean["arrivals"].sum() == pytest.approx(total)


def test_the_prior_predictive_is_drawn_for_both_readings(outs, found):
    draws = pd.read_parquet(outs[0] / "livestream" / "prior.parquet")
    assert list(draws.columns) == [BY_VIEWERS, BY_SHOWN]
    assert len(draws) == DRAWS
    assert draws[BY_VIEWERS].nunique() == DRAWS
    low, high = np.quantile(draws[BY_VIEWERS], prior.INTERVAL)
    told = found.loc[(LIVE, BY_VIEWERS)]
    assert (told["prior_low"], told["prior_high"]) == pytest.approx((low, high))


def test_scenarios_differ_by_what_they_are_named_for():
    usual = Scenario()
    every = livestream.scenarios(usual)
    live = every[LIVE]
    assert live.livestream == usual.livestream
    room = usual.livestream
    assert every[NO_CHOICE] == replace(live, livestream=replace(room, watch_cost=0.0, boredom=0.0))
    assert every[TRADITIONAL] == replace(live, livestream=replace(room, traditional=True))
    assert every[FRIENDS_POST].sellers.tools[0] == 1.0


def test_the_prior_leaves_the_people_and_the_kind_of_room_alone(monkeypatch):
    monkeypatch.setattr(prior, "DRAWS", 2)
    setting = Setting.of(None, 600, 5, replicates=2, days=1, sellers=10)
    one, other = (livestream.prior_predictive(setting, Scenario(), 5) for _ in range(2))
    assert one.equals(other)
    assert not one.equals(livestream.prior_predictive(setting, Scenario(), 6))


def test_on_a_graph_of_ones_own_nothing_is_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(prior, "DRAWS", 2)
    path = tmp_path / "ring.txt"
    edges = [f"{node} {(node + step) % 120}\n" for node in range(120) for step in (1, 2, 3)]
    path.write_text("".join(edges))
    livestream.livestream(graph=path, seed=3, out=tmp_path / "out", replicates=2, sellers=10)
    assert set(verdicts.read(tmp_path / "out")["verdict"]) == {"-"}


def test_bad_input_is_one_line_exit_2_and_nothing_written(refusal):
    told = "replicates is 1; give at least 2, to compare pairs"
    assert refusal(livestream.livestream, "--replicates", "1") == f"weishang: {told}"
