"""The registry: what is taken is refused by name, and each engine gets what it can run."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from weishang.kernels.rng import Purpose
from weishang.model.core.parameters import parameter
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.core.streams import CORE, Stream
from weishang.model.market.market import Market
from weishang.model.mechanisms import (
    OF_PEOPLE,
    REGISTRY,
    TAKEN_GROUPS,
    check,
    default_mechanisms,
    for_engine,
)
from weishang.model.mechanisms.basket.basket import BASKET
from weishang.model.mechanisms.groups.groups import CUSTOMERS
from weishang.model.mechanisms.mechanism import AGENTS, ENGINES, VECTORIZED, Mechanism
from weishang.model.scenario import OWN, SWITCHES, Scenario, scenario_type


@dataclass(frozen=True)
class OneParameter:
    """A number."""

    size: float = parameter(1.0, unit="-", source="a test", role="set", low=0.0, high=2.0)


class Plain(Mechanism):
    """One that does nothing."""

    name: ClassVar[str] = "plain"
    about = "nothing"


def mechanism(**attributes: Any) -> Mechanism:
    """An instance of a class of its own."""
    kind = type("Mine", (Mechanism,), {"name": "mine", "about": "mine", **attributes})
    return kind()


def of_stream(number: int) -> dict[str, Any]:
    return {"streams": (Stream(number, "mine"),)}


def of_layer(number: int) -> dict[str, Any]:
    return {"own_layers": (LayerSpec(number, "mine", SocialDistance.FRIEND),)}


TAKEN = {
    "a name": ({"name": "search"}, "'search' takes the name 'search', which belongs to 'search'"),
    "a group of the scenario": (
        {"parameters": OneParameter, "group": "sellers"},
        "'mine' takes the group 'sellers', which belongs to 'the scenario itself'",
    ),
    "the switches": (
        {"parameters": OneParameter, "group": "mechanisms"},
        "'mine' takes the group 'mechanisms', which belongs to 'the scenario itself'",
    ),
    "a group of another's": (
        {"parameters": OneParameter, "group": "attention"},
        "'mine' takes the group 'attention', which belongs to 'fatigue'",
    ),
    "another's stream": (
        of_stream(int(BASKET)),
        f"'mine' takes the stream {int(BASKET)}, which belongs to 'basket'",
    ),
    "the kernels' stream": (
        of_stream(int(Purpose.VIEW)),
        f"'mine' takes the stream {int(Purpose.VIEW)}, which belongs to 'the kernels'",
    ),
    "the sellers' stream": (
        of_stream(int(CORE[0])),
        f"'mine' takes the stream {int(CORE[0])}, which belongs to 'the sellers'",
    ),
    "another's layer": (
        of_layer(CUSTOMERS.number),
        f"'mine' takes the layer {CUSTOMERS.number}, which belongs to 'groups'",
    ),
    "friends' layer": (
        of_layer(0),
        "'mine' takes the layer 0, which belongs to \"friends' posts\"",
    ),
    "no layer's number": (
        of_layer(32),
        r"'mine' has a layer numbered 32; give a number in \[0, 32",
    ),
    "a layer below 0": (of_layer(-1), "'mine' has a layer numbered -1; give a number in"),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", TAKEN)
def test_what_is_taken_is_refused_by_name(what: str, engine: str) -> None:
    attributes, said = TAKEN[what]
    mine = mechanism(**attributes)
    with pytest.raises(ValueError, match=f"mechanism {said}"):
        for_engine([*default_mechanisms(), mine], engine)
    with pytest.raises(ValueError, match=f"mechanism {said}"):
        check([*REGISTRY, type(mine)])


@pytest.mark.parametrize("what", TAKEN)
def test_a_market_refuses_it_before_anything_is_read(what: str) -> None:
    """Neither people nor a scenario are looked at."""
    attributes, said = TAKEN[what]
    with pytest.raises(ValueError, match=f"mechanism {said}"):
        Market(None, None, 1, 5, mechanisms=[*default_mechanisms(), mechanism(**attributes)])


def test_one_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'plain' takes the name 'plain', which belongs to"):
        for_engine([Plain(), Plain()], VECTORIZED)


def test_what_is_free_may_be_taken() -> None:
    mine = mechanism(parameters=OneParameter, **of_stream(1000), **of_layer(8))
    for engine in ENGINES:
        found = for_engine([*default_mechanisms(), mine], engine)
        assert found[-1] is mine
        assert len(found) == len(REGISTRY) + 1


def test_without_parameters_a_name_takes_no_group() -> None:
    check([*REGISTRY, type(mechanism(name="money"))])
    with pytest.raises(ValueError, match="takes the group 'money'"):
        check([*REGISTRY, type(mechanism(name="money", parameters=OneParameter))])


@pytest.mark.parametrize("wrong", [Scenario, 5, "search", object()], ids=lambda one: repr(one)[:20])
def test_what_is_not_a_mechanism_is_refused(wrong: Any) -> None:
    with pytest.raises(
        ValueError, match=r"mechanisms has .*; give instances of Mechanism, such as"
    ):
        for_engine([Plain(), wrong], VECTORIZED)
    with pytest.raises(
        ValueError, match=r"mechanisms has .*; give instances of Mechanism, such as"
    ):
        Market(None, None, 1, 5, mechanisms=[wrong])


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(ValueError, match="engine is 'steam'; give one of vectorized, agents"):
        for_engine(default_mechanisms(), "steam")
    with pytest.raises(ValueError, match="engine is 'steam'; give one of vectorized, agents"):
        Market(None, None, 1, 5, engine="steam")
    assert set(ENGINES) == {VECTORIZED, AGENTS}


def nothing(self: Any, *arguments: Any) -> Any:
    return arguments[-1]


@pytest.mark.parametrize("overridden", [("settle",), ("end_day",), ("settle", "end_day")])
def test_what_acts_on_people_needs_a_reference_for_agents(overridden: tuple[str, ...]) -> None:
    mine = mechanism(**dict.fromkeys(overridden, nothing))
    said = f"mechanism 'mine' has no reference for its {' and '.join(overridden)}; give it one"
    with pytest.raises(ValueError, match=said):
        for_engine([*default_mechanisms(), mine], AGENTS)
    with pytest.raises(ValueError, match=said):
        Market(None, None, 1, 5, mechanisms=[mine], engine=AGENTS)
    assert for_engine([mine], VECTORIZED) == [mine]


def test_what_acts_through_tables_and_layers_alone_needs_none() -> None:
    mine = mechanism(adjust=nothing, layers=nothing, options=nothing, classes=nothing)
    assert for_engine([mine], AGENTS) == [mine]


class Own(Mechanism):
    """One with a reference."""

    name: ClassVar[str] = "own"
    about = "a setting of its own"

    def __init__(self, setting: int) -> None:
        self.setting = setting

    def settle(self, world: Any, state: Any, day: Any, draft: Any) -> Any:
        """Say who settles."""
        return "arrays", self.setting


class OwnByAgents(Own):
    """The same person by person."""

    def settle(self, world: Any, state: Any, day: Any, draft: Any) -> Any:
        """Say who settles."""
        return "agents", self.setting


Own.reference = OwnByAgents


def test_agents_get_the_reference_with_the_settings_of_the_one_given() -> None:
    mine = Own(5)
    (fast,), (slow,) = (for_engine([mine], engine) for engine in ENGINES)
    assert fast is mine
    assert fast.settle(None, None, None, None) == ("arrays", 5)
    assert slow.settle(None, None, None, None) == ("agents", 5)


@pytest.mark.parametrize("reference", [Plain, Plain(), "weishang.model.mechanisms.basket:Basket"])
def test_a_reference_is_a_subclass(reference: Any) -> None:
    mine = mechanism(settle=nothing, reference=reference)
    with pytest.raises(ValueError, match=r"mechanism 'mine' has the reference .*; give a subclass"):
        for_engine([mine], AGENTS)


@pytest.mark.parametrize("kind", REGISTRY, ids=lambda kind: kind.name)
def test_each_mechanism_of_the_package_runs_on_both_engines_and_says_what_it_is(kind: type) -> None:
    """What it does to people, it does in two ways that are not one function."""
    (fast,), (slow,) = (for_engine([kind()], engine) for engine in ENGINES)
    assert type(fast) is kind
    assert isinstance(slow, kind)
    own = {name for name in OF_PEOPLE if getattr(kind, name) is not getattr(Mechanism, name)}
    if own and kind.reference is not kind:
        assert {name for name in own if getattr(type(slow), name) is getattr(kind, name)} == set()
    assert kind.about
    assert kind.__doc__


def test_groups_that_are_taken_are_those_of_the_scenario_itself() -> None:
    assert set(TAKEN_GROUPS) == {SWITCHES, *OWN}
    free = scenario_type([])()
    assert set(vars(free)) == set(TAKEN_GROUPS)
