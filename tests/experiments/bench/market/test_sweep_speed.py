"""The timing of sweeps: on a few runs, whole and consistent; claims follow from measurements."""

from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments.bench.market.sweep_speed import (
    FEW,
    PARTS,
    SIMULATION,
    START,
    SWEEP,
    SWEEP_FILE,
    compute_parts,
    judged,
    overheads,
    run_sweep,
    simulate,
    sweep_speed,
)
from weishang.experiments.storage import manifest, tables
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

KINDS = [SIMULATION, PARTS, SWEEP[1], START[1], SWEEP[2], START[2]]
RUNS = 1_000
REST = RUNS - FEW


def timed(seconds: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"what": what, "repetition": number, "seconds": value}
            for what, values in seconds.items()
            for number, value in enumerate(values)
        ]
    )


def speed(parts: float, two: float) -> pd.DataFrame:
    seconds = [20.0, parts, 34.0, 10.0, two, 11.0]
    return overheads(
        timed({what: [value] for what, value in zip(KINDS, seconds, strict=True)}), RUNS
    )


def test_medians_with_their_range() -> None:
    table = overheads(timed({SIMULATION: [3.0, 1.0, 2.0], START[1]: [4.0, 4.0, 5.0]}), RUNS)
    assert table["what"].tolist() == [SIMULATION, START[1]]
    assert table[["seconds", "low", "high"]].to_numpy().tolist() == [
        [2.0, 1.0, 3.0],
        [4.0, 4.0, 5.0],
    ]
    assert table["ms_a_run"].iloc[0] == 2.0
    assert table["ms_a_run"].isna().tolist() == [False, True]


def test_claims_leave_start_and_end_aside_where_they_say_so() -> None:
    claims = judged(speed(parts=24.0, two=23.0), RUNS)
    assert claims["measured"].tolist() == pytest.approx([4.0, 24e3 / REST - 20.0, 2.0, 34.0 / 23.0])
    assert claims["bar"].tolist() == ["at most 5"] * 2 + ["at least 1.8"] * 2
    assert claims["met"].tolist() == [True, True, True, False]


def test_claims_that_are_not_met_say_so() -> None:
    claims = judged(speed(parts=26.0, two=25.0), RUNS)
    assert claims["measured"].tolist() == pytest.approx(
        [6.0, 24e3 / REST - 20.0, 24.0 / 14.0, 34.0 / 25.0]
    )
    assert claims["met"].tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("runs", "repetitions", "told"),
    [(4, 1, "runs is 4"), (11, 1, "runs is 11"), (10, 0, "repetitions is 0")],
)
def test_numbers_out_of_range_are_told(
    tmp_path: Path, runs: int, repetitions: int, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        sweep_speed(out=tmp_path, runs=runs, repetitions=repetitions)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def few(tmp_path: Path) -> Path:
    sizes = {"name": "few", "seed": 3, "users": 300, "sellers": 5, "days": 1}
    path = tmp_path / "few.toml"
    path.write_text(SWEEP_FILE.format(**sizes, replicates=3, runs_a_part=2), encoding="utf-8")
    return path


def test_markets_alone_and_whole_parts_are_timed(few: Path, tmp_path: Path) -> None:
    plan = sweep_plan.make(few)
    assert simulate(plan, plan.num_runs) > 0.0
    assert compute_parts(plan, tmp_path / "out") > 0.0
    folder = sweep_folder.open_folder(plan, tmp_path / "out")
    assert sweep_folder.missing(plan, folder) == []


def test_a_sweep_that_fails_is_not_timed(tmp_path: Path) -> None:
    (path := tmp_path / "bad.toml").write_text("format = 2", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"(?s)bad\.toml could not be timed.*format"):
        run_sweep(path, 1, tmp_path / "out")


@pytest.mark.slow
def test_a_small_sweep_is_timed_whole(tmp_path: Path) -> None:
    sweep_speed(seed=3, out=tmp_path, runs=6, users=300, sellers=5, days=1, repetitions=1)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep_speed"]
    folder = tmp_path / "sweep_speed"
    manifest.verify(folder)
    kept = {
        name: tables.read(folder / f"{name}.csv") for name in ("claims", "speed", "repetitions")
    }
    assert kept["repetitions"]["what"].tolist() == KINDS
    assert (kept["repetitions"]["seconds"] > 0.0).all()
    again = overheads(kept["repetitions"], 6)
    pd.testing.assert_frame_equal(kept["speed"], again)
    pd.testing.assert_frame_equal(kept["claims"], judged(again, 6))
    seconds = kept["speed"].set_index("what")["seconds"]
    assert seconds[SIMULATION] < seconds[PARTS] < seconds[SWEEP[1]]
    text = manifest.read(folder)["parameters"]["sweep"]
    assert "replicates = 3" in text
