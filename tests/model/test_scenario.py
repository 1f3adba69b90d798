"""A scenario: every number of a world has unit, source, role and range, and its parts fit."""

import json
from dataclasses import fields, replace

import pytest

from weishang.model.core.weights import Budgets
from weishang.model.scenario import Scenario
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
