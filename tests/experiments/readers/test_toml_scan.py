"""Faults and their places: the line of every key, what is not TOML, all faults in one message."""

from pathlib import Path

import pytest

from weishang.experiments.readers import toml_scan
from weishang.experiments.readers.faults import MAX_TOLD, Fault, FaultyFileError
from weishang.experiments.readers.toml_scan import MAX_DEPTH, parse
from weishang.experiments.scenario.scenario_file import DEFAULT

DEFAULT_TEXT = DEFAULT.read_text(encoding="utf-8")
HEAD = 'format = 1\nname = "trial"\n'
SAMPLES = Path(__file__).parents[1] / "scenario" / "samples"
VIEW = (SAMPLES / "view.toml").read_text(encoding="utf-8")
SELLERS = (SAMPLES / "sellers.toml").read_text(encoding="utf-8")


def edited(old: str, new: str) -> str:
    text = HEAD + VIEW
    assert text.count(old) == 1
    return text.replace(old, new)


FAULTS = {
    "text without quotes": (
        edited('"probability"', "probability"),
        "a.toml:6: weights.view.unit: not TOML: invalid value; put a text in quotes, a number or "
        "date as it is",
    ),
    "key without a value": (
        HEAD + "days\n",
        "a.toml:3: days: not TOML: expected '=' after a key in a key/value pair; correct the line",
    ),
    "key twice": (
        HEAD + "days = 3\ndays = 4\n",
        "a.toml:4: days: given twice, first in line 3; keep one",
    ),
    "table twice": (
        HEAD + VIEW + VIEW,
        "a.toml:10: weights.view: given twice, first in line 4; keep one",
    ),
    "list that does not end": (
        HEAD + "days = [1,\n 2\n",
        "a.toml:3: days: not TOML: unclosed array; correct the line",
    ),
    "text that does not end": (
        HEAD + 'extends = """x\n\n',
        "a.toml:3: extends: not TOML: unterminated string; correct the line",
    ),
    "header that does not end": (
        HEAD
        + "[weights.view\nvalue = 0.5\n[weights.match]\n"
        + VIEW.partition("]\n")[2].replace("probability", "log odds"),
        "a.toml:3: weights.view: not TOML: expected ']' at the end of a table declaration; correct "
        "the line",
    ),
    "control character": (
        HEAD + "# \x00\n",
        r"a.toml:3: not TOML: found invalid character '\x00'; correct the line",
    ),
    "number of 5,000 digits": (
        HEAD + f"days = {'9' * 5_000}\n",
        f"a.toml:3: days: is '{'9' * 59}...; give a valid integer",
    ),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_place(write, text, message, told):
    assert told(write(text)) == message


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 400_000 + " = 1",
        "[a" + ".a" * 400_000 + "]",
        "a = " + "[" * 900_000,
        "a = " + "[" * 400_000 + "]" * 400_000,
        "a = " + "{ a = " * 100_000,
        "a = [{ a = [{ a = [{ a = [{ a = 1 }] }] }] }]",
    ],
    ids=["key", "header", "open", "arrays", "tables", "mixed"],
)
def test_a_file_that_is_nested_too_deep_is_one_fault(write, text, told):
    message = told(write(f"{HEAD}\n{text}\n"))
    assert (
        message == f"a.toml:4: nested more than {MAX_DEPTH} deep; a scenario needs no more than 4"
    )


def test_several_faults_are_told_in_one_message_in_order(write, told):
    text = f"""format = 1
name = "trial"
extends = "default.toml"
start = 2022-02-30
[weights.veiw]
[weights.match]
value = 1
source = "x"
role = set
{VIEW.replace("0.5", "12.7")}
[society.mean_friends]
value = 0
unit = "friends"
source = "x"
role = "set"
[society.family_size]
value = 0
unit = "members"
source = "x"
role = "set"
{SELLERS.replace("node = 4", "node = 3")}"""
    write(DEFAULT_TEXT, "default.toml")
    head, *faults = told(write(text)).split("a.toml:")
    assert head == "8 faults: "
    assert [fault.removesuffix("; ") for fault in faults] == [
        "4: start: is '2022-02-30', no date of the calendar; give one such as 2022-10-01",
        "5: weights.veiw: unknown key; did you mean view?",
        '6: weights.match.unit: missing; give "log odds"',
        "9: weights.match.role: not TOML: invalid value; put a text in quotes, a number or date as "
        "it is",
        "12: weights.view.value: 12.7 is not a probability; did you mean 0.127?",
        "18: society.mean_friends.value: mean_friends is 0.0; give a number in [1.0, 2147483647]",
        "23: society.family_size.value: family_size is 0.0; give a number in [1.0, 10000.0]",
        "33: named_sellers[1].node: is 3, as in line 30; give each seller its own",
    ]


def test_more_faults_than_one_can_read_are_counted(write, told):
    message = told(write(HEAD + "".join(f"key_{at} = 1\n" for at in range(MAX_TOLD + 20))))
    assert message.startswith("120 faults: a.toml:3: key_0: ")
    assert message.count("a.toml:") == MAX_TOLD
    assert message.endswith("; and 20 more faults")


def test_lines_are_found_through_every_kind_of_value():
    text = '''\
a = """
[x]
b = 1
\\""" # no end """ # [y]
"c.d".e = 'x # "'
f = [ # ]
  [1, 2],
  { g = "}", "h" . i = """
""", j = \'\'\'
]\'\'\' },
]
[[k.l]]
m = 2022-10-01
[k.l.n]
o.p = 1
[[k.l]]
[k]
q = 1e-5
'''
    assert parse(text).lines == {
        ("a",): 1,
        ("c.d",): 5,
        ("c.d", "e"): 5,
        ("f",): 6,
        ("f", 0): 7,
        ("f", 0, 0): 7,
        ("f", 0, 1): 7,
        ("f", 1): 8,
        ("f", 1, "g"): 8,
        ("f", 1, "h"): 8,
        ("f", 1, "h", "i"): 8,
        ("f", 1, "j"): 9,
        ("k",): 12,
        ("k", "l"): 12,
        ("k", "l", 0): 12,
        ("k", "l", 0, "m"): 13,
        ("k", "l", 0, "n"): 14,
        ("k", "l", 0, "n", "o"): 15,
        ("k", "l", 0, "n", "o", "p"): 15,
        ("k", "l", 1): 16,
        ("k", "q"): 18,
    }
    assert parse(text).data["f"] == [[1, 2], {"g": "}", "h": {"i": ""}, "j": "]"}]


def test_the_error_of_a_file_keeps_its_faults():
    faults = [Fault("b.toml", 3, ("days",), "is 0"), Fault("b.toml", 2, (), "not TOML")]
    error = FaultyFileError(iter(faults))
    assert error.faults == faults
    assert str(error) == "2 faults: b.toml:2: not TOML; b.toml:3: days: is 0"


def test_more_keys_than_any_scenario_has_end_the_reading(monkeypatch):
    monkeypatch.setattr(toml_scan, "MAX_KEYS", 3)
    assert parse("a = 1\nb = 2\nc = 3\n").data == {"a": 1, "b": 2, "c": 3}
    parsed = parse("a = 1\nb = [\n2,\n3]\nc = 4\n")
    assert parsed.data is None
    assert parsed.faults == [(4, (), "has more than 3 keys; give fewer")]
