"""Folders of sweeps: what they hold, what is refused, and that nothing else is touched."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments.storage import partitions
from weishang.experiments.storage.manifest import parameters_digest
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store.layout import PARTS, STATE

SWEEP = """format = 1
name = "trust"
title = "Trust"
seed = 7
users = 300
sellers = 10
days = 2
replicates = 3
runs_a_part = 5
method = "grid"
"""
PARAMETERS = """[parameters]
"weights.trust" = {values = [0.5, 1.0]}
"society.mean_friends" = {values = [10.0, 20.0]}
[policies.usual]
[policies.closed]
"rules.livestreams" = false
"""
EDGES = "0 1\n1 2\n"


@pytest.fixture
def planned(write):
    """The plan of a file's text."""

    def planned(text=SWEEP + PARAMETERS, name="sweep.toml", **inputs):
        return sweep_plan.make(write(text, name), **inputs)

    return planned


@pytest.fixture
def folder(planned, tmp_path):
    """A sweep's folder, without any part."""
    return sweep_folder.open_folder(planned(), tmp_path / "out")


def content(folder: Path) -> dict[str, tuple[bytes | None, int]]:
    """Content and time of change of all that is in a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            path.read_bytes() if path.is_file() else None,
            path.lstat().st_mtime_ns,
        )
        for path in folder.rglob("*")
    }


def write_parts(plan, folder, numbers, table="runs"):
    for number in numbers:
        frame = pd.DataFrame({"run": list(plan.part(number))})
        partitions.write(folder / PARTS, table, number, frame, {"run": "number"})


class TestFolder:
    def test_it_holds_the_record_and_copies(self, planned, write, tmp_path):
        write('format = 1\nname = "far"\n', "more/far.toml")
        write('format = 1\nname = "b"\nextends = "far.toml"\n', "more/b.toml")
        text = 'scenario = "more/b.toml"\n' + SWEEP
        folder = sweep_folder.open_folder(planned(text), tmp_path / "out")
        assert folder == tmp_path / "out/sweeps/trust"
        assert {name for name, (data, _) in content(folder).items() if data is not None} == {
            "sweep.json",
            "inputs/sweep.toml",
            "inputs/more/b.toml",
            "inputs/more/far.toml",
        }
        assert (folder / "inputs/sweep.toml").read_text() == text
        assert (folder / "parts").is_dir()
        assert [path.name for path in folder.parent.iterdir()] == ["trust"]

    def test_the_plan_is_read_from_it_alone(self, planned, write, tmp_path):
        write('format = 1\nname = "b"\n[[named_sellers]]\nid = "tea"\nnode = 3\n', "b.toml")
        made = planned('scenario = "b.toml"\n' + SWEEP + PARAMETERS)
        folder = sweep_folder.open_folder(made, tmp_path / "out")
        for path in tmp_path.glob("*.toml"):
            path.unlink()
        plan = sweep_folder.read(folder)
        assert plan.sha256 == made.sha256
        assert plan.points == made.points
        for run in (0, 7, 23):
            one, other = plan.setting(run), made.setting(run)
            assert (one.scenario, one.named, one.world_seed) == (
                other.scenario,
                other.named,
                other.world_seed,
            )

    def test_drawn_points_are_the_same_when_read(self, planned, tmp_path):
        text = SWEEP.replace('"grid"', '"latin_hypercube"\npoints = 20') + (
            '[parameters]\n"weights.price" = {low = 0.01, high = 100.0, scale = "log"}\n'
        )
        made = planned(text)
        assert sweep_folder.read(sweep_folder.open_folder(made, tmp_path)).points == made.points

    def test_the_same_sweep_is_resumed_and_nothing_is_touched(self, planned, folder, tmp_path):
        plan = planned("# a comment\n" + SWEEP + PARAMETERS)
        write_parts(plan, folder, [0])
        before = content(tmp_path / "out")
        assert sweep_folder.open_folder(plan, tmp_path / "out") == folder
        assert content(tmp_path / "out") == before

    def test_another_sweep_is_refused_and_nothing_is_touched(self, planned, folder, tmp_path):
        text = (SWEEP + PARAMETERS).replace("300", "400").replace("[0.5,", "[0.4,")
        before = content(tmp_path / "out")
        with pytest.raises(
            ValueError, match="belongs to another sweep, which differs in"
        ) as caught:
            sweep_folder.open_folder(planned(text), tmp_path / "out")
        message = str(caught.value)
        assert (
            "trust: belongs to another sweep, which differs in users (300 there, 400 here)"
            in message
        )
        assert "parameters.weights.trust.values ([0.5, 1.0] there, [0.4, 1.0] here)" in message
        assert message.endswith("or give another name or --out")
        assert content(tmp_path / "out") == before

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"version": {"code": "0" * 64}}, "version of weishang's code"),
            ({"version": {"packages": {"numpy": "1.0"}}}, "packages.numpy ('1.0' there, "),
            ({"scenario": "0" * 64}, "scenario"),
            ({"graph": "0" * 64}, "graph"),
        ],
    )
    def test_what_differs_is_named(self, planned, folder, tmp_path, change, told):
        record = json.loads((folder / "sweep.json").read_text())
        for key, value in change.items():
            if isinstance(value, dict):
                for inner, new in value.items():
                    merged = new if isinstance(new, str) else record["identity"][key][inner] | new
                    record["identity"][key][inner] = merged
            else:
                record["identity"][key] = value
        record["sha256"] = parameters_digest(record["identity"])
        (folder / "sweep.json").write_text(json.dumps(record))
        for go in (
            lambda: sweep_folder.open_folder(planned(), tmp_path / "out"),
            lambda: sweep_folder.read(folder),
        ):
            with pytest.raises(ValueError, match="belongs to another sweep") as caught:
                go()
            assert told in str(caught.value)

    def test_a_different_order_of_parameters_is_named(self, planned, tmp_path):
        one, other = ('"weights.trust" = {values = [1]}', '"weights.match" = {values = [1]}')
        sweep_folder.open_folder(planned(f"{SWEEP}[parameters]\n{one}\n{other}\n"), tmp_path)
        with pytest.raises(ValueError, match="differs in the order of parameters or policies"):
            sweep_folder.open_folder(planned(f"{SWEEP}[parameters]\n{other}\n{one}\n"), tmp_path)

    def test_a_folder_with_other_things_is_refused(self, planned, tmp_path):
        target = tmp_path / "sweeps/trust"
        target.mkdir(parents=True)
        (target / "notes.txt").write_text("mine")
        with pytest.raises(ValueError, match=r"holds no sweep\.json, so it is not a sweep's"):
            sweep_folder.open_folder(planned(), tmp_path)
        assert [path.name for path in target.iterdir()] == ["notes.txt"]

    def test_an_empty_folder_and_a_killed_start_are_completed(self, planned, tmp_path):
        (tmp_path / "sweeps/trust").mkdir(parents=True)
        (tmp_path / "sweeps/.trust.new-killed/inputs").mkdir(parents=True)
        folder = sweep_folder.open_folder(planned(), tmp_path)
        assert sweep_folder.read(folder).num_runs == 24
        assert [path.name for path in folder.parent.iterdir()] == ["trust"]

    def test_of_two_sweeps_that_start_at_once_one_gets_the_folder(self, planned, tmp_path):
        other = SWEEP.replace("300", "400")
        plans = [planned(SWEEP), planned(other, "other.toml")] * 3

        def begin(plan):
            try:
                return sweep_folder.read(sweep_folder.open_folder(plan, tmp_path / "out")).users
            except ValueError as error:
                return str(error).partition(" sweep, which")[0].partition(": ")[2]

        with ThreadPoolExecutor(len(plans)) as pool:
            found = list(pool.map(begin, plans))
        assert found in ([300, "belongs to another"] * 3, ["belongs to another", 400] * 3)

    def test_a_file_that_changes_meanwhile_is_refused(self, planned, write, tmp_path):
        plan = planned()
        write(SWEEP, "sweep.toml")
        with pytest.raises(ValueError, match=r"sweep\.toml: was changed while it was read"):
            sweep_folder.open_folder(plan, tmp_path / "out")
        assert not (tmp_path / "out/sweeps").exists()

    def test_a_file_where_the_folder_goes_is_refused(self, planned, tmp_path):
        (tmp_path / "sweeps").mkdir()
        (tmp_path / "sweeps/trust").write_text("mine")
        with pytest.raises(ValueError, match="trust: is not a folder"):
            sweep_folder.open_folder(planned(), tmp_path)
        assert (tmp_path / "sweeps/trust").read_text() == "mine"

    @pytest.mark.parametrize("name", ["sweeps", "sweeps/trust"])
    def test_links_out_of_the_results_are_refused(self, planned, tmp_path, name):
        elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
        elsewhere.mkdir()
        (out / name).parent.mkdir(parents=True)
        (out / name).symlink_to(elsewhere)
        with pytest.raises(ValueError, match="is a link"):
            sweep_folder.open_folder(planned(), out)
        assert list(elsewhere.iterdir()) == []

    @pytest.mark.parametrize("name", ["sweep.json", "inputs", "parts", "inputs/sweep.toml"])
    def test_links_in_the_folder_are_refused(self, planned, folder, tmp_path, name):
        (folder / name).rename(tmp_path / "moved")
        (folder / name).symlink_to(tmp_path / "moved")
        for go in (
            lambda: sweep_folder.open_folder(planned(), tmp_path / "out"),
            lambda: sweep_folder.read(folder),
        ):
            with pytest.raises(ValueError, match="is a link"):
                go()

    def test_a_scenario_through_a_parent_folder_is_refused(self, planned, write, tmp_path):
        write('format = 1\nname = "far"\n', "far.toml")
        (tmp_path / "more").mkdir()
        write('format = 1\nname = "b"\nextends = "more/../far.toml"\n', "b.toml")
        with pytest.raises(ValueError, match=r"a sweep copies its files; give a path without \.\."):
            planned('scenario = "b.toml"\n' + SWEEP)

    def test_a_graph_may_move(self, planned, write, tmp_path):
        graph = write(EDGES, "g.txt")
        folder = sweep_folder.open_folder(planned(SWEEP, graph=graph), tmp_path / "out")
        moved = graph.rename(tmp_path / "moved.txt")
        with pytest.raises(ValueError, match=r"g\.txt: No such file or directory; give a graph"):
            sweep_folder.read(folder)
        plan = planned(SWEEP, graph=moved)
        assert sweep_folder.open_folder(plan, tmp_path / "out") == folder
        assert sweep_folder.read(folder).graph == moved
        moved.write_text(EDGES + "2 3\n")
        with pytest.raises(ValueError, match="which differs in graph; resume it with"):
            sweep_folder.read(folder)


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


BROKEN = {
    "a changed copy": (
        lambda folder: change(folder / "inputs/sweep.toml", "300", "400"),
        "inputs/sweep.toml: was changed; put back the file that the sweep began with",
    ),
    "a copy that is gone": (
        lambda folder: (folder / "inputs/sweep.toml").unlink(),
        "inputs/sweep.toml: No such file or directory; give back the sweep's own file",
    ),
    "a copy that is a pipe": (
        lambda folder: (
            (folder / "inputs/sweep.toml").unlink(),
            os.mkfifo(folder / "inputs/sweep.toml"),
        ),
        "inputs/sweep.toml: no regular file but a pipe",
    ),
    "another file": (
        lambda folder: (folder / "inputs/more.toml").write_text(""),
        "inputs/more.toml: is not one of the sweep's files; move it away",
    ),
    "no record": (
        lambda folder: (folder / "sweep.json").unlink(),
        "trust: holds no sweep.json, so it is not a sweep's",
    ),
    "a changed record": (
        lambda folder: change(folder / "sweep.json", '"users": 300', '"users": 400'),
        "sweep.json: is broken: it was changed; put back what was there",
    ),
    "a record cut short": (
        lambda folder: os.truncate(folder / "sweep.json", 100),
        "sweep.json: is broken: ",
    ),
    "a record of another kind": (
        lambda folder: (folder / "sweep.json").write_text("[1]"),
        "sweep.json: is broken: ",
    ),
    "a record that leads out": (
        lambda folder: change(folder / "sweep.json", '"sweep.toml"', '"../sweep.json"'),
        "sweep.json: is broken: file: ",
    ),
    "a deep record": (
        lambda folder: (folder / "sweep.json").write_text("[" * 1_000_000),
        "sweep.json: nests more than 64 deep; make it flatter",
    ),
    "a record with a NaN": (
        lambda folder: change(folder / "sweep.json", '"users": 300', '"users": NaN'),
        "sweep.json: is broken: ",
    ),
    "a large record": (
        lambda folder: os.truncate(folder / "sweep.json", 1 << 40),
        "sweep.json: has 1,099,511,627,776 bytes; up to 16,000,000 are read",
    ),
}


class TestRead:
    @pytest.mark.parametrize(("harm", "message"), BROKEN.values(), ids=BROKEN)
    def test_what_was_changed_is_refused(self, folder, planned, tmp_path, harm, message):
        harm(folder)
        for go in (
            lambda: sweep_folder.read(folder),
            lambda: sweep_folder.open_folder(planned(), tmp_path / "out"),
        ):
            with pytest.raises(ValueError, match="trust") as caught:
                go()
            assert message in str(caught.value)
            assert "\n" not in str(caught.value)

    def test_a_folder_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="away: is not a folder; give a sweep's"):
            sweep_folder.read(tmp_path / "away")


class TestMissing:
    def test_parts_without_all_tables_are_missing(self, planned, tmp_path):
        plan = planned("save_days = true\n" + SWEEP + PARAMETERS)
        folder = sweep_folder.open_folder(plan, tmp_path / "out")
        assert sweep_folder.missing(plan, folder) == [0, 1, 2, 3, 4]
        write_parts(plan, folder, [0, 3])
        write_parts(plan, folder, [3, 4], "days")
        assert sweep_folder.missing(plan, folder) == [0, 1, 2, 4]


class TestHold:
    def test_a_second_sweep_is_refused_until_the_first_ends(self, folder):
        with sweep_folder.hold(folder):
            with (
                pytest.raises(ValueError, match="trust: another sweep is running here; wait"),
                sweep_folder.hold(folder),
            ):
                pytest.fail("it was let in")
            write_parts_beside_it(folder)
        with sweep_folder.hold(folder):
            pass

    def test_it_ends_with_its_process(self, folder):
        program = (
            "import os, sys; from pathlib import Path\n"
            "from weishang.experiments.sweep.store import folder as sweep_folder\n"
            "with sweep_folder.hold(Path(sys.argv[1])): os._exit(9)\n"
        )
        done = subprocess.run([sys.executable, "-c", program, str(folder)], check=False)
        assert done.returncode == 9
        with sweep_folder.hold(folder):
            pass


def write_parts_beside_it(folder):
    """What a sweep does while it holds its folder: nothing of this may wait for the lock."""
    plan = sweep_folder.read(folder)
    write_parts(plan, folder, [0])
    assert sweep_folder.missing(plan, folder) == [1, 2, 3, 4]


class TestState:
    def test_tidy_removes_what_is_over_and_nothing_else(self, planned, folder):
        write_parts(planned(), folder, [0])
        for run in (0, 4, 5, 99):
            sweep_folder.state_of(folder, run).mkdir(parents=True)
            (sweep_folder.state_of(folder, run) / "checkpoint").write_text("here")
        (folder / PARTS / ".runs-000001.new-1").write_text("half")
        sweep_folder.tidy(planned(), folder)
        assert sweep_folder.runs_with_state(folder) == [5]
        assert len(list((folder / PARTS).iterdir())) == 1

    def test_the_folder_of_states_goes_with_the_last(self, planned, folder):
        sweep_folder.state_of(folder, 0).mkdir(parents=True)
        sweep_folder.remove_empty_state(folder)
        assert sweep_folder.runs_with_state(folder) == [0]
        sweep_folder.state_of(folder, 0).rmdir()
        sweep_folder.remove_empty_state(folder)
        sweep_folder.remove_empty_state(folder)
        assert not (folder / STATE).exists()

    def test_only_folders_of_runs_are_states(self, folder):
        for name in ("run-000004", "run-1000000", "run-4", "run-x00004", "run-000005.txt"):
            (folder / STATE / name).mkdir(parents=True)
        assert sweep_folder.runs_with_state(folder) == [4, 1_000_000]

    def test_states_behind_a_link_are_left_alone(self, planned, folder, tmp_path):
        elsewhere = tmp_path / "elsewhere"
        (elsewhere / "run-000099").mkdir(parents=True)
        (folder / STATE).symlink_to(elsewhere)
        with pytest.raises(ValueError, match="is a link"):
            sweep_folder.tidy(planned(), folder)
        assert [path.name for path in elsewhere.iterdir()] == ["run-000099"]
