"""Values in scenario files: each that cannot be is told with its place and the fix."""

from pathlib import Path

import pytest

HEAD = 'format = 1\nname = "trial"\n'
SAMPLES = Path(__file__).with_name("samples")
VIEW = (SAMPLES / "view.toml").read_text(encoding="utf-8")
SELLERS = (SAMPLES / "sellers.toml").read_text(encoding="utf-8")


def edited(old: str, new: str) -> str:
    text = HEAD + VIEW
    assert text.count(old) == 1
    return text.replace(old, new)


FAULTS = {
    "probability over 1": (
        edited("0.5", "12.7"),
        "a.toml:5: weights.view.value: 12.7 is not a probability; did you mean 0.127?",
    ),
    "probability below 0": (
        edited("0.5", "-0.5"),
        "a.toml:5: weights.view.value: -0.5 is not a probability; give a number in [0, 1]",
    ),
    "fraction over 1": (
        HEAD
        + '[society.school_share]\nvalue = 35\nunit = "fraction of the rest"\nsource = "x"\n'
        + 'role = "set"\n',
        "a.toml:4: society.school_share.value: 35.0 is not a fraction; did you mean 0.35?",
    ),
    "beyond 64 bits": (
        HEAD
        + f'[society.max_friends]\nvalue = {2**63}\nunit = "friends"\nsource = "x"\nrole = "set"\n',
        f"a.toml:4: society.max_friends.value: is {2**63}; give an integer of 64 bits",
    ),
    "blank source": (
        edited('"a study"', '" "'),
        "a.toml:7: weights.view.source: is blank; give a text",
    ),
    "later format": (
        HEAD.replace("1", "2"),
        "a.toml:1: format: is 2; this version reads format 1",
    ),
    "format as a bool": (
        HEAD.replace("1", "true"),
        "a.toml:1: format: is true; this version reads format 1",
    ),
    "blank name": (
        HEAD.replace("trial", ""),
        "a.toml:2: name: is blank; give a text",
    ),
    "impossible date": (
        HEAD + "start = 2022-02-30\n",
        "a.toml:3: start: is '2022-02-30', no date of the calendar; give one such as 2022-10-01",
    ),
    "impossible month": (
        HEAD + "start = 2022-13-01 # winter\n",
        "a.toml:3: start: is '2022-13-01', no date of the calendar; give one such as 2022-10-01",
    ),
    "date without zeros": (
        HEAD + "start = 2022-2-3\n",
        "a.toml:3: start: is '2022-2-3', no date of the calendar; give one such as 2022-10-01",
    ),
    "impossible date as text": (
        HEAD + 'start = "2022-13-01"\n',
        "a.toml:3: start: is '2022-13-01', no date of the calendar; give one such as 2022-10-01",
    ),
    "date as text": (
        HEAD + 'start = "2022-12-01"\n',
        "a.toml:3: start: is the text '2022-12-01'; write the date without quotes",
    ),
    "date with a time": (
        HEAD + "start = 2022-12-01T08:00:00\n",
        "a.toml:3: start: is 2022-12-01 08:00:00; give the day without a time, such as 2022-10-01",
    ),
    "year for a date": (
        HEAD + "start = 2022\n",
        "a.toml:3: start: is 2022, no date of the calendar; give one such as 2022-10-01",
    ),
    "no day": (
        HEAD + "days = 0\n",
        "a.toml:3: days: is 0; give at least 1",
    ),
    "seller at no node": (
        HEAD + SELLERS.replace("4", "-4"),
        "a.toml:9: named_sellers[1].node: is -4; give an integer from 0 on",
    ),
    "seller without a price": (
        HEAD + SELLERS.replace("1.5", "0"),
        "a.toml:11: named_sellers[1].price: is 0.0; give a number above 0",
    ),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_place(write, text, message, told):
    assert told(write(text)) == message
