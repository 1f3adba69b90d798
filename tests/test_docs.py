"""The pages say what the code does: their numbers, tables, examples and commands are run.

The worked results on SNAP's ego-Facebook read ../shared/graphs and are skipped where it is absent;
tables made from results/ are skipped while these are not there.
"""

import doctest
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from weishang.experiments import cli
from weishang.experiments.analysis import fitting
from weishang.experiments.readers.people import read_nodes
from weishang.experiments.scenario import scenario_file
from weishang.experiments.studies.page_blocks import BLOCKS, PAGES
from weishang.kernels import CascadeRule, Cascades, Graph, Strangers, independent_cascade, propagate
from weishang.kernels import rng as words
from weishang.kernels.rng import Purpose, derive, live_lanes, threshold, uniform
from weishang.model.core import streams as sellers_streams
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.core.social_distance import (
    AFTER,
    FRIENDS,
    REPORTED_TIER,
    SocialDistance,
    trust_by_distance,
)
from weishang.model.core.streams import CORE, Stream
from weishang.model.mechanisms import REGISTRY
from weishang.model.mechanisms.mechanism import ENGINES
from weishang.model.scenario import Scenario
from weishang.model.society.parameters import SocietyParameters

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COMMANDS, CONTRACT, DESIGN, DEVELOPMENT, ODD = (
    ROOT / "docs" / f"{name}.md"
    for name in ("commands", "contract", "design", "development", "odd")
)
ALL_PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
RESULTS = ROOT / "results"
FACEBOOK = ROOT.parent / "shared" / "graphs" / "facebook_combined.txt"
REFRESH = "weishang page-blocks"
SCENARIOS = "Scenarios, policies and sweeps"
DISTANCES = "3.4.5 Social distance and layers (`model/core/social_distance.py`)"

WORKED = ["row", "level", "reach", "visitors", "buyers", "sharers", "sum of parents"]
WORKED_SMALL = [*WORKED[:-1], "sum of nodes", "sum of parents", "sum of shared_hop"]

Row = dict[str, str]


def table(text: str, *columns: str) -> list[Row]:
    """The one table with exactly these columns, one row per line, without marks of code."""
    found = [rows for header, rows in all_tables(text) if header == list(columns)]
    assert len(found) == 1, f"{len(found)} tables have the columns {columns}"
    assert found[0], f"the table of {columns} is empty"
    return found[0]


def all_tables(text: str) -> Iterator[tuple[list[str], list[Row]]]:
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *lines = [cells(line) for line in block.splitlines()]
        yield header, [dict(zip(header, line, strict=True)) for line in lines]


def cells(line: str) -> list[str]:
    inner = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return [cell.strip().replace("\\|", "|").strip("`") for cell in inner]


def section(page: Path, heading: str) -> str:
    """The text under a heading, up to the next one."""
    found = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)",
        page.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"{page.name} has no heading {heading!r}"
    return found[1]


def code(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def stated(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of a sentence, wherever its lines are broken."""
    found = re.search(pattern, " ".join(text.split()))
    assert found, f"no sentence has {pattern}"
    return found.groups()


def path_of(text: str) -> list[int]:
    """The steps of an address such as 2026 / 1 / 0."""
    return [int(step) for step in text.split("/")]


def number(text: str) -> float:
    """A number as the pages write it: 1,000 or 2^-33 too."""
    base, _, exponent = text.replace(",", "").partition("^")
    return float(base) ** float(exponent) if exponent else float(base)


@pytest.fixture(scope="module")
def contract() -> str:
    return CONTRACT.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def facebook() -> Graph:
    if not FACEBOOK.is_file():
        pytest.skip("facebook_combined.txt is not in ../shared/graphs")
    return Graph.from_edge_list(FACEBOOK, directed=False)


def test_the_contract_names_the_constants_of_the_words(contract: str) -> None:
    found = [int(text, base=16) for text in re.findall(r"0x[0-9A-F]{16}", contract)]
    assert found == [words.GOLDEN, words.MIX_1, words.MIX_2]


def test_the_contract_knows_its_words(contract: str) -> None:
    for row in table(contract, "state", "index", "child"):
        assert derive(*path_of(row["state"]), int(row["index"])) == int(row["child"], base=16)


def test_the_contract_lists_every_random_stream(contract: str) -> None:
    rows = table(contract, "number", "stream", "owner", "address of its words", "decides")
    in_code = [(one.value, one.name, "kernels") for one in Purpose]
    in_code += [(int(one), constant(one), "sellers") for one in CORE]
    in_code += [
        (int(one), constant(one), mechanism.name)
        for mechanism in REGISTRY
        for one in mechanism.streams
    ]
    listed = [(int(row["number"]), row["stream"], row["owner"]) for row in rows]
    assert listed == sorted(in_code)
    assert all(row["address of its words"].startswith(f"seed / {row['number']} /") for row in rows)


def constant(stream: Stream) -> str:
    """The name of a stream's constant, wherever the model has it."""
    packages = [kind.__module__.rpartition(".")[0] for kind in REGISTRY]
    loaded = [
        module
        for name, module in sys.modules.items()
        if module is sellers_streams or name.startswith(tuple(f"{one}." for one in packages))
    ]
    names = {name for module in loaded for name, value in vars(module).items() if value is stream}
    assert len(names) == 1, f"{stream!r} is named {sorted(names)}"
    return names.pop()


def test_the_contract_knows_its_thresholds(contract: str) -> None:
    for row in table(contract, "p", "T(p)"):
        assert int(threshold(number(row["p"]))) == int(row["T(p)"])


def test_the_contract_knows_its_masks(contract: str) -> None:
    address, key = stated(r"`([\d /]+)` = `([0-9a-f]{16})`", contract)
    row_key = derive(*path_of(address))
    assert row_key == int(key, base=16)
    for row in table(contract, "p", "block", "lanes", "mask"):
        live = live_lanes(row_key, int(row["block"]), int(threshold(number(row["p"]))))
        assert live & ((1 << int(row["lanes"])) - 1) == int(row["mask"], base=16)


def test_the_contract_knows_its_uniforms(contract: str) -> None:
    for row in table(contract, "stream", "address below the seed", "uniform"):
        address = path_of(row["address below the seed"])
        assert address[0] == Purpose[row["stream"]]
        assert uniform(2026, *address) == int(row["uniform"])


def test_the_contract_knows_its_random_contacts(contract: str) -> None:
    classes, rule = np.arange(1_000) % 4, CascadeRule(view=[[1.0]])
    for row in table(contract, "slot", "word", "person"):
        slot = int(row["slot"])
        assert derive(2026, Purpose.STRANGER, 0, 3, 17, slot) == int(row["word"], base=16)
        drawn = [
            propagate(
                [Strangers(1_000, slots, near=0.5, klass=classes)],
                rule,
                [17],
                [3],
                2026,
                max_hops=1,
                record="events",
            ).events
            for slots in (slot, slot + 1)
        ]
        before, after = (set(events.node.tolist()) for events in drawn if events is not None)
        assert after - before == {int(row["person"])}


def test_the_contract_names_the_columns_of_events() -> None:
    rows = table(section(CONTRACT, "10 The result"), "column", "type", "meaning")
    types = {name: row["type"] for row in rows for name in re.findall(r"\w+", row["column"])}
    pair = Graph.from_edges([0], [1])
    rule = CascadeRule(view=[[1.0]], paths=[[1, 1]])
    events = propagate([pair], rule, [0], record="events").events
    assert events is not None
    assert types == {name: str(array.dtype) for name, array in vars(events).items()}


def test_worked_independent_cascade(contract: str, facebook: Graph) -> None:
    text = section(CONTRACT, "Independent cascade")
    nodes, edges = stated(r"([\d,]+) nodes, ([\d,]+) directed edges", text)
    assert (facebook.num_nodes, facebook.num_edges) == (number(nodes), number(edges))
    seed, first, second, p = stated(
        r"Seed (\d+), seed nodes (\d+) and (\d+), p = ([\d.]+)\. ", text
    )
    rows = table(text, "cascade", "total reach")
    result = independent_cascade(
        facebook, [int(first), int(second)], float(p), len(rows), int(seed), backend="numba"
    )
    for row in rows:
        assert result.reach[int(row["cascade"])].sum() == int(row["total reach"])
    by_level = [int(level) for level in stated(r"Cascade 0 by level: ([\d ]+)\.", text)[0].split()]
    assert result.reach[0].tolist()[: len(by_level)] == by_level
    assert result.reach[0].sum() == sum(by_level)


def test_worked_rule_with_four_segments(facebook: Graph) -> None:
    text = section(CONTRACT, "Four segments")
    result = run_example(code(text, "python")[0], graph=facebook)
    assert summed(result, WORKED) == rows_by_key(table(text, *WORKED))


def test_worked_layers_weights_and_exposure_counts() -> None:
    text = section(CONTRACT, "Layers, weights and exposure counts")
    result = run_example(code(text, "python")[0])
    assert summed(result, WORKED_SMALL) == rows_by_key(table(text, *WORKED_SMALL))


def run_example(source: str, **names: Any) -> Cascades:
    """What a code block of a page leaves in `result`."""

    def by_numba(*args: Any, **options: Any) -> Cascades:
        return propagate(*args, **options, backend="numba")

    names |= {"CascadeRule": CascadeRule, "Graph": Graph, "propagate": by_numba}
    exec(source, names)
    return names["result"]


def rows_by_key(rows: list[Row]) -> dict[tuple[int, ...], list[int]]:
    numbers = [[int(text) for text in row.values()] for row in rows]
    return {(row, level): rest for row, level, *rest in numbers}


def summed(result: Cascades, columns: list[str]) -> dict[tuple[int, ...], list[int]]:
    """Counts and sums of events by row and level, where anyone was reached."""
    events = result.events
    assert events is not None
    lines = {}
    for row, level in np.argwhere(result.reach > 0):
        there = (events.row == row) & (events.hop == level + 1)
        sums = {
            f"sum of {name}": int(getattr(events, field)[there].sum(dtype=np.int64))
            for name, field in (
                ("nodes", "node"),
                ("parents", "parent"),
                ("shared_hop", "shared_hop"),
            )
        }
        counts = [
            int(getattr(result, name)[row, level])
            for name in ("reach", "visitors", "buyers", "sharers")
        ]
        lines[int(row), int(level) + 1] = counts + [sums[name] for name in columns if name in sums]
    return lines


def test_the_readme_example_runs() -> None:
    (source,) = code(README.read_text(encoding="utf-8"), "pycon")
    example = doctest.DocTestParser().get_doctest(source, {}, "README.md", "README.md", 0)
    assert len(example.examples) > 5
    faults: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=faults.append)
    assert not faults, "".join(faults)


def test_the_market_of_the_readme_runs() -> None:
    (source,) = code(section(README, "The model"), "python")
    names: dict[str, Any] = {}
    exec(source.replace("2_000", "500").replace("num_sellers=100", "num_sellers=40"), names)
    assert len(names["days"]) == names["market"].day > 1
    assert len(names["searches"]) > 0
    assert names["orders"] is names["market"].today.orders


def test_the_scenario_of_the_readme_is_one(tmp_path: Path) -> None:
    (source,) = code(section(README, SCENARIOS), "toml")
    (path := tmp_path / "cheap.toml").write_text(source, encoding="utf-8")
    file = scenario_file.load(path)
    assert file.scenario != Scenario()
    assert [one.id for one in file.sellers] == ["tea shop"]


def test_the_people_of_the_readme_can_be_read(tmp_path: Path) -> None:
    (source,) = [text for text in code(section(README, SCENARIOS), "text") if "," in text]
    (path := tmp_path / "people.csv").write_text(source, encoding="utf-8")
    known = read_nodes(path, 2, SocietyParameters())
    assert known.place is not None
    assert known.place.tolist() == [11, 11]
    assert known.groups is not None
    assert known.groups.num_groups == 2


def test_the_files_of_the_readme_exist() -> None:
    text = README.read_text(encoding="utf-8")
    paths = re.findall(r"experiments/[\w/.]+", text)
    assert len(paths) > 1
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_mechanisms_are_as_described() -> None:
    rows = table(
        section(ODD, "1.3 Process overview and scheduling"), "mechanism", "acts through", "section"
    )
    assert [row["mechanism"] for row in rows] == [kind.name for kind in REGISTRY]
    headings = re.findall(r"^#+ (3\.4\.\d+) ", ODD.read_text(encoding="utf-8"), re.MULTILINE)
    named = {one for row in rows for one in row["section"].split(", ")}
    assert named <= set(headings)


def test_engines_are_as_described() -> None:
    text = section(ODD, "1.2 Entities, state variables and scales")
    assert set(re.findall(r'engine="(\w+)"', text)) == set(ENGINES)


def test_columns_of_mechanisms_are_as_described() -> None:
    text = section(ODD, "2.10 Emergence and observation")
    (listed,) = stated(r"those that mechanisms bring \((.*?)\)", text)
    brought = [one.name for kind in REGISTRY for one in kind().indicators()]
    assert re.findall(r"`(\w+)`", listed) == brought


def test_social_distances_are_as_described() -> None:
    rows = table(
        section(ODD, DISTANCES),
        "distance",
        "name",
        "who",
        "one step further",
        "reported tier",
        "trust_in",
    )
    assert [(int(row["distance"]), row["name"]) for row in rows] == [
        (one.value, one.name) for one in SocialDistance
    ]
    assert [int(row["one step further"]) for row in rows] == [AFTER[one] for one in SocialDistance]
    assert [int(row["reported tier"]) for row in rows] == REPORTED_TIER.tolist()
    scenario = Scenario()
    known = {"recommender_trust": scenario.weights.recommender_trust} | {
        f"channels.{name}": getattr(scenario.channels, name)
        for name in ("follower_trust", "group_trust")
    }
    described = [
        known[row["trust_in"]] if row["trust_in"] in known else number(row["trust_in"])
        for row in rows
    ]
    replicate = SimpleNamespace(scenario=scenario)
    others = {
        distance: trust
        for kind in REGISTRY
        for distance, trust in kind().trust(replicate).items()  # type: ignore[arg-type]
    }
    assert described == list(trust_by_distance(scenario.weights.recommender_trust, others))


def test_layers_are_as_described() -> None:
    rows = table(
        section(ODD, DISTANCES), "number", "layer", "mechanism", "kind", "leads from", "to"
    )
    in_code = [(FRIENDS.number, FRIENDS.name, "", FRIENDS.first)]
    in_code += [
        (layer.number, layer.name, kind.name, layer.first)
        for kind in REGISTRY
        for layer in kind.own_layers
    ]
    described = [(int(row["number"]), row["layer"], row["mechanism"]) for row in rows]
    assert described == [one[:3] for one in sorted(in_code)]
    of_strangers = [row["kind"] == "random contacts" for row in rows]
    assert of_strangers == [one[3] == SocialDistance.STRANGER for one in sorted(in_code)]


def test_rules_are_as_described() -> None:
    heading = (
        "3.4.6 Channels and the platform's rules "
        "(`model/market/spread.py`, `model/core/platform_rules.py`)"
    )
    rows = table(section(ODD, heading), "rule", "acts")
    named = {name for row in rows for name in re.findall(r"\w+", row["rule"])}
    assert named == {item.name for item in fields(PlatformRules)}


def test_every_parameter_stands_in_the_description() -> None:
    rows = table(section(ODD, "3.5 Parameters"), "name", "value", "unit", "role", "range", "source")
    described = list(Scenario().described())
    assert [row["name"] for row in rows] == [one["name"] for one in described]
    for row, one in zip(rows, described, strict=True):
        assert (row["unit"], row["role"]) == (one["unit"], one["role"])
        assert row["source"] == one["source"].strip("`")
        assert settings(row["value"]) == pytest.approx(several(one["value"]), rel=1e-3)
        ends = [settings(end) for end in row["range"].split(" .. ") if end]
        varied = one["low"] != one["high"]
        given = [several(one[end]) for end in ("low", "high")] if varied else []
        assert ends == [pytest.approx(end, rel=1e-3) for end in given]


def settings(text: str) -> list[float]:
    """The values of a parameter: numbers, or the position of a switch."""
    switch = {"True": 1.0, "False": 0.0}
    return [switch[one] if one in switch else number(one) for one in text.split(", ")]


def several(value: Any) -> list[float]:
    return [float(one) for one in (value if isinstance(value, tuple) else (value,))]


def test_numbers_fixed_in_the_code_are_as_described() -> None:
    text = section(ODD, "3.6 Numbers fixed in the code")
    for row in table(text, "name", "value", "unit", "role and source"):
        value = resolved(f"weishang.{row['name']}")
        shown = [number(part) for part in row["value"].split(", ")]
        assert shown == (list(value) if isinstance(value, tuple) else [value]), row["name"]


def resolved(path: str) -> Any:
    """What a dotted path leads to: a module's constant, or an attribute of a class of it."""
    module, _, name = path.rpartition(".")
    try:
        home: Any = import_module(module)
    except ModuleNotFoundError:
        home = resolved(module)
    return getattr(home, name)


def test_the_modules_that_headings_name_exist() -> None:
    headings = re.findall(r"^#+ 3\.4\.\d+ .*\((.*)\)$", ODD.read_text("utf-8"), re.MULTILINE)
    assert len(headings) == 15
    for heading in headings:
        folder = ROOT
        for path in re.findall(r"`([^`]+)`", heading):
            folder = (ROOT / path).parent if "/" in path else folder
            assert (folder / Path(path).name).exists(), path


def test_the_fit_is_as_described() -> None:
    rows = table(
        section(ODD, "3.4.14 Fitting (`experiments/analysis/fitting.py`)"),
        "weight",
        "figure",
        "measured as",
    )
    assert [(row["weight"], row["figure"]) for row in rows] == [
        (one.weight, one.figure) for one in fitting.FITS
    ]


def blocks_of(page: Path) -> dict[str, str]:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"<!-- begin (\w+) -->\n(.*?)<!-- end \1 -->", text, re.DOTALL)
    assert len(found) == text.count("<!-- begin ") == text.count("<!-- end ")
    return dict(found)


PLACED = [(page.name, page, name) for page in PAGES for name in blocks_of(page)]


@pytest.mark.parametrize(("page", "name"), [pytest.param(*one[1:], id=one[2]) for one in PLACED])
def test_no_table_is_stale(page: Path, name: str) -> None:
    try:
        fresh = BLOCKS[name](RESULTS)
    except FileNotFoundError as error:
        pytest.skip(f"no results yet: {Path(error.filename).relative_to(ROOT)}")
    assert blocks_of(page)[name].strip() == fresh.strip(), f"{page.name} is stale: run {REFRESH}"


def test_every_block_has_its_place() -> None:
    assert sorted(name for *_, name in PLACED) == sorted(BLOCKS)


def commands_listed() -> Iterator[tuple[str, Callable[..., None], list[str]]]:
    """Every documented command without its arguments, its function and its options."""
    text = COMMANDS.read_text(encoding="utf-8")
    for row in table(text, "command", "options and their defaults", "gives"):
        options = re.findall(r"--[^`]+", row["options and their defaults"])
        for command in row["command"].split(","):
            words = command.strip().strip("`").split()
            command = " ".join(word for word in words if not word.isupper())
            programs = own_programs()
            if command in programs:
                yield command, programs[command], options
            else:
                yield command, cli.function(command.split()[-1]), options


def own_programs() -> dict[str, Callable[..., None]]:
    """Modules that are programs themselves: by command, the function that they run."""
    found = {}
    for path in (ROOT / "experiments").rglob("*.py"):
        runs = re.search(r"^    run\((\w+)\)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if runs:
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(("weishang", *parts))
            found[f"python -m {name}"] = getattr(import_module(name), runs[1])
    return found


def test_commands_take_the_options_that_their_page_lists() -> None:
    for command, function, options in commands_listed():
        listed = {}
        for option in options:
            name, _, default = option.removeprefix("--").partition(" ")
            listed[name.replace("-", "_")] = default
        signature = {
            declared(parameter): parameter
            for parameter in inspect.signature(function).parameters.values()
            if parameter.default is not inspect.Parameter.empty and not is_argument(parameter)
        }
        assert listed.keys() == signature.keys(), command
        for name, parameter in signature.items():
            if parameter.default is None or parameter.default is False:
                assert not re.search(r"\d", listed[name]), f"{command} --{name}"
            else:
                assert listed[name] == str(parameter.default), f"{command} --{name}"


def is_argument(parameter: inspect.Parameter) -> bool:
    """Whether it stands on the command line by its place, without a name."""
    return type(metadata(parameter)).__name__ == "ArgumentInfo"


def metadata(parameter: inspect.Parameter) -> object:
    """What a parameter says to Typer, if anything."""
    return next(iter(getattr(parameter.annotation, "__metadata__", ())), None)


def declared(parameter: inspect.Parameter) -> str:
    """The name of an option: its own, or that of the parameter."""
    # Within Annotated, Typer takes the first positional argument for a name.
    given = getattr(metadata(parameter), "default", None)
    return (
        (given if isinstance(given, str) else parameter.name).removeprefix("--").replace("-", "_")
    )


def test_the_page_of_commands_lists_every_command() -> None:
    listed = {command for command, *_ in commands_listed()}
    assert listed == own_programs().keys() | {f"weishang {name}" for name in cli.EVERY}


def test_a_reason_is_given_for_each_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = packages(project["dependencies"])
    extra = {
        name for group in project["optional-dependencies"].values() for name in packages(group)
    }
    rows = table(section(DEVELOPMENT, "Dependencies"), "package", "for")
    listed = [row["package"] for row in rows]
    assert set(listed[: len(needed)]) == needed
    assert set(listed[len(needed) :]) == extra - needed - {project["name"]}
    assert all(row["for"] for row in rows)


def packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", one)[0] for one in requirements}


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=`|\n)", README.read_text(encoding="utf-8")))
    assert {"reproduce", "test"} <= named <= targets


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_the_drawing_of_the_rooms_names_what_is_there() -> None:
    (drawing, *_) = re.findall(r"(?:^    .*\n|^\n)+", section(DESIGN, "The rooms"), re.MULTILINE)
    rooms = {
        "experiments": folders(ROOT / "experiments"),
        "model": folders(ROOT / "model"),
        "kernels": folders(ROOT / "kernels"),
    }
    for top, inside in rooms.items():
        assert re.search(rf"^    {top}/", drawing, re.MULTILINE), top
        assert [name for name in inside if f" {name}/" not in drawing] == [], top


def folders(place: Path) -> list[str]:
    return sorted(one.parent.name for one in place.glob("*/__init__.py"))
