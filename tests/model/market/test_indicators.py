"""The columns of the time series: named once, with units and meanings."""

from dataclasses import replace

from weishang.model.market.indicators import AMONG_FRIENDS, EVERYWHERE, indicators
from weishang.model.scenario import Scenario


def test_every_column_has_a_name_of_its_own_a_unit_and_a_meaning() -> None:
    names = [one.name for one in EVERYWHERE]
    assert len(set(names)) == len(names)
    assert all(one.unit and one.meaning for one in EVERYWHERE)


def test_a_market_notes_what_it_has() -> None:
    assert list(indicators(Scenario())) == [one.name for one in EVERYWHERE]
    assert list(indicators(Scenario().friends_only())) == [one.name for one in AMONG_FRIENDS]
    some = Scenario()
    some = replace(some, mechanisms=some.mechanisms.without("search"))
    assert list(indicators(some)) == [one.name for one in EVERYWHERE]
