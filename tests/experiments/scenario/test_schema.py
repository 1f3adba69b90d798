"""What a scenario file may hold: types, units, keys, and whatever group the model gains."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from weishang.experiments.scenario import schema
from weishang.experiments.scenario.scenario_file import DEFAULT, load
from weishang.experiments.scenario.writer import dump
from weishang.model.core.parameters import parameter
from weishang.model.mechanisms import REGISTRY
from weishang.model.mechanisms.mechanism import Mechanism
from weishang.model.scenario import Scenario, scenario_type

DEFAULT_TEXT = DEFAULT.read_text(encoding="utf-8")
HEAD = 'format = 1\nname = "trial"\n'
SAMPLES = Path(__file__).with_name("samples")
VIEW = (SAMPLES / "view.toml").read_text(encoding="utf-8")
SELLERS = (SAMPLES / "sellers.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Extra:
    """A group such as a mechanism brings."""

    open: bool = parameter(True, unit="yes", source="x", role="set", low=None, high=None)
    ranking: str = parameter(
        "friends first", unit="rule", source="x", role="set", low=None, high=None
    )
    opening: tuple[float, float] = parameter(
        (0.0, 0.25), unit="fraction of a day", source="x", role="set", low=None, high=None
    )

    def __post_init__(self):
        if not self.ranking.startswith("friends"):
            raise ValueError(f"ranking is {self.ranking!r}; give friends first")


class Further(Mechanism):
    """A mechanism of one's own, for its group and its switch."""

    name = "further"
    about = "a mechanism of one's own"
    group = "extra"
    parameters = Extra


Enlarged = scenario_type([*REGISTRY, Further])


def edited(old: str, new: str) -> str:
    text = HEAD + VIEW
    assert text.count(old) == 1
    return text.replace(old, new)


FAULTS = {
    "nan": (
        edited("0.5", "nan"),
        "a.toml:5: weights.view.value: is nan; give a finite number",
    ),
    "inf": (
        edited("0.5", "-inf"),
        "a.toml:5: weights.view.value: is -inf; give a finite number",
    ),
    "bool for a number": (
        edited("0.5", "true"),
        "a.toml:5: weights.view.value: is true; give a valid number",
    ),
    "text for a number": (
        edited("0.5", '"0.5"'),
        "a.toml:5: weights.view.value: is '0.5'; give a valid number",
    ),
    "part of a whole number": (
        HEAD
        + '[society.max_friends]\nvalue = 5000.5\nunit = "friends"\nsource = "x"\nrole = "set"\n',
        "a.toml:4: society.max_friends.value: is 5000.5; give a valid integer",
    ),
    "item of a list": (
        HEAD
        + '[budgets.relative]\nvalue = [\n  0.1,\n  "b",\n]\nunit = "mean budget = 1"\n'
        + 'source = "x"\nrole = "set"\n',
        "a.toml:6: budgets.relative.value[1]: is 'b'; give a valid number",
    ),
    "no list": (
        HEAD
        + '[budgets.relative]\nvalue = 0.1\nunit = "mean budget = 1"\nsource = "x"\nrole = "set"\n',
        "a.toml:4: budgets.relative.value: is 0.1; give a list in brackets",
    ),
    "wrong unit": (
        edited('"probability"', '"percent"'),
        "a.toml:6: weights.view.unit: is 'percent'; give 'probability'",
    ),
    "wrong role": (
        edited('"set"', '"comes out"'),
        "a.toml:8: weights.view.role: is 'comes out'; give 'set' or 'fitted'",
    ),
    "missing value": (
        edited("value = 0.5\n", ""),
        f"a.toml:4: weights.view.value: missing; give a value such as {Scenario().weights.view}",
    ),
    "missing unit": (
        edited('unit = "probability"\n', ""),
        'a.toml:4: weights.view.unit: missing; give "probability"',
    ),
    "missing source": (
        edited('source = "a study"\n', ""),
        "a.toml:4: weights.view.source: missing; give where the value is from",
    ),
    "missing role": (
        edited('role = "set"\n', ""),
        'a.toml:4: weights.view.role: missing; give "set" or "fitted"',
    ),
    "missing format": (
        'name = "trial"\n',
        "a.toml:1: format: missing; give 1",
    ),
    "missing name": (
        "format = 1\n",
        "a.toml:1: name: missing; give a name for people",
    ),
    "unknown attribute": (
        edited("source", "sauce") + 'source = "x"\n',
        "a.toml:7: weights.view.sauce: unknown key; did you mean source?",
    ),
    "unknown parameter": (
        edited("view", "veiw"),
        "a.toml:4: weights.veiw: unknown key; did you mean view?",
    ),
    "unknown group": (
        edited("weights", "weigths"),
        "a.toml:4: weigths: unknown key; did you mean weights?",
    ),
    "unknown key at the top": (
        HEAD + "dyas = 3\n",
        "a.toml:3: dyas: unknown key; did you mean days?",
    ),
    "unknown key like no other": (
        HEAD + SELLERS + "zzz = 3\n",
        "a.toml:12: named_sellers[1].zzz: unknown key; give one of id, node, category, price",
    ),
    "unknown key with odd letters": (
        HEAD + '"da\\u0079s\\n" = 3\n',
        r"a.toml:3: 'days\n': unknown key; did you mean days?",
    ),
    "number for a parameter": (
        HEAD + "[weights]\nview = 0.3\n",
        "a.toml:4: weights.view: is 0.3; give a table with value, unit, source, role",
    ),
    "number for a group": (
        HEAD + "weights = 0.3\n",
        "a.toml:3: weights: is 0.3; give a table of parameters",
    ),
    "list of groups": (
        HEAD + "[[weights]]\n",
        "a.toml:3: weights: is ({},); give a table of parameters",
    ),
    "half a day": (
        HEAD + "days = 0.5\n",
        "a.toml:3: days: is 0.5; give a valid integer",
    ),
    "seller without a node": (
        HEAD + '[[named_sellers]]\nid = "tea"\n',
        "a.toml:3: named_sellers[0].node: missing; give the number of a person",
    ),
    "seller without an id": (
        HEAD + "named_sellers = [\n  { node = 3 },\n]\n",
        "a.toml:4: named_sellers[0].id: missing; give a text",
    ),
    "one seller, not a list": (
        HEAD + '[named_sellers]\nid = "tea"\n',
        "a.toml:3: named_sellers: is {'id': 'tea'}; give [[named_sellers]] with an id and a node",
    ),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_place(write, text, message, told):
    assert told(write(text)) == message


def test_the_group_of_a_mechanism_of_one_s_own_is_read_and_checked(write):
    text = dump(Enlarged())
    assert "[mechanisms.further]" in text
    assert '\nvalue = "friends first"\n' in text
    assert load(write(text), Enlarged).scenario == Enlarged()
    usual, mark, own = text.partition("[extra.")
    changed = own.replace("value = [0.0, 0.25]", "value = [0.5, 0.75]")
    changed = changed.replace("value = true", "value = false").replace("s first", "s last")
    read = load(write(usual + mark + changed), Enlarged)
    assert read.scenario.extra == Extra(False, "friends last", (0.5, 0.75))
    for old, new, what in (
        ("value = true", "value = 1", "extra.open.value: is 1; give a valid boolean"),
        ('"friends first"', "1", "extra.ranking.value: is 1; give a valid string"),
        ('"friends first"', '"none"', "extra.ranking.value: ranking is 'none'; give friends first"),
        ("0.25]", "25]", "extra.opening.value: 25.0 is not a fraction; did you mean 0.25?"),
        (", 0.25]", "]", "extra.opening.value[1]: missing; give a value such as [0.0, 0.25]"),
        ("[extra.open]", "[extra.opne]", "extra.opne: unknown key; did you mean open?"),
    ):
        path = write(usual + (mark + own).replace(old, new))
        with pytest.raises(ValueError, match=re.escape(what)):
            load(path, Enlarged)
    with pytest.raises(ValueError, match="unknown key"):
        load(write(text))


@pytest.mark.parametrize(("path", "now"), schema.RENAMED.items(), ids=lambda one: str(one))
def test_a_parameter_that_was_renamed_says_its_name(write, path, now):
    group, name = path
    text = f'{HEAD}[{group}.{name}]\nvalue = 1.0\nunit = "x"\nsource = "x"\nrole = "set"\n'
    with pytest.raises(ValueError, match=f"is called {now} now"):
        load(write(text))
    assert now in {row["name"].partition(".")[2] for row in Scenario().described()}


def test_every_parameter_has_a_model_in_the_scenarios_order():
    names = [row["name"] for row in Scenario().described()]
    assert list(schema.parameter_models()) == names
    for name, model in schema.parameter_models().items():
        group, _, parameter_name = name.partition(".")
        field = schema.group_models()[group].model_fields[parameter_name]
        assert model in get_args(field.annotation)
