"""What is kept in results/ is whole, and the shipped weights are those that were fitted."""

from pathlib import Path

import pytest

from weishang.experiments.analysis import verdicts
from weishang.experiments.analysis.estimands import ESTIMANDS
from weishang.experiments.storage import manifest, tables
from weishang.experiments.studies.reproduce import ON_A_SOCIETY
from weishang.model.core.weights import DecisionWeights
from weishang.model.scenario import Scenario

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
README = ROOT / "README.md"
FOLDERS = sorted(path.parent for path in RESULTS.glob("*/manifest.json"))

pytestmark = pytest.mark.skipif(not FOLDERS, reason="results/ is empty: run `make reproduce`")


def test_every_folder_has_a_manifest():
    assert {path for path in RESULTS.iterdir() if path.is_dir()} == set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_files_are_those_of_the_manifest(folder):
    manifest.verify(folder)


def test_the_default_weights_are_the_fitted_ones():
    """To the 1% within which a figure counts as met."""
    usual = DecisionWeights()
    rows = tables.read(RESULTS / "reach" / "weights.csv").to_dict("records")
    assert len(rows) == 5
    for row in rows:
        assert row["found"]
        assert getattr(usual, row["weight"]) == pytest.approx(row["value"], rel=0.01)


def test_the_default_unit_of_money_is_the_fitted_one():
    row = tables.read(RESULTS / "channels" / "money.csv").iloc[0]
    assert row["fitted"]
    assert Scenario().money.reference_price == pytest.approx(row["reference_price"], rel=0.01)


def test_reproduce_takes_the_minutes_that_the_readme_says():
    """Six, to the nearest two: the wall times of what it writes, one after the other."""
    names = ["audit", *(experiment.__name__ for experiment in ON_A_SOCIETY)]
    seconds = sum(manifest.read(RESULTS / name)["wall_seconds"] for name in names)
    assert "takes some six minutes on two cores" in " ".join(README.read_text("utf-8").split())
    assert abs(seconds / 60.0 - 6.0) < 2.0


def test_every_estimand_has_a_verdict():
    table = verdicts.read(RESULTS)
    assert {(item.figure, item.reading) for item in ESTIMANDS} <= {
        (row["id"], row["reading"]) for row in table.to_dict("records")
    }
    assert (table["why"] != "").all()
