"""Parts of a table: whole, known by their hash, and the same merged however they were cut."""

import hashlib
import itertools
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from weishang.experiments.storage import partitions as parts

UNITS = {"run": "id", "policy": "name", "reach": "people", "seed": "seed"}
MANY = 3 * parts.ROWS + 1234

WAIT = """
import sys, time
from pathlib import Path
from weishang.experiments.storage import atomic
with atomic.staged_file(Path(sys.argv[1]), clean_first=False) as staging:
    staging.write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(600)
"""


def rows(count, seed=1):
    rng = np.random.default_rng(seed)
    reach = rng.normal(size=count)
    reach[rng.random(count) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "run": np.arange(count, dtype=np.int64),
            "policy": pd.Series(rng.choice(["usual", "未知", 'no, "thanks"'], count), dtype="str"),
            "reach": reach,
            "seed": rng.integers(1 << 63, size=count, dtype=np.uint64) * np.uint64(2),
        }
    )


def write_all(folder, frame, cuts, units=UNITS):
    ends = [0, *sorted(cuts), len(frame)]
    for number, (first, last) in enumerate(itertools.pairwise(ends)):
        parts.write(folder, "runs", number, frame.iloc[first:last], units)
    return list(parts.find(folder, "runs").values())


def merged(folder, frame, cuts):
    folder.mkdir()
    target = folder / "runs.parquet"
    made = write_all(folder, frame, cuts)
    assert parts.merge(made, target) == len(frame)
    return target.read_bytes()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_part_is_named_by_its_bytes_and_reads_back(tmp_path):
    frame = rows(100)
    part = parts.write(tmp_path, "runs", 12, frame, UNITS)
    digest = hashlib.sha256(part.path.read_bytes()).hexdigest()
    assert names(tmp_path) == [f"runs-000012-{digest}.parquet"]
    assert parts.find(tmp_path, "runs") == {12: part}
    parts.check(part)
    pd.testing.assert_frame_equal(parts.read(part).to_pandas(), frame, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_parquet(part.path), frame, check_exact=True)


def test_units_are_in_the_schema(tmp_path):
    part = parts.write(tmp_path, "runs", 0, rows(3), UNITS)
    merged_file = tmp_path / "merged.parquet"
    parts.merge([part], merged_file)
    for path in (part.path, merged_file):
        schema = pq.read_schema(path)
        assert {field.name: field.metadata[b"unit"].decode() for field in schema} == UNITS
        assert b"pandas" not in schema.metadata
        assert set(schema.metadata) == {b"units"}


def test_the_same_rows_give_the_same_file(tmp_path):
    one = parts.write(tmp_path, "runs", 0, rows(50), UNITS)
    other_kind = rows(50).astype({"policy": "category"})
    other_kind["policy"] = other_kind["policy"].cat.add_categories(["never"])
    assert parts.write(tmp_path, "runs", 0, other_kind, UNITS) == one
    assert parts.write(tmp_path, "runs", 0, rows(50).astype({"policy": object}), UNITS) == one
    assert parts.write(tmp_path, "runs", 0, rows(90).iloc[:50].assign(**rows(50)), UNITS) == one
    assert len(names(tmp_path)) == 1


def test_a_column_without_any_value_is_text(tmp_path):
    frame = pd.DataFrame({"run": [1], "why": [None]})
    part = parts.write(tmp_path, "runs", 0, frame, {"run": "id", "why": "text"})
    assert parts.read(part).schema.field("why").type == pa.string()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_merging_gives_the_same_bytes_for_every_cut(tmp_path_factory, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROWS", data.draw(st.integers(1, 40)))
        count = data.draw(st.integers(0, 120))
        frame = rows(count, seed=count)
        folder = tmp_path_factory.mktemp("cuts")
        cuts = st.lists(st.integers(0, count), max_size=6)
        one = merged(folder / "one", frame, data.draw(cuts))
        assert one == merged(folder / "two", frame, data.draw(cuts))
        pd.testing.assert_frame_equal(pd.read_parquet(folder / "two" / "runs.parquet"), frame)


@pytest.mark.parametrize("cuts", [[], [parts.ROWS], [1, 70_000, 70_001, 150_000], [MANY]])
def test_merging_many_rows_gives_the_same_bytes_for_every_cut(tmp_path, cuts):
    frame = rows(MANY)
    assert merged(tmp_path / "one", frame, [1000, 140_000]) == merged(tmp_path / "two", frame, cuts)
    told = pq.read_metadata(tmp_path / "two" / "runs.parquet")
    sizes = [told.row_group(number).num_rows for number in range(told.num_row_groups)]
    assert sizes == [parts.ROWS] * 3 + [1234]


def test_texts_with_and_without_a_dictionary_merge_to_the_same_bytes(tmp_path):
    """The writer gives dictionaries up in a row group whose texts differ much."""
    count = parts.ROWS + 100
    texts = [f"{number:064d}" if number % 5 else "same" for number in range(count)]
    frame = rows(count).assign(policy=pd.Series(texts, dtype="str"))
    one = merged(tmp_path / "one", frame, range(0, count, 9_000))
    assert one == merged(tmp_path / "two", frame, [5, 60_000])


def test_order_of_the_parts_given_does_not_matter(tmp_path):
    made = write_all(tmp_path, rows(60), [10, 30])
    parts.merge(made, tmp_path / "one.parquet")
    parts.merge(made[::-1], tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_memory_of_merging_does_not_grow_with_the_parts(tmp_path):
    frame = rows(parts.ROWS)
    for number in range(16):
        parts.write(tmp_path, "runs", number, frame, UNITS)
    few, many = peak_of_merging(tmp_path, 4), peak_of_merging(tmp_path, 16)
    one = pa.Table.from_pandas(frame).nbytes
    assert many < few + one
    assert many < 8 * one


def peak_of_merging(folder, count):
    """Bytes that Arrow holds at most in a process that merges the first parts of a folder."""
    code = (
        "import sys, pyarrow as pa\n"
        "from pathlib import Path\n"
        "from weishang.experiments.storage import partitions as parts\n"
        "made = list(parts.find(Path(sys.argv[1]), 'runs').values())[:int(sys.argv[2])]\n"
        "parts.merge(made, Path(sys.argv[1]) / 'merged.parquet')\n"
        "print(pa.default_memory_pool().max_memory())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.parametrize("place", [4, 200, -9])
def test_a_changed_byte_is_found_before_anything_is_read(tmp_path, place):
    made = write_all(tmp_path, rows(60), [30])
    data = bytearray(made[1].path.read_bytes())
    data[place] ^= 1
    made[1].path.write_bytes(data)
    target = tmp_path / "merged.parquet"
    target.write_text("old")
    for work in (
        lambda: parts.check(made[1]),
        lambda: parts.read(made[1]),
        lambda: parts.merge(made, target),
    ):
        with pytest.raises(ValueError, match=rf"{made[1].path.name}: is damaged"):
            work()
    assert target.read_text() == "old"
    assert not [name for name in names(tmp_path) if name.startswith(".")]


def test_a_missing_part_is_named(tmp_path):
    part = parts.write(tmp_path, "runs", 0, rows(3), UNITS)
    part.path.unlink()
    with pytest.raises(ValueError, match=rf"{part.path.name}: is missing"):
        parts.check(part)


def test_two_files_for_one_part_are_refused(tmp_path):
    parts.write(tmp_path, "runs", 7, rows(3), UNITS)
    parts.write(tmp_path, "runs", 7, rows(4), UNITS)
    with pytest.raises(ValueError, match="both are part 7"):
        parts.find(tmp_path, "runs")


def test_links_are_refused(tmp_path):
    part = parts.write(tmp_path, "runs", 0, rows(3), UNITS)
    kept = tmp_path / "elsewhere"
    part.path.rename(kept)
    part.path.symlink_to(kept)
    with pytest.raises(ValueError, match="is a link"):
        parts.find(tmp_path, "runs")
    with pytest.raises(ValueError, match="not a file"):
        parts.check(part)


def test_other_files_are_no_parts(tmp_path):
    part = parts.write(tmp_path, "runs", 3, rows(3), UNITS)
    parts.write(tmp_path, "runs_of_days", 0, rows(3), UNITS)
    for name in ("runs-3-ab.parquet", f".{part.path.name}.new-1-ab", "runs.parquet", "runs-x"):
        (tmp_path / name).write_text("")
    assert parts.find(tmp_path, "runs") == {3: part}
    assert parts.of_path(tmp_path / "runs.parquet") is None


def test_a_part_that_unpacks_to_more_than_it_has_is_refused_though_its_hash_is_right(tmp_path):
    """A long text that stands in the file once, and is meant by every row."""
    table = pa.table({"why": pa.DictionaryArray.from_arrays([0] * 2000, ["x" * (1 << 20)])})
    path = tmp_path / "bomb"
    pq.write_table(table, path, compression="zstd")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    bomb = parts.of_path(path.rename(tmp_path / f"runs-000000-{digest}.parquet"))
    assert bomb.path.stat().st_size < 10_000
    parts.check(bomb)
    for work in (lambda: parts.read(bomb), lambda: parts.merge([bomb], tmp_path / "merged")):
        with pytest.raises(ValueError, match=r"bytes of text in 2,000 rows"):
            work()
    assert names(tmp_path) == [bomb.path.name]


@pytest.mark.parametrize(
    ("change", "units", "fault"),
    [
        (lambda frame: frame.rename(columns={"reach": "views"}), {"views": "people"}, "'reach'"),
        (lambda frame: frame.astype({"run": "float64"}), {}, "column 'run' is double"),
        (lambda frame: frame, {"reach": "views"}, "column 'reach' is double in 'views'"),
    ],
)
def test_parts_of_other_columns_are_named(tmp_path, change, units, fault):
    parts.write(tmp_path, "runs", 0, rows(3), UNITS)
    frame = change(rows(3))
    theirs = {name: {**UNITS, **units}[name] for name in frame.columns}
    odd = parts.write(tmp_path, "runs", 1, frame, theirs)
    made = list(parts.find(tmp_path, "runs").values())
    with pytest.raises(ValueError, match=rf"{odd.path.name}: .*{fault}"):
        parts.merge(made, tmp_path / "merged.parquet")
    assert not (tmp_path / "merged.parquet").exists()


def test_parts_that_cannot_be_merged_are_refused(tmp_path):
    runs = parts.write(tmp_path, "runs", 0, rows(3), UNITS)
    days = parts.write(tmp_path, "days", 1, rows(3), UNITS)
    for given_parts in ([], [runs, runs], [runs, days]):
        with pytest.raises(ValueError, match="parts of one table"):
            parts.merge(given_parts, tmp_path / "merged.parquet")


@pytest.mark.parametrize(
    ("table", "number", "frame", "units", "fault"),
    [
        ("../runs", 0, rows(1), UNITS, "part 0"),
        ("runs", -1, rows(1), UNITS, "part -1"),
        ("runs", 0, rows(1), {"run": "id"}, "has no unit"),
        ("runs", 0, rows(1)[["run"]], UNITS, "has no unit, or the unit has no column"),
        ("runs", 0, pd.DataFrame({"run": [1, "a"]}), {"run": "id"}, "'run' has no one type"),
        ("runs", 0, pd.DataFrame([[1, 2]], columns=["a", "a"]), {"a": "id"}, "stands twice"),
    ],
)
def test_what_cannot_be_a_part_is_refused(tmp_path, table, number, frame, units, fault):
    with pytest.raises(ValueError, match=fault):
        parts.write(tmp_path, table, number, frame, units)
    assert names(tmp_path) == []


def test_cleaning_takes_the_dead_and_leaves_the_living(tmp_path):
    part = parts.write(tmp_path, "runs", 0, rows(3), UNITS)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WAIT, str(part.path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
        os.kill(writers[0].pid, signal.SIGKILL)
        writers[0].wait()
        assert len(names(tmp_path)) == 3
        parts.clean(tmp_path)
        left = [name for name in names(tmp_path) if name.startswith(".")]
        assert [f".new-{writers[1].pid}-" in name for name in left] == [True]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    parts.clean(tmp_path)
    assert names(tmp_path) == [part.path.name]
