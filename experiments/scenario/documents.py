"""Scenario files read and checked one by one: what each says, and all that is wrong with it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weishang.experiments.readers.faults import Fault, KeyPath, shown
from weishang.experiments.readers.toml_scan import Parsed, parse
from weishang.experiments.scenario.schema import (
    ATTRIBUTES,
    HEAD,
    RENAMED,
    SELLERS,
    Kind,
    SellerModel,
    file_model,
    group_models,
)
from weishang.experiments.scenario.validators import FORMAT
from weishang.experiments.scenario.writer import as_toml
from weishang.model.scenario import Scenario

MAX_BYTES = 1_000_000
MAX_EXTENDS = 4
"""Files that a file may extend, one after the other."""


@dataclass
class Document:
    """One file of a chain: what it says that is right, and what is wrong with it.

    Attributes:
        path: of the file.
        parsed: what it holds, with the lines of it.
        faults: found so far.
        given: models of the parameters without fault, by group and name.
        kind: of the scenario that it is read as.
    """

    path: Path
    parsed: Parsed
    faults: list[Fault] = field(default_factory=list)
    given: dict[tuple[str, str], Any] = field(default_factory=dict)
    kind: Kind = Scenario

    @property
    def data(self) -> dict[str, Any]:
        """What the file says, as TOML has it; empty when it could not be read."""
        return self.parsed.data or {}

    def blame(self, path: KeyPath, what: str, known: tuple[str, ...] = ()) -> None:
        """Note a fault at a key; see `Fault`."""
        self.faults.append(Fault(str(self.path), self.parsed.line(path), path, what, known))


def read_chain(path: Path, kind: Kind = Scenario) -> Iterator[Document]:
    """Read a file and those that it extends, as far as that goes; faults stay in the documents."""
    seen: list[Path] = []
    following: Path | None = path
    while following is not None:
        seen.append(following)
        document = _read(following, kind)
        following = _extended(document, seen)
        yield document


def read_text(path: Path, kind: str = "scenario file") -> str | Fault:
    """What stands in a file of TOML, or why that cannot be told."""
    if why := _unfit(path, kind):
        return Fault(str(path), None, (), why)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Fault(str(path), None, (), f"{error.strerror}; give a file that can be read")
    if len(content) > MAX_BYTES:
        return Fault(str(path), None, (), f"larger than {MAX_BYTES:,} bytes; give a {kind}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Fault(str(path), line, (), "not UTF-8; save the file as UTF-8")


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path leads into a folder, links followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def with_tuples(value: Any) -> Any:
    """The same with tuples for lists: TOML has one kind of array."""
    if isinstance(value, dict):
        return {key: with_tuples(item) for key, item in value.items()}
    return tuple(map(with_tuples, value)) if isinstance(value, list) else value


def told_value(error: Any) -> str:
    """What pydantic says of a value, in our words."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "tuple_type":
        return f"is {shown(error['input'])}; give a list in brackets"
    return f"is {shown(error['input'])}; {error['msg'].replace('Input should be', 'give')}"


def _read(path: Path, kind: Kind) -> Document:
    """One file, read and checked."""
    document = Document(path, Parsed(), kind=kind)
    text = read_text(path)
    if isinstance(text, Fault):
        document.faults.append(text)
        return document
    document.parsed = parse(text)
    document.faults += [Fault(str(path), *told) for told in document.parsed.faults]
    if document.parsed.data is not None:
        _check(document)
    return document


def _unfit(path: Path, kind: str = "scenario file") -> str | None:
    """Why a path is no file that can be read; None if it is one."""
    if os.path.isfile(path):
        return None
    if os.path.isdir(path):
        return f"a folder; give a {kind} in TOML"
    return f"no {'regular' if os.path.exists(path) else 'such'} file; give a {kind} in TOML"


def _extended(document: Document, seen: list[Path]) -> Path | None:
    """The file that a document extends; None when it extends none, or a fault keeps it from it."""
    text = document.data.get("extends")
    if not isinstance(text, str):
        return None
    folder = seen[-1].parent
    following = folder / text
    if "\0" in text or Path(text).is_absolute() or not is_inside(following, folder):
        why = "give a path inside the folder of this file"
    elif any(_same(following, path) for path in seen):
        names = " -> ".join(path.name for path in (*seen, following))
        why = f"a loop, {names}; extend a file that does not extend this one"
    elif len(seen) > MAX_EXTENDS:
        why = f"more than {MAX_EXTENDS} files extend each other; put some into one"
    elif (unfit := _unfit(following)) is None:
        return following
    else:
        why = f"{unfit}; a file without `extends` starts from the default"
    document.blame(("extends",), f"{shown(text)}: {why}")
    return None


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _check(document: Document) -> None:
    """Hold a file against the models; note the faults, and the parameters that have none."""
    data = with_tuples(document.data)
    wrong: set[KeyPath] = set()
    try:
        file_model(document.kind).model_validate(data)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            wrong.add(item["loc"][:2])
            if item["type"] != "missing" or item["loc"] not in document.parsed.broken:
                document.blame(item["loc"], *_told(item, document.kind))
    for group, model in group_models(document.kind).items():
        table = data.get(group)
        if isinstance(table, dict):
            right = {name: table[name] for name in table if (group, name) not in wrong}
            checked = model.model_validate(right)
            for name in right:
                document.given[group, name] = getattr(checked, name)
    _check_unique(document, data.get(SELLERS))


def _told(error: Any, scenario: Kind) -> tuple[str, tuple[str, ...]]:
    """What an error of pydantic says in our words, and the keys that could have been meant."""
    kind, path = error["type"], error["loc"]
    if kind == "missing":
        return f"missing; give {_wanted(path, scenario)}", ()
    if kind == "extra_forbidden":
        if now := RENAMED.get(path):
            return f"is called {now} now", ()
        return "unknown key", _known(path[:-1], scenario)
    if kind == "model_type" or path == (SELLERS,):
        return f"is {shown(error['input'])}; give {_tables(path)}", ()
    return told_value(error), ()


def _tables(path: KeyPath) -> str:
    """What belongs where a table is and something else was found."""
    if path[0] == SELLERS:
        return f"[[{SELLERS}]] with an id and a node"
    return "a table of parameters" if len(path) == 1 else f"a table with {', '.join(ATTRIBUTES)}"


def _wanted(path: KeyPath, scenario: Kind) -> str:
    """What belongs where nothing was found."""
    if path[0] == SELLERS or len(path) == 1:
        return {"format": str(FORMAT), "name": "a name for people", "id": "a text"}.get(
            str(path[-1]), "the number of a person"
        )
    group, name, attribute = map(str, path[:3])
    about = {row["name"]: row for row in scenario().described()}[f"{group}.{name}"]
    return {
        "value": f"a value such as {as_toml(about['value'])}",
        "unit": as_toml(about["unit"]),
        "source": "where the value is from",
        "role": '"set" or "fitted"',
    }[attribute]


def _known(path: KeyPath, scenario: Kind) -> tuple[str, ...]:
    """The keys that may stand in a table."""
    groups = group_models(scenario)
    if not path:
        return (*HEAD, *groups)
    if path[0] == SELLERS:
        return tuple(SellerModel.model_fields)
    return tuple(groups[str(path[0])].model_fields) if len(path) == 1 else ATTRIBUTES


def _check_unique(document: Document, sellers: Any) -> None:
    """Every id and every node belongs to one seller; the later one is at fault."""
    if not isinstance(sellers, tuple):
        return
    for key, kind in (("id", str), ("node", int)):
        first: dict[Any, int] = {}
        for at, seller in enumerate(sellers):
            value = seller.get(key) if isinstance(seller, dict) else None
            if type(value) is not kind:
                continue
            if value in first:
                line = document.parsed.line((SELLERS, first[value], key))
                what = f"is {shown(value)}, as in line {line}; give each seller its own"
                document.blame((SELLERS, at, key), what)
            first.setdefault(value, at)
