"""Long markets: stopped at any moment and resumed, they leave the very same rows."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.console.signals import GracefulExit
from weishang.experiments.simulate import resumable_run, run_checkpointer
from weishang.experiments.simulate.market_runs import Run, run_markets
from weishang.experiments.simulate.replicates import chats, society
from weishang.experiments.simulate.resumable_run import identity_of, run_market, run_to_disk
from weishang.experiments.simulate.run_checkpointer import RunCheckpointer
from weishang.experiments.storage import manifest, partitions
from weishang.experiments.storage.checkpoints import Checkpoints
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

USUAL = Scenario(society=SocietyParameters(mean_friends=15.0))
SCENARIO = replace(USUAL, sellers=replace(USUAL.sellers, activity=0.6))
NAMED = (NamedSeller("Li", 5, price=0.5),)
REPLICATE, DAYS, SELLERS = (1 << 64) - 3, 4, 30


class Killed(BaseException):
    """What ends a run without a chance to save."""


@pytest.fixture(scope="module")
def people() -> Society:
    return society(None, 600, 4, SCENARIO.society)


@pytest.fixture(scope="module")
def groups(people: Society) -> GroupChats:
    return chats(people, SCENARIO.groups, 4)


@pytest.fixture(scope="module")
def whole(people: Society, groups: GroupChats) -> Run:
    return run_markets(people, groups, SCENARIO, [REPLICATE], DAYS, SELLERS, named=NAMED)


@pytest.fixture(scope="module")
def identity(people: Society, groups: GroupChats) -> dict[str, Any]:
    return identity_of(people, groups, SCENARIO, REPLICATE, SELLERS, NAMED)


@pytest.fixture
def again(
    people: Society, groups: GroupChats, identity: dict[str, Any], tmp_path: Path
) -> Iterator[Callable[..., Run]]:
    """Give the same command again: `again(advance=.., days=.., seconds=..)`."""
    opened = []

    def run(seconds: float = 0.0, days: int = DAYS, **options: Any) -> Run:
        keep = RunCheckpointer(tmp_path / "state", identity, seconds)
        opened.append(keep)
        ran = run_market(
            people,
            groups,
            SCENARIO,
            REPLICATE,
            days,
            SELLERS,
            named=NAMED,
            checkpointer=keep,
            **options,
        )
        keep.close()
        return ran

    yield run
    for keep in opened:
        keep.close()


def state(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "state").iterdir())


def assert_same(mine: Run, theirs: Run) -> None:
    for name in ("days", "campaigns", "searches"):
        pd.testing.assert_frame_equal(
            getattr(mine, name), getattr(theirs, name), check_exact=True, obj=name
        )
    assert len(mine.days) == DAYS


def after(day: int, what: Callable[[], object]) -> Callable[[], None]:
    """Do it when so many days have been told of."""
    told = []

    def advance() -> None:
        told.append(1)
        if len(told) == day:
            what()

    return advance


def die() -> None:
    raise Killed


def test_without_a_keeper_it_is_the_market_of_a_replicate(
    people: Society, groups: GroupChats, whole: Run
) -> None:
    told = []
    ran = run_market(
        people,
        groups,
        SCENARIO,
        REPLICATE,
        DAYS,
        SELLERS,
        named=NAMED,
        advance=lambda: told.append(1),
    )
    assert_same(ran, whole)
    assert len(told) == DAYS


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_with_a_keeper_it_is_the_same(
    again: Callable[..., Run], whole: Run, seconds: float, tmp_path: Path
) -> None:
    assert_same(again(seconds), whole)
    campaigns = [name for name in state(tmp_path) if name.startswith("campaigns-")]
    assert len(campaigns) == (DAYS if seconds == 0.0 else 1)


@pytest.mark.parametrize("day", range(1, DAYS + 1))
def test_killed_after_any_day_it_goes_on_to_the_same_rows(
    again: Callable[..., Run], whole: Run, day: int
) -> None:
    with pytest.raises(Killed):
        again(advance=after(day, die))
    days: list[int] = []
    assert_same(again(advance=lambda: days.append(1)), whole)
    # The day was told of before it was saved.
    assert len(days) == DAYS - day + 1


def test_only_what_is_left_is_computed_again(
    again: Callable[..., Run], whole: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Killed):
        again(advance=after(3, die))
    lived = []
    step = Market.step
    monkeypatch.setattr(Market, "step", lambda self: (lived.append(self.day), step(self)))
    assert_same(again(), whole)
    assert lived == [2, 3]
    lived.clear()
    assert_same(again(), whole)
    assert lived == []


def test_a_part_that_no_checkpoint_counts_is_made_again(
    again: Callable[..., Run], whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the rows and the checkpoint, on the third day."""
    save, saved = Checkpoints.save, []

    def killed_at_the_third(self: Checkpoints, arrays: Any, facts: Any) -> None:
        saved.append(facts)
        if len(saved) == 3:
            raise Killed
        save(self, arrays, facts)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", killed_at_the_third)
        with pytest.raises(Killed):
            again()
    assert len([name for name in state(tmp_path) if name.startswith("campaigns-")]) == 3
    assert_same(again(seconds=1e9), whole)
    assert len([name for name in state(tmp_path) if name.startswith("campaigns-")]) == 3


@pytest.mark.parametrize(("signum", "code"), [("SIGTERM", 75), ("SIGUSR1", 75), ("SIGINT", 130)])
def test_a_signal_saves_the_day_under_way_and_leaves(
    again: Callable[..., Run],
    whole: Run,
    identity: dict[str, Any],
    tmp_path: Path,
    signum: str,
    code: int,
) -> None:
    send = after(2, lambda: signal.raise_signal(signal.Signals[signum]))
    with pytest.raises(GracefulExit) as left:
        again(seconds=1e9, advance=send)
    assert left.value.code == code
    with RunCheckpointer(tmp_path / "state", identity) as keep:
        assert keep.begin() == 2
    assert_same(again(seconds=1e9), whole)


def test_a_signal_on_the_last_day_is_for_who_comes_after(
    again: Callable[..., Run], whole: Run
) -> None:
    got = []
    handler = signal.signal(signal.SIGUSR1, lambda signum, frame: got.append(signum))
    try:
        ran = again(advance=after(DAYS, lambda: signal.raise_signal(signal.SIGUSR1)))
    finally:
        signal.signal(signal.SIGUSR1, handler)
    assert_same(ran, whole)
    assert got == [signal.SIGUSR1]


def test_a_run_may_be_prolonged_and_not_made_shorter(
    again: Callable[..., Run], whole: Run, tmp_path: Path
) -> None:
    assert len(again(days=2).days) == 2
    assert_same(again(), whole)
    with pytest.raises(ValueError, match=r"days is 3, and .*holds the run after day 4; give more"):
        again(days=3)
    assert_same(again(), whole)


def test_a_broken_checkpoint_gives_way_to_the_one_before(
    again: Callable[..., Run], whole: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Killed):
        again(advance=after(4, die))
    newest = max((tmp_path / "state").glob("checkpoint-*"))
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    assert_same(again(), whole)
    assert "is broken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda path: path.unlink(), "does not have the 2 parts"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is damaged"),
        (lambda path: path.rename(path.with_name(path.name.replace("-000000-", "-000007-"))), "2"),
    ],
)
def test_rows_that_are_lost_or_damaged_are_told(
    again: Callable[..., Run], tmp_path: Path, harm: Callable[[Path], object], told: str
) -> None:
    with pytest.raises(Killed):
        again(advance=after(3, die))
    harm(next((tmp_path / "state").glob("campaigns-000000-*")))
    with pytest.raises(ValueError, match=told):
        again()


def test_another_run_is_refused_by_what_differs(
    people: Society, groups: GroupChats, tmp_path: Path, again: Callable[..., Run]
) -> None:
    again(days=1)
    before = state(tmp_path)
    other = replace(SCENARIO, sellers=replace(SCENARIO.sellers, activity=0.61))
    fewer = society(None, 500, 4, SCENARIO.society)
    for told, changed in {
        "scenario differs": (people, groups, other, REPLICATE, SELLERS, NAMED),
        "graph differs": (people, None, SCENARIO, REPLICATE, SELLERS, NAMED),
        "graph and seed differ": (fewer, groups, SCENARIO, 1, SELLERS, NAMED),
        "sellers differs": (people, groups, SCENARIO, REPLICATE, SELLERS, ()),
    }.items():
        keep = RunCheckpointer(tmp_path / "state", identity_of(*changed))
        with pytest.raises(ValueError, match=f"another run, its {told}.*--fresh"):
            keep.begin()
    assert state(tmp_path) == before


def test_another_version_is_refused(
    people: Society,
    groups: GroupChats,
    tmp_path: Path,
    again: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again(days=1)
    edited = resumable_run.computing_version() | {"code": "0" * 64}
    monkeypatch.setattr(resumable_run, "computing_version", lambda: edited)
    newer = identity_of(people, groups, SCENARIO, REPLICATE, SELLERS, NAMED)
    with pytest.raises(ValueError, match="its version differs"):
        RunCheckpointer(tmp_path / "state", newer).begin()


def test_people_are_part_of_the_graph(people: Society, groups: GroupChats) -> None:
    own = identity_of(people, groups, SCENARIO, REPLICATE, SELLERS)
    moved = replace(people, place=(people.place + 1) % people.parameters.num_places)
    assert identity_of(moved, groups, SCENARIO, REPLICATE, SELLERS)["graph"] != own["graph"]
    assert set(own["version"]["packages"]) == {
        "numpy", "scipy", "numba", "torch", "mesa", "pandas", "pyarrow"
    }  # fmt: skip


def test_a_folder_has_one_run_at_a_time(
    identity: dict[str, Any], tmp_path: Path, again: Callable[..., Run]
) -> None:
    folder = tmp_path / "state"
    run_checkpointer.refuse_running(folder)
    assert not folder.exists()
    with RunCheckpointer(folder, identity) as keep:
        keep.begin()
        for second in (
            lambda: run_checkpointer.refuse_running(folder),
            again,
            RunCheckpointer(folder, identity).discard,
        ):
            with pytest.raises(ValueError, match=f"{folder}: another process runs this"):
                second()
    run_checkpointer.refuse_running(folder)
    again()


def test_discarding_leaves_nothing(
    identity: dict[str, Any], tmp_path: Path, again: Callable[..., Run], whole: Run
) -> None:
    again()
    (tmp_path / "state" / ".half.new-1-00000000").write_bytes(b"left by a killed writer")
    keep = RunCheckpointer(tmp_path / "state", identity)
    keep.discard()
    assert list(tmp_path.iterdir()) == []
    keep.discard()
    assert keep.begin() == 0
    keep.discard()
    assert list(tmp_path.iterdir()) == []
    assert_same(again(), whole)


def test_killed_while_it_is_discarded_it_begins_anew(
    identity: dict[str, Any],
    tmp_path: Path,
    again: Callable[..., Run],
    whole: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again()
    keep = RunCheckpointer(tmp_path / "state", identity)
    with monkeypatch.context() as patch:
        patch.setattr(run_checkpointer.shutil, "rmtree", lambda folder: die())
        with pytest.raises(Killed):
            keep.discard()
    next((tmp_path / "state").glob("campaigns-000001-*")).unlink()
    assert_same(again(), whole)


def test_what_killed_writers_left_is_removed(
    tmp_path: Path, again: Callable[..., Run], identity: dict[str, Any]
) -> None:
    again(days=1)
    left = tmp_path / "state" / ".campaigns-000001-00.parquet.new-1-00000000"
    left.write_bytes(b"half")
    with RunCheckpointer(tmp_path / "state", identity) as keep:
        assert keep.begin() == 1
    assert not left.exists()


def test_a_folder_that_is_a_link_is_refused(identity: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    for refused in (
        RunCheckpointer(tmp_path / "state", identity).begin,
        RunCheckpointer(tmp_path / "state", identity).discard,
    ):
        with pytest.raises(ValueError, match="is a link"):
            refused()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (tmp_path / "state").unlink()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / ".lock").symlink_to(tmp_path / "elsewhere" / "lock")
    with pytest.raises(ValueError, match="is a link"):
        RunCheckpointer(tmp_path / "state", identity).begin()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_times_that_are_none_are_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"checkpoint seconds is {seconds}"):
        RunCheckpointer(tmp_path / "state", {}, seconds)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"state": {}, "parts": 0},
        {"state": [], "parts": 0},
        {"state": {"day": "1", "steps": 1}, "parts": 0},
        {"state": {"day": -1, "steps": 1}, "parts": 0},
        {"state": {"day": 1, "steps": 1}, "parts": True},
        {"state": {"day": 1, "steps": 1}, "parts": 10**30},
        {"state": {"day": 10**30, "steps": 1}, "parts": 0},
        {"state": {"day": 1, "steps": None}, "parts": 0},
        {"state": {"day": 1, "steps": 1}, "parts": 0},
    ],
)
def test_a_checkpoint_with_facts_of_no_run_is_refused(
    again: Callable[..., Run], identity: dict[str, Any], tmp_path: Path, facts: dict[str, Any]
) -> None:
    Checkpoints(tmp_path / "state", identity).save({"load": np.zeros(3)}, facts)
    with pytest.raises(ValueError, match=r"state|days is 4") as refused:
        again()
    assert "\n" not in str(refused.value)


def test_searches_of_another_length_are_refused(
    again: Callable[..., Run], identity: dict[str, Any], tmp_path: Path
) -> None:
    again(days=2)
    kept = Checkpoints(tmp_path / "state", identity)
    saved = kept.load()
    assert saved is not None
    kept.save({**saved.arrays, "searches.visits": np.zeros(5, dtype=np.int64)}, saved.facts)
    with pytest.raises(ValueError, match="does not have 2 days of searches"):
        again()


def test_rows_wait_on_the_disk_in_parts(
    people: Society, groups: GroupChats, identity: dict[str, Any], tmp_path: Path, whole: Run
) -> None:
    with RunCheckpointer(tmp_path / "state", identity, 0.0) as keep:
        kept = run_to_disk(
            people, groups, SCENARIO, REPLICATE, DAYS, SELLERS, named=NAMED, checkpointer=keep
        )
        partitions.merge(kept.campaigns, tmp_path / "campaigns.parquet")
        keep.discard()
    merged = pd.read_parquet(tmp_path / "campaigns.parquet")
    pd.testing.assert_frame_equal(merged, whole.campaigns, check_exact=True)


def test_days_without_a_campaign_have_parts_of_the_same_columns(
    people: Society, groups: GroupChats, tmp_path: Path
) -> None:
    quiet = replace(SCENARIO, sellers=replace(SCENARIO.sellers, activity=0.02))
    arguments = (people, groups, quiet, 11, DAYS, 20)
    identity = identity_of(people, groups, quiet, 11, 20)
    alone = run_market(*arguments)
    by_day = alone.campaigns.groupby("day").size().reindex(range(1, DAYS + 1), fill_value=0)
    assert (by_day == 0).any()
    assert (by_day > 0).any()
    with RunCheckpointer(tmp_path / "state", identity, 0.0) as keep:
        assert_same(run_market(*arguments, checkpointer=keep), alone)


def test_a_run_that_cannot_begin_leaves_no_folder(
    people: Society, groups: GroupChats, tmp_path: Path, identity: dict[str, Any]
) -> None:
    keep = RunCheckpointer(tmp_path / "state", identity)
    with pytest.raises(ValueError, match="num_sellers is 0; give an integer, at least 1"):
        run_to_disk(people, groups, SCENARIO, REPLICATE, DAYS, 0, named=NAMED, checkpointer=keep)
    with RunCheckpointer(tmp_path / "state", identity) as keep:
        assert keep.begin() == 0
        assert (tmp_path / "state").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_no_rows_can_be_kept_of_is_refused(
    people: Society, groups: GroupChats, tmp_path: Path, again: Callable[..., Run]
) -> None:
    with pytest.raises(ValueError, match="days is 0"):
        again(days=0)


PROGRAM = """
import json, os, signal, sys
from dataclasses import replace
from pathlib import Path

from weishang.experiments.storage import atomic
from weishang.experiments.simulate.resumable_run import run_market
from weishang.experiments.simulate.run_checkpointer import RunCheckpointer
from weishang.experiments.simulate.replicates import chats, society
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.society import SocietyParameters

usual = Scenario(society=SocietyParameters(mean_friends=15.0))
scenario = replace(usual, sellers=replace(usual.sellers, activity=0.6))
people = society(None, 600, 4, scenario.society)
groups = chats(people, scenario.groups, 4)
named = (NamedSeller("Li", 5, price=0.5),)
replicate, written, sync = (1 << 64) - 3, [], atomic.sync

def sync_or_die(path):
    written.append(path)
    if len(written) == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(path)

atomic.sync = sync_or_die
keep = RunCheckpointer(Path(sys.argv[1]), json.loads(sys.argv[2]), 0.0)
run_market(people, groups, scenario, replicate, 4, 30, named=named, checkpointer=keep)
"""
"""The run of these tests, killed while it waits for the disk."""


def test_a_process_that_is_killed_goes_on_in_another(
    whole: Run, again: Callable[..., Run], identity: dict[str, Any], tmp_path: Path
) -> None:
    """A real SIGKILL, while the lock is held and a file has not its name yet."""
    told = [str(tmp_path / "state"), json.dumps(manifest.plain(identity))]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *told], capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert any(".new-" in name for name in state(tmp_path))
    assert_same(again(), whole)
    assert not any(".new-" in name for name in state(tmp_path))
