"""Table 1 from behaviour: conversion and order value by channel, and reach with all layers.

Claim: with weights fitted to table 2 among friends and nothing fitted to table 1 but the unit of
money, conversions and order values of Moments, official accounts and search, and reach at level 3,
are what this shows, whether or not they are what the article says.
Command: weishang channels [--graph FILE] [--nodes FILE] [--users N]
[--seed S] [--out DIR] [--replicates W] [--days D] [--sellers M]
Runtime: about a minute and a half on two cores at 1,000,000 users, the society aside.
Output: results/channels (days.parquet, campaigns.parquet, channels.csv, ..) and
results/verdicts.csv.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from weishang.experiments.analysis import prior, verdicts
from weishang.experiments.analysis.reported import target
from weishang.experiments.console.command import (
    RESULTS,
    GraphOption,
    NodesOption,
    OutOption,
    SeedOption,
    UsersOption,
)
from weishang.experiments.console.progress import stage
from weishang.experiments.simulate.market_runs import Run, run_markets
from weishang.experiments.simulate.replicates import SeedStream, most_sellers
from weishang.experiments.simulate.setting import Setting
from weishang.experiments.storage.codebook import add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.channels import codebook, figures, verdict_rules
from weishang.experiments.studies.channels.estimands import SALES_BY_ORDERS, in_money, values
from weishang.experiments.studies.channels.tables import by_level, table_1, unit_of_money, volumes
from weishang.experiments.studies.common import record, study
from weishang.model.mechanisms.groups.formation import form_groups
from weishang.model.scenario import Scenario
from weishang.model.society.generate import generate

REPLICATES = 4
DAYS = 7
SELLERS = 10_000
PRIOR_USERS = 100_000
"""Where a society is generated, the prior predictive has one of its own, of at most this size."""
PRIOR_SELLERS = 1000
PRIOR_ACTIVITY = 0.1
"""A campaign every ten days: some hundred campaigns a draw, whose own scatter is in the range."""
PRIOR_DAYS = 1


def channels(
    graph: GraphOption = None,
    nodes: NodesOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    replicates: Annotated[
        int, typer.Option(help="Replicates, each with its own random numbers.")
    ] = REPLICATES,
    days: Annotated[int, typer.Option(help="Days that each market runs.")] = DAYS,
    sellers: Annotated[int, typer.Option(help="Sellers of each market.")] = SELLERS,
) -> None:
    """Conversion, order value and reach by channel (table 1, and table 2 with all layers)."""
    with study("channels", out, "Channels and levels", seed, [graph, nodes], judges=True) as report:
        setting = Setting.of(graph, users, seed, replicates, days, sellers, nodes=nodes, least=1)
        usual = Scenario()
        market = setting.run(usual, "replicates")
        scenario = usual if graph else with_unit_of_money(usual, market)
        market = in_money(market, scenario.money.reference_price, usual.money.reference_price)
        off = _switched_off(setting, scenario)
        draws = prior_predictive(_smaller(setting, seed, graph), scenario, seed)
        estimates = verdict_rules.estimates(market, off, draws, scenario, seed)
        judged = verdict_rules.judge(estimates, judged=graph is None)
        record(report, setting.people, scenario, setting.sizes)
        money = unit_of_money(scenario, estimates, fitted=scenario != usual)
        _write(report, setting, market, draws, estimates, money, verdict_rules.explanations(judged))
    verdicts.update(out, "channels", judged)


def with_unit_of_money(scenario: Scenario, market: Run) -> Scenario:
    """The scenario at the reference price that makes orders of Moments worth what is reported.

    No decision depends on the unit, so the market need not be run again; without orders it stays.
    """
    now = scenario.money.reference_price
    value = values(in_money(market, now))["t1_moments_aov", SALES_BY_ORDERS]
    if value == 0.0:
        return scenario
    reference_price = now * target("t1_moments_aov") / value
    return replace(scenario, money=replace(scenario.money, reference_price=reference_price))


def prior_predictive(setting: Setting, scenario: Scenario, seed: int) -> pd.DataFrame:
    """Every estimand at parameters drawn from their prior ranges, one row per draw; NaN if none.

    People and their group chats stay as they are; so do rules and what has no range.
    """
    active = replace(scenario, sellers=replace(scenario.sellers, activity=PRIOR_ACTIVITY))

    def measure(there: Scenario, replicate: int) -> dict[str, float]:
        run = run_markets(
            setting.people, setting.chats, there, [replicate], setting.days, setting.sellers
        )
        found = values(in_money(run, there.money.reference_price), nobody=np.nan)
        return {prior.column(*key): value for key, value in found.items()}

    return prior.predictive(lambda rng: prior.drawn_scenario(active, rng), measure, seed)


def _switched_off(setting: Setting, scenario: Scenario) -> dict[str, Run]:
    """The first replicate without what is meant to cause the figures, by what is switched off."""
    unit = scenario.money.reference_price
    changed = {what: without for without, what in verdict_rules.switches(scenario).values()}
    return {
        what: in_money(setting.run(without, f"without {what}", 1), unit)
        for what, without in changed.items()
    }


def _smaller(setting: Setting, seed: int, graph: Path | None) -> Setting:
    """People and sellers of the prior predictive: as many sellers a person, or fewer people."""
    people, groups = setting.people, setting.chats
    if graph is None and people.num_users > PRIOR_USERS:
        usual, rng = Scenario(), np.random.default_rng([seed, SeedStream.CHATS, SeedStream.PRIOR])
        with stage(f"generate {PRIOR_USERS:,} users"):
            people = generate(usual.society, PRIOR_USERS, rng)
            groups = form_groups(people, usual.groups, rng)
    return Setting(people, groups, [], PRIOR_DAYS, most_sellers(people, PRIOR_SELLERS))


def _write(
    report: Report,
    setting: Setting,
    market: Run,
    draws: pd.DataFrame,
    estimates: pd.DataFrame,
    money: pd.DataFrame,
    misses: str,
) -> None:
    users = setting.people.num_users
    tables = {
        "channels": table_1(market, estimates, users),
        "estimands": estimates,
        "money": money,
        "volumes": volumes(market, users),
        "levels": by_level(market.campaigns),
    }
    frames = {"days": market.days, "campaigns": market.campaigns, "searches": market.searches}
    for name, frame in {**frames, "prior": draws}.items():
        report.data(name, frame)
    notes = {**NOTES, "estimands": "\n\n".join((NOTES["estimands"], misses)).strip()}
    for name, frame in tables.items():
        report.table(name, frame, TITLES[name], notes[name])
    add_codebook(report, codebook.TABLES)
    report.figure("reach", figures.reach_by_level, "estimands")
    report.figure("channels", figures.by_channel, "estimands")


TITLES = {
    "channels": "Table 1, side by side",
    "estimands": "Channels and levels",
    "money": "The unit of money",
    "volumes": "Visits, orders and sales a day",
    "levels": "By reported level, all channels",
}
NOTES = {
    "channels": "Visits are per day and million users. Campaigns count to the channel that "
    "they start in, livestreams apart. Conversion is orders over visits; orders are those not "
    "refunded. The reference price in CNY is fitted to the order value of Moments, which is met "
    "for that reason; nothing else here is fitted to table 1.",
    "estimands": "Value over all replicates and days, and 95% interval (bootstrap over "
    "campaigns; over "
    "days for search); 5-95% of the prior predictive (all groups of parameters drawn but the "
    "people, their group chats, the rules, budgets, an offer's rounds and the sellers' activity; "
    f"at most {PRIOR_USERS:,} people, who bound reach, and {PRIOR_SELLERS:,} sellers that have a "
    f"campaign every ten days, {PRIOR_DAYS} day); the value "
    "in the first replicate, there without what is meant to cause the figure, and what that is; "
    "what "
    "arithmetic gives (a branching process; a mixture of levels; a follower half-way between "
    "friend and stranger; a basket filled at the first item's rate; a searcher who opens any "
    "shop); reported band. Conversions are fractions, order values CNY, reach people.",
    "money": "No decision depends on it: prices in the rule are relative to the reference price.",
    "volumes": "A day, the mean over replicates and days, livestreams and adverts apart; scaled by "
    "active users over simulated users; reported visits, and the orders and sales that table 1 "
    "implies (visits times conversion, times order value). How many people sell and how often is "
    "an assumption, and visits but those of search follow it in proportion.",
    "levels": "Over all campaigns of all channels. Level 3 is three steps and more, and all "
    "strangers and those after them; strangers also have a row of their own.",
}
