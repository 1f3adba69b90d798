"""What the channels experiment may claim of each figure, and why."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from weishang.experiments.analysis import inference, null_models, verdicts
from weishang.experiments.analysis.estimands import ALL, THERE
from weishang.experiments.analysis.reported import target
from weishang.experiments.analysis.verdicts import OTHER_READING, Verdict
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.replicates import SeedStream
from weishang.experiments.studies.channels.estimands import (
    ALL_BY_ALL,
    ESTIMANDS,
    LIVESTREAMS,
    ORDERS_BY_REACHED,
    ORDERS_BY_VISITS,
    SALES_BY_ORDERS,
    THERE_BY_ALL,
    WITH_LIVE,
    tables,
    values,
)
from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST
from weishang.model.scenario import Scenario

PREDICTED = (
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

MISSES = {
    "t1_moments_conv": "No source says how many open a friend's link (`visit_intercept`), and the "
    "weights of buying are fitted to buyers over reached. So what is a visit may be moved, and "
    "this figure with it, without moving a fitted one. It is a mean over visits, and so over the "
    "few campaigns that take off: these differ between replicates by more than the band is wide.",
    "t1_oa_conv": "Few campaigns start in an official account, and one that takes off outweighs "
    "all others, so the interval is wide. First come followers, who are set to trust an account "
    "less than a friend and to like its category more than others do; then come those to whom they "
    "pass it on, who hardly trust a recommender. The figure is a mixture of both by how far the "
    "offers go, and nothing in table 1 says how far that is.",
    "t1_oa_aov": "Each further item of a mall is bought with the buyer's own chance of buying the "
    "first. Buyers are those in whom this chance is high, by interest, budget and a low price, so "
    "they go on more often than the mean conversion says. The rule knows no purse that empties and "
    "no need that is met: the second item is as welcome as the first. Both would make baskets "
    "smaller; no study that we know says by how much.",
    "t1_search_conv": "Who searches wants the category for certain, which few do who are shown a "
    "post. The list then begins with the cheapest of all shops of the category, and the weight of "
    "price, which comes from a study, makes a price far below the usual hard to refuse; column "
    "`off` shows the figure with prices out of ranking and choice. And one search is one visit "
    "here. Were several shops opened for each thing that is wanted, or many searches made without "
    "a wish to buy, orders over visits would be lower by that factor.",
    "t1_search_aov": "The ranking puts low prices first, searchers prefer them again, and prices "
    "of sellers are spread as widely as `price_log_sd` says. So the price that is paid is that of "
    "the cheapest few of a category, and the lower the more people sell; column `off` shows the "
    "figure with prices out of ranking and choice. The shops of the article may be fewer, or of "
    "more even prices, or ranked by what was paid for a place; it tells none of it.",
    "t2_l3_reach": "Every stranger is level 3. A campaign with an advert, a bargain or a room gets "
    "there in any case, most of them with no more than the people whom these channels draw, some "
    "hundreds or thousands. So a mean over campaigns that get there is one over many more "
    "campaigns than among friends alone (column `off`), and most of the many are small. The "
    "reported reach would take offers that last longer than three rounds, or rooms shown to far "
    "more people than `livestream.slots`; neither has a source, and neither is tuned.",
}
"""Why a figure misses what is reported, for a main reading that is outside its band."""


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


def estimates(
    run: Run, off: dict[str, Run], draws: pd.DataFrame, scenario: Scenario, seed: int
) -> pd.DataFrame:
    """Every estimand with what a verdict goes by; see `inference.estimates`.

    Args:
        run: all replicates, in money.
        off: what `switches` names, by what is switched off, in the first replicate, in money.
        draws: of the prior predictive.
        scenario: the parameters.
        seed: decides the resamples.

    Returns:
        One row per estimand; beside it first_replicate, switched_off, off and by_arithmetic, which
        the codebook explains.
    """
    replicate = run.days["replicate"].iloc[0]
    first = {name: rows[rows["replicate"] == replicate] for name, rows in tables(run).items()}
    what = {name: told for name, (_, told) in switches(scenario).items()}
    without = {told: values(one) for told, one in off.items()}
    beside: dict[str, list[Any]] = {
        "first_replicate": [one.value(first[one.table]) for one in ESTIMANDS],
        "switched_off": [what.get(one.figure, "") for one in ESTIMANDS],
        "off": [
            without[what[one.figure]][one.figure, one.reading] if one.figure in what else np.nan
            for one in ESTIMANDS
        ],
        "by_arithmetic": [null_value(one.figure, one.reading, scenario) for one in ESTIMANDS],
    }
    rng = np.random.default_rng([seed, SeedStream.BOOTSTRAP])
    return inference.estimates(ESTIMANDS, tables(run), draws, beside, rng)


def judge(estimates: pd.DataFrame, judged: bool) -> list[Verdict]:
    """One verdict per estimand; without `judged` (a graph of one's own) all are "-"."""
    return [verdict(row, judged) for row in estimates.to_dict("records")]


def verdict(row: dict[Any, Any], judged: bool) -> Verdict:
    """The verdict of one estimate."""
    return verdicts.rated(
        "predicted" if row["figure"] in PREDICTED else "fitted",
        row,
        off=row["off"],
        null=row["by_arithmetic"],
        first=row["first_replicate"],
        why=(WHY | FITTED).get((row["figure"], row["reading"]), OTHER_READING),
        judged=judged,
    )


def explanations(verdicts: Iterable[Verdict]) -> str:
    """One paragraph per figure whose main reading, its first, is outside the band."""
    main: dict[str, Verdict] = {}
    for verdict in verdicts:
        main.setdefault(verdict.id, verdict)
    missed = [name for name, one in main.items() if one.verdict == "outside" and name in MISSES]
    return "\n\n".join(f"Why `{name}` is missed. {MISSES[name]}" for name in missed)


def null_value(name: str, reading: str, scenario: Scenario) -> float:
    """What fitted figures and set values give by arithmetic, without a market; else NaN.

    Reach and the conversion of Moments are those among friends; in livestreams the strangers of the
    room stand beside. A follower converts between a friend and a stranger, in log odds by how much
    they trust. A mall's basket is filled by as many further buyers as its conversion says, again
    and again. A searcher opens any shop.
    """
    takes_off = scenario.weights.takeoff_probability
    if name == "t2_l3_reach":
        room = scenario.livestream
        shown = room.slots * room.seen if reading == LIVESTREAMS else 0.0
        there = THERE if reading == THERE_BY_ALL else ALL
        return null_models.among_friends(name, there, takes_off) + shown
    if name == "t1_moments_conv":
        return null_models.among_friends(name, reading, takes_off)
    if name == "t1_oa_conv":
        return _follower(scenario)
    if name == "t1_oa_aov":
        return target("t1_moments_aov") / (1.0 - _follower(scenario))
    if name in ("t1_search_conv", "t1_search_aov"):
        conversion, price = _any_shop(scenario)
        usual = scenario.money.reference_price
        return conversion if name == "t1_search_conv" else price * usual
    return float("nan")


def _follower(scenario: Scenario) -> float:
    friend, stranger = (logit(target(name)) for name in ("l1_conv", "conv_system"))
    share = (scenario.channels.follower_trust - STRANGER_TRUST) / (SELLER_TRUST - STRANGER_TRUST)
    return float(expit(stranger + share * (friend - stranger)))


def _any_shop(scenario: Scenario) -> tuple[float, float]:
    """Conversion, and the mean price that is paid, where a searcher opens a random shop.

    Exponentials and logarithms are those of `math`: NumPy has its own for some processors.
    """
    weights = scenario.weights
    log_price = scenario.sellers.price_log_sd * ndtri((np.arange(PRICE_CELLS) + 0.5) / PRICE_CELLS)
    log_budget = np.array([[math.log(one)] for one in scenario.budgets.relative])
    liking = weights.match + weights.content + weights.trust * STRANGER_TRUST
    buys = expit(weights.buy_intercept + liking - weights.price * (log_price - log_budget))
    bought = math.fsum(buys.ravel())
    paid = math.fsum((buys * [math.exp(one) for one in log_price]).ravel())
    return bought / buys.size, paid / bought
