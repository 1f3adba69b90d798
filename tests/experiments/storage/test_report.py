"""A result's folder: what is in it, the same bytes each time, whole or absent."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet as pq

from weishang.experiments.storage import figure_style, manifest, partitions, tables
from weishang.experiments.storage.report import Report

FRAME = pd.DataFrame({"level": [1, 2, 3], "reach": [0.1 + 0.2, 1 / 3, 28741.123456789]})


def draw(levels):
    figure, axes = figure_style.canvas()
    axes.plot(levels["level"], levels["reach"], label="reach")
    axes.set(xlabel="level", ylabel="people reached")
    axes.legend()
    return figure


RESULTS = Path(__file__).parents[3] / "results"
FOLDERS = sorted(path.parent for path in RESULTS.rglob(manifest.NAME))


def make(out, **options):
    graph_file = out.parent / "graph.txt"
    graph_file.write_text("0 1\n")
    with Report(
        "reach",
        out,
        title="Reach",
        parameters={"users": 100},
        seed=2026,
        inputs=[graph_file],
        **options,
    ) as report:
        report.graph_hash = "ab12"
        report.table("levels", FRAME, "Reach by level", "Means over campaigns.")
        report.data("campaigns", FRAME)
        report.figure("curve", draw, "levels")
        report.figure("dots", draw, "campaigns")
    return out / "reach"


def save_twice(report, first, second):
    """The same name for a table and for data."""
    for kind in (first, second):
        getattr(report, kind)("levels", FRAME, *(["Reach"] if kind == "table" else []))


def report_on(out, work):
    with Report("reach", out, title="Reach", parameters={}) as report:
        report.table("first", FRAME, "First")
        work(report)


def test_folder_holds_data_tables_figures_and_manifest(tmp_path):
    folder = make(tmp_path / "results", command="weishang reproduce")
    figure_files = [f"{name}.{kind}" for name in ("curve", "dots") for kind in ("pdf", "png")]
    expected = {"levels.csv", "campaigns.parquet", "table.md", "manifest.json", *figure_files}
    assert {path.name for path in folder.iterdir()} == expected
    manifest.verify(folder)


def test_manifest_says_where_results_come_from(tmp_path):
    record = manifest.read(make(tmp_path / "results", command="weishang reproduce", device="cpu"))
    assert record["command"] == "weishang reproduce"
    assert record["parameters"] == {"users": 100}
    assert record["parameters_sha256"] == manifest.parameters_digest({"users": 100})
    assert record["seed"] == 2026
    assert record["graph_sha256"] == "ab12"
    assert record["packages"]["numpy"] == np.__version__
    assert record["threads"] >= 1
    assert record["wall_seconds"] > 0
    assert record["inputs"][0]["name"] == "graph.txt"
    assert record["inputs"][0]["bytes"] == len("0 1\n")
    assert record["outputs"]["curve.pdf"]["drawn_from"] == ["levels.csv"]
    assert record["outputs"]["dots.png"]["drawn_from"] == ["campaigns.parquet"]


def test_a_second_run_writes_the_same_bytes(tmp_path):
    first, second = make(tmp_path / "one"), make(tmp_path / "two")
    for path in first.iterdir():
        if path.name != manifest.NAME:
            assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_tables_are_exact_and_pages_rounded(tmp_path):
    folder = make(tmp_path / "results")
    read = pd.read_csv(folder / "levels.csv")
    pd.testing.assert_frame_equal(read, FRAME, check_exact=True)
    page = (folder / "table.md").read_text()
    assert "## Reach by level" in page
    assert "| 3 | 28,741 |" in page
    assert "Means over campaigns." in page


def test_figures_see_only_what_is_saved(tmp_path):
    frame = FRAME.copy()
    seen = []

    def keep(levels):
        seen.append(levels)
        return draw(levels)

    with Report("reach", tmp_path, title="Reach", parameters={}) as report:
        report.table("levels", frame, "Reach")
        frame["reach"] = 0.0
        report.figure("curve", keep, "levels")
    pd.testing.assert_frame_equal(seen[0], FRAME, check_exact=True)


def test_an_axis_without_label_is_refused(tmp_path):
    def bare(levels):
        figure, axes = figure_style.canvas()
        axes.set_xlabel("level")
        return figure

    def work(report):
        report.table("levels", FRAME, "Reach")
        report.figure("curve", bare, "levels")

    with pytest.raises(ValueError, match="no y label"):
        report_on(tmp_path / "out", work)
    assert not (tmp_path / "out").exists()


def test_shared_axes_need_one_label():
    figure, _ = figure_style.canvas(1, 2, sharex=True, sharey=True)
    figure.axes[0].set(xlabel="level", ylabel="people")
    figure_style.check_labels(figure)


@pytest.mark.parametrize(
    ("work", "fault"),
    [
        (lambda report: [report.table("levels", FRAME, "Reach") for _ in range(2)], "already"),
        (lambda report: [report.data("levels", FRAME) for _ in range(2)], "already"),
        (lambda report: save_twice(report, "table", "data"), "levels is in the report reach"),
        (lambda report: save_twice(report, "data", "table"), "levels is in the report reach"),
        (lambda report: report.figure("curve", draw, "absent"), "nothing is saved as 'absent'"),
        (lambda report: report.saved("absent"), "nothing is saved as 'absent'"),
    ],
)
def test_names_are_checked(tmp_path, work, fault):
    with pytest.raises(ValueError, match=fault):
        report_on(tmp_path, work)


def test_an_error_leaves_the_old_results(tmp_path):
    folder = make(tmp_path / "results")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ZeroDivisionError):
        report_on(tmp_path / "results", lambda report: report.table("other", FRAME, 1 / 0))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["reach"]


def test_an_input_that_vanished_leaves_nothing(tmp_path):
    with (
        pytest.raises(FileNotFoundError),
        Report("a", tmp_path / "out", title="A", parameters={}, inputs=[tmp_path / "absent"]),
    ):
        pass
    assert not (tmp_path / "out").exists()


def test_parameters_may_come_late_but_must_come(tmp_path):
    with Report("late", tmp_path, title="Late") as report:
        report.parameters = {"users": np.int64(3)}
    never = Report("never", tmp_path, title="Never")
    assert manifest.read(tmp_path / "late")["parameters"] == {"users": 3}
    manifest.verify(tmp_path / "late")
    with pytest.raises(ValueError, match="never has no parameters"), never:
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["late"]


def test_rows_of_parts_come_by_their_numbers(tmp_path):
    units = {"level": "number", "reach": "people"}
    made = [
        partitions.write(tmp_path, "levels", number, FRAME.iloc[number : number + 1], units)
        for number in range(3)
    ]
    with Report("reach", tmp_path / "out", title="Reach", parameters={}) as report:
        report.rows("levels", made[::-1])
        assert report.columns() == {"levels": ["level", "reach"]}
        pd.testing.assert_frame_equal(report.saved("levels"), FRAME)
        report.figure("curve", draw, "levels")
    folder = tmp_path / "out" / "reach"
    manifest.verify(folder)
    assert "levels.parquet" in {path.name for path in folder.iterdir()}
    made[1].path.write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="is damaged"):
        report_on(tmp_path / "out", lambda report: report.rows("levels", made))
    manifest.verify(folder)


@pytest.mark.parametrize("kind", ["table", "data", "rows"])
def test_nothing_comes_after_the_codebook(tmp_path, kind):
    part = partitions.write(tmp_path, "levels", 0, FRAME, {"level": "number", "reach": "people"})
    last = {"table": (FRAME, "Reach"), "data": (FRAME,), "rows": ([part],)}[kind]

    def work(report):
        report.table("codebook", FRAME, "Codebook")
        getattr(report, kind)("levels", *last)

    with pytest.raises(ValueError, match="levels comes after the codebook of the report reach"):
        report_on(tmp_path / "out", work)
    assert not (tmp_path / "out").exists()


def test_columns_are_told_in_the_order_of_saving(tmp_path):
    with Report("reach", tmp_path, title="Reach", parameters={}) as report:
        report.data("campaigns", FRAME[["reach"]])
        report.table("levels", FRAME, "Reach")
        report.columns()["levels"].clear()
        told = report.columns()
    assert list(told.items()) == [("campaigns", ["reach"]), ("levels", ["level", "reach"])]


def test_results_are_not_written_through_links(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "reach").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="reach: is a link"):
        report_on(tmp_path / "out", lambda report: None)
    assert list(elsewhere.iterdir()) == []
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["reach"]


def test_manifest_is_plain_json(tmp_path):
    text = (make(tmp_path / "results") / manifest.NAME).read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_column_of_kept_results_is_in_their_codebook(folder):
    book = tables.read(folder / "codebook.csv")
    assert not book[["unit", "meaning"]].isna().any().any()
    described = set(zip(book["table"], book["column"], strict=True))
    there = {(path.stem, column) for path in folder.iterdir() for column in columns(path)}
    assert there == described


def columns(path):
    if path.suffix == ".parquet":
        return pq.read_schema(path).names
    return list(tables.read(path).columns) if path.suffix == ".csv" else []
