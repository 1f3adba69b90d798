"""A market's state: a run that stops after any day goes on to the very same days."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import mesa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.market import state
from weishang.model.market.market import Market
from weishang.model.mechanisms import default_mechanisms
from weishang.model.mechanisms.groups import GroupParameters, form_groups
from weishang.model.mechanisms.learning.learning import TABLES, ProfitLearner
from weishang.model.mechanisms.mechanism import Mechanism
from weishang.model.scenario import Mechanisms, Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.sellers.seller import Seller
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

DAYS, SELLERS = 4, 12
SWITCHES = [item.name for item in fields(Mechanisms)]

CARRIED = {
    Market: {"day", "sellers", "world", "states", "datacollector"},
    Seller: {"price", "orders", "revenue", "profit", "learner"},
    ProfitLearner: {"values", "tries", "campaigns"},
}
"""What `state` saves, or what holds it."""
OF_THE_DAY = {
    Market: {"today", "measured", "seconds"},
    Seller: {"offer", "earned", "_actions"},
    ProfitLearner: set[str](),
}
"""What speaks of the day that has passed, and is made anew on the next before it is read."""
BUILT = {
    Market: {
        "society",
        "parameters",
        "seed",
        "mechanisms",
        "active",
        "_consumer",
        "_closed",
        "_place",
        "_num_layers",
        "_indicators",
    },
    Seller: {"node", "category", "_level", "_prices"},
    ProfitLearner: {"_epsilon", "price_steps"},
}
"""What a new market of the same arguments has again, and no day changes."""
KEPT = {"accounts": {"seller", "follower"}, "fatigue": {"load"}, "learning": {*TABLES, "campaigns"}}
"""Arrays of the mechanisms that remember; whatever the others keep, no day changes."""


@pytest.fixture(scope="module")
def lively(busy: Callable[..., Scenario]) -> Callable[..., Scenario]:
    """Sellers are not active every day, and explore."""

    def build(**mechanisms: bool) -> Scenario:
        scenario = busy(**mechanisms)
        return replace(
            scenario,
            sellers=replace(scenario.sellers, activity=0.7),
            learning=replace(scenario.learning, epsilon=0.2),
        )

    return build


@pytest.fixture(scope="module")
def people() -> Society:
    return generate(
        SocietyParameters(mean_friends=12.0, num_interests=4), 300, np.random.default_rng(3)
    )


@pytest.fixture(scope="module")
def chats(people: Society) -> GroupChats:
    return form_groups(people, GroupParameters(), np.random.default_rng(4))


def new(
    people: Society,
    chats: GroupChats,
    scenario: Scenario,
    seed: int = 7,
    engine: str = "vectorized",
    mechanisms: Sequence[Mechanism] | None = None,
) -> Market:
    named = (NamedSeller("a", 5, price=1), NamedSeller("b", 9, category=2))
    return Market(
        people,
        scenario,
        seed,
        SELLERS,
        chats=chats,
        named=named,
        engine=engine,
        mechanisms=mechanisms,
    )


def columns(of: Any) -> list[tuple[str, np.ndarray]]:
    return [(name, value) for name, value in vars(of).items() if isinstance(value, np.ndarray)]


def the_day(market: Market) -> list[tuple[str, np.ndarray]]:
    """Campaigns, events, orders, searches and viewers of the day that has passed."""
    today = market.today
    parts = (today.campaigns, today.cascades, today.events, today.orders, *today.notes.values())
    return [pair for part in parts for pair in columns(part)]


def assert_same_day(mine: Market, theirs: Market) -> None:
    pairs = list(zip(the_day(mine), the_day(theirs), strict=True))
    assert sum(left.size for (_, left), _ in pairs) > 1000
    for (name, left), (other, right) in pairs:
        assert name == other
        assert left.dtype == right.dtype
        assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f"), name


def assert_same_state(mine: Market, theirs: Market) -> None:
    """Bit for bit, and tables of indicators with the same types."""
    (arrays, facts), (others, told) = state.save(mine), state.save(theirs)
    assert facts == told
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert (array.dtype, array.shape) == (others[name].dtype, others[name].shape), name
        assert array.tobytes() == others[name].tobytes(), name
    tables = [market.datacollector.get_model_vars_dataframe() for market in (mine, theirs)]
    assert tables[0].dtypes.tolist() == tables[1].dtypes.tolist()


def frozen(market: Market) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The state as a copy, as a file would hold it."""
    arrays, facts = state.save(market)
    return {name: array.copy() for name, array in arrays.items()}, dict(facts)


def agents(market: Market) -> Iterator[Any]:
    for seller in market.sellers:
        yield seller
        yield seller.learner


def scenario_of(lively: Callable[..., Scenario], off: Sequence[str] | None) -> Scenario:
    """With some mechanisms off; None for all."""
    usual = lively()
    return usual.friends_only() if off is None else lively(**dict.fromkeys(off, False))


@pytest.mark.parametrize(
    "off",
    [(), ("learning", "accounts"), ("fatigue",), None],
    ids=["everything", "nobody learns", "nobody tires", "friends only"],
)
def test_after_any_day_a_new_market_goes_on_to_the_same_days(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    off: Sequence[str] | None,
) -> None:
    scenario = scenario_of(lively, off)
    for stopped in range(DAYS + 1):
        whole = new(people, chats, scenario)
        for _ in range(stopped):
            whole.step()
        resumed = new(people, chats, scenario)
        state.restore(resumed, *frozen(whole))
        assert_same_state(resumed, whole)
        for _ in range(stopped, DAYS):
            whole.step()
            resumed.step()
            assert_same_day(resumed, whole)
            assert_same_state(resumed, whole)
        assert resumed.day == whole.day == DAYS


def test_what_tables_began_agents_go_on_with(
    people: Society, chats: GroupChats, lively: Callable[..., Scenario]
) -> None:
    """The state is that of both engines."""
    whole = new(people, chats, lively())
    for _ in range(2):
        whole.step()
    resumed = new(people, chats, lively(), engine="agents")
    state.restore(resumed, *frozen(whole))
    whole.step()
    resumed.step()
    assert_same_day(resumed, whole)
    assert_same_state(resumed, whole)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    off=st.sets(st.sampled_from(SWITCHES), max_size=6),
    seed=st.integers(0, (1 << 64) - 1),
    stopped=st.integers(1, 2),
)
def test_so_it_does_with_any_mechanisms_in_any_replicate(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    off: set[str],
    seed: int,
    stopped: int,
) -> None:
    scenario = lively(**dict.fromkeys(off, False))
    whole = new(people, chats, scenario, seed)
    for _ in range(stopped):
        whole.step()
    resumed = new(people, chats, scenario, seed)
    state.restore(resumed, *frozen(whole))
    for _ in range(2):
        whole.step()
        resumed.step()
        assert_same_state(resumed, whole)


@pytest.mark.parametrize("off", [(), None], ids=["all", "friends"])
def test_every_attribute_is_saved_or_known_to_be_made_again(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    off: Sequence[str] | None,
) -> None:
    """Who adds an attribute says here which it is, and saves what goes on to the next day."""
    market = new(people, chats, scenario_of(lively, off))
    market.step()
    of_mesa = set(vars(mesa.Model(rng=1)))
    known = {kind: CARRIED[kind] | OF_THE_DAY[kind] | BUILT[kind] for kind in CARRIED}
    assert vars(market).keys() - of_mesa <= known[Market]
    parents = set(vars(mesa.Agent(mesa.Model(rng=1))))
    for agent in agents(market):
        if agent is not None:
            assert vars(agent).keys() - parents <= known[type(agent)]
    if off is not None:
        assert vars(market.states["accounts"]).keys() == {"accounts", "seller", "follower"}
        assert vars(market.states["fatigue"]).keys() == {"load", "parameters"}
        assert market.states["learning"] == [one.learner for one in market.sellers]
        everything = {name for names in known.values() for name in names}
        there = [market, *agents(market)]
        assert everything <= {name for one in there for name in vars(one)}


def test_each_mechanism_saves_what_it_says(
    people: Society, chats: GroupChats, lively: Callable[..., Scenario]
) -> None:
    """Under its name, of the kinds that it says; those that remember nothing save nothing."""
    market = new(people, chats, lively())
    market.step()
    arrays, facts = state.save(market)
    parts = {"seller": "Seller", "rule": "LogisticRule"}
    assert facts == {"day": 1, "mechanisms": SWITCHES, **parts}
    for one in market.active:
        own = {
            name.removeprefix(f"{one.name}."): array
            for name, array in arrays.items()
            if name.startswith(f"{one.name}.")
        }
        assert own.keys() == KEPT.get(one.name, set())
        kinds = one.kinds(market.world)
        assert kinds.keys() == own.keys()
        for name, (dtypes, shape) in kinds.items():
            assert own[name].dtype.name in dtypes
            assert len(own[name].shape) == len(shape)
        again = new(people, chats, lively())
        fresh = next(each for each in again.active if each.name == one.name)
        restored = fresh.restore(again.world, again.states[one.name], own)
        for name, array in fresh.save(again.world, restored).items():
            assert array.tobytes() == own[name].tobytes(), name


def test_what_is_built_is_the_same_after_a_day(
    people: Society, chats: GroupChats, lively: Callable[..., Scenario]
) -> None:
    """What is listed as built is not changed by days, so that it need not be saved."""
    market, fresh = new(people, chats, lively()), new(people, chats, lively())
    before = dict(market.states)
    for _ in range(2):
        market.step()
    for name in BUILT[Market] - {"mechanisms", "active", "_place", "_indicators"}:
        assert vars(market)[name] == vars(fresh)[name]
    assert [one.name for one in market.active] == [one.name for one in fresh.active]
    assert np.array_equal(market._place, fresh._place)
    for name, kept in market.states.items():
        if name not in KEPT:
            assert kept is before[name], name
    assert np.array_equal(market.states["accounts"].accounts, before["accounts"].accounts)
    for one, other in zip(agents(market), agents(fresh), strict=True):
        for name in BUILT[type(one)]:
            assert vars(one)[name] == vars(other)[name]


def test_days_change_what_is_saved(
    people: Society, chats: GroupChats, lively: Callable[..., Scenario]
) -> None:
    """Or the tests above would hold of nothing."""
    market = new(people, chats, lively())
    seen = [frozen(market)[0]]
    for _ in range(3):
        market.step()
        seen.append(frozen(market)[0])
    always = {"sellers.node"}
    for name in seen[0].keys() - always:
        assert any(one[name].tobytes() != two[name].tobytes() for one, two in pairwise(seen)), name


@pytest.fixture(scope="module")
def after_two(
    people: Society, chats: GroupChats, lively: Callable[..., Scenario]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    market = new(people, chats, lively())
    for _ in range(2):
        market.step()
    return frozen(market)


def swapped(array: np.ndarray) -> np.ndarray:
    return array[::-1].copy()


WRONG = {
    "another day": (None, {"day": 3}, "indicators"),
    "no day": (None, {"day": None}, "state's day is None"),
    "a negative day": (None, {"day": -1}, "state's day is -1"),
    "wrong format": (
        ("fatigue.load", lambda a: a.astype("f4")),
        {},
        r"state's fatigue.load is float32\[300\]; this market's is float64\[300\]",
    ),
    "too short": (("sellers.profit", lambda a: a[:-1]), {}, r"profit is float64\[11\]"),
    "two axes": (("accounts.seller", lambda a: a[None]), {}, r"accounts.seller is int32\[1"),
    "other sellers": (("sellers.node", swapped), {}, "of other sellers"),
    "nobody": (
        ("accounts.follower", lambda a: a + np.int32(1000)),
        {},
        "state's accounts.follower has somebody who follows no account",
    ),
    "no account": (
        ("accounts.seller", lambda a: a * 0),
        {},
        "state's accounts.follower has somebody who follows no account",
    ),
    "fewer pairs": (
        ("accounts.follower", lambda a: a[1:]),
        {},
        r"state's accounts.seller has \d+ entries and follower \d+; restore it into a market",
    ),
    "no order": (("accounts.follower", swapped), {}, "state's accounts.follower is not in order"),
    "less than nothing": (
        ("fatigue.load", lambda a: a - 1e6),
        {},
        "state's fatigue.load falls below 0 or is not a number",
    ),
    "no number": (
        ("fatigue.load", lambda a: a * np.nan),
        {},
        "state's fatigue.load .*not a number",
    ),
    "no end": (("fatigue.load", lambda a: a + np.inf), {}, "state's fatigue.load .*not a number"),
    "no price": (("sellers.price", lambda a: a * 0), {}, "sellers.price is not above 0"),
    "negative orders": (("sellers.orders", lambda a: a - 10**6), {}, "sellers.orders falls below"),
    "negative tries": (
        ("learning.tries", lambda a: a - 9),
        {},
        "state's learning.tries falls below 0; restore it into a market of the same arguments",
    ),
    "negative campaigns": (
        ("learning.campaigns", lambda a: a - 9),
        {},
        "state's learning.campaigns falls below 0",
    ),
    "fewer actions": (
        ("learning.values", lambda a: a[:, 1:]),
        {},
        r"state's learning.values is float64\[12, 18\]; this market's is float64\[12, 19\]",
    ),
    "no mechanisms": (None, {"mechanisms": None}, "state is of the mechanisms None; this market"),
    "another order": (
        None,
        {"mechanisms": SWITCHES[::-1]},
        f"state is of the mechanisms {', '.join(SWITCHES[::-1])}; "
        f"this market has {', '.join(SWITCHES)}: give it the same ones in the same order",
    ),
    "fewer mechanisms": (
        None,
        {"mechanisms": SWITCHES[:-1]},
        f"state is of the mechanisms {', '.join(SWITCHES[:-1])}; this market has",
    ),
    "one more": (
        None,
        {"mechanisms": [*SWITCHES, "mine"]},
        "links, mine; this market has groups, accounts",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_state_that_is_not_this_markets_is_refused_and_changes_nothing(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
    what: str,
) -> None:
    change, said, told = WRONG[what]
    arrays, facts = after_two
    if change is not None:
        arrays = {**arrays, change[0]: change[1](arrays[change[0]])}
    market = new(people, chats, lively())
    with pytest.raises(ValueError, match=told):
        state.restore(market, arrays, {**facts, **said})
    assert_same_state(market, new(people, chats, lively()))


def test_arrays_too_much_or_too_little_are_refused(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
) -> None:
    arrays, facts = after_two
    less = {name: array for name, array in arrays.items() if name != "fatigue.load"}
    more = {**arrays, "more": arrays["sellers.node"]}
    for wrong, said in ((less, "lacks 'fatigue.load'"), (more, "has 'more'")):
        with pytest.raises(
            ValueError, match=f"state {said}; restore it into a market of the same arguments"
        ):
            state.restore(new(people, chats, lively()), wrong, facts)


def test_a_state_of_other_mechanisms_is_refused_by_name_and_changes_nothing(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
) -> None:
    """One off in the market and not in the state, and the other way round."""
    idle = new(people, chats, lively(learning=False))
    with pytest.raises(ValueError, match=r"learning, feed.*; this market has .*fatigue, feed"):
        state.restore(idle, *after_two)
    assert_same_state(idle, new(people, chats, lively(learning=False)))
    idle.step()
    market = new(people, chats, lively())
    with pytest.raises(ValueError, match=r"fatigue, feed.*; this market has .*learning, feed"):
        state.restore(market, *frozen(idle))
    assert_same_state(market, new(people, chats, lively()))
    alone = new(people, chats, lively().friends_only())
    with pytest.raises(ValueError, match="this market has none: give it the same ones"):
        state.restore(alone, *after_two)


def test_a_market_of_another_order_refuses_the_state_of_this_one(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
) -> None:
    turned = new(people, chats, lively(), mechanisms=default_mechanisms()[::-1])
    said = f"{', '.join(SWITCHES)}; this market has {', '.join(SWITCHES[::-1])}: give it the same"
    with pytest.raises(ValueError, match=said):
        state.restore(turned, *after_two)


class Forgetful(Mechanism):
    """Remembers two numbers, of which the second is never less than the first."""

    name, about = "forgetful", "two numbers"
    reference = None

    def start(self, world: Any) -> np.ndarray:
        """Nothing yet."""
        return np.zeros(2)

    def save(self, world: Any, state: np.ndarray) -> dict[str, np.ndarray]:
        """Both."""
        return {"two": state}

    def kinds(self, world: Any) -> dict[str, Any]:
        """Two."""
        return {"two": (("float64",), (2,))}

    def restore(self, world: Any, state: np.ndarray, arrays: Any) -> np.ndarray:
        """In order."""
        if arrays["two"][0] > arrays["two"][1]:
            raise ValueError("two falls")
        return arrays["two"]


def test_a_mechanisms_own_fault_is_told_with_its_name_and_nothing_is_restored(
    people: Society, chats: GroupChats, lively: Callable[..., Scenario]
) -> None:
    """It comes last, when the states of all others are read."""

    def with_it() -> Market:
        return new(people, chats, lively(), mechanisms=[*default_mechanisms(), Forgetful()])

    market = with_it()
    market.states["forgetful"] = np.array([1.0, 2.0])
    market.step()
    arrays, facts = frozen(market)
    assert facts["mechanisms"] == [*SWITCHES, "forgetful"]
    resumed = with_it()
    state.restore(resumed, arrays, facts)
    assert resumed.states["forgetful"].tolist() == [1.0, 2.0]
    other, fresh = with_it(), with_it()
    broken = {**arrays, "forgetful.two": np.array([2.0, 1.0])}
    with pytest.raises(
        ValueError,
        match=r"state's forgetful\.two falls; restore it into a market of the same arguments",
    ):
        state.restore(other, broken, facts)
    assert_same_state(other, fresh)


def test_a_market_that_has_passed_days_is_refused(
    people: Society,
    chats: GroupChats,
    lively: Callable[..., Scenario],
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
) -> None:
    market = new(people, chats, lively())
    market.step()
    with pytest.raises(ValueError, match="market has passed 1 days; give a new one"):
        state.restore(market, *after_two)
