"""Scenarios written as text: complete TOML files with comments."""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from inspect import getdoc
from itertools import groupby
from typing import Any

from weishang.experiments.scenario.schema import ATTRIBUTES, SELLERS
from weishang.experiments.scenario.validators import DAYS, FORMAT, START
from weishang.model.scenario import BaseScenario
from weishang.model.sellers.parameters import NamedSeller

_ABOUT = (
    "A complete scenario: every parameter with value, unit, source and role. To change some, write "
    "a file with a format, a name and the tables that differ; each needs all four. With `extends` "
    "it starts from a file beside it. docs/odd.md tells what the parameters mean."
)


def dump(
    scenario: BaseScenario,
    *,
    name: str = "default",
    start: date = START,
    days: int = DAYS,
    sellers: tuple[NamedSeller, ...] = (),
    sources: Mapping[str, str] | None = None,
) -> str:
    """Write a scenario as a complete file, with comments.

    Args:
        scenario: all of its parameters are written.
        name: for people.
        start, days: first day and how many.
        sellers: to name.
        sources: of parameters, by name such as weights.view; a parameter that is not here has the
            model's own value and source.

    Raises:
        ValueError: a value is not the model's own and has no source; a source is of no parameter.
    """
    sources = sources or {}
    head = {"format": FORMAT, "name": name, "start": start, "days": days}
    blocks = [_comment(_ABOUT), "\n".join(f"{key} = {as_toml(head[key])}" for key in head)]
    for group, rows in groupby(_with_sources(scenario, sources), _group_of):
        about = (getdoc(type(getattr(scenario, group))) or "").partition("\n")[0]
        blocks.append(_comment(f"{group}: {about}"))
        blocks.extend(map(_parameter_table, rows))
    blocks.extend(map(_seller_table, sellers))
    return "\n\n".join(blocks) + "\n"


def as_toml(value: Any) -> str:
    """A value in TOML.

    Raises:
        ValueError: TOML or a scenario file has no such value.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, date):
        return value.isoformat()
    raise ValueError(f"a parameter is {value!r}; give a number, bool, text or tuple")


def _with_sources(scenario: BaseScenario, sources: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row a parameter, with the source that its value has."""
    rows = {row["name"]: row for row in scenario.described()}
    for usual in type(scenario)().described():
        name = usual["name"]
        if name not in sources and rows[name]["value"] != usual["value"]:
            raise ValueError(f"{name} is {rows[name]['value']}, not the default; give its source")
    for name, source in sources.items():
        if name not in rows:
            raise ValueError(f"sources has {name!r}; give names such as {next(iter(rows))}")
        rows[name]["source"] = source
    return list(rows.values())


def _group_of(row: Mapping[str, Any]) -> str:
    return str(row["name"]).partition(".")[0]


def _comment(text: str) -> str:
    return textwrap.fill(text, 98, initial_indent="# ", subsequent_indent="# ")


def _parameter_table(row: Mapping[str, Any]) -> str:
    ends = "" if row["low"] is None else f"  # prior range {row['low']} to {row['high']}"
    lines = (f"{key} = {as_toml(row[key])}{ends if key == 'value' else ''}" for key in ATTRIBUTES)
    return "\n".join((f"[{row['name']}]", *lines))


def _seller_table(seller: NamedSeller) -> str:
    given = {item.name: getattr(seller, item.name) for item in fields(seller)}
    lines = (f"{key} = {as_toml(value)}" for key, value in given.items() if value is not None)
    return "\n".join((f"[[{SELLERS}]]", *lines))
