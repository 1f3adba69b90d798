"""What the reach experiment may claim of each figure, and why."""

from typing import Any

import numpy as np
import pandas as pd

from weishang.experiments.analysis import fitting, null_models, prior, reported
from weishang.experiments.analysis.estimands import (
    ALL,
    BY_REACHED,
    BY_VISITS,
    ESTIMANDS,
    NEAR,
    THERE,
    values,
    with_intervals,
)
from weishang.experiments.analysis.verdicts import Verdict
from weishang.experiments.simulate.worlds import SeedStream
from weishang.model.scenario import Scenario

COMES_OUT = ("t2_l3_reach", "t1_moments_conv")
IMPLIED = ("conv_friend",)
"""Figures that are no weight's own; all others are fitted."""

OWN_GRAPH = "a graph of one's own: the figure does not speak of it; weights not fitted again"
OTHER_READING = "another reading of a figure that a weight is fitted to; not fitted itself"
REMARKS = {
    "view": "Bernstein et al. (2013) measure .35 on Facebook",
    "recommender_trust": "a trust that falls as 1 / distance would be .5",
    "shareability_sd": "take-off itself is set: `takeoff_probability`",
}
WHY = {
    ("conv_friend", BY_REACHED): "the same number as level 1",
    ("t2_l3_reach", THERE): "friends alone, while an offer lasts; no groups or livestreams yet. "
    "Implied where a branching process from the fitted levels gives it as well",
    ("t2_l3_reach", ALL): "most campaigns end at level 1, so a mean over all is far below",
    ("t1_moments_conv", BY_VISITS): "all levels come by Moments links; a person who sees the post "
    "and does not open it is no visit, and no source says how many do",
    ("t1_moments_conv", BY_REACHED): "the reading in which everyone reached is a visit: few "
    "campaigns that take off outweigh the many that do not, and they convert as level 2",
    ("t1_moments_conv", f"{BY_VISITS}, {NEAR}"): "without level 3; more than everyone's visits",
    ("t1_moments_conv", f"{BY_REACHED}, {NEAR}"): "without level 3: a mixture of the two fitted "
    "conversions by how many campaigns take off",
}


def judge(
    rows: pd.DataFrame, off: pd.DataFrame, draws: pd.DataFrame, scenario: Scenario, seed: int
) -> pd.DataFrame:
    """Every estimand with interval, prior range, value at equal shareability, and null.

    Args:
        rows: campaigns of all worlds.
        off: the same with no differences in shareability.
        draws: of the prior predictive.
        scenario: the parameters.
        seed: decides the resamples.

    Returns:
        A row an estimand: figure, reading, value, ci_low, ci_high, prior_low, prior_high,
        shareability_off, null, reported_low, reported_high.
    """
    table = with_intervals(rows, np.random.default_rng([seed, SeedStream.BOOTSTRAP]))
    ranges = [
        draws[prior.column(item.figure, item.reading)].quantile(list(prior.INTERVAL)).tolist()
        for item in ESTIMANDS
    ]
    table["prior_low"], table["prior_high"] = zip(*ranges, strict=True)
    without = values(off)
    table["shareability_off"] = [without[item.figure, item.reading] for item in ESTIMANDS]
    table["null"] = [null_value(item.figure, item.reading, scenario) for item in ESTIMANDS]
    for end in ("low", "high"):
        bands = [getattr(reported.figure(name), f"band_{end}") for name in table["figure"]]
        table[f"reported_{end}"] = [np.nan if band is None else band for band in bands]
    return table


def verdicts(estimates: pd.DataFrame, weights: pd.DataFrame, judged: bool) -> list[Verdict]:
    """A verdict an estimand; without `judged` (a graph of one's own) all are "-"."""
    reasons = WHY | _fitted_reasons(weights)
    return [
        verdict(row, reasons.get((row["figure"], row["reading"]), OTHER_READING), judged)
        for row in estimates.to_dict("records")
    ]


def verdict(row: dict[Any, Any], why: str, judged: bool) -> Verdict:
    """The row's verdict; a role that the numbers do not bear is lowered."""
    common = {
        "id": row["figure"],
        "reading": row["reading"],
        "simulated": row["value"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "prior_low": row["prior_low"],
        "prior_high": row["prior_high"],
        "mechanism_off": row["shareability_off"],
        "why": why if judged else OWN_GRAPH,
        "judged": judged,
    }
    if row["figure"] not in COMES_OUT:
        return Verdict(role="implied" if row["figure"] in IMPLIED else "fitted", **common)
    if _null_gives_it(row):
        return Verdict(role="implied", **common)
    try:
        return Verdict(role="comes out", **common)
    except ValueError:
        return Verdict(role="implied", **common)


def null_value(name: str, reading: str, scenario: Scenario) -> float:
    """What the fitted figures and the set take-off give by arithmetic; NaN where nothing does.

    Reach at level 3 is that of a branching process on from levels 1 and 2. The conversion of
    Moments links is the mixture of levels, everyone reached taken as a visit, when
    `takeoff_probability` of the campaigns get to level 2.
    """
    first, second = (fitting.target(f"t2_l{level}_reach") for level in (1, 2))
    third = float(null_models.branching(first, second)[-1])
    takes_off = scenario.weights.takeoff_probability
    if name == "t2_l3_reach":
        return third if reading == THERE else takes_off * third
    if name != "t1_moments_conv":
        return float("nan")
    reach = [first, takes_off * second, takes_off * third]
    rates = [fitting.target("l1_conv"), fitting.target("l2_conv"), fitting.target("l2_conv")]
    levels = 2 if NEAR in reading else 3
    return null_models.mixture(reach[:levels], rates[:levels])


def _null_gives_it(row: dict[Any, Any]) -> bool:
    """Whether arithmetic on what is fitted and set, and no behaviour, gives the figure too."""
    return null_models.gives_as_well(
        row["null"],
        row["value"],
        (row["ci_low"], row["ci_high"]),
        reported.figure(row["figure"]).holds,
    )


def _fitted_reasons(weights: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Why each fitted figure has its value: the weight, what it came to, what to think of it."""
    readings = {item.figure: item.reading for item in reversed(ESTIMANDS)}
    reasons = {}
    for row in weights.to_dict("records"):
        parts = [f"fitted by {row['weight']} = {row['value']:.3g}"]
        if row.get("found") is False:
            parts.append("which no value in its range meets")
        if row["weight"] in REMARKS:
            parts.append(REMARKS[row["weight"]])
        reasons[row["figure"], readings[row["figure"]]] = "; ".join(parts)
    return reasons
