"""The runs of a sweep summed up by point and policy: summary, effects, and a codebook."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from weishang.experiments.analysis.paired import CONFIDENCE, described
from weishang.experiments.simulate.setting import MIN_PAIRS
from weishang.experiments.storage.codebook import CODEBOOK, Entry
from weishang.experiments.studies.paired.codebook import TABLES as PAIRED
from weishang.experiments.sweep.results import rows
from weishang.experiments.sweep.results.rows import POINT, POLICY, outcomes, varied_column
from weishang.experiments.sweep.store.plan import Plan

SUMMARY: dict[str, Entry] = {
    "outcome": ("name", "of what is measured in a run"),
    "unit": ("name", "of the outcome"),
    "mean": ("of the outcome", "over replicates"),
    "sd": (
        "of the outcome",
        "standard deviation between replicates; empty where there is only one",
    ),
    "n": ("replicates", "over which the mean is taken"),
    "low": ("of the outcome", "lower end of the mean's 95% interval, Student's t over replicates"),
    "high": ("of the outcome", "upper end of it"),
}


def points_frame(plan: Plan) -> pd.DataFrame:
    """One row per design point: its number and the value of every varied parameter."""
    varied = {
        name: varied_column(plan, name, (point.values[name] for point in plan.points))
        for name in plan.varied
    }
    return pd.DataFrame({"point": [point.number for point in plan.points], **varied})


def summary(plan: Plan, values: NDArray[np.float64]) -> pd.DataFrame:
    """Outcomes over replicates: one row per point, policy and outcome.

    Args:
        plan: of the sweep.
        values: outcomes of all runs, [points, replicates, policies, outcomes].

    Returns:
        point, policy, the varied parameters, outcome, unit, mean, sd, n, low, high: see SUMMARY.
    """
    measured = outcomes()
    num_points, replicates, num_policies, num_outcomes = values.shape
    mean = values.mean(axis=1).ravel()
    sd = margin = np.full(mean.size, np.nan)
    if replicates >= MIN_PAIRS:
        sd, margin = values.std(axis=1, ddof=1).ravel(), _margin(values).ravel()
    point = np.repeat(np.arange(num_points), num_policies * num_outcomes)
    policies = np.repeat([one.name for one in plan.policies], num_outcomes)
    found = {
        "outcome": np.tile([one.name for one in measured], num_points * num_policies),
        "unit": np.tile([one.unit for one in measured], num_points * num_policies),
        "mean": mean,
        "sd": sd,
        "n": replicates,
        "low": mean - margin,
        "high": mean + margin,
    }
    varied = points_frame(plan).iloc[point].reset_index(drop=True)
    varied.insert(1, "policy", np.tile(policies, num_points))
    return pd.concat([varied, pd.DataFrame(found)], axis=1)


def has_effects(plan: Plan) -> bool:
    """Whether there are pairs of replicates to compare policies in."""
    return plan.replicates >= MIN_PAIRS and len(plan.policies) > 1


def effects(plan: Plan, values: NDArray[np.float64]) -> pd.DataFrame:
    """What each policy changes at each point, compared with the first in the same replicates.

    `paired.effects` for all points at once: one by one they would take minutes.

    Args:
        plan: of the sweep; `has_effects` of it.
        values: outcomes of all runs, [points, replicates, policies, outcomes].

    Returns:
        point, policy, and the columns of `paired.effects`: one row per point, policy and outcome.
    """
    names = [one.name for one in outcomes()]
    beside = [names.index(one.beside or one.name) for one in outcomes()]
    usual, others = values[:, :, :1], values[:, :, 1:]
    columns = _effects(usual, others, usual[..., beside])
    num_points, _, num_policies, num_outcomes = values.shape
    policies = np.repeat([one.name for one in plan.policies[1:]], num_outcomes)
    rows = (num_policies - 1) * num_outcomes
    placed = {
        "point": np.repeat(np.arange(num_points), rows),
        "policy": np.tile(policies, num_points),
        "outcome": np.tile(names, num_points * (num_policies - 1)),
    }
    return pd.DataFrame({**placed, **{name: column.ravel() for name, column in columns.items()}})


def described_outcomes() -> pd.DataFrame:
    """One row per outcome: unit, meaning, and what a change is relative to."""
    return described(outcomes())


def entries(plan: Plan, table: str) -> dict[str, Entry]:
    """Unit and meaning of each column of a table: runs, days, points, summary, effects, outcomes.

    Raises:
        KeyError: there is no such table.
    """
    varied = rows.varied_entries(plan)
    paired = PAIRED["policies"]
    found: dict[str, dict[str, Entry]] = {
        "points": {**POINT, **varied},
        "summary": {**POINT, **POLICY, **varied, **SUMMARY},
        "effects": {**POINT, **paired["effects"], **POLICY},
        "outcomes": paired["outcomes"],
        "codebook": CODEBOOK,
    }
    return found[table] if table in found else rows.entries(plan, table)


def units(plan: Plan, table: str) -> dict[str, str]:
    """The unit of each column of a table."""
    return {name: unit for name, (unit, _) in entries(plan, table).items()}


def codebook(plan: Plan, columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Describe columns: one row per table and column, with unit and meaning.

    Args:
        plan: of the sweep.
        columns: names of each table's.

    Raises:
        ValueError: a column is not described in `entries`.
    """

    def described() -> Iterator[dict[str, str]]:
        for table, names in {**columns, "codebook": list(CODEBOOK)}.items():
            known = entries(plan, table)
            for column in names:
                if column not in known:
                    raise ValueError(f"{table} has column {column!r}; describe it in `entries`")
                unit, meaning = known[column]
                yield {"table": table, "column": column, "unit": unit, "meaning": meaning}

    return pd.DataFrame(described())


def _effects(
    before: NDArray[np.float64], after: NDArray[np.float64], unit: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Means, effects with intervals, changes and variances, over the second axis: replicates."""
    difference = after - before
    usual, effect, mean = before.mean(axis=1), difference.mean(axis=1), unit.mean(axis=1)
    margin = _margin(difference)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(mean > 0.0, effect / mean, np.nan)
        of_change = _margin(difference - change[:, None] * unit) / mean
        paired = difference.var(axis=1, ddof=1)
        independent = before.var(axis=1, ddof=1) + after.var(axis=1, ddof=1)
        # Over no variance: infinite, or NaN where nothing varies at all.
        saved = independent / paired
    return {
        "usual": np.broadcast_to(usual, effect.shape),
        "other": after.mean(axis=1),
        "effect": effect,
        "low": effect - margin,
        "high": effect + margin,
        "change": change,
        "change_low": change - of_change,
        "change_high": change + of_change,
        "independent_variance": independent,
        "paired_variance": paired,
        "saved": saved,
    }


def _margin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of the interval of a mean over the second axis."""
    replicates = values.shape[1]
    quantile = stdtrit(replicates - 1, (1.0 + CONFIDENCE) / 2.0)
    return quantile * values.std(axis=1, ddof=1) / np.sqrt(replicates)
