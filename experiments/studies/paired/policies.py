"""What the platform's rules do, one changed at a time in the very same replicates.

Claim: in replicates of the same people, sellers and random numbers, the effect of one rule shows
    with
far fewer replicates than if those differed, whatever its sign.
Command: weishang policies [--graph FILE] [--users N] [--seed S] [--out DIR]
[--replicates W] [--days D] [--sellers M]
Runtime: about a minute on two cores at 1,000,000 users, beside the society's own.
Output: results/policies (days.parquet, replicates.parquet, effects.csv, pairing.csv, figures).
"""

from collections.abc import Callable
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from weishang.experiments.analysis.counterfactuals import busy
from weishang.experiments.analysis.paired import (
    ENOUGH,
    Outcome,
    by_replicate,
    compare,
    described,
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
from weishang.experiments.storage.codebook import add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.common import record, study
from weishang.experiments.studies.paired import figures
from weishang.experiments.studies.paired.codebook import TABLES

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
REPLICATES = 6
DAYS = 2
SELLERS = 200
LARGEST = 0.05
"""Fraction of campaigns that are called the largest."""
EXACT = "nothing differs, or all pairs differ alike"
PART = (
    "alike on the first day; from the next on sellers go by what they have earned and make other "
    "offers than in the pair's other replicate"
)
TAKE_OFF = (
    "on the first day already it decides whether large campaigns are passed on, and few of them "
    "hold most of what varies"
)


def policies(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    replicates: Annotated[int, typer.Option(help="Pairs of replicates a policy.")] = REPLICATES,
    days: Annotated[int, typer.Option(help="Days that each market runs.")] = DAYS,
    sellers: Annotated[int, typer.Option(help="Sellers of each market.")] = SELLERS,
) -> None:
    """What the platform's rules do, one changed at a time in the very same replicates."""
    files = [scenario_file.load(scenario_file.FOLDER / f"{name}.toml") for name in POLICIES]
    usual = busy(scenario_file.load(scenario_file.DEFAULT).scenario)
    inputs = [scenario_file.DEFAULT, *(file.path for file in files), graph]
    with study("policies", out, "Policies", seed, inputs) as report:
        setting = Setting.of(graph, users, seed, replicates, days, sellers)
        base = setting.run(usual, DEFAULT_NAME)
        runs = {DEFAULT_NAME: base}
        for file in files:
            changed = busy(file.scenario)
            runs[file.name] = base if changed == usual else setting.run(changed, file.name)
        record(report, setting.people, usual, setting.sizes)
        _write(report, runs, setting, market_outcomes(usual.money.reference_price))


def pairing(runs: dict[str, Run], outcomes: tuple[Outcome, ...]) -> pd.DataFrame:
    """What pairing saves over all days and over the first, and why it saves no more.

    Returns:
        policy, outcome, all_days, first_day: variance between independent replicates over that
            between
        pairs; why: empty where pairing saves ENOUGH.
    """
    whole = compare(runs, outcomes, "policy")
    first_days = {
        name: Run(*(rows[rows["day"] == 1] for rows in (run.days, run.campaigns, run.searches)))
        for name, run in runs.items()
    }
    first = compare(first_days, outcomes, "policy")
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


def _by_policy(runs: dict[str, Run], rows: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
    """Rows of each run, one below the other, under the name of its policy."""
    parts = []
    for name, run in runs.items():
        part = rows(run).copy()
        part.insert(0, "policy", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _write(
    report: Report, runs: dict[str, Run], setting: Setting, outcomes: tuple[Outcome, ...]
) -> None:
    report.data("days", _by_policy(runs, lambda run: run.days))
    report.data("replicates", _by_policy(runs, lambda run: by_replicate(run, outcomes)))
    found, saved = compare(runs, outcomes, "policy"), pairing(runs, outcomes)
    report.table(
        "effects",
        found,
        "Effects of policies",
        f"{setting.sellers} sellers with one campaign per day over {setting.days} days, in "
        f"{len(setting.replicates)} pairs of replicates of {setting.people.num_users:,} people. "
        "Each "
        "policy changes one rule of the default and nothing else. Means over replicates of totals; "
        "effect: mean difference between pairs with its 95% interval (Student's t over pairs); "
        "change: relative to the default, with the interval of a ratio of means; that of profit is "
        "relative to sales and that of refunds to orders. Saved: variance of the "
        "difference between replicates of different seeds over that between pairs. The cap of "
        "500 is "
        "the default's own, so all its effects are 0.",
    )
    report.table(
        "pairing",
        saved,
        "What pairing saves",
        _about_pairing(saved, share_of_largest(runs[DEFAULT_NAME])),
    )
    report.table("outcomes", described(outcomes), "Outcomes")
    add_codebook(report, TABLES[report.name])
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
        "How many times more replicates an effect would take if each replicate were on its own. "
        "Pairing "
        f"saves at least {ENOUGH:.0f} times in {enough} of {len(finite)} cases that differ at "
        f"all.{told} The largest {LARGEST:.0%} of the default's campaigns have {largest:.0%} of "
        "its reach: a change that lets one more or one fewer of them take off makes a pair differ "
        "nearly as much as two replicates do."
    )
