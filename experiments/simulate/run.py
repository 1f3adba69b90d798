"""Run one scenario file: a market day by day, and what came of it.

A run that was stopped goes on when the same command is given again, and leaves the same bytes.
Until it has ended its state is kept in results/runs/.NAME.state.

Claim: none; it is the laboratory's bench.
Command: weishang run SCENARIO [--users N] [--graph FILE] [--nodes FILE] [--sellers N] [--days N]
    [--fresh] [--checkpoint-seconds S]
Runtime: about 3 seconds a day on two cores at 1,000,000 users, and a minute for the society.
Output: results/runs/NAME (days.parquet, campaigns.parquet, summary.csv, parameters.csv, ..).
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from weishang.experiments.console.command import (
    RESULTS,
    GraphOption,
    NodesOption,
    OutOption,
    SeedOption,
    UsersOption,
    note,
    show,
    stage,
)
from weishang.experiments.console.signals import requeue_on_signals
from weishang.experiments.scenario import scenario_file
from weishang.experiments.scenario.scenario_file import ScenarioFile
from weishang.experiments.simulate.resumable_run import (
    SECONDS,
    Keeper,
    Kept,
    check_seconds,
    identity_of,
    known_identity,
    refuse_another,
    refuse_running,
    run_kept,
)
from weishang.experiments.simulate.worlds import Branch, chats, society
from weishang.experiments.storage import codebook
from weishang.experiments.storage.atomic import refuse_links
from weishang.experiments.storage.report import Report
from weishang.kernels.rng import derive
from weishang.model.market.indicators import DAILY
from weishang.model.society.society import Society

ScenarioArgument = Annotated[Path, typer.Argument(help="Scenario file (TOML).")]
FOLDER = "runs"


def run(
    scenario: ScenarioArgument,
    graph: GraphOption = None,
    nodes: NodesOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    sellers: Annotated[int, typer.Option(help="Sellers, the named ones included.")] = 10_000,
    days: Annotated[int | None, typer.Option(help="Days; the file's without it.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Throw away what an unfinished run saved.")
    ] = False,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Seconds between checkpoints; 0 for one a day.")
    ] = SECONDS,
) -> None:
    """Run a scenario file's market and save its days and campaigns; go on where one stopped."""
    requeue_on_signals()
    file = scenario_file.load(scenario)
    days = file.days if days is None else days
    if sellers < 1 or days < 1:
        raise ValueError(f"sellers is {sellers} and days {days}; give at least 1 of each")
    check_seconds(checkpoint_seconds)
    inputs = [*file.files, *(path for path in (graph, nodes) if path is not None)]
    state = state_folder(out, scenario.stem)
    refuse_running(state)
    world = derive(seed, Branch.WORLD, 0)
    if not fresh:
        refuse_another(state, known_identity(file.scenario, world, sellers, file.sellers))
    with ExitStack() as held:
        with Report(
            scenario.stem, out / FOLDER, title=file.name, seed=seed, inputs=inputs
        ) as report:
            people = society(graph, users, seed, file.scenario.society, nodes)
            check_sellers(file, people)
            groups = chats(people, file.scenario.groups, seed, nodes)
            identity = identity_of(people, groups, file.scenario, world, sellers, file.sellers)
            keep = held.enter_context(Keeper(state, identity, checkpoint_seconds))
            with stage(file.name, days, _begin(keep, fresh)) as advance:
                kept = run_kept(
                    people,
                    groups,
                    file.scenario,
                    world,
                    days,
                    sellers,
                    named=file.sellers,
                    advance=advance,
                    resumed=lambda day: note(f"goes on after day {day}"),
                    keep=keep,
                )
            daily = with_dates(kept.days, file)
            report.graph_hash = people.graph.fingerprint()
            report.parameters = {
                **file.scenario.values(),
                "users": people.num_users,
                "num_sellers": sellers,
                "days": days,
                "start": str(file.start),
                "scenario_sha256": file.sha256,
            }
            _tell(report, file, daily, kept)
        keep.discard()
    show(summed_up(daily), f"{out / FOLDER / scenario.stem}: {days} days")


def state_folder(out: Path, name: str) -> Path:
    """Where a scenario's run is kept until its results are in place.

    Raises:
        ValueError: it lies behind a link.
    """
    folder = out / FOLDER / f".{name}.state"
    refuse_links(out, folder)
    return folder


def check_sellers(file: ScenarioFile, people: Society) -> None:
    """Refuse named sellers that this society cannot have.

    Raises:
        ValueError: a node is nobody, or a category nobody's interest.
    """
    for one in file.sellers:
        if one.node >= people.num_users:
            raise ValueError(
                f"{file.path}: named seller {one.id!r} is node {one.node}; the society has nodes "
                f"0 to {people.num_users - 1}"
            )
        if one.category is not None and one.category >= people.parameters.num_interests:
            raise ValueError(
                f"{file.path}: named seller {one.id!r} sells category {one.category}; the society "
                f"has interests 0 to {people.parameters.num_interests - 1}"
            )


def with_dates(days: pd.DataFrame, file: ScenarioFile) -> pd.DataFrame:
    """The series with the date of each day, the scenario's start being day 1."""
    dates = pd.to_datetime(str(file.start)) + pd.to_timedelta(days["day"] - 1, unit="D")
    return days.assign(date=dates.dt.date.astype(str))


def summed_up(days: pd.DataFrame) -> pd.DataFrame:
    """A row an indicator: its sum over days, or its value on the last."""
    rows = []
    for one in DAILY:
        values = days[one.name]
        total = float(values.sum() if one.adds_up else values.iloc[-1])
        over = "all days" if one.adds_up else "last day"
        rows.append({"indicator": one.name, "value": total, "unit": one.unit, "over": over})
    return pd.DataFrame(rows)


def _begin(keep: Keeper, fresh: bool) -> int:
    """Throw away or find what is kept, and give the day after which the run goes on."""
    if fresh:
        keep.discard()
    return keep.begin()


def _tell(report: Report, file: ScenarioFile, daily: pd.DataFrame, kept: Kept) -> None:
    """Save data and tables."""
    report.data("days", daily)
    report.rows("campaigns", kept.campaigns)
    report.table("summary", summed_up(daily), "The run", "Sums over days, or the last day's value.")
    report.table("parameters", _parameters(file), "Parameters", "As given, with sources.")
    saved = ("days", "campaigns", "summary", "parameters")
    codebook.add_codebook(report, {name: codebook.TABLES[name] for name in saved})


def _parameters(file: ScenarioFile) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "name": one.name,
                "value": str(one.value),
                "unit": one.unit,
                "source": one.source,
                "role": one.role,
            }
            for one in file.parameters
        ]
    )
