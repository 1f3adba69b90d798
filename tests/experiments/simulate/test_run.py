"""`weishang run`: a scenario file's market, its series by day, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow import parquet as pq

from weishang.experiments.console.signals import PREEMPTIONS, GracefulExit
from weishang.experiments.scenario import scenario_file
from weishang.experiments.simulate.codebook import CAMPAIGNS
from weishang.experiments.simulate.run import FOLDER, run
from weishang.experiments.storage import manifest, tables
from weishang.experiments.storage.checkpoints import Checkpoints
from weishang.experiments.storage.report import Report
from weishang.model.market.indicators import DAILY
from weishang.model.market.market import Market

SMALL = """
format = 1
name = "a small market"
start = 2022-12-30
days = 3

[sellers.activity]
value = 0.5
unit = "probability of a campaign, by seller and day"
source = "a test: enough campaigns"
role = "set"

[[named_sellers]]
id = "Li"
node = 5
price = 0.5

[[named_sellers]]
id = "Wang"
node = 9
category = 2
"""


OF_THE_RUN = ("started", "wall_seconds", "command", "code")
"""What a manifest tells of the run and not of its result; the code may be edited meanwhile."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """`run` answers signals; what was there before comes back."""
    before = {one: signal.getsignal(one) for one in PREEMPTIONS}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenarios") / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    run(scenario, users=1_500, seed=3, out=out, sellers=40)
    return out / FOLDER / "small"


def test_the_series_has_a_row_a_day_with_dates_and_all_indicators(folder: Path) -> None:
    days = pd.read_parquet(folder / "days.parquet")
    assert days["day"].tolist() == [1, 2, 3]
    assert days["date"].tolist() == ["2022-12-30", "2022-12-31", "2023-01-01"]
    assert {one.name for one in DAILY} <= set(days.columns)
    campaigns = pd.read_parquet(folder / "campaigns.parquet")
    assert len(campaigns) == days["campaigns"].sum()


def test_named_sellers_sell_at_their_price_and_in_their_category(folder: Path) -> None:
    campaigns = pd.read_parquet(folder / "campaigns.parquet")
    prices = campaigns.loc[campaigns["seller"] == 5, "price"]
    assert len(prices)
    # The level is the scenario's; what is learnt moves it in steps.
    assert set((prices / 0.5).round(9)) <= {1.0, 0.7, 0.85, 1.2, 1.5}


def test_every_column_is_in_the_codebook(folder: Path) -> None:
    codebook = tables.read(folder / "codebook.csv")
    for name in ("days", "campaigns"):
        known = set(codebook.loc[codebook["table"] == name, "column"])
        assert set(pd.read_parquet(folder / f"{name}.parquet").columns) == known


def test_the_summary_is_the_series(folder: Path) -> None:
    days = pd.read_parquet(folder / "days.parquet")
    summary = tables.read(folder / "summary.csv").set_index("indicator")["value"]
    assert summary["reach"] == days["reach"].sum()
    assert summary["followers"] == days["followers"].iloc[-1]


def test_the_manifest_names_the_file_and_its_hash(folder: Path, scenario: Path) -> None:
    record = manifest.read(folder)
    assert [Path(one["name"]).name for one in record["inputs"]] == ["small.toml"]
    read = scenario_file.load(scenario)
    assert record["parameters"]["scenario_sha256"] == read.sha256
    manifest.verify(folder)


def test_the_same_run_gives_the_same_series(scenario: Path, folder: Path, tmp_path: Path) -> None:
    run(scenario, users=1_500, seed=3, out=tmp_path, sellers=40, days=2)
    again = pd.read_parquet(tmp_path / FOLDER / "small" / "days.parquet")
    pd.testing.assert_frame_equal(again, pd.read_parquet(folder / "days.parquet").head(2))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("node = 5", "node = 5000"), "named seller 'Li' is node 5000; the society has nodes"),
        (("category = 2", "category = 99"), "named seller 'Wang' sells category 99"),
    ],
)
def test_sellers_that_the_society_cannot_have_are_told(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL.replace(*change), encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        run(path, users=1_500, seed=3, out=tmp_path, sellers=40)
    assert not (tmp_path / FOLDER).exists()


def test_more_named_sellers_than_sellers_are_told(scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="num_sellers is 1, but 2 are named"):
        run(scenario, users=1_500, seed=3, out=tmp_path, sellers=1)
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.parametrize(("sellers", "days"), [(0, 2), (10, 0)])
def test_numbers_out_of_range_are_told(
    scenario: Path, tmp_path: Path, sellers: int, days: int
) -> None:
    with pytest.raises(ValueError, match=f"sellers is {sellers} and days {days}"):
        run(scenario, users=500, seed=1, out=tmp_path, sellers=sellers, days=days)


def files(folder: Path, aside: tuple[str, ...] = (*OF_THE_RUN, "packages")) -> dict[str, bytes]:
    """Every file of a result by name; of the manifest, what the result alone decides.

    In one process of tests each run has imported the packages of all tests before it.
    """
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    record = json.loads(found["manifest.json"])
    told = {name: value for name, value in record.items() if name not in aside}
    return {**found, "manifest.json": json.dumps(told).encode()}


def small(scenario: Path, out: Path, **options: Any) -> dict[str, bytes]:
    """The run of `folder`, with these options."""
    run(scenario, **{"users": 1_500, "seed": 3, "out": out, "sellers": 40} | options)
    return files(out / FOLDER / "small")


def stop_at(day: int, monkeypatch: pytest.MonkeyPatch, how: Callable[[], object]) -> None:
    """Let it happen within that day, the first of which is 1; once."""
    step, done = Market.step, []

    def stopping(self: Market) -> None:
        step(self)
        if self.day == day and not done:
            done.append(1)
            how()

    monkeypatch.setattr(Market, "step", stopping)


def fail() -> None:
    raise OSError(28, "No space left on device")


def kept(out: Path) -> list[str]:
    return [path.name for path in (out / FOLDER).iterdir()] if (out / FOLDER).exists() else []


@pytest.mark.parametrize("day", [1, 2, 3])
def test_stopped_on_any_day_it_goes_on_to_the_same_bytes(
    scenario: Path,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    day: int,
) -> None:
    with monkeypatch.context() as patch:
        stop_at(day, patch, fail)
        with pytest.raises(OSError, match="No space left"):
            small(scenario, tmp_path, checkpoint_seconds=0.0)
    assert kept(tmp_path) == [".small.state"] * (day > 1)
    capsys.readouterr()
    assert small(scenario, tmp_path) == files(folder)
    assert kept(tmp_path) == ["small"]
    assert (f"resumes after day {day - 1}" in capsys.readouterr().err) == (day > 1)


@pytest.mark.parametrize("signum", PREEMPTIONS)
def test_a_signal_saves_and_leaves_to_be_put_back(
    scenario: Path,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    signum: signal.Signals,
) -> None:
    with monkeypatch.context() as patch:
        stop_at(2, patch, lambda: signal.raise_signal(signum))
        with pytest.raises(GracefulExit) as left:
            small(scenario, tmp_path)
    assert left.value.code == 75
    assert kept(tmp_path) == [".small.state"]
    lived = []
    step = Market.step
    monkeypatch.setattr(Market, "step", lambda self: (lived.append(self.day), step(self)))
    assert small(scenario, tmp_path) == files(folder)
    assert lived == [2]


def test_stopped_while_results_are_written_no_day_is_lived_again(
    scenario: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Report, "rows", lambda *arguments: fail())
        with pytest.raises(OSError, match="No space left"):
            small(scenario, tmp_path)
    monkeypatch.setattr(Market, "step", lambda self: fail())
    assert small(scenario, tmp_path) == files(folder)


def test_results_from_before_stay_while_a_run_is_stopped(
    scenario: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = small(scenario, tmp_path, days=2)
    with monkeypatch.context() as patch:
        stop_at(2, patch, fail)
        with pytest.raises(OSError, match="No space left"):
            small(scenario, tmp_path, checkpoint_seconds=0.0)
    assert files(tmp_path / FOLDER / "small") == before
    assert small(scenario, tmp_path) == files(folder)


@pytest.fixture
def stopped(scenario: Path, tmp_path: Path) -> Path:
    """A folder of results in which the run was stopped after its second day."""
    with pytest.MonkeyPatch.context() as patch:
        stop_at(3, patch, fail)
        with pytest.raises(OSError, match="No space left"):
            small(scenario, tmp_path, checkpoint_seconds=0.0)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 4}, "its seed differs"),
        ({"users": 1_600}, "its graph differs"),
        ({"sellers": 41}, "its sellers differs"),
    ],
)
def test_another_run_is_refused_until_the_first_is_thrown_away(
    scenario: Path, stopped: Path, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=f"small.state: holds the state of another run, {told}"):
        small(scenario, stopped, **change)
    assert kept(stopped) == [".small.state"]
    other = small(scenario, stopped, **change, fresh=True)
    assert kept(stopped) == ["small"]
    assert other == small(scenario, stopped / "elsewhere", **change)


def test_another_scenario_of_the_same_name_is_refused(
    scenario: Path, folder: Path, stopped: Path, tmp_path: Path
) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL.replace("value = 0.5", "value = 0.6"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"its scenario differs.*--fresh"):
        small(path, stopped)
    assert small(scenario, stopped) == files(folder)


def test_another_run_is_refused_before_its_people_are_made(
    scenario: Path, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weishang.experiments.simulate.run.society", lambda *given: fail())
    with pytest.raises(ValueError, match="holds the state of another run, its sellers differs"):
        small(scenario, stopped, sellers=41)


def test_what_is_refused_does_not_say_that_it_goes_on(
    scenario: Path,
    stopped: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*given: Any) -> None:
        raise ValueError("state is of other sellers")

    monkeypatch.setattr("weishang.model.market.state.restore", refuse)
    with pytest.raises(ValueError, match="state is of other sellers"):
        small(scenario, stopped)
    with pytest.raises(ValueError, match="days is 1"):
        small(scenario, stopped, days=1)
    assert "goes on" not in capsys.readouterr().err


def test_begun_afresh_it_lives_every_day(
    scenario: Path, folder: Path, stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert small(scenario, stopped, fresh=True) == files(folder)
    assert "goes on" not in capsys.readouterr().err


def test_a_run_that_is_stopped_can_be_prolonged(
    scenario: Path, stopped: Path, tmp_path: Path
) -> None:
    assert small(scenario, stopped, days=4) == small(scenario, tmp_path / "alone", days=4)


def test_days_fewer_than_were_lived_are_refused(scenario: Path, stopped: Path) -> None:
    with pytest.raises(ValueError, match=r"days is 1, and .*small.state holds the run after day 2"):
        small(scenario, stopped, days=1)


def test_checkpoints_that_are_broken_are_told(
    scenario: Path, folder: Path, stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest, older = sorted((stopped / FOLDER / ".small.state").glob("checkpoint-*"), reverse=True)
    newest.write_bytes(newest.read_bytes()[:-7])
    older.write_bytes(b"")
    with pytest.raises(ValueError, match=r"is broken.*no other is whole.*--fresh"):
        small(scenario, stopped)
    assert small(scenario, stopped, fresh=True) == files(folder)


def test_state_behind_a_link_is_refused(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / ".small.state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"small.state: is a link"):
        small(scenario, tmp_path)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_seconds_between_checkpoints_are_checked(
    scenario: Path, tmp_path: Path, seconds: float
) -> None:
    with pytest.raises(ValueError, match=f"checkpoint seconds is {seconds}"):
        small(scenario, tmp_path, checkpoint_seconds=seconds)
    assert kept(tmp_path) == []


def test_columns_of_rows_have_their_units(folder: Path) -> None:
    schema = pq.read_schema(folder / "campaigns.parquet")
    for field in schema:
        assert field.metadata[b"unit"].decode() == CAMPAIGNS[field.name][0]


def command(scenario: Path, out: Path, *more: str) -> list[str]:
    words = ["--users", "1500", "--seed", "3", "--sellers", "40", "--checkpoint-seconds", "0"]
    program = "weishang.experiments.cli"
    return [sys.executable, "-m", program, "run", str(scenario), *words, "--out", str(out), *more]


def test_a_second_process_is_refused_and_a_preempted_one_put_back(
    scenario: Path, folder: Path, tmp_path: Path
) -> None:
    """Real processes: a long run is found running, preempted, and taken up again in this one."""
    state = tmp_path / FOLDER / ".small.state"
    first = subprocess.Popen(
        command(scenario, tmp_path, "--days", "100000"), stderr=subprocess.PIPE, text=True
    )
    try:
        while not list(state.glob("checkpoint-*")):
            assert first.poll() is None, first.communicate()
            time.sleep(0.05)
        with pytest.raises(ValueError, match=r"small.state: another process runs this"):
            small(scenario, tmp_path)
        os.kill(first.pid, signal.SIGUSR1)
        _, told = first.communicate(timeout=300)
    finally:
        first.kill()
    assert first.returncode == 75
    assert "Traceback" not in told
    assert kept(tmp_path) == [".small.state"]
    identity = dict.fromkeys(("scenario", "graph", "replicate", "sellers", "version"), "")
    with pytest.raises(ValueError, match="holds the state of another run"):
        Checkpoints(state, identity).load()
    days = 3 + max(int(path.name[11:17]) for path in state.glob("checkpoint-*"))
    done = subprocess.run(
        command(scenario, tmp_path, "--days", str(days)), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "resumes after day" in done.stderr
    assert kept(tmp_path) == ["small"]
    assert files(tmp_path / FOLDER / "small") == small(scenario, tmp_path / "alone", days=days)
