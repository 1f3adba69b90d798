"""`weishang run`: a scenario file's market, its series by day, and what it refuses."""

from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments import manifest, scenario_file, tables
from weishang.experiments.run import FOLDER, run
from weishang.model.indicators import EVERYWHERE

SMALL = """
format = 1
name = "a small market"
start = 2022-12-30
days = 3

[sellers.activity]
value = 0.5
unit = "probability of a campaign, by seller and day"
source = "a test: enough campaigns"
role = "set"

[[named_sellers]]
id = "Li"
node = 5
price = 0.5

[[named_sellers]]
id = "Wang"
node = 9
category = 2
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenarios") / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    run(scenario, users=1_500, seed=3, out=out, sellers=40)
    return out / FOLDER / "small"


def test_the_series_has_a_row_a_day_with_dates_and_all_indicators(folder: Path) -> None:
    days = pd.read_parquet(folder / "days.parquet")
    assert days["day"].tolist() == [1, 2, 3]
    assert days["date"].tolist() == ["2022-12-30", "2022-12-31", "2023-01-01"]
    assert {one.name for one in EVERYWHERE} <= set(days.columns)
    campaigns = pd.read_parquet(folder / "campaigns.parquet")
    assert len(campaigns) == days["campaigns"].sum()


def test_named_sellers_sell_at_their_price_and_in_their_category(folder: Path) -> None:
    campaigns = pd.read_parquet(folder / "campaigns.parquet")
    prices = campaigns.loc[campaigns["seller"] == 5, "price"]
    assert len(prices)
    # The level is the scenario's; what is learnt moves it in steps.
    assert set((prices / 0.5).round(9)) <= {1.0, 0.7, 0.85, 1.2, 1.5}


def test_every_column_is_in_the_codebook(folder: Path) -> None:
    codebook = tables.read(folder / "codebook.csv")
    for name in ("days", "campaigns"):
        known = set(codebook.loc[codebook["table"] == name, "column"])
        assert set(pd.read_parquet(folder / f"{name}.parquet").columns) == known


def test_the_summary_is_the_series(folder: Path) -> None:
    days = pd.read_parquet(folder / "days.parquet")
    summary = tables.read(folder / "summary.csv").set_index("indicator")["value"]
    assert summary["reach"] == days["reach"].sum()
    assert summary["followers"] == days["followers"].iloc[-1]


def test_the_manifest_names_the_file_and_its_hash(folder: Path, scenario: Path) -> None:
    record = manifest.read(folder)
    assert [Path(one["name"]).name for one in record["inputs"]] == ["small.toml"]
    read = scenario_file.load(scenario)
    assert record["parameters"]["scenario_sha256"] == read.sha256
    manifest.verify(folder)


def test_the_same_run_gives_the_same_series(scenario: Path, folder: Path, tmp_path: Path) -> None:
    run(scenario, users=1_500, seed=3, out=tmp_path, sellers=40, days=2)
    again = pd.read_parquet(tmp_path / FOLDER / "small" / "days.parquet")
    pd.testing.assert_frame_equal(again, pd.read_parquet(folder / "days.parquet").head(2))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("node = 5", "node = 5000"), "named seller 'Li' is node 5000; the society has nodes"),
        (("category = 2", "category = 99"), "named seller 'Wang' sells category 99"),
    ],
)
def test_sellers_that_the_society_cannot_have_are_told(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL.replace(*change), encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        run(path, users=1_500, seed=3, out=tmp_path, sellers=40)
    assert not (tmp_path / FOLDER / "small").exists()


def test_more_named_sellers_than_sellers_are_told(scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="num_sellers is 1, but 2 are named"):
        run(scenario, users=1_500, seed=3, out=tmp_path, sellers=1)


@pytest.mark.parametrize(("sellers", "days"), [(0, 2), (10, 0)])
def test_numbers_out_of_range_are_told(
    scenario: Path, tmp_path: Path, sellers: int, days: int
) -> None:
    with pytest.raises(ValueError, match=f"sellers is {sellers} and days {days}"):
        run(scenario, users=500, seed=1, out=tmp_path, sellers=sellers, days=days)
