"""Gathering a sweep: all its rows, tables of them, what is missing or damaged."""

import numpy as np
import pandas as pd
import pytest
from forked import weishang

from weishang.experiments.storage import manifest, partitions
from weishang.experiments.storage import tables as csv_tables
from weishang.experiments.storage.report import Report
from weishang.experiments.sweep.execute import runs as sweep_runs
from weishang.experiments.sweep.results import gather
from weishang.experiments.sweep.results import tables as sweep_tables
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

SWEEP = """
format = 1
name = "small"
title = "A small sweep"
method = "grid"
seed = 7
users = 300
sellers = 20
days = 2
replicates = 3
runs_a_part = 4
save_days = true

[parameters]
"sellers.activity" = { values = [0.2, 1.0] }

[policies.usual]
[policies.no_livestreams]
"rules.livestreams" = false
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return sweep_plan.make(path)


@pytest.fixture(scope="module")
def computed(plan, tmp_path_factory):
    """The folder with all parts, gathered."""
    folder = sweep_folder.open_folder(plan, tmp_path_factory.mktemp("results"))
    for number in range(plan.num_parts):
        sweep_runs.compute(plan, folder, number)
    assert gather.collect(plan, folder) == folder / "gathered"
    return folder


@pytest.fixture
def folder(plan, computed, tmp_path):
    """All parts, not gathered yet."""
    folder = sweep_folder.open_folder(plan, tmp_path)
    for path in (computed / "parts").iterdir():
        (folder / "parts" / path.name).write_bytes(path.read_bytes())
    return folder


def a_part(folder, number, table="runs"):
    return partitions.find(folder / "parts", table)[number]


def test_all_rows_are_there_in_order(plan, computed):
    runs = pd.read_parquet(computed / "gathered" / "runs.parquet")
    assert runs["run"].tolist() == list(range(12))
    found = partitions.find(computed / "parts", "runs").values()
    own = pd.concat([partitions.read(part).to_pandas() for part in found], ignore_index=True)
    pd.testing.assert_frame_equal(runs, own)
    days = pd.read_parquet(computed / "gathered" / "days.parquet")
    assert days["run"].tolist() == [run for run in range(12) for _ in range(2)]
    assert days["day"].tolist() == [1, 2] * 12


def test_tables_are_made_from_the_runs(computed):
    runs = pd.read_parquet(computed / "gathered" / "runs.parquet")
    table = csv_tables.read(computed / "gathered" / "summary.csv")
    for (point, policy, outcome), row in table.set_index(["point", "policy", "outcome"]).iterrows():
        own = runs[(runs["point"] == point) & (runs["policy"] == policy)][outcome]
        assert row["mean"] == pytest.approx(own.mean())
        assert row["sd"] == pytest.approx(own.std(), abs=1e-9)
    effects = csv_tables.read(computed / "gathered" / "effects.csv")
    for (point, outcome), row in effects.set_index(["point", "outcome"]).iterrows():
        here = runs[runs["point"] == point].pivot(
            index="replicate", columns="policy", values=outcome
        )
        difference = here["no_livestreams"] - here["usual"]
        assert row["effect"] == pytest.approx(difference.mean(), abs=1e-9)


def test_every_column_of_every_file_is_in_the_codebook(computed):
    gathered = computed / "gathered"
    book = csv_tables.read(gathered / "codebook.csv")
    files = [path for path in gathered.iterdir() if path.suffix in {".csv", ".parquet"}]
    for path in files:
        read = pd.read_parquet if path.suffix == ".parquet" else csv_tables.read
        own = book.loc[book["table"] == path.stem, "column"]
        assert set(own) == set(read(path).columns), path.name
    assert set(book["table"]) == {path.stem for path in files}


def test_the_manifest_fits_and_names_the_sweep(plan, computed):
    manifest.verify(computed / "gathered")
    record = manifest.read(computed / "gathered")
    assert record["parameters"]["sweep_sha256"] == plan.sha256
    assert record["seed"] == 7
    assert [item["name"] for item in record["inputs"]] == ["small.toml"]


def test_gathering_twice_gives_the_same_bytes(plan, computed, folder):
    gather.gather(folder)
    for path in (computed / "gathered").iterdir():
        if path.name != "manifest.json":
            assert (folder / "gathered" / path.name).read_bytes() == path.read_bytes(), path.name


def test_missing_parts_are_named_with_their_runs(plan, folder):
    for number, table in ((0, "runs"), (2, "days")):
        a_part(folder, number, table).path.unlink()
    before = sorted((folder / "parts").iterdir())
    with pytest.raises(ValueError, match="parts are missing") as caught:
        gather.gather(folder)
    assert str(caught.value) == (
        f"{folder}: 2 of 3 parts are missing: 0, 2 (runs 0 to 3, 8 to 11); to compute them, run "
        f"weishang sweep {folder}/inputs/small.toml --out {folder.parent.parent}"
    )
    assert sorted((folder / "parts").iterdir()) == before
    assert not (folder / "gathered").exists()


def test_the_command_that_is_told_goes_on_with_this_sweep(plan, folder):
    a_part(folder, 1).path.unlink()
    words = gather.again(plan, folder).split()
    again = sweep_plan.make(folder / "inputs" / "small.toml")
    assert words[:3] == ["weishang", "sweep", str(again.sweep.path)]
    assert sweep_folder.open_folder(again, folder.parent.parent) == folder
    assert again.sha256 == plan.sha256


def test_damaged_parts_are_all_named_and_nothing_is_gathered(plan, folder):
    for number in (0, 2):
        path = a_part(folder, number).path
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged") as caught:
        gather.gather(folder)
    told = str(caught.value)
    assert all(a_part(folder, number).path.name in told for number in (0, 2))
    assert a_part(folder, 1).path.name not in told
    assert "remove them and run weishang sweep" in told
    assert not (folder / "gathered").exists()


@pytest.mark.parametrize("change", ["runs", "columns", "types"])
def test_a_part_of_other_rows_is_refused_though_its_hash_fits(plan, folder, change):
    part = a_part(folder, 1)
    frame = partitions.read(part).to_pandas()
    units = sweep_tables.units(plan, "runs")
    part.path.unlink()
    if change == "runs":
        frame["run"] += 1
    elif change == "columns":
        frame = frame.rename(columns={"reach": "range"})
        units = {"range" if name == "reach" else name: unit for name, unit in units.items()}
    else:
        frame["reach"] = frame["reach"].astype(str)
    partitions.write(folder / "parts", "runs", 1, frame, units)
    with pytest.raises(ValueError, match="runs-000001-"):
        gather.gather(folder)
    assert not (folder / "gathered").exists()


def test_outcomes_need_the_columns_of_a_sweep(plan, folder):
    units = {"run": "number"}
    frame = pd.DataFrame({"run": np.arange(4)})
    part = partitions.write(folder, "runs", 0, frame, units)
    with pytest.raises(ValueError, match="does not hold the columns and runs 0 to 3"):
        gather._outcomes(plan, [part])


def test_long_tables_are_parquet(plan, folder, monkeypatch):
    monkeypatch.setattr(gather, "PAGE_ROWS", 20)
    gather.collect(plan, folder)
    names = {path.name for path in (folder / "gathered").iterdir()}
    assert {"points.csv", "summary.parquet", "effects.parquet"} <= names
    assert "summary.csv" not in names


def test_a_failure_leaves_what_was_gathered_before(plan, folder, monkeypatch):
    gather.collect(plan, folder)
    before = (folder / "gathered" / "summary.csv").read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Report, "figure", fail)
    with pytest.raises(OSError, match="No space left"):
        gather.collect(plan, folder)
    assert (folder / "gathered" / "summary.csv").read_bytes() == before
    assert not list(folder.glob(".gathered*"))


def test_one_point_one_replicate_one_policy(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(
        'format = 1\nname = "one"\nmethod = "grid"\nseed = 1\nusers = 300\nsellers = 10\n'
        "days = 1\nreplicates = 1\n"
    )
    plan = sweep_plan.make(path)
    folder = sweep_folder.open_folder(plan, tmp_path / "out")
    sweep_runs.compute(plan, folder, 0)
    gathered = gather.collect(plan, folder)
    table = csv_tables.read(gathered / "summary.csv")
    assert table["policy"].eq("usual").all()
    assert table["sd"].isna().all()
    assert not (gathered / "effects.csv").exists()
    assert not (gathered / "days.parquet").exists()
    manifest.verify(gathered)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([], ""),
        ([4], "4"),
        ([0, 1, 2], "0 to 2"),
        ([0, 3, 4, 5, 9], "0, 3 to 5, 9"),
        (range(0, 40, 2), "0, 2, 4, 6, 8, 10, 12, 14 and 12 more ranges"),
    ],
)
def test_ranges_are_told_in_short(numbers, told):
    assert gather.ranges(numbers) == told


def test_bad_input_is_one_line_exit_2(folder):
    a_part(folder, 0).path.unlink()
    done = weishang("gather", folder)
    assert done.returncode == 2
    assert done.stderr.startswith("weishang: ")
    assert done.stderr.count("\n") == 1
    assert "1 of 3 parts are missing: 0 (runs 0 to 3)" in done.stderr
