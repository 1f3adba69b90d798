"""The fingerprint of what the code does: it changes with outcomes, and with nothing else."""

import dataclasses

import mesa
import pytest

from weishang.experiments.storage import behaviour, manifest
from weishang.experiments.storage.report import Report
from weishang.model import scenario


def fresh() -> dict[str, str]:
    """The fingerprint, taken anew."""
    behaviour._of_cascades.cache_clear()
    behaviour._of_market.cache_clear()
    return behaviour.fingerprint()


@pytest.fixture(autouse=True)
def _leave_none():
    yield
    fresh()


def test_it_is_the_same_every_time():
    assert fresh() == fresh()


def test_another_seed_is_another_behaviour(monkeypatch):
    before = fresh()
    monkeypatch.setattr(behaviour, "SEED", behaviour.SEED + 1)
    after = fresh()
    assert before["cascades"] != after["cascades"]
    assert before["market"] != after["market"]


@pytest.mark.parametrize(
    ("group", "name"),
    [("weights", "trust"), ("basket", "max_items"), ("channels", "feed_audience")],
)
def test_another_parameter_is_another_market_and_the_same_cascades(monkeypatch, group, name):
    before = fresh()
    usual = scenario.Scenario()
    part = getattr(usual, group)
    value = getattr(part, name)
    other = dataclasses.replace(part, **{name: type(value)(value * 1.5)})
    changed = dataclasses.replace(usual, **{group: other})
    monkeypatch.setattr(scenario, "Scenario", lambda: changed)
    after = fresh()
    assert before["market"] != after["market"]
    assert before["cascades"] == after["cascades"]


def test_names_and_order_of_columns_and_last_digits_are_no_outcome(monkeypatch):
    before = fresh()
    frame = mesa.DataCollector.get_model_vars_dataframe

    def renamed(self):
        days = frame(self).iloc[:, ::-1].rename(columns=lambda name: f"the {name}")
        return days.assign(**{f"copy of {days.columns[0]}": days[days.columns[0]] * (1 + 1e-15)})

    monkeypatch.setattr(mesa.DataCollector, "get_model_vars_dataframe", renamed)
    assert fresh() == before


@pytest.mark.parametrize("graph_hash", [None, "5f"])
def test_a_result_on_a_graph_carries_it(tmp_path, graph_hash):
    with Report("a", tmp_path, title="A", parameters={}, graph_hash=graph_hash):
        pass
    found = manifest.read(tmp_path / "a")["behaviour"]
    assert found == (None if graph_hash is None else behaviour.fingerprint())
