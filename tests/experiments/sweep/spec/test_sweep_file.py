"""Sweep files: what they say, every fault with its place, and hostile ones refused quickly."""

import re

import effort
import pytest

from weishang.experiments.scenario.scenario_file import DEFAULT, FOLDER
from weishang.experiments.sweep.spec import sweep_file
from weishang.experiments.sweep.spec.sweep_file import (
    MAX_PARAMETERS,
    MAX_POLICIES,
    MAX_VALUES,
    Policy,
    Varied,
)
from weishang.model.scenario import Scenario

HEAD = """format = 1
name = "trust"
seed = 7
users = 300
sellers = 10
days = 2
replicates = 3
"""
GRID = HEAD + 'method = "grid"\n'
RANDOM = (
    HEAD + 'method = "random"\npoints = 4\n[parameters]\n"weights.trust" = {low = 0, high = 2}\n'
)
MOST = 60.0
"""Processor time of a refusal beside that of reading a list of 2,000 values."""
SWEEPS = FOLDER.parents[1] / "sweep" / "examples"


@pytest.fixture
def told():
    """The message of a sweep file's faults, with the folder's name left out."""

    def told(path):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the callers look at the message
            sweep_file.load(path)
        return str(caught.value).replace(f"{path.parent}/", "")

    return told


def test_a_grid_is_read(write):
    text = GRID + (
        'title = "T"\nruns_a_part = 4\nsave_days = true\n[parameters]\n'
        '"society.mean_friends" = {values = [10, 20.5]}\n"rules.group_cap" = {values = [200]}\n'
        '"mechanisms.search" = {values = [true, false]}\n'
        '"attention.thresholds" = {values = [[1.0, 2], [3.0, 4.0]]}\n'
        '[policies.usual]\n[policies.open]\n"rules.link_demotion" = [1.0, 1.0, 1.0]\n'
    )
    sweep = sweep_file.load(write(text))
    assert sweep.parameters == (
        Varied("society.mean_friends", float, (10.0, 20.5)),
        Varied("rules.group_cap", int, (200,)),
        Varied("mechanisms.search", bool, (True, False)),
        Varied("attention.thresholds", tuple, ((1.0, 2.0), (3.0, 4.0))),
    )
    assert sweep.policies == (
        Policy("usual", {}),
        Policy("open", {"rules.link_demotion": (1.0, 1.0, 1.0)}),
    )
    assert (sweep.title, sweep.method, sweep.points) == ("T", "grid", None)
    assert (sweep.seed, sweep.users, sweep.sellers, sweep.days, sweep.replicates) == (
        7,
        300,
        10,
        2,
        3,
    )
    assert (sweep.runs_a_part, sweep.save_days) == (4, True)


def test_what_is_not_said_is_as_usual(write):
    sweep = sweep_file.load(write(GRID))
    assert (sweep.title, sweep.runs_a_part, sweep.save_days) == ("trust", None, False)
    assert sweep.parameters == ()
    assert sweep.policies == (Policy("usual", {}),)
    assert sweep.base.path == DEFAULT
    assert sweep.base.scenario == Scenario()


def test_a_range_is_read(write):
    text = RANDOM + '"rules.group_cap" = {low = 3, high = 500, scale = "log"}\n'
    assert sweep_file.load(write(text)).parameters == (
        Varied("weights.trust", float, (), 0.0, 2.0, "linear"),
        Varied("rules.group_cap", int, (), 3, 500, "log"),
    )


def test_the_scenario_is_read_with_what_it_extends(write):
    write(
        'format = 1\nname = "far"\ndays = 3\n[[named_sellers]]\nid = "tea"\nnode = 3\n', "far.toml"
    )
    write('format = 1\nname = "base"\nextends = "far.toml"\n', "base.toml")
    sweep = sweep_file.load(write('scenario = "base.toml"\n' + GRID, "sweep.toml"))
    assert sweep.base.name == "base"
    assert [seller.id for seller in sweep.base.sellers] == ["tea"]
    assert [path.name for path in sweep.base.files] == ["base.toml", "far.toml"]


PARAMETER_FAULTS = {
    "unknown, with the nearest": (
        '"weights.turst" = {values = [1.0]}',
        "parameters.'weights.turst': no parameter of a scenario; the nearest is weights.trust",
    ),
    "without its group": (
        '"mean_friends" = {values = [1.0]}',
        "parameters.mean_friends: no parameter of a scenario; the nearest is society.mean_friends",
    ),
    "without quotes": (
        "weights.trust = {values = [1.0]}",
        'parameters.weights: put the whole name in quotes, as in "weights.trust"',
    ),
    "no table": (
        '"weights.trust" = 3',
        "parameters.'weights.trust': is 3; give { values = [..] } or a low and a high",
    ),
    "unknown key": (
        '"weights.trust" = {valuse = [1.0]}',
        "parameters.'weights.trust'.valuse: unknown key; did you mean values?",
    ),
    "values and a range": (
        '"weights.trust" = {values = [1.0], low = 0.5}',
        "parameters.'weights.trust': has values and a range; give one of them",
    ),
    "no values": (
        '"weights.trust" = {values = []}',
        "parameters.'weights.trust'.values: is empty; give at least one value",
    ),
    "too many values": (
        f'"weights.trust" = {{values = {[*range(MAX_VALUES + 1)]}}}',
        "parameters.'weights.trust'.values: 10,001 of them; give 10,000 at most",
    ),
    "a value twice": (
        '"weights.trust" = {values = [1, 2.0, 1.0]}',
        "parameters.'weights.trust'.values[2]: 1.0 stands in the list twice; give it once",
    ),
    "no probability": (
        '"weights.view" = {values = [0.5, 30]}',
        "parameters.'weights.view'.values[1]: 30.0 is not a probability; did you mean 0.3?",
    ),
    "a number that is none": (
        '"weights.trust" = {values = [nan]}',
        "parameters.'weights.trust'.values[0]: is nan; give a finite number",
    ),
    "another type": (
        '"rules.livestreams" = {values = ["no"]}',
        "parameters.'rules.livestreams'.values[0]: is 'no'; give a valid boolean",
    ),
    "another type in a list": (
        '"sellers.tools" = {values = [[0.1, "a"]]}',
        "parameters.'sellers.tools'.values[0][1]: is 'a'; give a valid number",
    ),
    "one end": (
        '"weights.trust" = {low = 1.0}',
        "parameters.'weights.trust': high missing; give both ends, or values",
    ),
    "ends the wrong way round": (
        '"weights.trust" = {low = 2.0, high = 1.0}',
        "parameters.'weights.trust'.high: is 1.0; give more than low, 2.0",
    ),
    "a log scale from 0": (
        '"weights.trust" = {low = 0, high = 1.0, scale = "log"}',
        "parameters.'weights.trust'.low: is 0.0; a log scale begins above 0",
    ),
    "a range of switches": (
        '"rules.livestreams" = {low = false, high = true}',
        "parameters.'rules.livestreams': is not a number; give { values = [..] }",
    ),
    "an end between integers": (
        '"rules.group_cap" = {low = 1.5, high = 3}',
        "parameters.'rules.group_cap'.low: is 1.5; give a valid integer",
    ),
    "an unknown scale": (
        '"weights.trust" = {low = 1.0, high = 2.0, scale = "square"}',
        "parameters.'weights.trust'.scale: is 'square'; give 'linear' or 'log'",
    ),
}


@pytest.mark.parametrize(("line", "message"), PARAMETER_FAULTS.values(), ids=PARAMETER_FAULTS)
def test_a_parameter_without_sense_is_told_with_its_line(write, told, line, message):
    text = f'{HEAD}method = "random"\npoints = 4\n[parameters]\n{line}\n'
    assert told(write(text)) == f"a.toml:11: {message}"


POLICY_FAULTS = {
    "society": (
        '[policies.usual]\n"society.mean_friends" = 3.0',
        "11: policies.usual.'society.mean_friends': makes other people, and policies are compared "
        "among the same; vary it in [parameters]",
    ),
    "varied too": (
        '[parameters]\n"weights.view" = {values = [0.5]}\n[policies.usual]\n"weights.view" = 0.4',
        "13: policies.usual.'weights.view': varies in [parameters] already; leave it out of one of "
        "them",
    ),
    "unknown": (
        '[policies.usual]\n"rules.livestrems" = false',
        "11: policies.usual.'rules.livestrems': no parameter of a scenario; the nearest is "
        "rules.livestreams",
    ),
    "without sense": (
        '[policies.usual]\n"weights.view" = 40',
        "11: policies.usual.'weights.view': 40.0 is not a probability; did you mean 0.4?",
    ),
    "no table": ("[policies]\nusual = 3", "11: policies.usual: is 3; give a table of parameters"),
    "a name that is none": (
        '[policies."A b"]',
        "10: policies.'A b': is 'A b'; give at most 64 of a-z, 0-9, _ and -, a letter or digit "
        "first",
    ),
}


@pytest.mark.parametrize(("lines", "message"), POLICY_FAULTS.values(), ids=POLICY_FAULTS)
def test_a_policy_without_sense_is_told_with_its_line(write, told, lines, message):
    assert told(write(f"{GRID}\n{lines}\n")) == f"a.toml:{message}"


HEAD_FAULTS = {
    "a name with a path": (
        GRID.replace('"trust"', '"../trust"'),
        "a.toml:2: name: is '../trust'; give at most 64 of a-z, 0-9, _ and -, a letter or digit "
        "first",
    ),
    "a name that begins as an option": (
        GRID.replace('"trust"', '"-trust"'),
        "a.toml:2: name: is '-trust'; give at most 64 of a-z, 0-9, _ and -, a letter or digit "
        "first",
    ),
    "another format": (
        GRID.replace("format = 1", "format = 2"),
        "a.toml:1: format: is 2; this version reads format 1",
    ),
    "few users": (
        GRID.replace("300", "-3"),
        "a.toml:4: users: is -3; give 100 to 2,147,483,647",
    ),
    "no replicates": (
        GRID.replace("replicates = 3\n", ""),
        "a.toml:1: replicates: missing; give how many replicates, each with random numbers of "
        "its own",
    ),
    "a key of before": (
        GRID + "worlds = 3\n",
        "a.toml:9: worlds: is called replicates now",
    ),
    "a parameter of before": (
        GRID + '[parameters]\n"weights.passed_on" = { values = [0.1] }\n',
        "a.toml:10: parameters.'weights.passed_on': is called weights.takeoff_probability now",
    ),
    "an unknown key": (
        GRID + "repliactes = 3\n",
        "a.toml:9: repliactes: unknown key; did you mean replicates?",
    ),
    "a seed beyond 64 bits": (
        GRID.replace("seed = 7", f"seed = {1 << 63}"),
        f"a.toml:3: seed: is {1 << 63}; give an integer of 64 bits",
    ),
    "points of a grid": (
        GRID + "points = 3\n",
        "a.toml:9: points: a grid has all combinations of the values; leave it out",
    ),
    "a range in a grid": (
        GRID + '[parameters]\n"weights.trust" = {low = 0, high = 1}\n',
        "a.toml:10: parameters.'weights.trust': a grid takes { values = [..] }",
    ),
    "no points": (
        RANDOM.replace("points = 4\n", ""),
        "a.toml:8: method: is 'random'; give points, how many to draw",
    ),
    "nothing to draw": (
        HEAD + 'method = "latin_hypercube"\npoints = 4\n',
        "a.toml:8: method: is 'latin_hypercube'; give [parameters] to draw",
    ),
    "a scenario elsewhere": (
        'scenario = "../base.toml"\n' + GRID,
        "a.toml:1: scenario: '../base.toml': give a path inside the folder of this file, without "
        "..",
    ),
    "a scenario that is not there": (
        'scenario = "base.toml"\n' + GRID,
        "base.toml: no such file; give a scenario file in TOML",
    ),
    "no TOML": (
        GRID + "title = what\n",
        "a.toml:9: title: not TOML: invalid value; put a text in quotes, a number or date as it is",
    ),
}


@pytest.mark.parametrize(("text", "message"), HEAD_FAULTS.values(), ids=HEAD_FAULTS)
def test_a_fault_at_the_top_is_told_with_its_line(write, told, text, message):
    assert told(write(text)) == message


def test_all_faults_of_all_files_are_told_at_once(write, told):
    write('format = 1\nname = "base"\ndays = 0\n', "base.toml")
    text = 'scenario = "base.toml"\n' + GRID.replace("300", "3") + "[parameters]\nx = 1\n"
    head, users, parameter, days = re.split(r"(?:; |: )(?=\w+\.toml)", told(write(text)))
    assert head == "3 faults"
    assert users == "a.toml:5: users: is 3; give 100 to 2,147,483,647"
    assert parameter.startswith("a.toml:11: parameters.x: no parameter of a scenario; the nearest ")
    assert days == "base.toml:3: days: is 0; give at least 1"


def test_a_file_that_is_none_is_refused(tmp_path, told):
    assert told(tmp_path / "a.toml") == "a.toml: no such file; give a sweep file in TOML"
    (tmp_path / "b.toml").mkdir()
    assert told(tmp_path / "b.toml") == "b.toml: a folder; give a sweep file in TOML"


HOSTILE = {
    "unknown keys": GRID + "".join(f"k{n} = 1\n" for n in range(20_000)),
    "unknown parameters": GRID
    + "[parameters]\n"
    + "".join(f'"weights.w{n}" = {{values = [1.0]}}\n' for n in range(20_000)),
    "many policies": GRID + "".join(f"[policies.p{n}]\n" for n in range(MAX_POLICIES + 1)),
    "a policy of many": GRID
    + "[policies.usual]\n"
    + "".join(f'"weights.w{n}" = 1.0\n' for n in range(20_000)),
    "a long name": GRID + f'[parameters]\n"{"x" * 500_000}" = {{values = [1.0]}}\n',
    "a long list": GRID + f'[parameters]\n"weights.trust" = {{values = [{"1," * 200_000}]}}\n',
    "deep brackets": GRID + f'[parameters]\n"weights.trust" = {"[" * 100_000}\n',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_quickly(write, told, text):
    path = write(text)
    values = ", ".join(str(n) for n in range(1, 2001))
    harmless = write(
        GRID + f'[parameters]\n"rules.group_cap" = {{values = [{values}]}}\n', "b.toml"
    )

    def refuse():
        assert len(told(path)) < 20_000

    assert effort.ratio(refuse, lambda: sweep_file.load(harmless), MOST) < MOST


def test_limits_of_tables_are_told(write, told):
    many = "".join(f'"w{n}" = 1\n' for n in range(MAX_PARAMETERS + 1))
    assert told(write(f"{GRID}[parameters]\n{many}")) == (
        "a.toml:9: parameters: 65 of them; vary at most 64"
    )


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_are_sweeps_named_as_their_files(path):
    assert sweep_file.load(path).name == path.stem


def test_the_hypercube_of_the_examples_has_the_prior_ranges():
    about = {row["name"]: row for row in Scenario().described()}
    for one in sweep_file.load(SWEEPS / "decision.toml").parameters:
        assert (one.low, one.high) == (about[one.name]["low"], about[one.name]["high"])
