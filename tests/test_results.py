"""What is kept in results/ is whole, today's code makes it, and the weights are those fitted."""

from pathlib import Path

import pytest

from weishang.experiments.analysis import verdicts
from weishang.experiments.storage import behaviour, manifest, tables
from weishang.experiments.studies.reach.estimands import ESTIMANDS
from weishang.model.core.weights import DecisionWeights
from weishang.model.scenario import Scenario

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
FOLDERS = sorted(path.parent for path in RESULTS.glob("*/manifest.json"))
ON_GRAPHS = [folder for folder in FOLDERS if manifest.read(folder)["graph_sha256"]]
"""Results of simulations; of the others one is arithmetic, and the rest are about the program."""

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


@pytest.mark.parametrize("folder", ON_GRAPHS, ids=[folder.name for folder in ON_GRAPHS])
def test_results_are_those_of_todays_code(folder):
    """A small simulation comes out as when the result was made; the benchmark runs no market.

    Files that agree with each other say nothing of the code: a change of the simulation that left
    results/ as it is would pass every other test here.
    """
    record = manifest.read(folder)
    again = record["command"]
    again = "make reproduce" if again == "weishang reproduce" else again
    made_by = record.get("behaviour")
    assert made_by is not None, f"made by older code; run {again}"
    today = behaviour.fingerprint()
    of_market = [] if folder.name == "bench" else ["market"]
    differs = [what for what in ("cascades", *of_market) if made_by[what] != today[what]]
    assert not differs, f"today's code simulates another {' and '.join(differs)}; run {again}"


def test_every_estimand_has_a_verdict():
    table = verdicts.read(RESULTS)
    assert {(item.figure, item.reading) for item in ESTIMANDS} <= {
        (row["id"], row["reading"]) for row in table.to_dict("records")
    }
    assert (table["why"] != "").all()
