"""Paired replicates: same people, sellers and random numbers, two scenarios; what pairing saves.

A replicate's random numbers are looked up by who acts when, not drawn in turn. So two markets in
the replicate of one seed differ only by what their scenarios change, and what follows from it. The
effect of a change is the mean of the differences between such pairs; most of what replicates differ
by drops out of it.

Sources: Law (2015), "Simulation Modeling and Analysis", chapter 11, for common random numbers;
Cochran (1977), "Sampling Techniques", chapter 6, for the ratio of two means.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.setting import MIN_PAIRS
from weishang.experiments.storage.columns import Columns
from weishang.model.core.orders import OrderChannel

CONFIDENCE = 0.95
ENOUGH = 10.0
"""How many times smaller the variance of pairs is meant to be than that of independent ones."""
SOURCES = (*(channel.name.lower() for channel in OrderChannel), "live")
"""By what the indicators of a market split orders and sales."""


_CALLED_OFF = "called off since too few bought"


Rows: TypeAlias = pd.DataFrame | Columns
Measure: TypeAlias = Callable[[Rows, Rows], float]


@dataclass(frozen=True)
class Outcome:
    """What a market comes to.

    Attributes:
        name: of its column.
        unit: of its values.
        meaning: what is counted, over whom.
        measure: takes one replicate's rows per day and per campaign, as in Run, or their `Columns`.
        beside: outcome that a change is reported relative to; None: the outcome itself. Profits
            are relative to sales and refunds to orders, since they may be near 0 or below.
    """

    name: str
    unit: str
    meaning: str
    measure: Measure
    beside: str | None = None


def market_outcomes(reference_price: float) -> tuple[Outcome, ...]:
    """What a whole market comes to, over all of its days; `reference_price` in CNY."""
    return (
        Outcome("reach", "people", "reached, each once a campaign", _reach),
        Outcome("visits", "visits", "links and search results opened", _all_visits),
        Outcome("orders", "orders", "that were not refunded", _all_orders),
        Outcome("sales", "CNY", "value of these orders", lambda days, _: _sum(days, "sales")),
        Outcome("refunds", "orders", _CALLED_OFF, _refunds, beside="orders"),
        Outcome(
            "conversion",
            "fraction",
            "orders over visits",
            lambda days, rows: _over(_all_orders(days, rows), _all_visits(days, rows)),
        ),
        Outcome(
            "profit",
            "CNY",
            "of all sellers, after goods, content, adverts and rooms",
            lambda days, _: reference_price * float(np.asarray(days["profit"])[-1]),
            beside="sales",
        ),
    )


def campaign_outcomes(reference_price: float) -> tuple[Outcome, ...]:
    """What a campaign comes to on average, without search; `reference_price` in CNY."""
    return (
        Outcome("reach", "people", "reached, each once", _each(_reach)),
        Outcome("visits", "visits", "links opened", _each(_visits)),
        Outcome("sharing", "fraction", "passed on, over visits", _sharing),
        Outcome("orders", "orders", "that were not refunded", _each(_orders)),
        Outcome(
            "sales",
            "CNY",
            "value of these orders",
            _each(lambda _, rows: reference_price * float(rows["sales"].sum())),
        ),
        Outcome("refunds", "orders", _CALLED_OFF, _each(_refunds), beside="orders"),
        Outcome(
            "conversion",
            "fraction",
            "orders over visits",
            lambda days, rows: _over(_orders(days, rows), _visits(days, rows)),
        ),
        Outcome(
            "profit",
            "CNY",
            "after goods, content, advert and room",
            _each(lambda days, _: reference_price * float(np.asarray(days["profit"])[-1])),
            beside="sales",
        ),
    )


def by_replicate(run: Run, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per replicate: `replicate`, and one column per outcome."""
    campaigns = dict(iter(run.campaigns.groupby("replicate", sort=False)))
    none = run.campaigns.iloc[:0]
    rows = []
    for replicate, days in run.days.groupby("replicate", sort=False):
        there = campaigns.get(replicate, none)
        rows.append(
            {"replicate": replicate, **{one.name: one.measure(days, there) for one in outcomes}}
        )
    return pd.DataFrame(rows)


def described(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per outcome: outcome, unit, meaning, and what a change is relative to."""
    return pd.DataFrame(
        [
            {
                "outcome": one.name,
                "unit": one.unit,
                "meaning": one.meaning,
                "change_relative_to": one.beside or one.name,
            }
            for one in outcomes
        ]
    )


def compare(runs: Mapping[str, Run], outcomes: Sequence[Outcome], column: str) -> pd.DataFrame:
    """The `effects` of each run but the first against the first, by its name in `column`."""
    (_, first), *others = runs.items()
    usual = by_replicate(first, outcomes)
    parts = []
    for name, other in others:
        table = effects(usual, by_replicate(other, outcomes), outcomes)
        table.insert(0, column, name)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def effects(usual: pd.DataFrame, other: pd.DataFrame, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """What another scenario changes, by pairs of replicates.

    Intervals are those of Student's t over the pairs. A relative change is a ratio of two means,
    and so is its interval.

    Args:
        usual: from `by_replicate`, at least two replicates.
        other: the same replicates under the other scenario.
        outcomes: columns of both.

    Returns:
        One row per outcome: outcome; usual and other, means over replicates; effect, low, high: the
        mean difference with its 95% interval; change, change_low, change_high: relative to the
        usual mean of the outcome, or of the one that it stands `beside`, NaN where that is not
        above 0;
        independent_variance: of the difference between two replicates of different seeds;
        paired_variance: between two of one seed; saved: the former over the latter, the factor on
        the number of replicates that pairing saves, infinite where all pairs differ alike and NaN
        where nothing varies at all.

    Raises:
        ValueError: the replicates are not the same, or fewer than two.
    """
    if not np.array_equal(usual["replicate"], other["replicate"]) or len(usual) < MIN_PAIRS:
        raise ValueError(
            f"usual has {len(usual)} replicates and other {len(other)}; give the same, at least "
            f"{MIN_PAIRS}, in the same order"
        )
    rows = []
    for one in outcomes:
        before, after, unit = (
            frame[name].to_numpy(dtype=np.float64)
            for frame, name in (
                (usual, one.name),
                (other, one.name),
                (usual, one.beside or one.name),
            )
        )
        rows.append({"outcome": one.name, **_effect(before, after, unit)})
    return pd.DataFrame(rows)


def _effect(
    before: NDArray[np.float64], after: NDArray[np.float64], unit: NDArray[np.float64]
) -> dict[str, float]:
    """One row of `effects`; a relative change is the mean difference over the mean of `unit`."""
    difference = after - before
    effect, margin = float(difference.mean()), _margin(difference)
    change = change_margin = saved = float("nan")
    if (mean := float(unit.mean())) > 0.0:
        change = effect / mean
        change_margin = _margin(difference - change * unit) / mean
    independent = float(before.var(ddof=1) + after.var(ddof=1))
    paired = float(difference.var(ddof=1))
    if independent > 0.0 or paired > 0.0:
        saved = independent / paired if paired > 0.0 else float("inf")
    return {
        "usual": float(before.mean()),
        "other": float(after.mean()),
        "effect": effect,
        "low": effect - margin,
        "high": effect + margin,
        "change": change,
        "change_low": change - change_margin,
        "change_high": change + change_margin,
        "independent_variance": independent,
        "paired_variance": paired,
        "saved": saved,
    }


def _margin(values: NDArray[np.float64]) -> float:
    """Half of the interval of a mean."""
    quantile = stdtrit(values.size - 1, (1.0 + CONFIDENCE) / 2.0)
    return float(quantile * values.std(ddof=1) / np.sqrt(values.size))


def _over(above: float, below: float) -> float:
    return above / below if below else 0.0


def _sum(days: Rows, kind: str) -> float:
    return _total(days, [f"{kind}_{source}" for source in SOURCES])


def _levels(rows: Rows, measure: str) -> float:
    return _total(rows, [f"{measure}_{level}" for level in LEVELS])


def _total(frame: Rows, columns: Sequence[str]) -> float:
    """The sum over columns and rows; to take the columns as a frame would cost far more."""
    return float(np.concatenate([np.asarray(frame[name]) for name in columns]).sum())


def _all_visits(days: Rows, _: Rows) -> float:
    return _sum(days, "visits")


def _all_orders(days: Rows, _: Rows) -> float:
    return _sum(days, "orders")


def _reach(_: Rows, rows: Rows) -> float:
    return _levels(rows, "reach")


def _visits(_: Rows, rows: Rows) -> float:
    return _levels(rows, "visitors")


def _orders(_: Rows, rows: Rows) -> float:
    return float(rows["orders"].sum())


def _refunds(_: Rows, rows: Rows) -> float:
    return float(rows["refunded"].sum())


def _sharing(_: Rows, rows: Rows) -> float:
    return _over(_levels(rows, "sharers"), _levels(rows, "visitors"))


def _each(total: Measure) -> Measure:
    """The total per campaign."""
    return lambda days, rows: _over(total(days, rows), len(rows))
