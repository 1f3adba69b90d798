"""What a sweep's folder holds beside its plan and parts: found, and removed when it is over."""

import pytest

from weishang.experiments.sweep.execute import runs as sweep_runs
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store import state

SWEEP = """
format = 1
name = "small"
method = "grid"
seed = 7
users = 300
sellers = 20
days = 1
worlds = 7
runs_a_part = 3
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return sweep_plan.make(path)


@pytest.fixture
def folder(plan, tmp_path):
    return sweep_plan.open_folder(plan, tmp_path / "out")


def test_tidy_removes_what_is_over_and_no_other(plan, folder):
    sweep_runs.compute(plan, folder, 0)
    for run in (0, 2, 3, 99):
        state.of_run(folder, run).mkdir(parents=True)
        (state.of_run(folder, run) / "checkpoint").write_text("here")
    (folder / sweep_plan.PARTS / ".runs-000001.new-1").write_text("half")
    state.tidy(plan, folder)
    assert state.runs(folder) == [3]
    assert len(list((folder / sweep_plan.PARTS).iterdir())) == 1


def test_the_folder_of_states_goes_with_the_last(plan, folder):
    state.of_run(folder, 0).mkdir(parents=True)
    state.remove_if_empty(folder)
    assert state.runs(folder) == [0]
    state.of_run(folder, 0).rmdir()
    state.remove_if_empty(folder)
    state.remove_if_empty(folder)
    assert not (folder / state.STATE).exists()


def test_only_folders_of_runs_are_states(folder):
    for name in ("run-000004", "run-1000000", "run-4", "run-x00004", "run-000005.txt"):
        (folder / state.STATE / name).mkdir(parents=True)
    assert state.runs(folder) == [4, 1_000_000]


def test_states_behind_a_link_are_left_alone(plan, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "run-000099").mkdir(parents=True)
    (folder / state.STATE).symlink_to(elsewhere)
    with pytest.raises(ValueError, match="is a link"):
        state.tidy(plan, folder)
    assert [path.name for path in elsewhere.iterdir()] == ["run-000099"]
