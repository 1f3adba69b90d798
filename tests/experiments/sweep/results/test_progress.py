"""How far a sweep is, told from the names in its folder."""

import pytest

from weishang.experiments.sweep.execute import runs
from weishang.experiments.sweep.results import gather
from weishang.experiments.sweep.results.progress import progress, progress_frame
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
days = 1
replicates = 7
runs_a_part = 3
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return sweep_plan.make(path)


@pytest.fixture
def folder(plan, tmp_path):
    return sweep_folder.open_folder(plan, tmp_path)


def told(plan, folder):
    rows = progress_frame(plan, folder).set_index("what")
    return {what: (row["done"], row["of"]) for what, row in rows.iterrows()}


def test_runs_and_parts_are_counted(plan, folder):
    assert told(plan, folder)["runs"] == (0, 7)
    runs.compute(plan, folder, 2)
    assert told(plan, folder) == {
        "runs": (1, 7),
        "parts": (1, 3),
        "long runs under way, saved": (0, 6),
        "gathered": (0, 1),
    }
    runs.compute(plan, folder, 0)
    runs.compute(plan, folder, 1)
    gather.collect(plan, folder)
    assert told(plan, folder)["runs"] == (7, 7)
    assert told(plan, folder)["gathered"] == (1, 1)


def test_bytes_are_those_of_the_files(plan, folder):
    runs.compute(plan, folder, 2)
    state = sweep_folder.state_of(folder, 1)
    state.mkdir(parents=True)
    (state / "checkpoint-000000").write_bytes(bytes(1_000))
    rows = progress_frame(plan, folder).set_index("what")
    (part,) = (folder / "parts").iterdir()
    assert rows.loc["parts", "bytes"] == part.stat().st_size
    assert rows.loc["long runs under way, saved", "done"] == 1
    assert rows.loc["long runs under way, saved", "bytes"] == 1_000


def test_it_prints_a_table_and_changes_nothing(plan, folder, capsys):
    before = sorted(folder.rglob("*"))
    progress(folder)
    out = capsys.readouterr().out
    assert "A small sweep" in out
    assert "runs" in out
    assert sorted(folder.rglob("*")) == before


def test_no_sweeps_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="so it is not a sweep's"):
        progress(tmp_path)
