"""A scenario: every number has unit, source, role and range; groups and switches of a registry."""

import copy
import json
import pickle
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import pytest

from weishang.model.core.parameters import parameter
from weishang.model.core.weights import Budgets
from weishang.model.mechanisms import REGISTRY
from weishang.model.mechanisms.mechanism import Mechanism
from weishang.model.scenario import ORDER, OWN, SWITCHES, Mechanisms, Scenario, scenario_type
from weishang.model.society.parameters import SocietyParameters

ROWS = list(Scenario().described())
BY_NAME = [pytest.param(row, id=row["name"]) for row in ROWS]


@pytest.mark.parametrize("row", BY_NAME)
def test_every_parameter_says_what_it_is(row):
    assert set(row) == {"name", "value", "unit", "source", "role", "low", "high"}
    assert row["unit"].strip()
    assert len(row["source"].strip()) > 3
    assert row["role"] in ("set", "fitted")


@pytest.mark.parametrize("row", BY_NAME)
def test_every_value_lies_in_its_prior_range(row):
    if row["low"] is None:
        assert row["high"] is None
        assert row["role"] == "set"
    else:
        assert row["low"] <= row["value"] <= row["high"]


@pytest.mark.parametrize("row", BY_NAME)
def test_an_assumption_is_varied(row):
    if "varied" in row["source"]:
        assert row["low"] < row["high"]


def test_five_weights_and_the_unit_of_money_are_fitted_and_no_other():
    fitted = {row["name"] for row in ROWS if row["role"] == "fitted"}
    names = ("view", "buy_intercept", "trust", "recommender_trust", "shareability_sd")
    assert fitted == {"money.reference_price", *(f"weights.{name}" for name in names)}


def test_every_field_of_every_part_is_described_once():
    scenario = Scenario()
    names = [
        f"{part.name}.{item.name}"
        for part in fields(scenario)
        for item in fields(getattr(scenario, part.name))
    ]
    assert [row["name"] for row in ROWS] == names
    assert len(set(names)) == len(names)


def test_described_and_values_tell_of_this_scenario_and_not_of_the_default():
    usual = Scenario()
    scenario = replace(usual, weights=replace(usual.weights, view=0.5))
    (view,) = (row for row in scenario.described() if row["name"] == "weights.view")
    assert view["value"] == 0.5
    assert scenario.values()["weights"]["view"] == 0.5
    assert Scenario().values()["weights"]["view"] == usual.weights.view


def test_values_can_stand_in_a_manifest():
    values = json.loads(json.dumps(Scenario().values()))
    assert values["society"]["max_friends"] == 5000
    assert len(values["budgets"]["relative"]) == values["society"]["num_budgets"]


def test_budgets_and_classes_must_fit():
    with pytest.raises(ValueError, match=r"budgets\.relative has 2 classes .* is 5"):
        Scenario(budgets=Budgets((0.5, 1.5)))
    fits = Scenario(society=SocietyParameters(num_budgets=2), budgets=Budgets((0.5, 1.5)))
    assert fits.society.num_budgets == 2


def test_parts_are_not_shared_by_accident():
    assert Scenario() == Scenario()
    with pytest.raises(AttributeError):
        Scenario().society = SocietyParameters()  # type: ignore[misc]


def test_all_are_on_unless_switched_off() -> None:
    assert all(getattr(Mechanisms(), item.name) for item in fields(Mechanisms))
    assert not any(getattr(Mechanisms.none(), item.name) for item in fields(Mechanisms))


@pytest.mark.parametrize("name", [item.name for item in fields(Mechanisms)])
def test_one_is_switched_off_alone(name: str) -> None:
    left = Mechanisms().without(name)
    assert [item.name for item in fields(left) if not getattr(left, item.name)] == [name]
    assert not left.friends_only


def test_friends_only_is_all_off() -> None:
    assert Mechanisms.none().friends_only
    assert not Mechanisms().friends_only


def test_an_unknown_mechanism_is_told() -> None:
    with pytest.raises(ValueError, match="mechanism is 'grups'; give one of groups, accounts"):
        Mechanisms().without("grups")


FROZEN_GROUPS = (
    "mechanisms", "rules", "society", "groups", "weights", "budgets", "attention", "sellers",
    "learning", "channels", "followers", "feed", "search", "basket", "discount", "team_purchase",
    "bargain", "livestream", "reward", "money",
)  # fmt: skip
"""Groups as files and tables have had them, in their order."""
FROZEN_SWITCHES = (
    "groups", "accounts", "adverts", "search", "discount", "team_purchase", "bargain", "livestream",
    "fatigue", "learning",
)  # fmt: skip
"""Switches as files have had them; those that became mechanisms of their own follow."""


def test_groups_and_switches_come_from_the_registry_in_their_order():
    scenario = Scenario()
    names = [item.name for item in fields(Scenario)]
    assert tuple(names) == FROZEN_GROUPS == ORDER
    switches = [item.name for item in fields(Mechanisms)]
    assert switches == [kind.name for kind in REGISTRY]
    assert tuple(switches[: len(FROZEN_SWITCHES)]) == FROZEN_SWITCHES
    for kind in REGISTRY:
        if kind.parameters is not None:
            assert type(getattr(scenario, kind.group or kind.name)) is kind.parameters
    for name, made in OWN.items():
        assert type(getattr(scenario, name)) is made
    owned = {kind.group or kind.name for kind in REGISTRY if kind.parameters is not None}
    assert set(names) == {SWITCHES} | OWN.keys() | owned


def test_a_switch_says_what_it_turns_on():
    for item, kind in zip(fields(Mechanisms), REGISTRY, strict=True):
        assert item.metadata["source"] == kind.about
        assert (item.metadata["low"], item.metadata["high"]) == (False, True)


@dataclass(frozen=True)
class CashbackParameters:
    """What is given back."""

    share: float = parameter(
        0.1, unit="fraction of the price", source="a test", role="set", low=0.0, high=0.3
    )


class Cashback(Mechanism):
    """Some of the price is given back."""

    name: ClassVar[str] = "cashback"
    about = "cash back"
    parameters = CashbackParameters


class Vouchers(Mechanism):
    """Vouchers, under a group of another name and without parameters."""

    name: ClassVar[str] = "vouchers"
    about = "vouchers"


WITH_BOTH = scenario_type([*REGISTRY, Cashback, Vouchers])


def test_one_mechanism_more_has_its_group_and_its_switch_after_the_others():
    scenario = WITH_BOTH()
    assert [item.name for item in fields(scenario)] == [*FROZEN_GROUPS, "cashback"]
    assert [item.name for item in fields(scenario.mechanisms)][-2:] == ["cashback", "vouchers"]
    assert scenario.cashback == CashbackParameters()
    assert scenario.mechanisms.cashback
    off = scenario.mechanisms.without("cashback")
    assert (off.cashback, off.vouchers, off.groups) == (False, True, True)
    rows = {row["name"]: row for row in scenario.described()}
    assert rows["cashback.share"]["value"] == 0.1
    assert rows["cashback.share"]["unit"] == "fraction of the price"
    assert rows["mechanisms.cashback"]["source"] == "cash back"
    assert scenario.values()["cashback"] == {"share": 0.1}
    assert not scenario.friends_only().mechanisms.cashback
    changed = replace(scenario, cashback=CashbackParameters(0.2))
    assert changed.values()["cashback"]["share"] == 0.2
    assert changed != scenario == WITH_BOTH()


def test_a_market_of_fewer_mechanisms_has_fewer_groups():
    few = scenario_type(REGISTRY[:2])()
    assert [item.name for item in fields(few.mechanisms)] == ["groups", "accounts"]
    assert {item.name for item in fields(few)} == {SWITCHES, "groups", "followers"} | OWN.keys()
    with pytest.raises(ValueError, match="mechanism is 'search'; give one of groups, accounts"):
        few.mechanisms.without("search")


def test_the_same_mechanisms_make_the_same_class():
    assert scenario_type(list(REGISTRY)) is Scenario
    assert scenario_type([*REGISTRY, Cashback, Vouchers]) is WITH_BOTH
    assert scenario_type([*REGISTRY, Vouchers, Cashback]) is not WITH_BOTH


@pytest.mark.parametrize("made", [Scenario, WITH_BOTH, scenario_type(REGISTRY[:2])])
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_scenarios_and_switches_pickle_and_copy(made, copied):
    usual = made()
    scenario = replace(
        usual,
        mechanisms=usual.mechanisms.without("accounts"),
        weights=replace(usual.weights, view=0.5),
    )
    for one in (scenario, scenario.mechanisms):
        again = copied(one)
        assert again == one
        assert type(again) is type(one)
        assert again.kinds == one.kinds
    assert not copied(scenario).mechanisms.accounts
    assert copied(scenario) != usual


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"name": "search"}, "'search' takes the name 'search', which belongs to 'search'"),
        ({"group": "budgets"}, "'mine' takes the group 'budgets', which belongs to 'the scenario"),
        ({"group": "mechanisms"}, "'mine' takes the group 'mechanisms', which belongs to 'the sc"),
        ({"group": "followers"}, "'mine' takes the group 'followers', which belongs to 'accounts'"),
    ],
)
def test_names_and_groups_that_are_taken_are_refused(attributes, said):
    mine = {"name": "mine", "about": "mine", "parameters": CashbackParameters, **attributes}
    with pytest.raises(ValueError, match=f"mechanism {said}"):
        scenario_type([*REGISTRY, type("Mine", (Mechanism,), mine)])
