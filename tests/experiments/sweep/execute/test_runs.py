"""Parts of a sweep: the row of each run, the same bytes in any order, and what signals leave."""

import signal

import pandas as pd
import pytest

from weishang.experiments.analysis.paired import by_replicate, campaign_outcomes, market_outcomes
from weishang.experiments.console.exit_codes import REQUEUE
from weishang.experiments.console.signals import GracefulExit
from weishang.experiments.simulate import replicates
from weishang.experiments.simulate.market_runs import run_markets
from weishang.experiments.storage import partitions
from weishang.experiments.sweep.execute import runs as sweep_runs
from weishang.experiments.sweep.execute.runs import compute
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.model.market.market import Market

SWEEP = """
format = 1
name = "small"
method = "grid"
seed = 7
users = 300
sellers = 20
days = 2
replicates = 2
runs_a_part = 3
save_days = true

[parameters]
"society.mean_friends" = { values = [50.0, 100.0] }
"rules.link_demotion" = { values = [[1.0, 0.5, 0.2], [1.0, 1.0, 1.0]] }

[policies.usual]
[policies.larger_groups]
"groups.median_size" = 60.0
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "small.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return sweep_plan.make(path)


@pytest.fixture
def folder(plan, tmp_path):
    return sweep_folder.open_folder(plan, tmp_path)


@pytest.fixture(scope="module")
def truth(plan, tmp_path_factory):
    """The folder of the sweep, computed in order and in one process."""
    folder = sweep_folder.open_folder(plan, tmp_path_factory.mktemp("truth"))
    for number in range(plan.num_parts):
        compute(plan, folder, number)
    return folder


def names(folder):
    """Names of parts, which hold their hashes."""
    return sorted(path.name for path in (folder / layout.PARTS).iterdir())


def frames(folder, table):
    found = partitions.find(folder / layout.PARTS, table).values()
    return pd.concat([partitions.read(part).to_pandas() for part in found], ignore_index=True)


def test_runs_are_numbered_and_named(plan, truth):
    runs = frames(truth, "runs")
    assert runs["run"].tolist() == list(range(plan.num_runs)) == list(range(16))
    assert runs["point"].tolist() == [run // 4 for run in range(16)]
    assert runs["replicate"].tolist() == [run // 2 % 2 for run in range(16)]
    assert runs["policy"].tolist() == ["usual", "larger_groups"] * 8
    assert runs["society.mean_friends"].tolist() == [50.0] * 8 + [100.0] * 8
    assert runs["rules.link_demotion"].unique().tolist() == ["[1.0, 0.5, 0.2]", "[1.0, 1.0, 1.0]"]
    assert (runs["num_sellers"] == 20).all()
    assert runs.groupby("replicate")["world_seed"].nunique().eq(1).all()


@pytest.mark.parametrize("run", [0, 6, 13])
def test_a_run_is_the_market_of_its_setting(plan, truth, run):
    setting = plan.setting(run)
    people = replicates.society(None, plan.users, plan.seed, setting.scenario.society)
    groups = replicates.chats(people, setting.scenario.groups, plan.seed)
    ran = run_markets(people, groups, setting.scenario, [setting.world_seed], 2, 20)
    row = frames(truth, "runs").loc[run]
    price = setting.scenario.money.reference_price
    for outcomes, begin in ((market_outcomes(price), ""), (campaign_outcomes(price), "campaign_")):
        found = by_replicate(ran, outcomes)
        assert [row[f"{begin}{one.name}"] for one in outcomes] == [
            found[one.name].item() for one in outcomes
        ]
    days = frames(truth, "days")
    own = days[days["run"] == run].reset_index(drop=True)
    assert own["policy"].unique().tolist() == [setting.policy]
    pd.testing.assert_frame_equal(own[ran.days.columns[1:]], ran.days.iloc[:, 1:])


def test_parts_are_the_same_in_any_order(plan, truth, folder):
    for number in reversed(range(plan.num_parts)):
        compute(plan, folder, number)
    assert names(folder) == names(truth)
    assert {path.name for path in folder.iterdir()} == {"inputs", "parts", "sweep.json"}


def test_every_run_is_told_of(plan, folder):
    told = []
    compute(plan, folder, 5, lambda: told.append(1))
    assert len(told) == len(plan.part(5)) == 1


def test_long_runs_give_the_same_bytes_and_leave_no_state(plan, truth, folder, monkeypatch):
    monkeypatch.setattr(sweep_runs, "LONG", 0)
    compute(plan, folder, 0)
    assert set(names(folder)) <= set(names(truth))
    assert not (folder / layout.STATE).exists()


def test_a_signal_in_a_long_market_is_saved_and_gone_on_from(plan, truth, folder, monkeypatch):
    monkeypatch.setattr(sweep_runs, "LONG", 0)
    step, days = Market.step, []

    def signalled(market):
        step(market)
        days.append(market.day)
        if len(days) == 3:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Market, "step", signalled)
    with pytest.raises(GracefulExit) as left:
        compute(plan, folder, 0)
    assert left.value.code == REQUEUE
    assert days == [1, 2, 1]
    # Runs 0 and 2 are of one society and its groups, so run 1 comes after them.
    assert sweep_folder.runs_with_state(folder) == [0, 2]
    assert names(folder) == []
    compute(plan, folder, 0)
    assert days == [1, 2, 1, 2, 1, 2]
    assert set(names(folder)) <= set(names(truth))
    assert not (folder / layout.STATE).exists()


def test_a_signal_among_short_runs_leaves_with_the_day(plan, folder, monkeypatch):
    step, days = Market.step, []

    def signalled(market):
        step(market)
        days.append(market.day)
        signal.raise_signal(signal.SIGUSR1)

    monkeypatch.setattr(Market, "step", signalled)
    with pytest.raises(GracefulExit) as left:
        compute(plan, folder, 0)
    assert left.value.code == REQUEUE
    assert days == [1]
    assert names(folder) == []


def test_the_state_of_another_sweep_is_refused(plan, folder, monkeypatch):
    monkeypatch.setattr(sweep_runs, "LONG", 0)
    compute(plan, folder, 1)
    state = sweep_folder.state_of(folder, 0)
    keep = sweep_runs.RunCheckpointer(state, {"sweep": "another", "run": 0})
    setting = plan.setting(0)
    people = replicates.society(None, plan.users, plan.seed, setting.scenario.society)
    groups = replicates.chats(people, setting.scenario.groups, plan.seed)
    with keep:
        sweep_runs.resumable_run.run_market(
            people, groups, setting.scenario, setting.world_seed, 1, 20, checkpointer=keep
        )
    with pytest.raises(ValueError, match="state of another run, its sweep differs"):
        compute(plan, folder, 0)


def test_a_state_folder_that_is_a_link_is_refused(plan, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_runs, "LONG", 0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / layout.STATE).symlink_to(elsewhere)
    with pytest.raises(ValueError, match="is a link"):
        compute(plan, folder, 0)
    assert list(elsewhere.iterdir()) == []


def test_small_graphs_have_room_for_fewer_sellers(tmp_path):
    graph = tmp_path / "ring.txt"
    graph.write_text("".join(f"{node} {(node + 1) % 120}\n" for node in range(120)))
    path = tmp_path / "ring.toml"
    path.write_text(
        'format = 1\nname = "ring"\nmethod = "grid"\nseed = 1\nusers = 100\nsellers = 90\n'
        "days = 1\nreplicates = 1\n"
    )
    plan = sweep_plan.make(path, graph)
    folder = sweep_folder.open_folder(plan, tmp_path / "out")
    compute(plan, folder, 0)
    assert frames(folder, "runs")["num_sellers"].tolist() == [30]
