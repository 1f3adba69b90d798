"""Parts of a user's own that are wrong: each is refused by name, before anything comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from weishang.kernels import Strangers
from weishang.model import (
    DecisionRule,
    LogisticRule,
    Market,
    Mechanism,
    Scenario,
    Seller,
    ThresholdRule,
    default_mechanisms,
    form_groups,
    generate,
    scenario_type,
)
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.choices import Options
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.core.streams import Stream
from weishang.model.market.state import restore, save
from weishang.model.mechanisms import REGISTRY
from weishang.model.mechanisms.mechanism import Grant, LayerView

BOARD = LayerSpec(8, "board", SocialDistance.STRANGER)
OTHERS = LayerSpec(1, "groups", SocialDistance.GROUP_MEMBER)
SEED, SELLERS = 7, 20


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    """A small market in which every seller has a campaign every day."""
    scenario = Scenario()
    scenario = replace(scenario, sellers=replace(scenario.sellers, activity=1.0))
    people = generate(scenario.society, 400, np.random.default_rng(1))
    chats = form_groups(people, scenario.groups, np.random.default_rng(2))
    return {"society": people, "scenario": scenario, "chats": chats}


def market(given: dict[str, Any], **options: Any) -> Market:
    options = {"seed": SEED, "num_sellers": SELLERS} | given | options
    return Market(**options)


def mechanism(**parts: Any) -> Mechanism:
    return type("Mine", (Mechanism,), {"name": "mine", "about": "mine", **parts})()


def with_mine(**parts: Any) -> dict[str, Sequence[Mechanism]]:
    return {"mechanisms": [*default_mechanisms(), mechanism(**parts)]}


@dataclass(frozen=True)
class Nothing:
    """No parameters."""


DECLARED = {
    "name in two words": ({"name": "my mech"}, "the name 'my mech'; give a plain name"),
    "no name": ({"name": ""}, "the name ''; give a plain name"),
    "keyword": ({"name": "class"}, "the name 'class'; give a plain name"),
    "of checkpoints": ({"name": "sellers"}, "the name 'sellers'; give a plain name"),
    "of switches": ({"name": "without"}, "the name 'without'; give a plain name"),
    "group of scenarios": ({"group": "values", "parameters": Nothing}, "the group 'values'"),
    "about": ({"about": None}, "has no about; say in a few words"),
    "parameters": ({"parameters": int}, "has the parameters <class 'int'>; give a frozen"),
    "one stream": ({"streams": Stream(1000, "x")}, "has streams Stream.*; give a tuple"),
    "plain stream": ({"streams": (1000,)}, r"has streams \(1000,\); give a tuple of Stream"),
    "low stream": ({"streams": (Stream(77, "x"),)}, "numbers below 1000 are the package's"),
    "twice": ({"streams": (Stream(1000, "x"), Stream(1000, "y"))}, "takes one stream twice"),
    "layers": ({"own_layers": [BOARD]}, "has own_layers .*; give a tuple of LayerSpec"),
    "reference": (
        {"reference": "nowhere:Mine", "end_day": lambda self, world, state, record: state},
        "reference 'nowhere:Mine', which cannot be imported",
    ),
}


@pytest.mark.parametrize(("parts", "message"), DECLARED.values(), ids=DECLARED)
def test_what_a_mechanism_says_of_itself_is_checked(
    given: dict[str, Any], parts: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        market(given, engine="agents", **with_mine(**parts))


def test_a_class_for_an_instance_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give instances of Mechanism, such as Mine\(\)"):
        market(given, mechanisms=[type(mechanism())])
    with pytest.raises(ValueError, match=r"mechanisms is .*; give a list of them"):
        market(given, mechanisms=mechanism())


def test_a_switch_without_its_mechanism_is_refused(given: dict[str, Any]) -> None:
    kind = type(mechanism())
    scenario = scenario_type([*REGISTRY, kind])()
    with pytest.raises(ValueError, match=r"switches the mechanism 'mine' on.*add Mine\(\)"):
        market(given, scenario=scenario)
    market(given, scenario=replace(scenario, mechanisms=scenario.mechanisms.without("mine")))


def strangers(world: Any) -> Strangers:
    society = world.society
    return Strangers(society.num_users, 5, 0.0, society.interest_and_place)


def layer(spec: LayerSpec, change: Any) -> dict[str, Any]:
    """A mechanism whose layer has a view that is changed."""
    return {
        "own_layers": (BOARD,),
        "start": lambda self, world: strangers(world),
        "layers": lambda self, world, state, day: {spec: LayerView(state, change(day.posts))},
    }


def settling(**changes: Any) -> dict[str, Any]:
    """A mechanism that changes the draft."""

    def settle(self: Any, world: Any, state: Any, day: Any, draft: Any) -> Any:
        return replace(draft, **{name: change(draft) for name, change in changes.items()})

    return {"settle": settle}


DAYS = {
    "another's layer": (layer(OTHERS, lambda view: view), "not among its own_layers"),
    "friends' layer": (
        layer(LayerSpec(0, "friends", SocialDistance.FRIEND), lambda view: view),
        "not among its own_layers",
    ),
    "a view by hop": (layer(BOARD, lambda view: view[0]), "gives the layer 'board' the view"),
    "a view above 1": (layer(BOARD, lambda view: view + 1.0), "to 2.0; give probabilities"),
    "trust elsewhere": (
        {"trust": lambda self, world: {SocialDistance.FRIEND: 2.0}},
        "gives trust 2.0 at .*FRIEND.*; give a number at distances that its own layers make",
    ),
    "trust of nothing": (
        {**layer(BOARD, lambda view: view), "trust": lambda self, world: {4: float("nan")}},
        "gives trust nan",
    ),
    "half a class": ({"num_classes": lambda self, world: 2.5}, "num_classes 2.5; give an integer"),
    "no class": ({"num_classes": lambda self, world: 0}, "num_classes 0; give an integer"),
    "too many": (
        {"num_classes": lambda self, world: 10**7},
        r"multiply to \d+ \(fatigue 3, mine 10000000\)",
    ),
    "classes in words": (
        {
            "num_classes": lambda self, world: 2,
            "classes": lambda self, world, state: np.array(["a"] * 400),
        },
        "gives classes <U1",
    ),
    "adjusts with a dict": (
        {"adjust": lambda self, world, state, day: {}},
        "'mine' adjusts wrongly: it gives dict; give Adjustments or None",
    ),
    "options alone": (
        {"options": lambda self, world, state: [Options()]},
        "gives the options Options.*; give a list of Grant",
    ),
    "options of few": (
        {"options": lambda self, world, state: [Grant(Options(), np.ones(3, dtype=bool))]},
        "gives the options Grant.*; give a list of Grant",
    ),
    "no draft": (
        {"settle": lambda self, world, state, day, draft: None},
        "settles wrongly: it gives NoneType",
    ),
    "free goods": (settling(price=lambda d: 0.0 * d.price), "price goes from 0.0 to 0.0"),
    "prices of nothing": (settling(price=lambda d: np.nan * d.price), "price goes from nan"),
    "goods back": (settling(items=lambda d: -3 * d.items), "items goes down to -3"),
    "half the column": (settling(bought=lambda d: d.bought[::2]), r"bought is bool \["),
    "who never came": (
        settling(bought=lambda d: np.ones_like(d.bought)),
        "bought holds people who did not visit",
    ),
    "back for nothing": (
        settling(refunded=lambda d: ~d.bought),
        "refunded holds people who did not order",
    ),
    "orders of tomorrow": (
        settling(beside=lambda d: tuple(replace(one, day=one.day + 1) for one in d.beside)),
        "beside holds orders of another day than 0",
    ),
}


@pytest.mark.parametrize(("parts", "message"), DAYS.values(), ids=DAYS)
def test_what_a_mechanism_does_in_a_day_is_checked(
    given: dict[str, Any], parts: dict[str, Any], message: str
) -> None:
    scenario = given["scenario"]
    often = replace(scenario, search=replace(scenario.search, rate=1.0))
    with pytest.raises(ValueError, match=message) as caught:
        market(given, scenario=often, **with_mine(**parts)).step()
    assert "mine" in str(caught.value)


def test_classes_may_be_yes_or_no(given: dict[str, Any]) -> None:
    parts = {
        "num_classes": lambda self, world: 2,
        "classes": lambda self, world, state: np.arange(400) % 2 == 0,
    }
    one = market(given, **with_mine(**parts))
    one.step()
    assert one.today.cascades.equals(stepped(given).today.cascades)


def stepped(given: dict[str, Any]) -> Market:
    one = market(given)
    one.step()
    return one


def test_a_day_without_campaigns_passes(given: dict[str, Any]) -> None:
    """As most days of a small trial do at the default activity."""
    scenario = given["scenario"]
    idle = replace(scenario, sellers=replace(scenario.sellers, activity=0.0))
    parts = {
        "num_classes": lambda self, world: 2,
        "classes": lambda self, world, state: np.arange(400) % 2,
        "adjust": lambda self, world, state, day: Adjustments.none(len(day.campaigns), 1, 2),
    }
    for engine in ("vectorized", "agents"):
        one = market(given, scenario=idle, engine=engine, **with_mine(**parts))
        one.step()
        assert not len(one.today.campaigns)
        assert not len(one.today.events)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"society": None}, "society is None; give an instance of Society"),
        ({"scenario": Scenario}, "scenario is <class .*; give an instance of"),
        ({"num_sellers": 1.5}, "num_sellers is 1.5; give an integer"),
        ({"num_sellers": True}, "num_sellers is True; give an integer"),
        ({"num_sellers": -1}, "num_sellers is -1; give an integer, at least 1"),
        ({"rule": DecisionRule}, "rule is .*; give a subclass of DecisionRule"),
        ({"engine": "tensor"}, "engine is 'tensor'; give one of vectorized, agents"),
    ],
)
def test_what_no_market_is_made_of_is_refused(
    given: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        market(given, **options)


class Stocky(Seller):
    """A seller who counts the goods that are left, and stops when there are none."""

    kept: ClassVar[dict[str, Any]] = {**Seller.kept, "stock": np.int64}

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.stock = 2

    def choose_offer(self, options: Options = Options()) -> Any:  # noqa: B008 - frozen
        if not self.stock:
            self.offer = None
            return None
        self.stock -= 1
        return super().choose_offer(options)


def test_a_checkpoint_keeps_what_a_seller_of_ones_own_remembers(given: dict[str, Any]) -> None:
    first, second = (market(given, seller=Stocky) for _ in range(2))
    for _ in range(2):
        first.step()
    restore(second, *save(first))
    for one in (first, second):
        one.step()
        assert not len(one.today.campaigns)


def test_a_state_of_other_parts_is_refused(given: dict[str, Any]) -> None:
    state = save(stepped(given))
    with pytest.raises(ValueError, match="whose seller is 'Seller', here it is 'Stocky'"):
        restore(market(given, seller=Stocky), *state)
    with pytest.raises(ValueError, match="whose rule is 'LogisticRule', here it is 'Threshold"):
        restore(market(given, rule=ThresholdRule), *state)
    restore(market(given, rule=LogisticRule), *state)


def test_a_mechanism_that_remembers_and_saves_nothing_is_refused(given: dict[str, Any]) -> None:
    parts = {
        "start": lambda self, world: 0,
        "end_day": lambda self, world, state, record: state + 1,
    }
    one = market(given, **with_mine(**parts))
    one.step()
    with pytest.raises(ValueError, match=r"'mine' remembers from day to day and saves {}"):
        save(one)


def test_a_closed_market_says_so(given: dict[str, Any]) -> None:
    with market(given) as one:
        one.step()
    one.close()
    with pytest.raises(ValueError, match="the market is closed; make a new one"):
        one.step()
