"""Sweep files: TOML that says which parameters vary, in how many replicates, under which policies.

    format = 1
    name = "trust"                # of the results' folder
    title = "Trust and prices"    # optional
    scenario = "base.toml"        # optional, inside this file's folder; else the default
    method = "latin_hypercube"    # grid | random | latin_hypercube
    points = 64                   # random and latin_hypercube only
    seed = 2026                   # of people, replicates and points
    users = 10_000
    sellers = 200
    days = 5
    replicates = 8                    # the same at every point and under every policy
    runs_a_part = 20              # optional: runs per file of results
    save_days = false             # optional: also one row per day

    [parameters]                  # any of a scenario, by group and name
    "weights.trust" = { low = 0.1, high = 2.0, scale = "log" }
    "rules.group_cap" = { values = [200, 500, 1000] }

    [policies.usual]              # optional; others are compared with the first
    [policies.no_livestreams]
    "rules.livestreams" = false

A grid takes only `values`. Elsewhere each of the values is as likely as the others, and a range is
drawn from evenly, on its scale. All faults of the file and its scenario are reported in one
ValueError. `plan.make` checks whether the parameters fit each other at every point.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weishang.experiments.readers.faults import MAX_SHOWN, Fault, FaultyFileError, KeyPath, shown
from weishang.experiments.readers.toml_scan import parse
from weishang.experiments.scenario import scenario_file
from weishang.experiments.scenario.documents import (
    Document,
    is_inside,
    read_text,
    told_value,
    with_tuples,
)
from weishang.experiments.scenario.scenario_file import ScenarioFile
from weishang.experiments.scenario.schema import RENAMED, group_models, parameter_models
from weishang.experiments.sweep.spec.schema import (
    GRID,
    LOG,
    METHODS,
    WANTED,
    SweepModel,
    VariedModel,
    name,
)
from weishang.model.scenario import Scenario

KEYS_RENAMED = {"worlds": "replicates"}
"""Keys of earlier versions, and what they are called now."""
MAX_PARAMETERS = 64
MAX_POLICIES = 64
MAX_VALUES = 10_000
"""Values of one parameter."""
USUAL = "usual"
"""The only policy of a file that names none."""
SOCIETY = "society."
"""Parameters that make other people, which no policy can do."""


@dataclass(frozen=True)
class Varied:
    """A parameter that varies.

    Attributes:
        name: group and parameter, such as weights.trust.
        kind: type of its values.
        values: to choose from; empty where there is a range.
        low, high: ends of the range, both of them possible.
        scale: linear or log: where all parts of the range are equally likely.
    """

    name: str
    kind: type
    values: tuple[Any, ...] = ()
    low: Any = None
    high: Any = None
    scale: str = "linear"


@dataclass(frozen=True)
class Policy:
    """Parameters that differ from the scenario's and the point's; none for the usual policy.

    Attributes:
        name: of the policy.
        values: by group and name.
    """

    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class SweepFile:
    """What a sweep file says; see the module.

    Attributes:
        points: None in a grid, whose points are all combinations of the values.
        runs_a_part: None where the file leaves it open.
        policies: at least one; the others are compared with the first.
        lines: of every key.
    """

    path: Path
    name: str
    title: str
    base: ScenarioFile
    method: str
    points: int | None
    seed: int
    users: int
    sellers: int
    days: int
    replicates: int
    runs_a_part: int | None
    save_days: bool
    parameters: tuple[Varied, ...]
    policies: tuple[Policy, ...]
    lines: Mapping[KeyPath, int] = field(repr=False, compare=False)


def load(path: Path) -> SweepFile:
    """Read a sweep, its scenario, and what that extends.

    Raises:
        FaultyFileError: a ValueError; with all faults of these files, each with file, line, key.
    """
    path = Path(path)
    text = read_text(path, "sweep file")
    if isinstance(text, Fault):
        raise FaultyFileError([text])
    document = Document(path, parse(text))
    document.faults += [Fault(str(path), *fault) for fault in document.parsed.faults]
    said = _checked(document)
    base, elsewhere = _base(document)
    parameters = tuple(_parameters(document))
    policies = tuple(_policies(document, {one.name for one in parameters}))
    _check_method(document, parameters)
    if document.faults or elsewhere or said is None or base is None:
        raise FaultyFileError([*document.faults, *elsewhere])
    return SweepFile(
        path=path,
        title=said.title or said.name,
        base=base,
        parameters=parameters,
        policies=policies or (Policy(USUAL, {}),),
        lines=document.parsed.lines,
        **{key: getattr(said, key) for key in _AS_SAID},
    )


_AS_SAID = (
    "name",
    "method",
    "points",
    "seed",
    "users",
    "sellers",
    "days",
    "replicates",
    "runs_a_part",
    "save_days",
)


def _checked(document: Document) -> SweepModel | None:
    """Check the top-level keys against their model; None where there is a fault, which is noted."""
    if document.parsed.data is None:
        return None
    try:
        return SweepModel.model_validate(document.data)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            if item["type"] != "missing" or item["loc"] not in document.parsed.broken:
                document.blame(item["loc"], *_told(item, SweepModel.model_fields))
    return None


def _told(error: Any, known: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What an error of pydantic says in our words, and the keys that could have been meant."""
    kind, path = error["type"], error["loc"]
    if kind == "missing":
        return f"missing; give {WANTED[path[0]]}", ()
    if kind == "extra_forbidden":
        if now := KEYS_RENAMED.get(path[-1]):
            return f"is called {now} now", ()
        return "unknown key", tuple(known)
    if kind == "dict_type":
        return f"is {shown(error['input'])}; give a table of parameters", ()
    return told_value(error), ()


def _base(document: Document) -> tuple[ScenarioFile | None, list[Fault]]:
    """The scenario that the sweep starts from, and the faults of its files."""
    text = document.data.get("scenario")
    path = scenario_file.DEFAULT
    if isinstance(text, str):
        folder = document.path.parent
        path = folder / text
        odd = "\0" in text or Path(text).is_absolute() or ".." in Path(text).parts
        if odd or not is_inside(path, folder):
            what = f"{shown(text)}: give a path inside the folder of this file, without .."
            document.blame(("scenario",), what)
            return None, []
    try:
        return scenario_file.load(path), []
    except FaultyFileError as error:
        return None, error.faults


def _parameters(document: Document) -> Iterator[Varied]:
    """The parameters that vary and have no fault."""
    table = document.data.get("parameters")
    if not isinstance(table, dict):
        return
    if len(table) > MAX_PARAMETERS:
        document.blame(("parameters",), f"{len(table):,} of them; vary at most {MAX_PARAMETERS}")
        return
    for key, said in table.items():
        path: KeyPath = ("parameters", key)
        if _is_parameter(document, path, said):
            before = len(document.faults)
            varied = _varied(document, path, said)
            if len(document.faults) == before:
                yield varied


def _is_parameter(document: Document, path: KeyPath, said: Any) -> bool:
    """Whether the last key of a path names a parameter; if not, that is noted."""
    key = str(path[-1])
    known = parameter_models()
    if key in known:
        return True
    if key in group_models() and isinstance(said, dict):
        inner = f"{key}.{next(iter(said), 'name')}"
        document.blame(path, f'put the whole name in quotes, as in "{shown(inner)[1:-1]}"')
        return False
    group, _, name = key.partition(".")
    if now := RENAMED.get((group, name)):
        document.blame(path, f"is called {group}.{now} now")
        return False
    ends = [full for full in known if full.endswith(f".{key}")]
    (near,) = ends[:1] or get_close_matches(key[:MAX_SHOWN], known, n=1, cutoff=0.0)
    document.blame(path, f"no parameter of a scenario; the nearest is {near}")
    return False


def _varied(document: Document, path: KeyPath, said: Any) -> Varied:
    """How a parameter varies; without meaning when a fault is noted."""
    full = str(path[-1])
    kind = type(_described()[full]["value"])
    if not isinstance(said, dict):
        document.blame(path, f"is {shown(said)}; give {{ values = [..] }} or a low and a high")
        return Varied(full, kind)
    try:
        how = VariedModel.model_validate(with_tuples(said))
    except ValidationError as error:
        for item in error.errors(include_url=False):
            place = (*path, *item["loc"])
            document.blame(place, *_told(item, VariedModel.model_fields))
        return Varied(full, kind)
    if how.values is not None:
        return Varied(full, kind, _values(document, path, how))
    return _range(document, path, how, kind)


def _values(document: Document, path: KeyPath, how: VariedModel) -> tuple[Any, ...]:
    """The values to choose from, each checked against the parameter's rules."""
    assert how.values is not None
    if how.model_fields_set != {"values"}:
        document.blame(path, "has values and a range; give one of them")
    if len(how.values) > MAX_VALUES:
        document.blame(
            (*path, "values"), f"{len(how.values):,} of them; give {MAX_VALUES:,} at most"
        )
        return ()
    if not how.values:
        document.blame((*path, "values"), "is empty; give at least one value")
    checked: list[Any] = []
    first: dict[Any, int] = {}
    for at, value in enumerate(how.values):
        place = (*path, "values", at)
        found = _value(document, place, str(path[-1]), value)
        checked.append(found)
        if found is not None and first.setdefault(found, at) != at:
            document.blame(place, f"{shown(found)} stands in the list twice; give it once")
    return tuple(checked)


def _range(document: Document, path: KeyPath, how: VariedModel, kind: type) -> Varied:
    """A range, with its two ends checked against the parameter's rules."""
    full = str(path[-1])
    if kind not in (int, float):
        document.blame(path, "is not a number; give { values = [..] }")
        return Varied(full, kind)
    if missing := [end for end in ("low", "high") if getattr(how, end) is None]:
        document.blame(path, f"{' and '.join(missing)} missing; give both ends, or values")
        return Varied(full, kind)
    low = _value(document, (*path, "low"), full, how.low)
    high = _value(document, (*path, "high"), full, how.high)
    if low is not None and high is not None:
        if not low < high:
            document.blame((*path, "high"), f"is {high}; give more than low, {low}")
        if how.scale == LOG and not low > 0:
            document.blame((*path, "low"), f"is {low}; a log scale begins above 0")
    return Varied(full, kind, (), low, high, how.scale)


def _value(document: Document, place: KeyPath, full: str, value: Any) -> Any:
    """A value as the scenario takes it; None, and the fault noted, if it does not."""
    model = parameter_models()[full]
    about = {"unit": _described()[full]["unit"], "source": "a sweep", "role": "set"}
    try:
        return model.model_validate({"value": value, **about}).value  # type: ignore[attr-defined]
    except ValidationError as error:
        for item in error.errors(include_url=False):
            document.blame((*place, *item["loc"][1:]), told_value(item))
    return None


def _policies(document: Document, varied: set[str]) -> Iterator[Policy]:
    """The policies that have no fault."""
    table = document.data.get("policies")
    if not isinstance(table, dict):
        return
    if len(table) > MAX_POLICIES:
        document.blame(("policies",), f"{len(table):,} of them; compare at most {MAX_POLICIES}")
        return
    for key, said in table.items():
        try:
            name(key)
        except ValueError as error:
            document.blame(("policies", key), str(error))
        if isinstance(said, dict):
            yield Policy(key, dict(_changes(document, ("policies", key), said, varied)))


def _changes(
    document: Document, policy: KeyPath, said: Mapping[str, Any], varied: set[str]
) -> Iterator[tuple[str, Any]]:
    """What a policy changes, by parameter."""
    if len(said) > MAX_PARAMETERS:
        document.blame(policy, f"{len(said):,} parameters; change at most {MAX_PARAMETERS}")
        return
    for key, value in said.items():
        path = (*policy, key)
        if not _is_parameter(document, path, value):
            continue
        if key in varied:
            document.blame(path, "varies in [parameters] already; leave it out of one of them")
        elif key.startswith(SOCIETY):
            document.blame(
                path,
                "makes other people, and policies are compared among the same; vary it in "
                "[parameters]",
            )
        else:
            yield key, _value(document, path, key, with_tuples(value))


def _check_method(document: Document, parameters: tuple[Varied, ...]) -> None:
    """Note where the method and what is given do not fit each other."""
    method, points = document.data.get("method"), document.data.get("points")
    if method == GRID:
        if points is not None:
            document.blame(("points",), "a grid has all combinations of the values; leave it out")
        for one in parameters:
            if not one.values:
                document.blame(("parameters", one.name), "a grid takes { values = [..] }")
    elif method in METHODS:
        if points is None:
            document.blame(("method",), f"is {shown(method)}; give points, how many to draw")
        if not document.data.get("parameters"):
            document.blame(("method",), f"is {shown(method)}; give [parameters] to draw")


@cache
def _described() -> dict[str, Mapping[str, Any]]:
    """Value, unit and more of each parameter of the default scenario, by group and name."""
    return {row["name"]: row for row in Scenario().described()}
