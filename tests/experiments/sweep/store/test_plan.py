"""Plans of sweeps: numbering, sizes of parts, what identifies a sweep, and what is refused."""

import os
from dataclasses import replace

import pytest

from weishang.experiments.simulate.replicates import SeedStream
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store.plan import usual_size
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario

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


class TestPlan:
    def test_runs_go_by_point_then_replicate_then_policy(self, planned):
        plan = planned()
        assert (plan.num_runs, plan.num_parts) == (4 * 3 * 2, 5)
        settings = [plan.setting(run) for run in range(plan.num_runs)]
        assert [setting.run for setting in settings] == list(range(24))
        assert [(s.point, s.replicate, s.policy) for s in settings] == [
            (point, replicate, policy)
            for point in range(4)
            for replicate in range(3)
            for policy in ("usual", "closed")
        ]

    def test_a_replicate_has_the_same_luck_everywhere(self, planned):
        plan = planned()
        for run in range(plan.num_runs):
            setting = plan.setting(run)
            assert setting.world_seed == derive(7, SeedStream.REPLICATE, setting.replicate)

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
        ("runs", "users", "days", "size"),
        [
            (30, 300, 2, 1),
            (65, 300, 2, 2),
            (2_000, 300, 2, 32),
            (1_000_000, 300, 2, 100),
            (2_000, 300_000, 2, 3),
            (2_000, 2_000_000, 2, 1),
        ],
    )
    def test_parts_have_fewer_runs_where_there_are_few_or_large_ones(
        self, planned, runs, users, days, size
    ):
        text = SWEEP.replace("runs_a_part = 5\n", "").replace("= 300", f"= {users}")
        text = text.replace("days = 2", f"days = {days}").replace(
            "replicates = 3", f"replicates = {runs}"
        )
        assert planned(text).runs_a_part == size

    def test_a_dozen_workers_have_several_parts_each(self):
        for runs in range(1, 2_000):
            size = usual_size(runs, 600)
            assert -(-runs // size) >= min(runs, 33)

    def test_what_varies_is_named_in_the_files_order(self, planned):
        assert planned().varied == ("weights.trust", "society.mean_friends")
        assert planned(SWEEP).varied == ()

    def test_tables_are_as_the_file_says(self, planned):
        assert planned().tables == ("runs",)
        assert planned("save_days = true\n" + SWEEP).tables == ("runs", "days")

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
    "the order of keys": ("replicates = 3\n" + SWEEP.replace("replicates = 3\n", ""), False),
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
    "too many sellers": (
        SWEEP.replace("sellers = 10", "sellers = 76"),
        "sweep.toml:6: sellers: is 76 of 300 users; give at most 75",
    ),
    "too many runs": (
        SWEEP.replace("replicates = 3", "replicates = 1000001"),
        "sweep.toml:8: replicates: 1,000,001 runs, points times replicates times policies; make "
        "them at "
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
