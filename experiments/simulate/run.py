"""Run one scenario file: a market day by day, and what came of it.

A run that was stopped resumes when the same command is given again, and leaves the same bytes.
Until it has ended, its state is kept in results/runs/.NAME.state.

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
)
from weishang.experiments.console.output import show
from weishang.experiments.console.progress import note, stage
from weishang.experiments.console.signals import requeue_on_signals
from weishang.experiments.scenario import scenario_file
from weishang.experiments.scenario.scenario_file import ScenarioFile
from weishang.experiments.simulate.codebook import CAMPAIGNS, DAYS, PARAMETERS, SUMMARY
from weishang.experiments.simulate.named_sellers import check_sellers
from weishang.experiments.simulate.replicates import SeedStream, chats, society
from weishang.experiments.simulate.resumable_run import (
    StoredRun,
    identity_of,
    known_identity,
    run_to_disk,
)
from weishang.experiments.simulate.run_checkpointer import (
    SECONDS,
    RunCheckpointer,
    check_seconds,
    refuse_another,
    refuse_running,
)
from weishang.experiments.storage.atomic import refuse_links
from weishang.experiments.storage.codebook import add_codebook
from weishang.experiments.storage.report import Report
from weishang.kernels.rng import derive
from weishang.model.market.indicators import DAILY

ScenarioArgument = Annotated[Path, typer.Argument(help="Scenario file (TOML).")]
FOLDER = "runs"
COLUMNS = {"days": DAYS, "campaigns": CAMPAIGNS, "summary": SUMMARY, "parameters": PARAMETERS}
"""What every column means, by file."""


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
        bool, typer.Option("--fresh", help="Discard what an unfinished run saved.")
    ] = False,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Seconds between checkpoints; 0 for one a day.")
    ] = SECONDS,
) -> None:
    """Run a scenario file's market and save its days and campaigns; resumes a stopped run."""
    requeue_on_signals()
    file = scenario_file.load(scenario)
    days = file.days if days is None else days
    if sellers < 1 or days < 1:
        raise ValueError(f"sellers is {sellers} and days {days}; give at least 1 of each")
    check_seconds(checkpoint_seconds)
    inputs = [*file.files, *(path for path in (graph, nodes) if path is not None)]
    state = state_folder(out, scenario.stem)
    refuse_running(state)
    replicate = derive(seed, SeedStream.REPLICATE, 0)
    if not fresh:
        refuse_another(state, known_identity(file.scenario, replicate, sellers, file.sellers))
    with ExitStack() as held:
        with Report(
            scenario.stem,
            out / FOLDER,
            title=file.name,
            seed=seed,
            inputs=inputs,
            fingerprint=False,
        ) as report:
            people = society(graph, users, seed, file.scenario.society, nodes)
            check_sellers(file, people)
            groups = chats(people, file.scenario.groups, seed, nodes)
            identity = identity_of(people, groups, file.scenario, replicate, sellers, file.sellers)
            checkpointer = RunCheckpointer(state, identity, checkpoint_seconds)
            held.enter_context(checkpointer)
            if fresh:
                checkpointer.discard()
            with stage(file.name, days, checkpointer.begin()) as advance:
                stored = run_to_disk(
                    people,
                    groups,
                    file.scenario,
                    replicate,
                    days,
                    sellers,
                    named=file.sellers,
                    advance=advance,
                    resumed=lambda day: note(f"resumes after day {day}"),
                    checkpointer=checkpointer,
                )
            daily = with_dates(stored.days, file)
            report.graph_hash = people.graph.fingerprint()
            report.parameters = {
                **file.scenario.values(),
                "users": people.num_users,
                "num_sellers": sellers,
                "days": days,
                "start": str(file.start),
                "scenario_sha256": file.sha256,
            }
            _save(report, file, daily, stored)
        checkpointer.discard()
    show(summed_up(daily), f"{out / FOLDER / scenario.stem}: {days} days")


def state_folder(out: Path, name: str) -> Path:
    """Where a scenario's run is kept until its results are in place.

    Raises:
        ValueError: it lies behind a link.
    """
    folder = out / FOLDER / f".{name}.state"
    refuse_links(out, folder)
    return folder


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


def _save(report: Report, file: ScenarioFile, daily: pd.DataFrame, stored: StoredRun) -> None:
    """Save data and tables."""
    names = ("name", "unit", "source", "role")
    parameters = [
        {"name": one.name, "value": str(one.value)} | {name: getattr(one, name) for name in names}
        for one in file.parameters
    ]
    report.data("days", daily)
    report.rows("campaigns", stored.campaigns)
    report.table("summary", summed_up(daily), "The run", "Sums over days, or the last day's value.")
    report.table("parameters", pd.DataFrame(parameters), "Parameters", "As given, with sources.")
    add_codebook(report, COLUMNS)
