"""What the reach experiment may claim of each figure, and why."""

from typing import Any

import numpy as np
import pandas as pd

from weishang.experiments.analysis import inference, null_models, verdicts
from weishang.experiments.analysis.estimands import ALL, BY_REACHED, BY_VISITS, NEAR, THERE, values
from weishang.experiments.analysis.verdicts import OTHER_READING, Verdict
from weishang.experiments.simulate.replicates import SeedStream
from weishang.experiments.studies.reach.estimands import ESTIMANDS
from weishang.model.scenario import Scenario

PREDICTED = ("t2_l3_reach", "t1_moments_conv")
IMPLIED = ("conv_friend",)
"""Figures that no weight is fitted to; all others are fitted."""

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


def estimates(
    rows: pd.DataFrame, off: pd.DataFrame, draws: pd.DataFrame, scenario: Scenario, seed: int
) -> pd.DataFrame:
    """Every estimand with what a verdict goes by; see `inference.estimates`.

    Args:
        rows: campaigns of all replicates.
        off: the same with no differences in shareability.
        draws: of the prior predictive.
        scenario: the parameters.
        seed: decides the resamples.

    Returns:
        One row per estimand; beside it shareability_off, without differences in shareability, and
        null, what arithmetic gives.
    """
    takes_off = scenario.weights.takeoff_probability
    beside = {
        "shareability_off": list(values(ESTIMANDS, {"campaigns": off}).values()),
        "null": [
            null_models.among_friends(one.figure, one.reading, takes_off) for one in ESTIMANDS
        ],
    }
    rng = np.random.default_rng([seed, SeedStream.BOOTSTRAP])
    return inference.estimates(ESTIMANDS, {"campaigns": rows}, draws, beside, rng)


def judge(estimates: pd.DataFrame, weights: pd.DataFrame, judged: bool) -> list[Verdict]:
    """One verdict per estimand; without `judged` (a graph of one's own) all are "-".

    A fitted figure has its weight for a reason, what that came to, and what to think of it.
    """
    main = {one.figure: one.reading for one in reversed(ESTIMANDS)}
    reasons = dict(WHY)
    for row in weights.to_dict("records"):
        parts = [f"fitted by {row['weight']} = {row['value']:.3g}"]
        if row.get("found") is False:
            parts.append("which no value in its range meets")
        if row["weight"] in REMARKS:
            parts.append(REMARKS[row["weight"]])
        reasons[row["figure"], main[row["figure"]]] = "; ".join(parts)
    return [
        verdict(row, reasons.get((row["figure"], row["reading"]), OTHER_READING), judged)
        for row in estimates.to_dict("records")
    ]


def verdict(row: dict[Any, Any], why: str, judged: bool) -> Verdict:
    """The verdict of one estimate."""
    role = "implied" if row["figure"] in IMPLIED else "fitted"
    if row["figure"] in PREDICTED:
        role = "predicted"
    return verdicts.rated(
        role, row, off=row["shareability_off"], null=row["null"], why=why, judged=judged
    )
