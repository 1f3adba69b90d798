"""Plans and folders of sweeps: numbering, what is refused, and that nothing else is touched."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments.simulate.worlds import Branch
from weishang.experiments.storage import partitions
from weishang.experiments.storage.manifest import parameters_digest
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario

SWEEP = """format = 1
name = "trust"
title = "Trust"
seed = 7
users = 300
sellers = 10
days = 2
worlds = 3
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
    return sweep_plan.open_folder(planned(), tmp_path / "out")


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
        partitions.write(folder / sweep_plan.PARTS, table, number, frame, {"run": "number"})


class TestPlan:
    def test_runs_go_by_point_then_world_then_policy(self, planned):
        plan = planned()
        assert (plan.num_runs, plan.num_parts) == (4 * 3 * 2, 5)
        settings = [plan.setting(run) for run in range(plan.num_runs)]
        assert [setting.run for setting in settings] == list(range(24))
        assert [(s.point, s.world, s.policy) for s in settings] == [
            (point, world, policy)
            for point in range(4)
            for world in range(3)
            for policy in ("usual", "closed")
        ]

    def test_a_world_has_the_same_luck_everywhere(self, planned):
        plan = planned()
        for run in range(plan.num_runs):
            setting = plan.setting(run)
            assert setting.world_seed == derive(7, Branch.WORLD, setting.world)

    def test_a_run_has_its_points_and_its_policys_values_and_no_others(self, planned):
        plan = planned()
        usual = Scenario()
        setting = plan.setting(13)
        assert plan.points[2].values == {"society.mean_friends": 20.0, "weights.trust": 0.5}
        assert setting.scenario == replace(
            usual,
            society=replace(usual.society, mean_friends=20.0),
            weights=replace(usual.weights, trust=0.5),
            rules=replace(usual.rules, livestreams=False),
        )
        assert plan.setting(12).scenario.rules == usual.rules

    def test_parts_are_runs_one_after_the_other(self, planned):
        plan = planned()
        runs = [run for number in range(plan.num_parts) for run in plan.part(number)]
        assert runs == list(range(24))
        assert [len(plan.part(number)) for number in range(5)] == [5, 5, 5, 5, 4]

    def test_numbers_beyond_the_sweep_are_refused(self, planned):
        plan = planned()
        for number in (-1, 5):
            with pytest.raises(ValueError, match=f"part is {number}; trust has parts 0 to 4"):
                plan.part(number)
        for number in (-1, 24):
            with pytest.raises(ValueError, match=f"run is {number}; trust has runs 0 to 23"):
                plan.setting(number)

    @pytest.mark.parametrize(
        ("users", "days", "runs"), [(300, 2, 100), (300_000, 2, 3), (2_000_000, 2, 1)]
    )
    def test_parts_have_fewer_runs_when_these_are_large(self, planned, users, days, runs):
        text = SWEEP.replace("runs_a_part = 5\n", "").replace("= 300", f"= {users}")
        assert planned(text.replace("days = 2", f"days = {days}")).runs_a_part == runs

    def test_what_varies_is_told_in_the_files_order(self, planned):
        assert planned().varied == ("weights.trust", "society.mean_friends")
        assert planned(SWEEP).varied == ()

    def test_tables_are_as_the_file_says(self, planned):
        assert sweep_plan.tables(planned()) == ("runs",)
        assert sweep_plan.tables(planned("save_days = true\n" + SWEEP)) == ("runs", "days")

    def test_named_sellers_come_from_the_scenario(self, planned, write):
        write('format = 1\nname = "b"\n[[named_sellers]]\nid = "tea"\nnode = 3\n', "b.toml")
        plan = planned('scenario = "b.toml"\n' + SWEEP)
        assert [one.id for one in plan.setting(0).named] == ["tea"]


IDENTITY = {
    "users": (SWEEP.replace("300", "400"), True),
    "seed": (SWEEP.replace("seed = 7", "seed = 8"), True),
    "runs_a_part": (SWEEP.replace("part = 5", "part = 6"), True),
    "a policy": (SWEEP + "[policies.usual]\n[policies.more]\n", True),
    "a comment": ("# nothing\n" + SWEEP, False),
    "the order of keys": ("worlds = 3\n" + SWEEP.replace("worlds = 3\n", ""), False),
}


class TestIdentity:
    @pytest.mark.parametrize(("text", "differs"), IDENTITY.values(), ids=IDENTITY)
    def test_it_is_what_decides_the_results(self, planned, text, differs):
        assert (planned(text).sha256 != planned(SWEEP).sha256) == differs

    def test_the_order_of_parameters_is_part_of_it(self, planned):
        one, other = ('"weights.trust" = {values = [1]}', '"weights.match" = {values = [1]}')
        text = f"{SWEEP}[parameters]\n{one}\n{other}\n"
        turned = f"{SWEEP}[parameters]\n{other}\n{one}\n"
        assert planned(text).sha256 != planned(turned).sha256

    def test_scenario_graph_and_nodes_are_part_of_it(self, planned, write):
        scenario = 'format = 1\nname = "b"\ndays = 3\n'
        write(scenario, "b.toml")
        plain = planned('scenario = "b.toml"\n' + SWEEP).sha256
        write(scenario + '[[named_sellers]]\nid = "tea"\nnode = 3\n', "b.toml")
        assert planned('scenario = "b.toml"\n' + SWEEP).sha256 != plain
        graph, nodes = write(EDGES, "g.txt"), write("node,place\n0,1\n", "n.csv")
        found = {
            planned(SWEEP).sha256,
            planned(SWEEP, graph=graph).sha256,
            planned(SWEEP, graph=graph, nodes=nodes).sha256,
            planned(SWEEP, graph=write(EDGES + "2 3\n", "h.txt")).sha256,
        }
        assert len(found) == 4


FAULTS = {
    "out of range": (
        SWEEP + '[parameters]\n"rules.group_cap" = {values = [200, -3, 500, -4]}\n',
        "sweep.toml:12: parameters.'rules.group_cap': at point 1 (and 1 times more): group_cap is "
        "-3; give an integer in [1, 2147483647]",
    ),
    "parameters that do not fit each other": (
        SWEEP + '[parameters]\n"society.num_budgets" = {values = [5, 4]}\n',
        "sweep.toml:12: parameters.'society.num_budgets': at point 1: budgets.relative has 5 "
        "classes but society.num_budgets is 4; give one budget per class",
    ),
    "a policy out of range": (
        SWEEP
        + '[parameters]\n"weights.trust" = {values = [1, 2]}\n[policies.usual]\n'
        + '[policies.low]\n"rules.group_cap" = -3\n',
        "sweep.toml:15: policies.low.'rules.group_cap': at point 0 under low (and 1 times more): "
        "group_cap is -3; give an integer in [1, 2147483647]",
    ),
    "friends alone": (
        SWEEP
        + "[policies.usual]\n[policies.none]\n"
        + "".join(f'"mechanisms.{name}" = false\n' for name in Scenario().values()["mechanisms"]),
        "sweep.toml: at point 0 under none: mechanisms are all off; leave one on",
    ),
    "too many sellers": (
        SWEEP.replace("sellers = 10", "sellers = 76"),
        "sweep.toml:6: sellers: is 76 of 300 users; give at most 75",
    ),
    "too many runs": (
        SWEEP.replace("worlds = 3", "worlds = 1000001"),
        "sweep.toml:8: worlds: 1,000,001 runs, points times worlds times policies; make them at "
        "most 1,000,000",
    ),
}


class TestMake:
    @pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS)
    def test_what_would_fail_later_is_refused_before(self, planned, tmp_path, text, message):
        with pytest.raises(ValueError, match=r"sweep\.toml") as caught:
            planned(text)
        assert str(caught.value).replace(f"{tmp_path}/", "") == message

    def test_several_faults_are_told_together(self, planned):
        text = (
            SWEEP
            + '[parameters]\n"rules.group_cap" = {values = [-1, 5]}\n'
            + '"rules.feed_share" = {values = [0.5]}\n'
            + '"basket.max_items" = {values = [0, 10]}\n'
        )
        with pytest.raises(ValueError, match="2 faults: ") as caught:
            planned(text)
        assert "12: parameters.'rules.group_cap': at point 0" in str(caught.value)
        assert "14: parameters.'basket.max_items': at point 0" in str(caught.value)

    @pytest.mark.parametrize(
        ("seller", "message"),
        [
            ("node = 300", "'tea' is node 300, and users is 300; give a node in 0 .. 299"),
            (
                "node = 3\ncategory = 6",
                "'tea' sells category 6, and num_interests is 4; give a category in 0 .. 3",
            ),
        ],
    )
    def test_sellers_that_no_point_can_have_are_refused(self, planned, write, seller, message):
        write(f'format = 1\nname = "b"\n[[named_sellers]]\nid = "tea"\n{seller}\n', "b.toml")
        text = 'scenario = "b.toml"\n' + SWEEP
        text += '[parameters]\n"society.num_interests" = {values = [8, 4]}\n'
        with pytest.raises(ValueError, match=message):
            planned(text)

    def test_fewer_sellers_than_are_named_are_refused(self, planned, write):
        write('format = 1\nname = "b"\n[[named_sellers]]\nid = "a"\nnode = 3\n', "b.toml")
        with pytest.raises(ValueError, match="sellers: is 0; give at least 1"):
            planned('scenario = "b.toml"\n' + SWEEP.replace("sellers = 10", "sellers = 0"))
        two = '[[named_sellers]]\nid = "a"\nnode = 3\n[[named_sellers]]\nid = "b"\nnode = 4\n'
        write('format = 1\nname = "b"\n' + two, "b.toml")
        with pytest.raises(ValueError, match="sellers: is 1, and 2 are named; give at least as"):
            planned('scenario = "b.toml"\n' + SWEEP.replace("sellers = 10", "sellers = 1"))

    def test_nodes_need_a_graph(self, planned, write):
        with pytest.raises(ValueError, match="graph None; give the graph of these people"):
            planned(nodes=write("node,place\n0,1\n", "n.csv"))

    def test_a_graph_that_is_no_file_is_refused(self, planned, tmp_path):
        with pytest.raises(ValueError, match=r"g\.txt: No such file or directory; give a graph"):
            planned(graph=tmp_path / "g.txt")
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="no regular file but a pipe"):
            planned(graph=tmp_path / "pipe")


class TestFolder:
    def test_it_holds_the_record_and_copies(self, planned, write, tmp_path):
        write('format = 1\nname = "far"\n', "more/far.toml")
        write('format = 1\nname = "b"\nextends = "far.toml"\n', "more/b.toml")
        text = 'scenario = "more/b.toml"\n' + SWEEP
        folder = sweep_plan.open_folder(planned(text), tmp_path / "out")
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
        folder = sweep_plan.open_folder(made, tmp_path / "out")
        for path in tmp_path.glob("*.toml"):
            path.unlink()
        plan = sweep_plan.read(folder)
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
        assert sweep_plan.read(sweep_plan.open_folder(made, tmp_path)).points == made.points

    def test_the_same_sweep_goes_on_and_nothing_is_touched(self, planned, folder, tmp_path):
        plan = planned("# a comment\n" + SWEEP + PARAMETERS)
        write_parts(plan, folder, [0])
        before = content(tmp_path / "out")
        assert sweep_plan.open_folder(plan, tmp_path / "out") == folder
        assert content(tmp_path / "out") == before

    def test_another_sweep_is_refused_and_nothing_is_touched(self, planned, folder, tmp_path):
        text = (SWEEP + PARAMETERS).replace("300", "400").replace("[0.5,", "[0.4,")
        before = content(tmp_path / "out")
        with pytest.raises(ValueError, match="is of another sweep, which differs by") as caught:
            sweep_plan.open_folder(planned(text), tmp_path / "out")
        message = str(caught.value)
        assert "users (300 there, 400 here)" in message
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
    def test_what_differs_is_told(self, planned, folder, tmp_path, change, told):
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
            lambda: sweep_plan.open_folder(planned(), tmp_path / "out"),
            lambda: sweep_plan.read(folder),
        ):
            with pytest.raises(ValueError, match="is of another sweep") as caught:
                go()
            assert told in str(caught.value)

    def test_the_order_of_parameters_is_told(self, planned, tmp_path):
        one, other = ('"weights.trust" = {values = [1]}', '"weights.match" = {values = [1]}')
        sweep_plan.open_folder(planned(f"{SWEEP}[parameters]\n{one}\n{other}\n"), tmp_path)
        with pytest.raises(ValueError, match="differs by the order of parameters or policies"):
            sweep_plan.open_folder(planned(f"{SWEEP}[parameters]\n{other}\n{one}\n"), tmp_path)

    def test_a_folder_with_other_things_is_refused(self, planned, tmp_path):
        target = tmp_path / "sweeps/trust"
        target.mkdir(parents=True)
        (target / "notes.txt").write_text("mine")
        with pytest.raises(ValueError, match=r"holds no sweep\.json, so it is no sweep's"):
            sweep_plan.open_folder(planned(), tmp_path)
        assert [path.name for path in target.iterdir()] == ["notes.txt"]

    def test_an_empty_folder_and_a_killed_start_are_completed(self, planned, tmp_path):
        (tmp_path / "sweeps/trust").mkdir(parents=True)
        (tmp_path / "sweeps/.trust.new-killed/inputs").mkdir(parents=True)
        folder = sweep_plan.open_folder(planned(), tmp_path)
        assert sweep_plan.read(folder).num_runs == 24
        assert [path.name for path in folder.parent.iterdir()] == ["trust"]

    def test_of_two_sweeps_that_start_at_once_one_gets_the_folder(self, planned, tmp_path):
        other = SWEEP.replace("300", "400")
        plans = [planned(SWEEP), planned(other, "other.toml")] * 3

        def begin(plan):
            try:
                return sweep_plan.read(sweep_plan.open_folder(plan, tmp_path / "out")).users
            except ValueError as error:
                return str(error).partition(" sweep, which")[0].partition(": ")[2]

        with ThreadPoolExecutor(len(plans)) as pool:
            found = list(pool.map(begin, plans))
        assert found in ([300, "is of another"] * 3, ["is of another", 400] * 3)

    def test_a_file_that_changes_meanwhile_is_refused(self, planned, write, tmp_path):
        plan = planned()
        write(SWEEP, "sweep.toml")
        with pytest.raises(ValueError, match=r"sweep\.toml: was changed while it was read"):
            sweep_plan.open_folder(plan, tmp_path / "out")
        assert not (tmp_path / "out/sweeps").exists()

    def test_a_file_where_the_folder_goes_is_refused(self, planned, tmp_path):
        (tmp_path / "sweeps").mkdir()
        (tmp_path / "sweeps/trust").write_text("mine")
        with pytest.raises(ValueError, match="trust: is no folder"):
            sweep_plan.open_folder(planned(), tmp_path)
        assert (tmp_path / "sweeps/trust").read_text() == "mine"

    @pytest.mark.parametrize("name", ["sweeps", "sweeps/trust"])
    def test_links_out_of_the_results_are_refused(self, planned, tmp_path, name):
        elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
        elsewhere.mkdir()
        (out / name).parent.mkdir(parents=True)
        (out / name).symlink_to(elsewhere)
        with pytest.raises(ValueError, match="is a link"):
            sweep_plan.open_folder(planned(), out)
        assert list(elsewhere.iterdir()) == []

    @pytest.mark.parametrize("name", ["sweep.json", "inputs", "parts", "inputs/sweep.toml"])
    def test_links_in_the_folder_are_refused(self, planned, folder, tmp_path, name):
        (folder / name).rename(tmp_path / "moved")
        (folder / name).symlink_to(tmp_path / "moved")
        for go in (
            lambda: sweep_plan.open_folder(planned(), tmp_path / "out"),
            lambda: sweep_plan.read(folder),
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
        folder = sweep_plan.open_folder(planned(SWEEP, graph=graph), tmp_path / "out")
        moved = graph.rename(tmp_path / "moved.txt")
        with pytest.raises(ValueError, match=r"g\.txt: No such file or directory; give a graph"):
            sweep_plan.read(folder)
        plan = planned(SWEEP, graph=moved)
        assert sweep_plan.open_folder(plan, tmp_path / "out") == folder
        assert sweep_plan.read(folder).graph == moved
        moved.write_text(EDGES + "2 3\n")
        with pytest.raises(ValueError, match="which differs by graph; go on with"):
            sweep_plan.read(folder)


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
        "inputs/more.toml: is none of the sweep's files; move it away",
    ),
    "no record": (
        lambda folder: (folder / "sweep.json").unlink(),
        "trust: holds no sweep.json, so it is no sweep's",
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
    "a record of numbers that are none": (
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
            lambda: sweep_plan.read(folder),
            lambda: sweep_plan.open_folder(planned(), tmp_path / "out"),
        ):
            with pytest.raises(ValueError, match="trust") as caught:
                go()
            assert message in str(caught.value)
            assert "\n" not in str(caught.value)

    def test_a_folder_that_is_none_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="away: is no folder; give a sweep's"):
            sweep_plan.read(tmp_path / "away")


class TestMissing:
    def test_parts_without_all_tables_are_missing(self, planned, tmp_path):
        plan = planned("save_days = true\n" + SWEEP + PARAMETERS)
        folder = sweep_plan.open_folder(plan, tmp_path / "out")
        assert sweep_plan.missing(plan, folder) == [0, 1, 2, 3, 4]
        write_parts(plan, folder, [0, 3])
        write_parts(plan, folder, [3, 4], "days")
        assert sweep_plan.missing(plan, folder) == [0, 1, 2, 4]


class TestHold:
    def test_a_second_sweep_is_refused_until_the_first_ends(self, folder):
        with sweep_plan.hold(folder):
            with pytest.raises(ValueError, match="another sweep runs in"), sweep_plan.hold(folder):
                pytest.fail("it was let in")
            write_parts_beside_it(folder)
        with sweep_plan.hold(folder):
            pass

    def test_it_ends_with_its_process(self, folder):
        program = (
            "import os, sys; from pathlib import Path\n"
            "from weishang.experiments import sweep_plan\n"
            "with sweep_plan.hold(Path(sys.argv[1])): os._exit(9)\n"
        )
        done = subprocess.run([sys.executable, "-c", program, str(folder)], check=False)
        assert done.returncode == 9
        with sweep_plan.hold(folder):
            pass


def write_parts_beside_it(folder):
    """What a sweep does while it holds its folder: nothing of this may wait for the lock."""
    plan = sweep_plan.read(folder)
    write_parts(plan, folder, [0])
    assert sweep_plan.missing(plan, folder) == [1, 2, 3, 4]
