"""The columns of the time series: named once, with units and meanings, whoever brings them."""

from collections.abc import Callable
from typing import Any

import pytest

from weishang.model.market.indicators import DAILY, OWN, indicators
from weishang.model.market.market import Market
from weishang.model.mechanisms import default_mechanisms
from weishang.model.mechanisms.fatigue import Fatigue
from weishang.model.mechanisms.mechanism import Indicator, Mechanism
from weishang.model.scenario import Mechanisms, Scenario
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

OF_MECHANISMS = {
    "followers": "accounts",
    "visits_live": "livestream",
    "orders_live": "livestream",
    "sales_live": "livestream",
    "load": "fatigue",
}


def test_every_column_has_a_name_of_its_own_a_unit_and_a_meaning() -> None:
    names = [one.name for one in DAILY]
    assert len(set(names)) == len(names)
    assert all(one.unit and one.meaning for one in DAILY)


def test_columns_are_the_markets_own_and_then_its_mechanisms() -> None:
    found = indicators(default_mechanisms())
    assert [one for one, owner in found if owner is None] == list(OWN)
    assert {one.name: owner.name for one, owner in found if owner is not None} == OF_MECHANISMS
    assert [one.name for one, _ in found] == [one.name for one in DAILY]
    assert [one.name for one, _ in indicators([])] == [one.name for one in OWN]


@pytest.mark.parametrize("off", [[], ["search"], ["accounts", "fatigue", "livestream"], None])
def test_a_market_has_every_column_whatever_is_off(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario], off: list[str] | None
) -> None:
    """None is all; a column whose mechanism is off holds its value for that."""
    names = list(vars(Mechanisms())) if off is None else off
    with Market(people, busy(**dict.fromkeys(names, False)), 7, 14, chats=chats) as market:
        market.step()
        series = market.datacollector.get_model_vars_dataframe().iloc[0]
    assert list(series.index) == [one.name for one in DAILY]
    for one in DAILY:
        owner = OF_MECHANISMS.get(one.name)
        if owner in names:
            assert series[one.name] == one.when_off
        elif owner is not None:
            assert series[one.name] > 0
    assert series["day"] == 1
    assert (series["visits_search"] > 0) == ("search" not in names)


class Counting(Mechanism):
    """Brings one column."""

    name, about = "counting", "a column"

    def __init__(self, column: str) -> None:
        self.column = column

    def indicators(self) -> list[Indicator]:
        """Its own."""

        def measure(world: Any, state: Any, record: Any) -> int:
            return 5 * len(record.campaigns)

        return [Indicator(self.column, "campaigns", "five times", measure, when_off=-1)]


def test_a_mechanism_brings_its_own_column(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario]
) -> None:
    mechanisms = [*default_mechanisms(), Counting("five")]
    with Market(people, busy(), 7, 14, chats=chats, mechanisms=mechanisms) as market:
        market.step()
        assert market.datacollector.model_vars["five"] == [70]


@pytest.mark.parametrize(
    ("column", "owner"), [("reach", "the market"), ("load", "fatigue"), ("visits_live", "livest")]
)
def test_a_name_that_is_taken_is_refused(people: Society, column: str, owner: str) -> None:
    said = f"indicator '{column}' of counting is there already, from {owner}.*; give it another"
    with pytest.raises(ValueError, match=said):
        indicators([*default_mechanisms(), Counting(column)])
    with pytest.raises(ValueError, match="indicator 'load' of fatigue is there already, from cou"):
        indicators([Counting("load"), Fatigue()])
    with pytest.raises(ValueError, match=said):
        Market(
            people,
            Scenario(mechanisms=Mechanisms.none()),
            7,
            14,
            mechanisms=[*default_mechanisms(), Counting(column)],
        )
