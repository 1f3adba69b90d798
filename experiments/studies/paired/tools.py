"""What each tool does by itself, and what each mechanism adds to the market.

Claim: a tool acts by its own mechanism, so its effect on reach, conversion and profit shows when
the same sellers make the same offers with it and without it in the same replicates, whatever its
sign. Command: weishang tools [--graph FILE] [--users N] [--seed S] [--out DIR] [--replicates W]
[--days D] [--sellers M] Runtime: about a minute and a half on two cores at 1,000,000 users, beside
the society's own. Output: results/tools (campaigns.parquet, replicates.parquet, tools.csv,
mechanisms.csv, content.csv, retention.csv, figures).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from weishang.experiments.analysis.counterfactuals import busy, forced, with_content
from weishang.experiments.analysis.paired import (
    Outcome,
    by_replicate,
    campaign_outcomes,
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
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.replicates import SeedStream
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.storage.codebook import add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.common import record, study
from weishang.experiments.studies.paired import figures
from weishang.experiments.studies.paired.codebook import TABLES
from weishang.experiments.studies.paired.retention import SHARE_OF_RICH, retention
from weishang.model.core.campaigns import Tool
from weishang.model.scenario import Scenario

REPLICATES = 5
DAYS = 1
SELLERS = 100
MARKET_DAYS = 2
"""Fatigue and learning need a day before they act."""
NAMES = {
    Tool.NONE: "no tool",
    Tool.DISCOUNT: "discount",
    Tool.TEAM: "team purchase",
    Tool.BARGAIN: "bargain",
    Tool.LIVESTREAM: "livestream",
}
SWITCHES = {
    "groups": "no group chats",
    "accounts": "no official accounts",
    "adverts": "no adverts",
    "search": "no search",
    "discount": "no discounts",
    "team_purchase": "no team purchases",
    "bargain": "no bargains",
    "livestream": "no livestreams",
    "fatigue": "no fatigue",
    "learning": "no learning",
}
"""Mechanisms whose effect on the market is shown, and the market without each.

The others (feed, links, reward and basket) change terms of an offer or whom it is shown to.
"""


def tools(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    replicates: Annotated[int, typer.Option(help="Pairs of replicates a tool.")] = REPLICATES,
    days: Annotated[int, typer.Option(help="Days of campaigns with each tool.")] = DAYS,
    sellers: Annotated[int, typer.Option(help="Sellers of each market.")] = SELLERS,
) -> None:
    """What each tool does by itself, and what each mechanism adds to the market."""
    with study("tools", out, "Tools", seed, [graph]) as report:
        setting = Setting.of(graph, users, seed, replicates, days, sellers)
        usual = Scenario()
        price = usual.money.reference_price
        runs = {name: setting.run(forced(usual, tool), name) for tool, name in NAMES.items()}
        market = replace(setting, days=max(days, MARKET_DAYS))
        content = {
            name: setting.run(with_content(usual, share), name)
            for name, share in SHARE_OF_RICH.items()
        }
        switched = _switched(market, usual)
        record(report, setting.people, usual, {**setting.sizes, "market_days": market.days})
        _write_tools(report, runs, setting, campaign_outcomes(price))
        _write_mechanisms(report, switched, market, market_outcomes(price))
        rng = np.random.default_rng([seed, SeedStream.BOOTSTRAP])
        _write_content(report, content, campaign_outcomes(price), rng)
        add_codebook(report, TABLES[report.name])
        report.figure("tools", figures.effects_of_tools, "tools", "outcomes")
        report.figure("mechanisms", figures.effects_of_mechanisms, "mechanisms", "market_outcomes")


def _switched(market: Setting, usual: Scenario) -> dict[str, Run]:
    """The market with all mechanisms, and without each."""
    every = busy(usual)
    runs = {"all mechanisms": market.run(every, "all mechanisms")}
    for name, label in SWITCHES.items():
        without = replace(every, mechanisms=every.mechanisms.without(name))
        runs[label] = market.run(without, label)
    return runs


def _write_tools(
    report: Report, runs: dict[str, Run], setting: Setting, outcomes: tuple[Outcome, ...]
) -> None:
    report.data("campaigns", _stacked(runs, lambda one: one.campaigns))
    report.data("replicates", _stacked(runs, lambda one: by_replicate(one, outcomes)))
    report.table(
        "tools",
        compare(runs, outcomes, "tool"),
        "Each tool against no tool",
        f"All of the same {setting.sellers} sellers use the tool in every campaign, or none does: "
        f"{setting.days} day(s) of a campaign each in {len(setting.replicates)} pairs of "
        "replicates of "
        f"{setting.people.num_users:,} people, without learning, fatigue and search. Means a "
        "campaign; effect and 95% interval by Student's t over pairs of replicates; change: "
        "relative "
        "to no tool, that of profit relative to sales and that of refunds to orders. Saved: "
        "variance of the difference between replicates of different seeds over that between pairs; "
        "little where a tool multiplies what the few large campaigns bring, since pairs then "
        "differ most where replicates do.",
    )
    report.table("outcomes", described(outcomes), "Outcomes of a campaign")


def _write_mechanisms(
    report: Report, runs: dict[str, Run], market: Setting, outcomes: tuple[Outcome, ...]
) -> None:
    report.data("market_replicates", _stacked(runs, lambda one: by_replicate(one, outcomes)))
    report.table(
        "mechanisms",
        compare(runs, outcomes, "without"),
        "The market without each mechanism",
        f"The default with a campaign a seller and day ({market.sellers} sellers, {market.days} "
        f"days, {len(market.replicates)} pairs of replicates), all mechanisms on against one "
        "off; totals. "
        "Sellers who would have used what is off choose anew among the rest, so this is what the "
        "market would be without it and not the tool's own effect.",
    )
    report.table("market_outcomes", described(outcomes), "Outcomes of the market")


def _write_content(
    report: Report,
    runs: dict[str, Run],
    outcomes: tuple[Outcome, ...],
    rng: np.random.Generator,
) -> None:
    report.data("content_campaigns", _stacked(runs, lambda one: one.campaigns))
    report.table(
        "content",
        compare(runs, outcomes, "content"),
        "Rich content against plain",
        "The same campaigns without a tool, all plain against all rich, as above.",
    )
    report.table(
        "retention",
        retention({name: one.campaigns for name, one in runs.items()}, rng),
        "Sharing retention of rich and plain content",
        "The same campaigns, all plain and all rich; 95% interval over campaigns, by pairs for the "
        "difference. The article does not say who is counted, so each reading stands beside both "
        "figures. None is fitted: the weight of content is an assumption, one and the same for "
        "visiting, buying and passing on, and how often a campaign is passed on at all is set "
        "(`takeoff_probability`). So the table shows a direction and bears no verdict. A mean over "
        "campaigns "
        "is far below both figures since most campaigns are passed on by nobody; over the people "
        "of all campaigns together, the few that take off count most.",
    )


def _stacked(runs: dict[str, Run], rows: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
    parts = [rows(one).assign(run=name) for name, one in runs.items()]
    return pd.concat(parts, ignore_index=True)
