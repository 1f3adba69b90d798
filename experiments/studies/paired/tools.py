"""What each tool does by itself, and what each mechanism adds to the market.

Claim: a tool acts by its own mechanism, so its effect on reach, conversion and profit shows when
the same sellers make the same offers with it and without it in the same worlds, whatever its sign.
Command: weishang tools [--graph FILE] [--users N] [--seed S] [--out DIR]
[--worlds W] [--days D] [--sellers M]
Runtime: about a minute and a half on two cores at 1,000,000 users, beside the society's own.
Output: results/tools (campaigns.parquet, worlds.parquet, tools.csv, mechanisms.csv,
content.csv, retention.csv, figures).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from weishang.experiments.analysis import reported
from weishang.experiments.analysis.estimands import INTERVAL, RESAMPLES
from weishang.experiments.analysis.paired import (
    Outcome,
    by_world,
    campaign_outcomes,
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
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.simulate.worlds import SeedStream
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.paired import figures
from weishang.experiments.studies.paired.codebook import add_codebook
from weishang.model.core.campaigns import Tool
from weishang.model.scenario import Scenario

WORLDS = 5
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
"""Every mechanism, and the market without it."""
RETENTION = {"plain content": "retention_ad", "rich content": "retention_rich"}
"""Content, and the reported figure that is told of it."""
SHARE_OF_RICH = {"plain content": 0.0, "rich content": 1.0}


class Reading(NamedTuple):
    """A reading of "sharing retention": those who passed on, over whom.

    Attributes:
        name: what is counted.
        below: measure whose people are counted; None counts campaigns.
        each: a campaign counts once, or in proportion to its people.
    """

    name: str
    below: str | None
    each: bool


READINGS = (
    Reading("passed on, over visits, mean over campaigns with a visit", "visitors", each=True),
    Reading("passed on, over visits, all campaigns together", "visitors", each=False),
    Reading("passed on, over reached, all campaigns together", "reach", each=False),
    Reading("passed on by anyone, over campaigns", None, each=True),
)


def tools(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    worlds: Annotated[int, typer.Option(help="Pairs of worlds a tool.")] = WORLDS,
    days: Annotated[int, typer.Option(help="Days of campaigns with each tool.")] = DAYS,
    sellers: Annotated[int, typer.Option(help="Sellers of each market.")] = SELLERS,
) -> None:
    """What each tool does by itself, and what each mechanism adds to the market."""
    inputs = [] if graph is None else [graph]
    with Report("tools", out, title="Tools", seed=seed, inputs=inputs) as report:
        setting = Setting.of(graph, users, seed, worlds, days, sellers)
        usual = Scenario()
        price = usual.money.reference_price
        runs = {name: setting.run(forced(usual, tool), name) for tool, name in NAMES.items()}
        market = replace(setting, days=max(days, MARKET_DAYS))
        content = {
            name: setting.run(with_content(usual, share), name)
            for name, share in SHARE_OF_RICH.items()
        }
        switched = _switched(market, usual)
        report.graph_hash = setting.people.graph.fingerprint()
        report.parameters = {**usual.values(), **setting.sizes, "market_days": market.days}
        _write_tools(report, runs, setting, campaign_outcomes(price))
        _write_mechanisms(report, switched, market, market_outcomes(price))
        rng = np.random.default_rng([seed, SeedStream.BOOTSTRAP])
        _write_content(report, content, campaign_outcomes(price), rng)
        add_codebook(report)
        report.figure("tools", figures.effects_of_tools, "tools", "outcomes")
        report.figure("mechanisms", figures.effects_of_mechanisms, "mechanisms", "market_outcomes")


def forced(scenario: Scenario, tool: Tool) -> Scenario:
    """The same with this tool in every offer, a campaign a day, and nothing that carries over.

    Learning, fatigue and search are off: sellers make the same offers but for the tool, people
    come fresh to every day, and profits are those of campaigns.
    """
    shares = tuple(float(one == tool) for one in Tool)
    on = replace(scenario.mechanisms, learning=False, fatigue=False, search=False)
    sellers = replace(scenario.sellers, tools=shares, activity=1.0)
    return replace(scenario, mechanisms=on, sellers=sellers)


def with_content(scenario: Scenario, share: float) -> Scenario:
    """The same without tools, this share of offers having rich content."""
    plain = forced(scenario, Tool.NONE)
    return replace(plain, sellers=replace(plain.sellers, rich_content=share))


def compare(runs: dict[str, Run], outcomes: tuple[Outcome, ...], column: str) -> pd.DataFrame:
    """The effect of each run but the first against the first, named in `column`."""
    (_, first), *others = runs.items()
    usual = by_world(first, outcomes)
    parts = []
    for name, other in others:
        table = effects(usual, by_world(other, outcomes), outcomes)
        table.insert(0, column, name)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def retention(runs: dict[str, pd.DataFrame], rng: np.random.Generator) -> pd.DataFrame:
    """How often plain and rich offers are passed on, in each reading, beside what is reported.

    Args:
        runs: by content, campaigns of Run; the same campaigns but for the content.
        rng: decides the resamples of campaigns, which are the same for both.

    Returns:
        content, reading, value, ci_low, ci_high, reported; the difference of the two in a row of
        its own.
    """
    plain, rich = RETENTION
    told = {content: reported.figure(name).point() for content, name in RETENTION.items()}
    mass = np.ones((1 + RESAMPLES, len(runs[plain])))
    mass[1:] = rng.poisson(1.0, size=mass[1:].shape)
    rows = []
    for reading in READINGS:
        draws = {content: _ratios(some, reading, mass) for content, some in runs.items()}
        rows += [_retained(one, reading, draws[one], told[one]) for one in (plain, rich)]
        apart = draws[rich] - draws[plain]
        rows.append(_retained("difference", reading, apart, told[rich] - told[plain]))
    return pd.DataFrame(rows)


def _switched(market: Setting, usual: Scenario) -> dict[str, Run]:
    """The market with all mechanisms, and without each."""
    busy = replace(usual, sellers=replace(usual.sellers, activity=1.0))
    runs = {"all mechanisms": market.run(busy, "all mechanisms")}
    for name, told in SWITCHES.items():
        without = replace(busy, mechanisms=busy.mechanisms.without(name))
        runs[told] = market.run(without, told)
    return runs


def _ratios(rows: pd.DataFrame, reading: Reading, mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """A reading at each resample, the first being the campaigns as they are."""
    shared = _total(rows, "sharers")
    below = np.ones(len(rows)) if reading.below is None else _total(rows, reading.below)
    if reading.each:
        # Each campaign's own share has the same weight.
        own = (shared > 0) if reading.below is None else shared / np.maximum(below, 1.0)
        shared, below = own.astype(np.float64), (below > 0).astype(np.float64)
    under = mass @ below
    return np.divide(mass @ shared, under, out=np.zeros_like(under), where=under > 0)


def _total(rows: pd.DataFrame, measure: str) -> NDArray[np.float64]:
    names = [f"{measure}_{level}" for level in LEVELS]
    return rows[names].to_numpy(dtype=np.float64).sum(axis=1)


def _retained(
    content: str, reading: Reading, draws: NDArray[np.float64], told: float
) -> dict[str, object]:
    low, high = np.quantile(draws[1:], INTERVAL)
    return {
        "content": content,
        "reading": reading.name,
        "value": float(draws[0]),
        "ci_low": float(min(low, draws[0])),
        "ci_high": float(max(high, draws[0])),
        "reported": told,
    }


def _write_tools(
    report: Report, runs: dict[str, Run], setting: Setting, outcomes: tuple[Outcome, ...]
) -> None:
    report.data("campaigns", _stacked(runs, lambda one: one.campaigns))
    report.data("worlds", _stacked(runs, lambda one: by_world(one, outcomes)))
    report.table(
        "tools",
        compare(runs, outcomes, "tool"),
        "Each tool against no tool",
        f"All of the same {setting.sellers} sellers use the tool in every campaign, or none does: "
        f"{setting.days} day(s) of a campaign each in {len(setting.worlds)} pairs of worlds of "
        f"{setting.people.num_users:,} people, without learning, fatigue and search. Means a "
        "campaign; effect and 95% interval by Student's t over pairs of worlds; change: relative "
        "to no tool, that of profit relative to sales and that of refunds to orders. Saved: "
        "variance of the difference between worlds of different luck over that between pairs; "
        "little where a tool multiplies what the few large campaigns bring, since pairs then "
        "differ most where worlds do.",
    )
    report.table("outcomes", described(outcomes), "Outcomes of a campaign")


def _write_mechanisms(
    report: Report, runs: dict[str, Run], market: Setting, outcomes: tuple[Outcome, ...]
) -> None:
    report.data("market_worlds", _stacked(runs, lambda one: by_world(one, outcomes)))
    report.table(
        "mechanisms",
        compare(runs, outcomes, "without"),
        "The market without each mechanism",
        f"The default with a campaign a seller and day ({market.sellers} sellers, {market.days} "
        f"days, {len(market.worlds)} pairs of worlds), all mechanisms on against one off; totals. "
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
