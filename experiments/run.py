"""Run one scenario file: a market day by day, and what came of it.

Claim: none; it is the laboratory's bench.
Command: weishang run SCENARIO [--users N] [--graph FILE] [--nodes FILE] [--sellers N] [--days N]
Runtime: about 3 seconds a day on two cores at 1,000,000 users, and a minute for the society.
Output: results/runs/NAME (days.parquet, campaigns.parquet, summary.csv, parameters.csv, ..).
"""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from weishang.experiments import codebook, scenario_file
from weishang.experiments.command import (
    RESULTS,
    GraphOption,
    NodesOption,
    OutOption,
    SeedOption,
    UsersOption,
    show,
    stage,
)
from weishang.experiments.command import run as run_command
from weishang.experiments.market_runs import run_markets
from weishang.experiments.report import Report
from weishang.experiments.scenario_file import ScenarioFile
from weishang.experiments.worlds import Branch, chats, society
from weishang.kernels.rng import derive
from weishang.model.indicators import EVERYWHERE
from weishang.model.society import Society

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
) -> None:
    """Run a scenario file's market and save its days and campaigns."""
    file = scenario_file.load(scenario)
    days = file.days if days is None else days
    if sellers < 1 or days < 1:
        raise ValueError(f"sellers is {sellers} and days {days}; give at least 1 of each")
    inputs = [*file.files, *(path for path in (graph, nodes) if path is not None)]
    with Report(scenario.stem, out / FOLDER, title=file.name, seed=seed, inputs=inputs) as report:
        people = society(graph, users, seed, file.scenario.society, nodes)
        check_sellers(file, people)
        groups = chats(people, file.scenario.groups, seed, nodes)
        with stage(file.name, days) as advance:
            result = run_markets(
                people,
                groups,
                file.scenario,
                [derive(seed, Branch.WORLD, 0)],
                days,
                sellers,
                advance,
                named=file.sellers,
            )
        report.graph_hash = people.graph.fingerprint()
        report.parameters = {
            **file.scenario.values(),
            "users": people.num_users,
            "num_sellers": sellers,
            "days": days,
            "start": str(file.start),
            "scenario_sha256": file.sha256,
        }
        daily = with_dates(result.days, file)
        report.data("days", daily)
        report.data("campaigns", result.campaigns)
        report.table(
            "summary", summed_up(daily), "The run", "Sums over days, or the last day's value."
        )
        report.table("parameters", _parameters(file), "Parameters", "As given, with sources.")
        report.table(
            "codebook", codebook.codebook(days=daily, campaigns=result.campaigns), "Columns"
        )
    show(summed_up(daily), f"{out / FOLDER / scenario.stem}: {days} days")


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
    for one in EVERYWHERE:
        values = days[one.name]
        total = float(values.sum() if one.adds_up else values.iloc[-1])
        over = "all days" if one.adds_up else "last day"
        rows.append({"indicator": one.name, "value": total, "unit": one.unit, "over": over})
    return pd.DataFrame(rows)


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


if __name__ == "__main__":
    run_command(run)
