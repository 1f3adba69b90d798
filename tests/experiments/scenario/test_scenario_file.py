"""Scenario files: read with what they extend; whatever stands in one is taken or told."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from forked import weishang
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from weishang.experiments.console import command
from weishang.experiments.readers.toml_scan import parse
from weishang.experiments.scenario.scenario_file import DEFAULT, ScenarioFile, load
from weishang.experiments.scenario.validators import DAYS, START
from weishang.experiments.scenario.writer import dump
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller

DEFAULT_TEXT = DEFAULT.read_text(encoding="utf-8")
HEAD = 'format = 1\nname = "trial"\n'
SAMPLES = Path(__file__).with_name("samples")
VIEW = (SAMPLES / "view.toml").read_text(encoding="utf-8")
SELLERS = (SAMPLES / "sellers.toml").read_text(encoding="utf-8")


def test_the_default_file_is_the_default_scenario():
    assert dump(Scenario()) == DEFAULT_TEXT
    read = load(DEFAULT)
    assert read.scenario == Scenario()
    assert (read.name, read.start, read.days, read.sellers) == ("default", START, DAYS, ())
    assert read.path == DEFAULT
    assert read.files == (DEFAULT,)


def test_the_command_prints_the_default_file():
    printed = weishang("scenario-file")
    assert (printed.returncode, printed.stdout) == (0, DEFAULT_TEXT)


def test_every_parameter_stands_in_the_default_file_with_its_source():
    stated = {item.name: item for item in load(DEFAULT).parameters}
    rows = {row["name"]: row for row in Scenario().described()}
    assert list(stated) == list(rows)
    for name, row in rows.items():
        given = stated[name]
        assert (given.value, given.unit, given.source, given.role) == tuple(
            row[key] for key in ("value", "unit", "source", "role")
        )
        assert given.file == DEFAULT.name


def test_what_a_file_does_not_say_is_the_default(write):
    read = load(write(HEAD + VIEW))
    assert read.scenario == replace(Scenario(), weights=replace(Scenario().weights, view=0.5))
    assert read.name == "trial"
    by_name = {item.name: item for item in read.parameters}
    assert (by_name["weights.view"].source, by_name["weights.view"].file) == ("a study", "a.toml")
    assert by_name["weights.match"].file is None


def test_numbers_without_a_point_are_numbers(write):
    read = load(write(HEAD + VIEW.replace("0.5", "1")))
    assert read.scenario.weights.view == 1.0
    assert isinstance(read.scenario.weights.view, float)


def test_named_sellers_are_read(write):
    read = load(write(HEAD + SELLERS))
    assert read.sellers == (NamedSeller("tea", 3), NamedSeller("rice", 4, 2, 1.5))


def test_a_file_has_the_last_word_over_what_it_extends(write):
    write(HEAD + "days = 5\nstart = 2023-01-02\n" + SELLERS + VIEW, "base.toml")
    match = VIEW.replace("view", "match").replace("probability", "log odds").replace("0.5", "0.75")
    write(HEAD + 'extends = "base.toml"\ndays = 6\n' + match, "middle.toml")
    top = HEAD + 'extends = "middle.toml"\n' + VIEW.replace("0.5", "0.25")
    read = load(write(top, "top.toml"))
    assert read.scenario.weights.view == 0.25
    assert read.scenario.weights.match == 0.75
    assert (read.start, read.days) == (date(2023, 1, 2), 6)
    assert [seller.id for seller in read.sellers] == ["tea", "rice"]
    assert [path.name for path in read.files] == ["top.toml", "middle.toml", "base.toml"]
    files = {item.name: item.file for item in read.parameters}
    assert files["weights.view"] == "top.toml"
    assert files["weights.match"] == "middle.toml"


def test_a_list_of_sellers_replaces_that_of_the_extended_file(write):
    write(HEAD + SELLERS, "base.toml")
    seller = '[[named_sellers]]\nid = "tea"\nnode = 9\n'
    read = load(write(HEAD + 'extends = "base.toml"\n' + seller))
    assert read.sellers == (NamedSeller("tea", 9),)


def test_the_hash_is_of_what_is_said_and_not_of_how(write):
    first = load(write(HEAD + VIEW)).sha256
    tables = 'weights = { view = { role = "set", value = 5e-1, unit = "probability", # why\n'
    tables = tables.replace(" # why\n", ' source = "a study" } } # why\n')
    assert load(write(f"# the same\n{HEAD}{tables}", "b.toml")).sha256 == first
    write(HEAD.replace("trial", "base") + VIEW, "base.toml")
    assert load(write(HEAD + 'extends = "base.toml"\n', "c.toml")).sha256 == first
    for old, new in (
        ("0.5", "0.6"),
        ("a study", "b study"),
        ("trial", "other"),
        ('"set"', '"fitted"'),
    ):
        assert load(write((HEAD + VIEW).replace(old, new), "d.toml")).sha256 != first
    assert load(write(HEAD + "days = 15\n" + VIEW, "e.toml")).sha256 != first
    assert load(write(HEAD + SELLERS + VIEW, "f.toml")).sha256 != first


FAULTS = {
    "past the calendar": (
        HEAD + "start = 9999-12-31\ndays = 2\n",
        "a.toml:4: days: is 2, beyond the year 9999; give fewer",
    ),
    "refused by its part": (
        HEAD
        + '[society.mean_friends]\nvalue = 0.5\nunit = "friends"\nsource = "x"\nrole = "set"\n',
        "a.toml:4: society.mean_friends.value: mean_friends is 0.5; give a number in "
        "[1.0, 2147483647]",
    ),
    "refused by the scenario": (
        HEAD + '[society.num_budgets]\nvalue = 6\nunit = "classes"\nsource = "x"\nrole = "set"\n',
        "a.toml:4: society.num_budgets.value: budgets.relative has 5 classes but "
        "society.num_budgets is 6; give one budget per class",
    ),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_place(write, text, message, told):
    assert told(write(text)) == message


def test_bad_input_is_one_line_and_exit_2(write, monkeypatch, capsys):
    path = write(HEAD + "days = 0\nstart = 2022-02-30\n")
    monkeypatch.setattr(sys, "argv", ["weishang", str(path)])
    with pytest.raises(SystemExit) as caught:
        command.run(lambda path: print(load(Path(path))))
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"weishang: 2 faults: {path}:3: days: is 0; give at least 1; {path}:4: ")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scenarios") / "a.toml"


def outcome(path: Path) -> tuple[ScenarioFile | None, str]:
    """What a file holds, or the message of its faults."""
    try:
        return load(path), ""
    except ValueError as error:
        return None, str(error)


def loads_or_says_why(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    read, message = outcome(path)
    if read is None:
        assert str(path) in message
        assert "\n" not in message
    else:
        assert load(path).sha256 == read.sha256


COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@COMMON
@given(content=st.binary(max_size=200))
@example(content=b"\xef\xbb\xbf")
@example(content=b"a = 1\r")
def test_any_bytes_are_a_scenario_or_a_value_error(scratch, content):
    loads_or_says_why(scratch, content)


PIECES = [
    *"[]{}=.,#\"'\\\n\r\t -+_0e",
    '"""',
    "'''",
    "[[",
    "]]",
    "nan",
    "-1",
    "1e999",
    "true",
    "2022-02-30",
    "1979-05-27T07:32:00Z",
    "\x00",
    "\x7f",
    "茶",
    "value = 0\n",
    "[named_sellers]\n",
    "[[named_sellers]]\n",
    'extends = "a.toml"\n',
]
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(DEFAULT_TEXT)),
        st.integers(0, 12),
        st.one_of(st.sampled_from(PIECES), st.text(max_size=3)),
    ),
    min_size=1,
    max_size=6,
)


@COMMON
@given(edits=EDITS)
def test_any_edit_of_the_default_is_a_scenario_or_a_value_error(scratch, edits):
    text = DEFAULT_TEXT
    for start, length, piece in edits:
        text = text[:start] + piece + text[start + length :]
    loads_or_says_why(scratch, text.encode())
    parsed = parse(text)
    assert set(paths(parsed.data)) <= parsed.lines.keys()


def paths(value, around=()):
    """The path of every key and item in what tomllib gives."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value or ()):
        yield (*around, key)
        if isinstance(item, dict | list):
            yield from paths(item, (*around, key))


@COMMON
@given(data=st.data())
def test_any_value_of_any_parameter_is_taken_or_told_with_its_line(scratch, data):
    rows = list(Scenario().described())
    row = data.draw(st.sampled_from(rows))
    value = data.draw(st.sampled_from(["-1", "0", "0.5", "1e300", "nan", '"x"', "[]", "[0]", "{}"]))
    lines = DEFAULT_TEXT.split("\n")
    at = lines.index(f"[{row['name']}]") + 1
    lines[at] = f"value = {value}"
    scratch.write_text("\n".join(lines), encoding="utf-8")
    read, message = outcome(scratch)
    if read is None:
        assert message.startswith(f"{scratch}:{at + 1}: {row['name']}.value: ")
    else:
        stated = {item.name: item.value for item in read.parameters}
        assert stated[row["name"]] == float(value)
