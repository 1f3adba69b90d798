"""The market's timing: on a small market, whole and consistent."""

from pathlib import Path

import pytest

from weishang.experiments.bench.market.market_speed import COLUMNS, WHOLE, market_speed
from weishang.experiments.storage import manifest, tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    market_speed(users=1_500, seed=3, out=out, sellers=100, days=2)
    return out / "market"


def test_the_stages_are_held_to_the_day_that_is_timed_from_outside(folder: Path) -> None:
    profile = tables.read(folder / "profile.csv").set_index("stage")
    stages = profile.drop(WHOLE)
    assert (profile["seconds_a_day"] > 0.0).all()
    assert profile.loc[WHOLE, "share"] == 1.0
    assert 0.5 < stages["share"].sum() <= 1.0


def test_days_are_timed_at_each_activity(folder: Path) -> None:
    days = tables.read(folder / "days.csv")
    assert days["activity"].nunique() == 2
    assert days["day"].tolist() == [1, 2, 1, 2]
    assert (days["seconds"] > 0.0).all()


def test_every_column_is_described_and_no_other(folder: Path) -> None:
    book = tables.read(folder / "codebook.csv").groupby("table")["column"].apply(set)
    described = {name: set(columns) for name, columns in COLUMNS.items()}
    assert book.drop("codebook").to_dict() == described


def test_claims_are_what_the_days_say(folder: Path) -> None:
    days, claims = (tables.read(folder / f"{name}.csv") for name in ("days", "claims"))
    usual = days[days["activity"] == days["activity"].min()]
    assert claims["measured"].tolist() == pytest.approx(
        [usual["seconds"].median(), usual["peak_gb"].max()]
    )
    assert (claims["met"] == (claims["measured"] <= claims["at_most"])).all()
    manifest.verify(folder)


@pytest.mark.parametrize(("sellers", "days"), [(0, 2), (10, 0)])
def test_numbers_out_of_range_are_told(tmp_path: Path, sellers: int, days: int) -> None:
    with pytest.raises(ValueError, match=f"sellers is {sellers} and days {days}"):
        market_speed(users=500, seed=1, out=tmp_path, sellers=sellers, days=days)
