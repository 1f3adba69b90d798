"""Scenario files: TOML in which every parameter has value, unit, source and role.

    format = 1
    name = "Twice the friends"
    extends = "default.toml"

    [society.mean_friends]
    value = 310.0
    unit = "friends"
    source = "assumption: twice the default"
    role = "set"

What a file does not say is as in the file that it extends, and at the end of that chain as in the
model itself. `extends` names a file beside the one that says it, or in a folder below. `start` is
the first day, `days` how many there are. A file may also list sellers, each with an id and a node
of its own; they replace a list of the extended file:

    [[named_sellers]]
    id = "tea shop"
    node = 17
    category = 3    # an interest; optional
    price = 1.2     # reference price = 1; optional

All faults of a file and of those that it extends are told in one ValueError. Groups and
parameters are those of `weishang.model.scenario.Scenario`. After one is added there, write
the default anew:

    weishang scenario-file > experiments/scenario/builtin/default.toml
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from weishang.experiments.readers.faults import FaultyFileError, shown
from weishang.experiments.scenario.documents import Document, read_chain
from weishang.experiments.scenario.schema import (
    ATTRIBUTES,
    SELLERS,
    Kind,
    SellerModel,
    group_models,
)
from weishang.experiments.scenario.validators import DAYS, FORMAT, START
from weishang.experiments.scenario.writer import dump
from weishang.experiments.storage.manifest import parameters_digest
from weishang.model.scenario import BaseScenario, Scenario
from weishang.model.sellers.parameters import NamedSeller

FOLDER = Path(__file__).with_name("builtin")
DEFAULT = FOLDER / "default.toml"


@dataclass(frozen=True)
class Stated:
    """A parameter as it was given.

    Attributes:
        name: group and parameter, such as weights.view.
        file: that gives it; None: the model itself.
    """

    name: str
    value: Any
    unit: str
    source: str
    role: str
    file: str | None


@dataclass(frozen=True)
class ScenarioFile:
    """What a file and those that it extends say.

    Attributes:
        name: for people.
        scenario: every parameter.
        start: first day.
        days: how many, at least 1.
        sellers: that are named, in the file's order.
        path: of the file.
        files: that were read, `path` first, then what it extends.
        parameters: every one, in the scenario's order, with the source that was given.
        sha256: of all that is said; comments, order, and which file says it do not matter.
    """

    name: str
    scenario: BaseScenario
    start: date
    days: int
    sellers: tuple[NamedSeller, ...]
    path: Path
    files: tuple[Path, ...]
    parameters: tuple[Stated, ...]
    sha256: str


def load(path: Path, kind: Kind = Scenario) -> ScenarioFile:
    """Read a scenario, and the files that it extends.

    Args:
        path: of the file.
        kind: class of the scenario; one of `scenario_type` for mechanisms of your own.

    Raises:
        ValueError: kind is not a class of scenarios.
        FaultyFileError: a ValueError; with all faults of these files, each with file, line, key.
    """
    if not isinstance(kind, type) or not issubclass(kind, BaseScenario):
        raise ValueError(f"kind is {kind!r}; give Scenario, or a class from scenario_type")
    documents = list(read_chain(Path(path), kind))
    scenario = _scenario(documents)
    start, days = _days(documents)
    faults = [fault for document in documents for fault in document.faults]
    if faults:
        raise FaultyFileError(faults)
    name = documents[0].data["name"]
    sellers = _sellers(documents)
    parameters = tuple(_stated(documents))
    return ScenarioFile(
        name=name,
        scenario=scenario,
        start=start,
        days=days,
        sellers=sellers,
        path=documents[0].path,
        files=tuple(document.path for document in documents),
        parameters=parameters,
        sha256=_digest(name, start, days, sellers, parameters),
    )


def scenario_file() -> None:
    """Print the complete default scenario."""
    print(dump(Scenario()), end="")


def _scenario(documents: list[Document]) -> BaseScenario:
    """The scenario of the parameters without fault; what its parts refuse becomes a fault."""
    kind = documents[0].kind
    parts = {group: _part(documents, group) for group in group_models(kind)}
    try:
        return kind(**parts)
    except ValueError as error:
        _blame(str(error), {".".join(key): (of, key) for key, of in _givers(documents).items()})
        return kind()


def _part(documents: list[Document], group: str) -> Any:
    """A part with the values that are given; one that it refuses is told and left out."""
    usual = getattr(documents[0].kind(), group)
    givers = {key[1]: (of, key) for key, of in _givers(documents).items() if key[0] == group}
    while True:
        try:
            return replace(usual, **{key[1]: of.given[key].value for of, key in givers.values()})
        except ValueError as error:
            del givers[_blame(str(error), givers)]


def _givers(documents: list[Document]) -> dict[tuple[str, str], Document]:
    """The file that has the last word on each parameter, the first of the chain first."""
    givers: dict[tuple[str, str], Document] = {}
    for document in documents:
        for key in document.given:
            givers.setdefault(key, document)
    return givers


def _blame(what: str, givers: Mapping[str, tuple[Document, tuple[str, str]]]) -> str:
    """Note an error at a parameter that it names, or else at the first that is given; its name.

    Of several, it is noted at one that differs from the model's own value, and of these at the one
    in the file with the last word.
    """
    words = re.findall(r"\w+(?:\.\w+)?", what)
    named = {part for word in words for part in (word, *word.split("."))}
    usual = next(iter(givers.values()))[0].kind().values()

    def is_usual(name: str) -> bool:
        document, (group, parameter) = givers[name]
        return bool(document.given[group, parameter].value == usual[group][parameter])

    name = min((name for name in givers if name in named), key=is_usual, default=next(iter(givers)))
    document, key = givers[name]
    document.blame((*key, "value"), what)
    return name


def _days(documents: list[Document]) -> tuple[date, int]:
    """First day and number of days; a last day beyond the calendar is a fault."""
    start, days, by = START, DAYS, documents[0]
    for document in reversed(documents):
        start = document.data.get("start", start)
        if "days" in document.data:
            days, by = document.data["days"], document
    if type(start) is date and type(days) is int and days > (date.max - start).days + 1:
        by.blame(("days",), f"is {shown(days)}, beyond the year {date.max.year}; give fewer")
    return start, days


def _sellers(documents: list[Document]) -> tuple[NamedSeller, ...]:
    listed: list[dict[str, Any]] = next(
        (document.data[SELLERS] for document in documents if SELLERS in document.data), []
    )
    return tuple(NamedSeller(**SellerModel.model_validate(item).model_dump()) for item in listed)


def _stated(documents: list[Document]) -> Iterator[Stated]:
    """Every parameter, in the scenario's order."""
    givers = _givers(documents)
    for row in documents[0].kind().described():
        group, _, name = row["name"].partition(".")
        giver = givers.get((group, name))
        if giver is None:
            said = {key: row[key] for key in ATTRIBUTES}
        else:
            said = giver.given[group, name].model_dump()
        yield Stated(row["name"], **said, file=giver.path.name if giver else None)


def _digest(
    name: str,
    start: date,
    days: int,
    sellers: tuple[NamedSeller, ...],
    parameters: tuple[Stated, ...],
) -> str:
    said = {
        "format": FORMAT,
        "name": name,
        "start": start.isoformat(),
        "days": days,
        "sellers": sellers,
        "parameters": [replace(item, file=None) for item in parameters],
    }
    return parameters_digest(said)
