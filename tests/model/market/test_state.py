"""A market's state: a run that stops after any day goes on to the very same days."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import mesa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.market import state
from weishang.model.market.engines import Engine
from weishang.model.market.market import Market
from weishang.model.mechanisms.groups.formation import form_groups
from weishang.model.mechanisms.groups.parameters import GroupParameters
from weishang.model.mechanisms.learning.learning import ProfitLearner
from weishang.model.scenario import Mechanisms, Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

DAYS, SELLERS = 4, 12
SWITCHES = [item.name for item in fields(Mechanisms)]

CARRIED = {
    Market: {"day", "sellers", "followers", "attention", "indicators"},
    state.Seller: {"price", "orders", "revenue", "profit", "learner"},
    ProfitLearner: {"values", "tries", "campaigns"},
}
"""What `state` saves, or what holds it."""
OF_THE_DAY = {
    Market: {"campaigns", "spread", "orders", "visits", "viewing", "_leanings"},
    state.Seller: {"offer", "_actions"},
    ProfitLearner: set[str](),
}
"""What speaks of the day that has passed, and is made anew on the next before it is read."""
BUILT = {
    Market: {
        "society",
        "parameters",
        "world",
        "_hands",
        "_engine",
        "_record",
        "_every",
        "_place",
        "_distribution",
        "_with_account",
        "_allowed",
    },
    state.Seller: {"node", "category", "_level", "_prices"},
    ProfitLearner: {"_epsilon"},
}
"""What a new market of the same arguments has again, and no day changes."""


def busy(**mechanisms: bool) -> Scenario:
    """Every channel and tool is used, people tire, sellers learn."""
    usual = Scenario()
    return replace(
        usual,
        society=SocietyParameters(mean_friends=12.0, num_interests=4),
        mechanisms=replace(Mechanisms(), **mechanisms),
        weights=replace(usual.weights, view=0.6, buy_intercept=-2.0, takeoff_probability=0.6),
        sellers=replace(
            usual.sellers,
            activity=0.7,
            channels=(0.4, 0.3, 0.3),
            tools=(0.2, 0.2, 0.2, 0.2, 0.2),
        ),
        learning=replace(usual.learning, epsilon=0.2),
        groups=replace(usual.groups, sellers_size=30.0, post=0.3),
        channels=replace(usual.channels, broadcast_view=0.4, advert_audience=20, feed_audience=10),
        followers=replace(usual.followers, median_followers=30.0, with_account=0.9),
        search=replace(usual.search, rate=0.3),
        attention=replace(usual.attention, thresholds=(1.0, 3.0)),
        livestream=replace(usual.livestream, slots=100),
    )


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
    world: int = 7,
    engine: Engine = "tensor",
) -> Market:
    named = (NamedSeller("a", 5, price=1), NamedSeller("b", 9, category=2))
    return Market(
        people,
        scenario,
        world,
        SELLERS,
        chats=chats,
        named=named,
        engine=engine,
        record="events",
    )


def columns(of: Any) -> list[tuple[str, np.ndarray]]:
    return [(name, value) for name, value in vars(of).items() if isinstance(value, np.ndarray)]


def the_day(market: Market) -> list[tuple[str, np.ndarray]]:
    """Campaigns, events, orders and searches of the day that has passed."""
    assert market.spread is not None
    parts = (
        market.campaigns, market.spread, market.spread.events, market.orders, market.visits,
        market.viewing,
    )  # fmt: skip
    return [pair for part in parts if part is not None for pair in columns(part)]


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
    tables = [market.indicators.get_model_vars_dataframe() for market in (mine, theirs)]
    assert tables[0].dtypes.tolist() == tables[1].dtypes.tolist()


def frozen(market: Market) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The state as a copy, as a file would hold it."""
    arrays, facts = state.save(market)
    return {name: array.copy() for name, array in arrays.items()}, dict(facts)


def agents(market: Market) -> Iterator[Any]:
    for seller in market.sellers:
        yield seller
        yield seller.learner


@pytest.mark.parametrize(
    "scenario",
    [busy(), busy(learning=False, accounts=False), busy(fatigue=False), busy().friends_only()],
    ids=["everything", "nobody learns", "nobody tires", "friends only"],
)
def test_after_any_day_a_new_market_goes_on_to_the_same_days(
    people: Society, chats: GroupChats, scenario: Scenario
) -> None:
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
        assert resumed.day == whole.steps == DAYS


def test_what_tables_began_agents_go_on_with(people: Society, chats: GroupChats) -> None:
    """The state is that of both engines."""
    whole = new(people, chats, busy())
    for _ in range(2):
        whole.step()
    resumed = new(people, chats, busy(), engine="agents")
    state.restore(resumed, *frozen(whole))
    whole.step()
    resumed.step()
    assert_same_day(resumed, whole)
    assert_same_state(resumed, whole)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    off=st.sets(st.sampled_from(SWITCHES), max_size=6),
    world=st.integers(0, (1 << 64) - 1),
    stopped=st.integers(1, 2),
)
def test_so_it_does_with_any_mechanisms_in_any_world(
    people: Society, chats: GroupChats, off: set[str], world: int, stopped: int
) -> None:
    scenario = busy(**dict.fromkeys(off, False))
    whole = new(people, chats, scenario, world)
    for _ in range(stopped):
        whole.step()
    resumed = new(people, chats, scenario, world)
    state.restore(resumed, *frozen(whole))
    for _ in range(2):
        whole.step()
        resumed.step()
        assert_same_state(resumed, whole)


@pytest.mark.parametrize("scenario", [busy(), busy().friends_only()], ids=["all", "friends"])
def test_every_attribute_is_saved_or_known_to_be_made_again(
    people: Society, chats: GroupChats, scenario: Scenario
) -> None:
    """Who adds an attribute says here which it is, and saves what goes on to the next day."""
    market = new(people, chats, scenario)
    market.step()
    of_mesa = set(vars(mesa.Model(rng=1)))
    known = {kind: CARRIED[kind] | OF_THE_DAY[kind] | BUILT[kind] for kind in CARRIED}
    assert vars(market).keys() - of_mesa <= known[Market]
    parents = set(vars(mesa.Agent(mesa.Model(rng=1))))
    for agent in agents(market):
        if agent is not None:
            assert vars(agent).keys() - parents <= known[type(agent)]
    if not market.friends_only:
        assert vars(market.followers).keys() == {"accounts", "seller", "follower"}
        assert vars(market.attention).keys() == {"load", "parameters"}
        everything = {name for names in known.values() for name in names}
        there = [market, *agents(market)]
        assert everything <= {name for one in there for name in vars(one)}


def test_what_is_built_is_the_same_after_a_day(people: Society, chats: GroupChats) -> None:
    """What is listed as built is not changed by days, so that it need not be saved."""
    market, fresh = new(people, chats, busy()), new(people, chats, busy())
    accounts = market.followers.accounts
    for _ in range(2):
        market.step()
    assert np.array_equal(market.followers.accounts, accounts)
    for name in ("_with_account", "_allowed", "_record", "_engine", "world", "parameters"):
        assert vars(market)[name] == vars(fresh)[name]
    assert np.array_equal(market._place, fresh._place)
    for one, other in zip(agents(market), agents(fresh), strict=True):
        for name in BUILT[type(one)]:
            assert vars(one)[name] == vars(other)[name]
    for mine, other in zip(
        columns(market._distribution), columns(fresh._distribution), strict=True
    ):
        assert np.array_equal(mine[1], other[1])


def test_days_change_what_is_saved(people: Society, chats: GroupChats) -> None:
    """Or the tests above would hold of nothing."""
    market = new(people, chats, busy())
    seen = [frozen(market)[0]]
    for _ in range(3):
        market.step()
        seen.append(frozen(market)[0])
    always = {"sellers.node"}
    for name in seen[0].keys() - always:
        assert any(one[name].tobytes() != two[name].tobytes() for one, two in pairwise(seen)), name


@pytest.fixture(scope="module")
def after_two(people: Society, chats: GroupChats) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    market = new(people, chats, busy())
    for _ in range(2):
        market.step()
    return frozen(market)


def swapped(array: np.ndarray) -> np.ndarray:
    return array[::-1].copy()


WRONG = {
    "another day": (None, {"day": 3}, "indicators"),
    "no day": (None, {"day": None}, "state's day is None"),
    "a negative day": (None, {"day": -1}, "state's day is -1"),
    "steps in words": (None, {"steps": "two"}, "state's steps is 'two'"),
    "wrong format": (("attention.load", lambda a: a.astype("f4")), {}, "load is float32"),
    "too short": (("sellers.profit", lambda a: a[:-1]), {}, r"profit is float64\[11\]"),
    "two axes": (("followers.seller", lambda a: a[None]), {}, r"followers.seller is int32\[1"),
    "other sellers": (("sellers.node", swapped), {}, "of other sellers"),
    "nobody": (("followers.follower", lambda a: a + np.int32(1000)), {}, "followers of nobody"),
    "no account": (("followers.seller", lambda a: a * 0), {}, "followers of nobody"),
    "fewer pairs": (("followers.follower", lambda a: a[1:]), {}, "followed and"),
    "no order": (("followers.follower", swapped), {}, "are not in order"),
    "less than nothing": (("attention.load", lambda a: a - 1e6), {}, "goes below 0"),
    "no number": (("attention.load", lambda a: a * np.nan), {}, "is no number"),
    "no price": (("sellers.price", lambda a: a * 0), {}, "is not above 0"),
    "negative tries": (("learner.tries", lambda a: a - 9), {}, "goes below 0"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_state_that_is_not_this_markets_is_refused_and_changes_nothing(
    people: Society,
    chats: GroupChats,
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
    what: str,
) -> None:
    change, said, told = WRONG[what]
    arrays, facts = after_two
    if change is not None:
        arrays = {**arrays, change[0]: change[1](arrays[change[0]])}
    market = new(people, chats, busy())
    with pytest.raises(ValueError, match=told):
        state.restore(market, arrays, {**facts, **said})
    assert_same_state(market, new(people, chats, busy()))


def test_arrays_too_much_or_too_little_are_refused(
    people: Society,
    chats: GroupChats,
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
) -> None:
    arrays, facts = after_two
    less = {name: array for name, array in arrays.items() if name != "attention.load"}
    more = {**arrays, "more": arrays["sellers.node"]}
    for wrong, name in ((less, "attention.load"), (more, "more")):
        with pytest.raises(ValueError, match=f"state has '{name}' too much or too little"):
            state.restore(new(people, chats, busy()), wrong, facts)
    of_learners = new(people, chats, busy(learning=False))
    with pytest.raises(ValueError, match="learner"):
        state.restore(of_learners, arrays, facts)


def test_a_market_that_has_passed_days_is_refused(
    people: Society,
    chats: GroupChats,
    after_two: tuple[dict[str, np.ndarray], dict[str, Any]],
) -> None:
    market = new(people, chats, busy())
    market.step()
    with pytest.raises(ValueError, match="market has passed 1 days; give a new one"):
        state.restore(market, *after_two)
