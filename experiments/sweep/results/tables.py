"""What a sweep saves: a row a run, what rows come to by point and policy, and what columns mean."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from weishang.experiments.analysis.paired import (
    CONFIDENCE,
    Outcome,
    campaign_outcomes,
    described,
    market_outcomes,
)
from weishang.experiments.simulate.codebook import DAYS
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.setting import MIN_PAIRS
from weishang.experiments.storage.codebook import CODEBOOK, Entry
from weishang.experiments.studies.paired.codebook import TABLES as PAIRED
from weishang.experiments.sweep.store.plan import Plan, RunSetting
from weishang.model.market.indicators import DAILY

A_CAMPAIGN = "campaign_"
"""Begins the names of outcomes that are means over a run's campaigns."""

POINT: dict[str, Entry] = {"point": ("number", "of the design point, from 0")}
POLICY: dict[str, Entry] = {
    "policy": ("name", "of the changes to the scenario; the first is what others are held against")
}
PLACE: dict[str, Entry] = {
    "run": ("number", "from 0: policies within worlds within points"),
    **POINT,
    "world": ("number", "from 0; the same number is the same luck at every point and policy"),
}
SEED: dict[str, Entry] = {"world_seed": DAYS["world"]}
SELLERS: dict[str, Entry] = {
    "num_sellers": ("people", "who sell: as many as asked for, or as a small graph has room for")
}
SUMMARY: dict[str, Entry] = {
    "outcome": ("name", "of what a run comes to"),
    "unit": ("name", "of the outcome"),
    "mean": ("of the outcome", "over worlds"),
    "sd": ("of the outcome", "standard deviation between worlds; empty of one world"),
    "n": ("worlds", "that the mean is over"),
    "low": ("of the outcome", "lower end of the mean's 95% interval, Student's t over worlds"),
    "high": ("of the outcome", "upper end of it"),
}
DTYPES = {bool: "bool", int: "int64", float: "float64"}
"""Of columns of parameters; a list of numbers is text."""


@lru_cache(maxsize=64)
def outcomes(reference_price: float = 1.0) -> tuple[Outcome, ...]:
    """What a run comes to: the whole market, and its campaigns on average; price in CNY."""
    each = [
        replace(
            one,
            name=f"{A_CAMPAIGN}{one.name}",
            meaning=f"a campaign: {one.meaning}",
            beside=None if one.beside is None else f"{A_CAMPAIGN}{one.beside}",
        )
        for one in campaign_outcomes(reference_price)
    ]
    return (*market_outcomes(reference_price), *each)


def run_row(plan: Plan, setting: RunSetting, num_sellers: int, ran: Run) -> dict[str, Any]:
    """A run as a row of the table of runs."""
    values = plan.points[setting.point].values
    measured = outcomes(setting.scenario.money.reference_price)
    return {
        **_place(setting),
        "world_seed": setting.world_seed,
        "policy": setting.policy,
        "num_sellers": num_sellers,
        **{name: values[name] for name in plan.varied},
        **{one.name: one.measure(ran.day_columns, ran.campaign_columns) for one in measured},
    }


def runs_frame(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The table of runs; its columns have the same types in every part."""
    dtypes = {**dict.fromkeys((*PLACE, *SELLERS), np.int64), "world_seed": np.uint64}
    varied = set(plan.varied)
    columns = {}
    for name in entries(plan, "runs"):
        values = [row[name] for row in rows]
        if name in varied:
            columns[name] = varied_column(plan, name, values)
        elif name == "policy":
            columns[name] = pd.Series(values, dtype="str")
        else:
            columns[name] = pd.Series(values, dtype=dtypes.get(name, np.float64))
    return pd.DataFrame(columns)


def days_frame(setting: RunSetting, ran: Run) -> pd.DataFrame:
    """A run's rows of the table of days."""
    days = ran.day_columns
    columns = {name: np.full(len(days), place) for name, place in _place(setting).items()}
    columns["policy"] = np.full(len(days), setting.policy)
    for one in DAILY:
        columns[one.name] = days[one.name]
    return pd.DataFrame(columns)


def varied_column(plan: Plan, name: str, values: Iterable[Any]) -> pd.Series:
    """Values of a varied parameter, of one type in the whole sweep: lists of numbers are text."""
    listed = list(values)
    dtype = _dtype(plan, name)
    if dtype == "str":
        listed = [json.dumps(value) for value in listed]
    return pd.Series(listed, dtype=dtype)


def points_frame(plan: Plan) -> pd.DataFrame:
    """A row a design point: its number and the value of every varied parameter."""
    varied = {
        name: varied_column(plan, name, (point.values[name] for point in plan.points))
        for name in plan.varied
    }
    return pd.DataFrame({"point": [point.number for point in plan.points], **varied})


def summary(plan: Plan, values: NDArray[np.float64]) -> pd.DataFrame:
    """What runs come to: a row a point, policy and outcome.

    Args:
        plan: of the sweep.
        values: outcomes of all runs, [points, worlds, policies, outcomes].

    Returns:
        point, policy, the varied parameters, outcome, unit, mean, sd, n, low, high: see SUMMARY.
    """
    measured = outcomes()
    num_points, worlds, num_policies, num_outcomes = values.shape
    mean = values.mean(axis=1).ravel()
    sd = margin = np.full(mean.size, np.nan)
    if worlds >= MIN_PAIRS:
        sd, margin = values.std(axis=1, ddof=1).ravel(), _margin(values).ravel()
    point = np.repeat(np.arange(num_points), num_policies * num_outcomes)
    policies = np.repeat([one.name for one in plan.policies], num_outcomes)
    found = {
        "outcome": np.tile([one.name for one in measured], num_points * num_policies),
        "unit": np.tile([one.unit for one in measured], num_points * num_policies),
        "mean": mean,
        "sd": sd,
        "n": worlds,
        "low": mean - margin,
        "high": mean + margin,
    }
    varied = points_frame(plan).iloc[point].reset_index(drop=True)
    varied.insert(1, "policy", np.tile(policies, num_points))
    return pd.concat([varied, pd.DataFrame(found)], axis=1)


def has_effects(plan: Plan) -> bool:
    """Whether there are pairs of worlds to tell effects of policies by."""
    return plan.worlds >= MIN_PAIRS and len(plan.policies) > 1


def effects(plan: Plan, values: NDArray[np.float64]) -> pd.DataFrame:
    """What each policy changes at each point, against the first one in the same worlds.

    `paired.effects` for all points at once: one by one they would take minutes.

    Args:
        plan: of the sweep; `has_effects` of it.
        values: outcomes of all runs, [points, worlds, policies, outcomes].

    Returns:
        point, policy, and the columns of `paired.effects`: a row a point, policy and outcome.
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
    """A row an outcome: unit, meaning, and what a change is told relative to."""
    return described(outcomes())


def entries(plan: Plan, table: str) -> dict[str, Entry]:
    """Unit and meaning of each column of a table: runs, days, points, summary, effects, outcomes.

    Raises:
        KeyError: no such table.
    """
    varied = _varied(plan)
    paired = PAIRED["policies"]
    found: dict[str, dict[str, Entry]] = {
        "runs": {**PLACE, **SEED, **POLICY, **SELLERS, **varied, **_measured()},
        "days": {**PLACE, **POLICY, **{one.name: DAYS[one.name] for one in DAILY}},
        "points": {**POINT, **varied},
        "summary": {**POINT, **POLICY, **varied, **SUMMARY},
        "effects": {**POINT, **paired["effects"], **POLICY},
        "outcomes": paired["outcomes"],
        "codebook": CODEBOOK,
    }
    return found[table]


def units(plan: Plan, table: str) -> dict[str, str]:
    """The unit of each column of a table."""
    return {name: unit for name, (unit, _) in entries(plan, table).items()}


def codebook(plan: Plan, columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Describe columns: a row a table and column, with unit and meaning.

    Args:
        plan: of the sweep.
        columns: names of each table's.

    Raises:
        ValueError: a column is not described in `entries`.
    """
    return pd.DataFrame(_described(plan, {**columns, "codebook": list(CODEBOOK)}))


def _described(plan: Plan, columns: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    for table, names in columns.items():
        known = entries(plan, table)
        for column in names:
            if column not in known:
                raise ValueError(f"{table} has column {column!r}; describe it in sweep_tables")
            unit, meaning = known[column]
            yield {"table": table, "column": column, "unit": unit, "meaning": meaning}


def _place(setting: RunSetting) -> dict[str, int]:
    return {"run": setting.run, "point": setting.point, "world": setting.world}


def _varied(plan: Plan) -> dict[str, Entry]:
    units = {one["name"]: one["unit"] for one in plan.file.scenario.described()}
    return {name: (units[name], "parameter of the scenario, varied") for name in plan.varied}


def _measured() -> dict[str, Entry]:
    return {one.name: (one.unit, one.meaning) for one in outcomes()}


def _dtype(plan: Plan, name: str) -> str:
    """Of a varied parameter, as the scenario has it: the same in a part as in the whole sweep."""
    group, _, parameter = name.partition(".")
    value = getattr(getattr(plan.file.scenario, group), parameter)
    return DTYPES.get(type(value), "str")


def _effects(
    before: NDArray[np.float64], after: NDArray[np.float64], unit: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Means, effects with intervals, changes and variances, over the second axis: worlds."""
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
    worlds = values.shape[1]
    quantile = stdtrit(worlds - 1, (1.0 + CONFIDENCE) / 2.0)
    return quantile * values.std(axis=1, ddof=1) / np.sqrt(worlds)
