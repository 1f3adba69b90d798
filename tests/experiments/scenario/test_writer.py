"""Scenarios written as text come back as they were; each value has a source of its own."""

from dataclasses import fields, replace
from datetime import date

import pytest

from weishang.experiments.scenario.scenario_file import DEFAULT, load
from weishang.experiments.scenario.writer import dump
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller

DEFAULT_TEXT = DEFAULT.read_text(encoding="utf-8")


def test_another_scenario_with_sellers_comes_back_from_its_file(write):
    usual = Scenario()
    scenario = replace(usual, weights=replace(usual.weights, view=0.125, buy_intercept=-1e-7))
    sellers = (NamedSeller("tea", 3), NamedSeller('a "b" \\ 茶\x7f\n', 4, 2, 1.5))
    head = {"name": "\ttrial", "start": date(2024, 2, 29), "days": 3, "sellers": sellers}
    sources = {"weights.view": "a study", "weights.buy_intercept": "another"}
    read = load(write(dump(scenario, sources=sources, **head)))
    assert read.scenario == scenario
    assert {key: getattr(read, key) for key in head} == head
    assert {item.name: item.source for item in read.parameters}["weights.view"] == "a study"


def test_a_changed_value_is_not_written_with_the_source_of_another():
    usual = Scenario()
    scenario = replace(usual, weights=replace(usual.weights, view=0.125))
    with pytest.raises(ValueError, match=r"weights\.view is 0\.125, not the default; give its so"):
        dump(scenario)


def test_a_source_of_no_parameter_is_refused():
    with pytest.raises(
        ValueError, match=r"sources has 'weights\.veiw'; give names such as mechanisms"
    ):
        dump(Scenario(), sources={"weights.veiw": "a study"})


def test_groups_of_the_scenario_are_those_of_the_file():
    headers = {
        line.strip("[]").split(".")[0] for line in DEFAULT_TEXT.split("\n") if "[" in line[:1]
    }
    assert headers == {group.name for group in fields(Scenario)}
