"""What the channels experiment may claim of each figure, and why."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from weishang.experiments.analysis import fitting, null_models, prior, reported
from weishang.experiments.analysis.estimands import ALL, THERE
from weishang.experiments.analysis.verdicts import Verdict
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.worlds import SeedStream
from weishang.experiments.studies.channels import estimands as channel_estimands
from weishang.experiments.studies.channels.estimands import (
    ALL_BY_ALL,
    ESTIMANDS,
    LIVESTREAMS,
    ORDERS_BY_REACHED,
    ORDERS_BY_VISITS,
    SALES_BY_ORDERS,
    THERE_BY_ALL,
    WITH_LIVE,
)
from weishang.experiments.studies.reach import judgement
from weishang.experiments.studies.reach.judgement import OTHER_READING, OWN_GRAPH
from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST
from weishang.model.scenario import Scenario

COMES_OUT = (
    "t1_moments_conv",
    "t1_oa_conv",
    "t1_oa_aov",
    "t1_search_conv",
    "t1_search_aov",
    "t2_l3_reach",
)
"""Figures that no weight is fitted to; all others are fitted."""

BEYOND_FRIENDS = ("groups", "accounts", "adverts", "bargain", "livestream")
"""Mechanisms that show a campaign to others than friends."""

AMONG_FRIENDS = ("t2_l1_reach", "t2_l2_reach", "t2_l3_reach", "l1_conv", "l2_conv")
"""Figures that friends' posts alone give a value to as well."""

PRICE_CELLS = 201
"""Cells of equal probability over which prices are averaged."""

WHY = {
    ("t1_moments_conv", ORDERS_BY_VISITS): "a mean over visits: the few campaigns that take off "
    "bring most of them, and beyond friends hardly anybody is trusted; visit_intercept, which has "
    "no outside source, decides what a visit is",
    ("t1_moments_conv", ORDERS_BY_REACHED): "the reading in which everyone reached is a visit",
    ("t1_moments_conv", WITH_LIVE): "with the visits to livestreams, which table 1 tells apart",
    ("t1_oa_conv", ORDERS_BY_VISITS): "followers trust less than friends, and whom their shares "
    "bring trusts hardly; campaigns of an account are few, so the interval is wide",
    ("t1_oa_conv", ORDERS_BY_REACHED): "the reading in which everyone reached is a visit",
    ("t1_oa_conv", WITH_LIVE): "with the visits to livestreams, which table 1 tells apart",
    ("t1_oa_aov", SALES_BY_ORDERS): "who buys in a mall is likely to go on, since each further "
    "item has the chance of the first, which is high for those who bought at all",
    ("t1_search_conv", ORDERS_BY_VISITS): "who searches wants the category and finds the cheap "
    "shops of many sellers first, so buys far more often than who is shown a post",
    ("t1_search_aov", SALES_BY_ORDERS): "ranking and searchers prefer low prices, and the more "
    "sellers there are to compare the lower the price that is paid",
    ("t2_l3_reach", THERE_BY_ALL): "friends, groups and strangers together; strangers of rooms "
    "and adverts bring every such campaign to level 3, most of them no further than these people",
    ("t2_l3_reach", ALL_BY_ALL): "most campaigns end at level 1, so a mean over all is far below",
    ("t2_l3_reach", LIVESTREAMS): "the tool that table 2 names for level 3; the strangers that "
    "a room is shown to are an assumption (livestream.slots)",
}
FITTED = {
    ("t1_moments_aov", SALES_BY_ORDERS): "fitted by money.reference_price, the unit of money",
}


def switches(scenario: Scenario) -> dict[str, tuple[Scenario, str]]:
    """The scenario without what is meant to cause each figure, and what that is, by figure."""
    friends_alone = replace(
        scenario, mechanisms=replace(scenario.mechanisms, **dict.fromkeys(BEYOND_FRIENDS, False))
    )
    shareability = replace(scenario, weights=replace(scenario.weights, shareability_sd=0.0))
    accounts = replace(
        scenario,
        followers=replace(scenario.followers, interested=0.0),
        channels=replace(scenario.channels, follower_trust=STRANGER_TRUST),
    )
    baskets = replace(scenario, basket=replace(scenario.basket, max_items=1))
    prices = replace(
        scenario, search=replace(scenario.search, price_comparison=0.0, rank_price=0.0)
    )
    friends = (friends_alone, "groups, accounts, adverts, bargains, livestreams: friends alone")
    search = (prices, "prices in ranking and choosing of search results")
    return {
        "t1_moments_conv": (shareability, "differences in shareability"),
        "t1_oa_conv": (accounts, "interest and trust of followers"),
        "t1_oa_aov": (baskets, "further items in a mall"),
        "t1_search_conv": search,
        "t1_search_aov": search,
        **dict.fromkeys(AMONG_FRIENDS, friends),
    }


def judge(
    run: Run, off: dict[str, Run], draws: pd.DataFrame, scenario: Scenario, seed: int
) -> pd.DataFrame:
    """Every estimand with interval, prior range, value without its mechanism, and arithmetic.

    Args:
        run: all worlds, in money.
        off: what `switches` names, by what is switched off, in the first world, in money.
        draws: of the prior predictive.
        scenario: the parameters.
        seed: decides the resamples.

    Returns:
        A row an estimand; see `codebook.ESTIMANDS`.
    """
    table = channel_estimands.with_intervals(
        run, np.random.default_rng([seed, SeedStream.BOOTSTRAP])
    )
    columns = draws[[prior.column(item.figure, item.reading) for item in ESTIMANDS]]
    table["prior_low"], table["prior_high"] = columns.quantile(list(prior.INTERVAL)).to_numpy()
    first = _first_world(run)
    told = {name: what for name, (_, what) in switches(scenario).items()}
    table["first_world"] = [item.of(first) for item in ESTIMANDS]
    table["switched_off"] = [told.get(item.figure, "") for item in ESTIMANDS]
    table["off"] = [
        item.of(off[told[item.figure]]) if item.figure in told else np.nan for item in ESTIMANDS
    ]
    table["by_arithmetic"] = [null_value(item.figure, item.reading, scenario) for item in ESTIMANDS]
    for end in ("low", "high"):
        bands = [getattr(reported.figure(name), f"band_{end}") for name in table["figure"]]
        table[f"reported_{end}"] = [np.nan if band is None else band for band in bands]
    return table


def _first_world(run: Run) -> Run:
    world = run.days["world"].iloc[0]
    return Run(
        *(
            rows[rows["world"] == world].reset_index(drop=True)
            for rows in (run.days, run.campaigns, run.searches)
        )
    )


def verdicts(estimates: pd.DataFrame, judged: bool) -> list[Verdict]:
    """A verdict an estimand; without `judged` (a graph of one's own) all are "-"."""
    return [verdict(row, judged) for row in estimates.to_dict("records")]


def verdict(row: dict[Any, Any], judged: bool) -> Verdict:
    """The row's verdict; a role that the numbers do not bear is lowered."""
    key = row["figure"], row["reading"]
    reason = (WHY | FITTED).get(key, OTHER_READING)
    common = {
        "id": row["figure"],
        "reading": row["reading"],
        "simulated": row["value"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "prior_low": _known(row["prior_low"]),
        "prior_high": _known(row["prior_high"]),
        "mechanism_off": _known(row["off"]),
        "why": reason if judged else OWN_GRAPH,
        "judged": judged,
    }
    if row["figure"] not in COMES_OUT:
        return Verdict(role="fitted", **common)
    interval = (row["ci_low"], row["ci_high"])
    holds = reported.figure(row["figure"]).holds
    differs = not np.isclose(row["off"], row["first_world"], rtol=1e-6)
    if (
        null_models.gives_as_well(row["by_arithmetic"], row["value"], interval, holds)
        or not differs
    ):
        return Verdict(role="implied", **common)
    try:
        return Verdict(role="comes out", **common)
    except ValueError:
        return Verdict(role="implied", **common)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def null_value(name: str, reading: str, scenario: Scenario) -> float:
    """What fitted figures and set values give by arithmetic, without a market; else NaN.

    Reach and the conversion of Moments are those of `judgement.null_value`. A follower converts
    between a friend and a stranger, in log odds by how much they trust. A mall's basket is filled
    by as many further buyers as its conversion says, again and again. A searcher opens any shop.
    """
    if name == "t2_l3_reach":
        return _third_level(reading, scenario)
    if name == "t1_moments_conv":
        return judgement.null_value(name, reading, scenario)
    if name == "t1_oa_conv":
        return _follower(scenario)
    if name == "t1_oa_aov":
        return fitting.target("t1_moments_aov") / (1.0 - _follower(scenario))
    if name in ("t1_search_conv", "t1_search_aov"):
        conversion, price = _any_shop(scenario)
        usual = scenario.money.reference_price
        return conversion if name == "t1_search_conv" else price * usual
    return float("nan")


def _third_level(reading: str, scenario: Scenario) -> float:
    """A branching process; in livestreams the strangers of the room beside it."""
    there = {THERE_BY_ALL: THERE, ALL_BY_ALL: ALL, LIVESTREAMS: ALL}
    reach = judgement.null_value("t2_l3_reach", there[reading], scenario)
    room = scenario.livestream
    return reach + room.slots * room.seen if reading == LIVESTREAMS else reach


def _follower(scenario: Scenario) -> float:
    friend, stranger = (logit(fitting.target(name)) for name in ("l1_conv", "conv_system"))
    share = (scenario.channels.follower_trust - STRANGER_TRUST) / (SELLER_TRUST - STRANGER_TRUST)
    return float(expit(stranger + share * (friend - stranger)))


def _any_shop(scenario: Scenario) -> tuple[float, float]:
    """Conversion, and the mean price that is paid, where a searcher opens a random shop."""
    weights = scenario.weights
    log_price = scenario.sellers.price_log_sd * ndtri((np.arange(PRICE_CELLS) + 0.5) / PRICE_CELLS)
    budget = np.log(np.array(scenario.budgets.relative))[:, np.newaxis]
    liking = weights.match + weights.content + weights.trust * STRANGER_TRUST
    buys = expit(weights.buy_intercept + liking - weights.price * (log_price - budget))
    paid = (buys * np.exp(log_price)).sum() / buys.sum()
    return float(buys.mean()), float(paid)
