"""What the platform's rules do, one changed at a time in the very same worlds.

Claim: in worlds of the same people, sellers and luck, the effect of one rule shows with far fewer
worlds than if luck differed, whatever its sign.
Command: weishang policies [--graph FILE] [--users N] [--seed S] [--out DIR]
[--worlds W] [--days D] [--sellers M]
Runtime: about a minute on two cores at 1,000,000 users, beside the society's own.
Output: results/policies (days.parquet, worlds.parquet, effects.csv, pairing.csv, figures).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from weishang.experiments.analysis.paired import (
    ENOUGH,
    Outcome,
    by_world,
    described,
    effects,
    market_outcomes,
)
from weishang.experiments.console.command import (
    RESULTS,
    GraphOption,
    OutOption,
    SeedOption,
    UsersOption,
)
from weishang.experiments.scenario import scenario_file
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.paired import figures
from weishang.experiments.studies.paired.codebook import add_codebook
from weishang.model.scenario import Scenario

POLICIES = (
    "induced_sharing",
    "links_not_demoted",
    "group_cap_200",
    "group_cap_500",
    "group_cap_1000",
    "platform_first",
    "no_livestreams",
)
"""Scenario files in which one rule differs from the default."""
DEFAULT_NAME = "default"
WORLDS = 6
DAYS = 2
SELLERS = 200
LARGEST = 0.05
"""Fraction of campaigns that are called the largest."""
EXACT = "nothing differs, or all pairs differ alike"
PART = (
    "alike on the first day; from the next on sellers go by what they have earned and make other "
    "offers than in the pair's other world"
)
TAKE_OFF = (
    "on the first day already it decides whether large campaigns are passed on, and few of them "
    "hold most of what varies"
)


@dataclass(frozen=True)
class Compared:
    """A policy beside the default, in the same worlds.

    Attributes:
        name: of the policy.
        run: what its markets did.
    """

    name: str
    run: Run


def policies(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    worlds: Annotated[int, typer.Option(help="Pairs of worlds a policy.")] = WORLDS,
    days: Annotated[int, typer.Option(help="Days that each market runs.")] = DAYS,
    sellers: Annotated[int, typer.Option(help="Sellers of each market.")] = SELLERS,
) -> None:
    """What the platform's rules do, one changed at a time in the very same worlds."""
    files = [scenario_file.load(scenario_file.FOLDER / f"{name}.toml") for name in POLICIES]
    usual = busy(scenario_file.load(scenario_file.DEFAULT).scenario)
    inputs = [scenario_file.DEFAULT, *(file.path for file in files), *([graph] if graph else [])]
    with Report("policies", out, title="Policies", seed=seed, inputs=inputs) as report:
        setting = Setting.of(graph, users, seed, worlds, days, sellers)
        base = setting.run(usual, DEFAULT_NAME)
        runs = [Compared(DEFAULT_NAME, base)]
        for file in files:
            changed = busy(file.scenario)
            ran = base if changed == usual else setting.run(changed, file.name)
            runs.append(Compared(file.name, ran))
        report.graph_hash = setting.people.graph.fingerprint()
        report.parameters = {**usual.values(), **setting.sizes}
        _write(report, runs, setting, market_outcomes(usual.money.reference_price))


def busy(scenario: Scenario) -> Scenario:
    """The same with a campaign a seller and day, so that few sellers tell much."""
    return replace(scenario, sellers=replace(scenario.sellers, activity=1.0))


def compare(runs: list[Compared], outcomes: tuple[Outcome, ...]) -> pd.DataFrame:
    """The effect of each policy on each outcome; the first run is the default."""
    usual, *others = ((one.name, by_world(one.run, outcomes)) for one in runs)
    return pd.concat(
        [_with_policy(name, effects(usual[1], found, outcomes)) for name, found in others],
        ignore_index=True,
    )


def pairing(runs: list[Compared], outcomes: tuple[Outcome, ...]) -> pd.DataFrame:
    """What pairing saves over all days and over the first, and why it saves no more.

    Returns:
        policy, outcome, all_days, first_day: variance between independent worlds over that between
        pairs; why: empty where pairing saves ENOUGH.
    """
    whole = compare(runs, outcomes)
    first = compare([replace(one, run=_first_day(one.run)) for one in runs], outcomes)
    table = whole[["policy", "outcome"]].assign(all_days=whole["saved"], first_day=first["saved"])
    pairs = zip(table["all_days"], table["first_day"], strict=True)
    return table.assign(why=[_why(*pair) for pair in pairs])


def share_of_largest(run: Run) -> float:
    """The share of all reach that the largest campaigns have."""
    reach = run.campaigns[[f"reach_{level}" for level in LEVELS]].to_numpy().sum(axis=1)
    largest = np.sort(reach)[::-1][: max(1, round(LARGEST * reach.size))]
    return float(largest.sum() / reach.sum()) if reach.sum() else 0.0


def _why(all_days: float, first_day: float) -> str:
    if not np.isfinite(all_days):
        return EXACT
    if all_days >= ENOUGH:
        return ""
    # A first day on which nothing differs is alike, too.
    return TAKE_OFF if first_day < ENOUGH else PART


def _first_day(run: Run) -> Run:
    def first(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["day"] == 1]

    return Run(first(run.days), first(run.campaigns), first(run.searches))


def _with_policy(name: str, table: pd.DataFrame) -> pd.DataFrame:
    table.insert(0, "policy", name)
    return table


def _all_rows(
    runs: list[Compared], outcomes: tuple[Outcome, ...]
) -> Iterator[tuple[str, pd.DataFrame]]:
    yield (
        "days",
        pd.concat([_with_policy(x.name, x.run.days.copy()) for x in runs], ignore_index=True),
    )
    yield (
        "worlds",
        pd.concat([_with_policy(x.name, by_world(x.run, outcomes)) for x in runs]),
    )


def _write(
    report: Report, runs: list[Compared], setting: Setting, outcomes: tuple[Outcome, ...]
) -> None:
    for name, rows in _all_rows(runs, outcomes):
        report.data(name, rows)
    found, saved = compare(runs, outcomes), pairing(runs, outcomes)
    report.table(
        "effects",
        found,
        "Effects of policies",
        f"{setting.sellers} sellers with a campaign a day over {setting.days} days, in "
        f"{len(setting.worlds)} pairs of worlds of {setting.people.num_users:,} people. Each "
        "policy changes one rule of the default and nothing else. Means over worlds of totals; "
        "effect: mean difference between pairs with its 95% interval (Student's t over pairs); "
        "change: relative to the default, with the interval of a ratio of means; that of profit is "
        "relative to sales and that of refunds to orders. Saved: variance of the "
        "difference between worlds of different luck over that between pairs. The cap of 500 is "
        "the default's own, so all its effects are 0.",
    )
    report.table(
        "pairing", saved, "What pairing saves", _about_pairing(saved, share_of_largest(runs[0].run))
    )
    report.table("outcomes", described(outcomes), "Outcomes")
    add_codebook(report)
    report.figure("effects", figures.effects_of_policies, "effects", "outcomes")
    report.figure("pairing", figures.saved_by_pairing, "pairing")


def _about_pairing(saved: pd.DataFrame, largest: float) -> str:
    finite = saved[np.isfinite(saved["all_days"])]
    enough = int((finite["all_days"] >= ENOUGH).sum())
    most = finite.loc[finite["all_days"].idxmax()] if len(finite) else None
    told = (
        ""
        if most is None
        else (
            f" The most is {most['all_days']:.3g} times, for {most['outcome']} under "
            f"{most['policy']}."
        )
    )
    return (
        "How many times more worlds an effect would take if each world were on its own. Pairing "
        f"saves at least {ENOUGH:.0f} times in {enough} of {len(finite)} cases that differ at "
        f"all.{told} The largest {LARGEST:.0%} of the default's campaigns have {largest:.0%} of "
        "its reach: a change that lets one more or one fewer of them take off makes a pair differ "
        "nearly as much as two worlds do."
    )
