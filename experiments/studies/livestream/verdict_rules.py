"""What the livestream experiment may claim of the conversion of viewers, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from weishang.experiments.analysis import null_models, prior, reported, verdicts
from weishang.experiments.analysis.inference import bootstrap, interval
from weishang.experiments.analysis.verdicts import Verdict
from weishang.experiments.studies.livestream.audiences import RECOMMENDED, WHO
from weishang.model.core.social_distance import SocialDistance

LIVE = "mini-program livestream"
NO_CHOICE = "the same, where nobody has to choose"
TRADITIONAL = "traditional livestream"
FRIENDS_POST = "a friend's post"
RECOMMENDATION = "the platform's recommendation"
BY_VIEWERS = "buyers over those who came"
BY_SHOWN = "buyers over those shown"
NEAR = (WHO[SocialDistance.FRIEND],)
"""Who is taken for a friend by the null model."""

WHY = {
    BY_VIEWERS: "viewers choose to watch, which lifts the conversion above that of a room where "
    "nobody has to; but they are chosen by interest alone, and strangers and those whom viewers "
    "tell trust hardly, so they buy as interested strangers do",
    BY_SHOWN: "the reading in which everyone who was shown the room is a viewer: few of them come",
}


@dataclass(frozen=True)
class Conversion:
    """Buyers over some of those whom a kind of campaign was shown to.

    Attributes:
        kind: of campaign.
        reading: BY_VIEWERS or BY_SHOWN.
        figure: id of the reported figure; None: nothing is reported.
        who: levels that are counted; None: all but those recommended to.
    """

    kind: str
    reading: str
    figure: str | None
    who: tuple[str, ...] | None = None

    def counted(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Buyers and those they are counted among, one row per campaign."""
        chosen = rows["who"] != RECOMMENDED if self.who is None else rows["who"].isin(self.who)
        below = "visitors" if self.reading == BY_VIEWERS else "shown"
        some = rows.loc[chosen].groupby(["replicate", "campaign"], sort=False)
        return some[["buyers", below]].sum().set_axis(["above", "below"], axis=1)

    def value(self, rows: pd.DataFrame) -> float:
        """The conversion over these campaigns of its kind; 0 where nobody is counted."""
        sums = self.counted(rows).sum()
        return float(sums["above"] / sums["below"]) if sums["below"] else 0.0


def _both(
    kind: str, figure: str | None, who: tuple[str, ...] | None = None
) -> Iterable[Conversion]:
    return (Conversion(kind, reading, figure, who) for reading in (BY_VIEWERS, BY_SHOWN))


CONVERSIONS = (
    *_both(LIVE, "live_conv"),
    *_both(NO_CHOICE, None),
    *_both(TRADITIONAL, "live_conv_traditional"),
    *_both(FRIENDS_POST, "conv_friend", (WHO[SocialDistance.FRIEND],)),
    *_both(RECOMMENDATION, "conv_system", (RECOMMENDED,)),
)
"""What is set side by side."""

RUN_OF = {RECOMMENDATION: FRIENDS_POST}
"""Kinds that are counted in the run of another."""


def estimates(rows: pd.DataFrame, draws: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Every conversion with its interval, and what a verdict goes by.

    Args:
        rows: of `Audiences`, with the kind of campaign.
        draws: of the prior predictive, by reading.
        rng: decides the resamples.

    Returns:
        One row per conversion: kind, reading, value, ci_low, ci_high, prior_low, prior_high,
        mechanism_off, by_arithmetic, figure, reported_low, reported_high; NaN or "" where it has
        none.
    """
    of_kind = {
        one.kind: rows[rows["kind"] == RUN_OF.get(one.kind, one.kind)] for one in CONVERSIONS
    }
    off = {
        one.reading: one.value(of_kind[NO_CHOICE]) for one in CONVERSIONS if one.kind == NO_CHOICE
    }
    return pd.DataFrame([_row(one, of_kind[one.kind], draws, off, rng) for one in CONVERSIONS])


def judge(estimates: pd.DataFrame, judged: bool) -> list[Verdict]:
    """One verdict per reading of live_conv; without `judged` (a graph of one's own) all are "-"."""
    chosen = estimates[estimates["figure"] == "live_conv"]
    return [
        verdicts.rated(
            "predicted",
            row,
            off=row["mechanism_off"],
            null=row["by_arithmetic"],
            why=WHY[row["reading"]],
            judged=judged,
        )
        for row in chosen.to_dict("records")
    ]


def null_value(rows: pd.DataFrame, reading: str) -> float:
    """What viewers would buy if each did so as the article says of friends and of everyone else.

    A mixture of the reported conversions of friends' and of recommended offers, by who came.
    """
    below = "visitors" if reading == BY_VIEWERS else "shown"
    counted = rows[rows["who"] != RECOMMENDED]
    near = float(counted.loc[counted["who"].isin(NEAR), below].sum())
    people = [near, float(counted[below].sum()) - near]
    if not sum(people):
        return float("nan")
    return null_models.mixture(
        people, [reported.figure(name).point() for name in ("conv_friend", "conv_system")]
    )


def _row(
    one: Conversion,
    rows: pd.DataFrame,
    draws: pd.DataFrame,
    off: dict[str, float],
    rng: np.random.Generator,
) -> dict[str, Any]:
    live = one.kind == LIVE
    ends = draws[one.reading].quantile(list(prior.INTERVAL)) if live else [np.nan, np.nan]
    band = reported.figure(one.figure) if one.figure else None
    value = one.value(rows)
    above, below = np.hsplit(one.counted(rows).to_numpy(dtype=np.float64), 2)
    low, high = interval(bootstrap(above, below, rng), [value])
    return {
        "kind": one.kind,
        "reading": one.reading,
        "value": value,
        "ci_low": float(low[0]),
        "ci_high": float(high[0]),
        **dict(zip(("prior_low", "prior_high"), ends, strict=True)),
        "mechanism_off": off[one.reading] if live else np.nan,
        "by_arithmetic": null_value(rows, one.reading) if live else np.nan,
        "figure": one.figure or "",
        "reported_low": band.band_low if band else np.nan,
        "reported_high": band.band_high if band else np.nan,
    }
