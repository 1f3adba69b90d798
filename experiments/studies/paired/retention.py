"""How often rich and plain offers are passed on, in each reading of "sharing retention"."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weishang.experiments.analysis import reported
from weishang.experiments.analysis.estimands import total
from weishang.experiments.analysis.inference import bootstrap, interval, ratios
from weishang.experiments.simulate.campaign_rows import LEVELS

RETENTION = {"plain content": "retention_ad", "rich content": "retention_rich"}
"""Content, and the figure that is reported of it."""
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
    counted = [_counted(runs[content], one) for one in READINGS for content in (plain, rich)]
    above, below = (np.stack(sums, axis=1) for sums in zip(*counted, strict=True))
    draws = np.vstack([ratios(above, below), bootstrap(above, below, rng)])
    reports = [reported.figure(name).point() for name in RETENTION.values()]
    rows = []
    for place, reading in enumerate(READINGS):
        of_plain, of_rich = draws[:, 2 * place], draws[:, 2 * place + 1]
        for content, some, report in (
            (plain, of_plain, reports[0]),
            (rich, of_rich, reports[1]),
            ("difference", of_rich - of_plain, reports[1] - reports[0]),
        ):
            value = float(some[0])
            low, high = interval(some[1:], value)
            rows.append(
                {
                    "content": content,
                    "reading": reading.name,
                    "value": value,
                    "ci_low": float(low),
                    "ci_high": float(high),
                    "reported": report,
                }
            )
    return pd.DataFrame(rows)


def _counted(
    rows: pd.DataFrame, reading: Reading
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each campaign adds to numerator and denominator of a reading."""
    shared = total("sharers", *LEVELS)(rows)
    below = np.ones(len(rows)) if reading.below is None else total(reading.below, *LEVELS)(rows)
    if reading.each:
        # Each campaign's own share has the same weight.
        own = (shared > 0) if reading.below is None else shared / np.maximum(below, 1.0)
        shared, below = own.astype(np.float64), (below > 0).astype(np.float64)
    return shared, below
