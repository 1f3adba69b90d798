"""What a sweep saves of each run: its row, its days, and what these columns mean."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from weishang.experiments.analysis.paired import Outcome, campaign_outcomes, market_outcomes
from weishang.experiments.simulate.codebook import DAYS
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.storage.codebook import Entry
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store.plan import Plan, RunSetting
from weishang.model.market.indicators import DAILY

A_CAMPAIGN = "campaign_"
"""Begins the names of outcomes that are means over a run's campaigns."""

POINT: dict[str, Entry] = {"point": ("number", "of the design point, from 0")}
POLICY: dict[str, Entry] = {
    "policy": ("name", "of the changes to the scenario; the others are compared with the first")
}
PLACE: dict[str, Entry] = {
    "run": ("number", "from 0: policies within replicates within points"),
    **POINT,
    "replicate": (
        "number",
        "from 0; the same number has the same random numbers at every point and policy",
    ),
}
SEED: dict[str, Entry] = {"world_seed": DAYS["replicate"]}
SELLERS: dict[str, Entry] = {
    "num_sellers": (
        "people",
        "who sell: as many as asked for, or as many as a small graph has room for",
    )
}
DTYPES = {bool: "bool", int: "int64", float: "float64"}
"""Of columns of parameters; a list of numbers is text."""


@lru_cache(maxsize=64)
def outcomes(reference_price: float = 1.0) -> tuple[Outcome, ...]:
    """The outcomes of a run: of the whole market, and of its campaigns on average; price in CNY."""
    each = [
        replace(
            one,
            name=f"{A_CAMPAIGN}{one.name}",
            meaning=f"per campaign: {one.meaning}",
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
    """Values of a varied parameter, of one type in the whole sweep; lists of numbers are text."""
    listed = list(values)
    group, _, parameter = name.partition(".")
    # As the scenario has it: the same in a part as in the whole sweep.
    scenario_value = getattr(getattr(plan.file.scenario, group), parameter)
    dtype = DTYPES.get(type(scenario_value), "str")
    if dtype == "str":
        listed = [json.dumps(value) for value in listed]
    return pd.Series(listed, dtype=dtype)


def entries(plan: Plan, table: str) -> dict[str, Entry]:
    """Unit and meaning of each column of a table of parts: runs or days.

    Raises:
        KeyError: there is no such table.
    """
    measured = {one.name: (one.unit, one.meaning) for one in outcomes()}
    return {
        layout.RUNS: {**PLACE, **SEED, **POLICY, **SELLERS, **varied_entries(plan), **measured},
        layout.DAYS: {**PLACE, **POLICY, **{one.name: DAYS[one.name] for one in DAILY}},
    }[table]


def varied_entries(plan: Plan) -> dict[str, Entry]:
    """Unit and meaning of the columns of varied parameters."""
    units = {one["name"]: one["unit"] for one in plan.file.scenario.described()}
    return {name: (units[name], "parameter of the scenario, varied") for name in plan.varied}


def _place(setting: RunSetting) -> dict[str, int]:
    return {"run": setting.run, "point": setting.point, "replicate": setting.replicate}
