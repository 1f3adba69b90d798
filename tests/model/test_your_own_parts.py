"""Parts of a user's own, written here alone: a mechanism, a seller, a consumer, a decision rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest

from weishang.kernels.rng import derive_many
from weishang.model import (
    Consumer,
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
from weishang.model.core.campaigns import Channel, Offer, Tool
from weishang.model.core.choices import Options
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.streams import Stream, fraction
from weishang.model.market.state import restore, save
from weishang.model.mechanisms import REGISTRY
from weishang.model.mechanisms.mechanism import Day, DayRecord, Indicator, Kind, World

LUCKY = Stream(1000, "whose cash-back counts double")


@dataclass(frozen=True)
class CashBackParameters:
    """What comes back, and to whom."""

    cut: float = parameter(
        0.4, unit="fraction of the price", source="invented here", role="set", low=0.0, high=0.5
    )
    times: int = parameter(
        2, unit="times reached", source="invented here", role="set", low=1, high=9
    )

    def __post_init__(self) -> None:
        check_number("cut", self.cut, 0.0, 0.9, integer=False)
        check_number("times", self.times, 1, 100, integer=True)


class CashBack(Mechanism):
    """Cash-back: who was reached often enough on earlier days pays less, some even less."""

    name = "cash_back"
    about = "cash-back for people who were reached before"
    parameters = CashBackParameters
    streams = (LUCKY,)

    def start(self, world: World) -> Any:
        return np.zeros(world.society.num_users, dtype=np.int64)

    def num_classes(self, world: World) -> int:
        return 3

    def classes(self, world: World, state: Any) -> Any:
        people = np.arange(world.society.num_users)
        lucky = fraction(derive_many(world.seed, LUCKY, people)) < 0.3
        return np.where(state >= self.own(world).times, 1 + lucky, 0).astype(np.int8)

    def adjust(self, world: World, state: Any, day: Day) -> Adjustments:
        cut = self.own(world).cut
        added = Adjustments.none(num_classes=3)
        added.price[0, 0] = 1.0, 1.0 - cut, 1.0 - min(1.5 * cut, 0.9)
        return added

    def end_day(self, world: World, state: Any, record: DayRecord) -> Any:
        return state + np.bincount(record.events.node, minlength=state.size)

    def indicators(self) -> Sequence[Indicator]:
        return [Indicator("cash_back", "people", "who get cash-back tomorrow", entitled, False)]

    def save(self, world: World, state: Any) -> Mapping[str, Any]:
        return {"reached": state}

    def kinds(self, world: World) -> Mapping[str, Kind]:
        return {"reached": (("int64",), (world.society.num_users,))}

    def restore(self, world: World, state: Any, arrays: Mapping[str, Any]) -> Any:
        if (arrays["reached"] < 0).any():
            raise ValueError("reached falls below 0")
        return arrays["reached"]


def entitled(world: World, state: Any, record: DayRecord) -> int:
    return int((state >= 2).sum())


class CashBackByAgents(CashBack):
    """The same person by person."""

    def end_day(self, world: World, state: Any, record: DayRecord) -> Any:
        reached = state.copy()
        for person in record.events.node.tolist():
            reached[person] += 1
        return reached


CashBack.reference = CashBackByAgents

OwnScenario = scenario_type([*REGISTRY, CashBack])
ENGINES = ("vectorized", "agents")
DAYS, SELLERS, SEED = 3, 14, 7


def busy(kind: Any = Scenario) -> Any:
    """Every seller has a campaign every day, with every channel and tool."""
    usual = kind()
    return replace(
        usual,
        society=replace(usual.society, mean_friends=12.0, num_interests=4),
        weights=replace(usual.weights, view=0.6, buy_intercept=-2.0, takeoff_probability=0.6),
        sellers=replace(
            usual.sellers, activity=1.0, channels=(0.4, 0.3, 0.3), tools=(0.2, 0.2, 0.2, 0.2, 0.2)
        ),
        groups=replace(usual.groups, sellers_size=30.0, post=0.3),
        channels=replace(usual.channels, broadcast_view=0.4, advert_audience=20),
        followers=replace(usual.followers, median_followers=30.0, with_account=0.9),
        search=replace(usual.search, rate=0.3),
        livestream=replace(usual.livestream, slots=100),
    )


@pytest.fixture(scope="module")
def people() -> Any:
    return generate(busy().society, 500, np.random.default_rng(3))


@pytest.fixture(scope="module")
def chats(people: Any) -> Any:
    return form_groups(people, busy().groups, np.random.default_rng(4))


@pytest.fixture(scope="module")
def run(people: Any, chats: Any) -> Any:
    """Runs a market for some days; its days' events, and the market itself."""

    def days(scenario: Any, **options: Any) -> tuple[list[Any], Market]:
        market = Market(people, scenario, SEED, SELLERS, chats=chats, **options)
        seen = []
        for _ in range(DAYS):
            market.step()
            seen.append(market.today)
        return seen, market

    return days


def with_cash_back() -> list[Mechanism]:
    return [*default_mechanisms(), CashBack()]


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether cascades and orders of the days are the same."""
    return all(
        a.cascades.equals(b.cascades)
        and all(
            np.array_equal(getattr(a.orders, item.name), getattr(b.orders, item.name))
            for item in fields(a.orders)
        )
        for a, b in zip(one, other, strict=True)
    )


def test_a_mechanism_has_its_group_and_its_switch() -> None:
    scenario = OwnScenario()
    assert scenario.cash_back == CashBackParameters()
    assert scenario.mechanisms.cash_back
    names = [row["name"] for row in scenario.described()]
    assert {"mechanisms.cash_back", "cash_back.cut", "cash_back.times"} <= set(names)
    assert [item.name for item in fields(scenario)][:-1] == [
        item.name for item in fields(Scenario())
    ]


def test_a_mechanism_acts_on_both_engines_alike(run: Any) -> None:
    plain, _ = run(busy())
    (one, first), (other, second) = (
        run(busy(OwnScenario), mechanisms=with_cash_back(), engine=engine) for engine in ENGINES
    )
    assert same(one, other)
    assert np.array_equal(first.states["cash_back"], second.states["cash_back"])
    assert not same(one, plain)
    # What nobody is entitled to on the first day changes nothing on it.
    assert same(one[:1], plain[:1])


def test_cash_back_is_what_its_buyers_pay_less(run: Any) -> None:
    with_it, market = run(busy(OwnScenario), mechanisms=with_cash_back())
    without, _ = run(busy())
    prices = {
        (int(order), int(buyer)): float(price)
        for day in without
        for order, buyer, price in zip(
            day.orders.campaign, day.orders.buyer, day.orders.price, strict=True
        )
        if order
    }
    ratios = {
        round(float(price) / prices[int(order), int(buyer)], 6)
        for day in with_it[1:2]
        for order, buyer, price in zip(
            day.orders.campaign, day.orders.buyer, day.orders.price, strict=True
        )
        if (int(order), int(buyer)) in prices
    }
    cut = market.parameters.cash_back.cut
    assert {round(1.0 - cut, 6), round(1.0 - 1.5 * cut, 6)} <= ratios


@pytest.mark.parametrize("engine", ENGINES)
def test_switched_off_it_leaves_everything_as_it_was(run: Any, engine: str) -> None:
    scenario = busy(OwnScenario)
    off = replace(scenario, mechanisms=scenario.mechanisms.without("cash_back"))
    without, _ = run(busy(), engine=engine)
    seen, market = run(off, mechanisms=with_cash_back(), engine=engine)
    assert same(seen, without)
    assert market.datacollector.model_vars["cash_back"] == [0] * DAYS


def test_a_mechanism_that_the_scenario_does_not_know_has_its_defaults(run: Any) -> None:
    assert same(
        run(busy(), mechanisms=with_cash_back())[0],
        run(busy(OwnScenario), mechanisms=with_cash_back())[0],
    )


def test_its_column_stands_in_the_daily_series(run: Any) -> None:
    _, market = run(busy(OwnScenario), mechanisms=with_cash_back())
    column = market.datacollector.get_model_vars_dataframe()["cash_back"].tolist()
    assert column == sorted(column)
    assert column[-1] == int((market.states["cash_back"] >= 2).sum()) > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_checkpoint_holds_its_state(people: Any, chats: Any, run: Any, engine: str) -> None:
    options = {"mechanisms": with_cash_back(), "engine": engine}
    seen, _ = run(busy(OwnScenario), **options)
    first, second = (
        Market(people, busy(OwnScenario), SEED, SELLERS, chats=chats, **options) for _ in range(2)
    )
    first.step()
    arrays, facts = save(first)
    assert np.array_equal(arrays["cash_back.reached"], first.states["cash_back"])
    restore(second, arrays, facts)
    second.step()
    assert same([second.today], seen[1:2])
    arrays["cash_back.reached"] = -arrays["cash_back.reached"]
    third = Market(people, busy(OwnScenario), SEED, SELLERS, chats=chats, **options)
    with pytest.raises(ValueError, match=r"state's cash_back\.reached falls below 0"):
        restore(third, arrays, facts)


def test_one_without_a_reference_runs_with_arrays_alone(people: Any, chats: Any) -> None:
    class Unpaired(CashBack):
        reference = None

    every = [*default_mechanisms(), Unpaired()]
    Market(people, busy(), SEED, SELLERS, chats=chats, mechanisms=every)
    with pytest.raises(ValueError, match="'cash_back' has no reference for its end_day"):
        Market(people, busy(), SEED, SELLERS, chats=chats, mechanisms=every, engine="agents")


class Auctioneer(Seller):
    """A seller who always hosts a livestream where that is allowed, at half the price."""

    def choose_offer(self, options: Options = Options()) -> Offer | None:  # noqa: B008 - frozen
        offer = super().choose_offer(options)
        if offer is None or Tool.LIVESTREAM not in options.tools:
            return offer
        self.offer = replace(offer, tool=Tool.LIVESTREAM, price=0.5 * offer.price)
        return self.offer


def test_a_seller_acts_on_both_engines_alike(run: Any) -> None:
    one, other = (run(busy(), seller=Auctioneer, engine=engine)[0] for engine in ENGINES)
    assert same(one, other)
    assert all((day.campaigns.tool == Tool.LIVESTREAM).all() for day in one)
    rules = replace(busy().rules, livestreams=False)
    forbidden, _ = run(replace(busy(), rules=rules), seller=Auctioneer)
    assert not any((day.campaigns.tool == Tool.LIVESTREAM).any() for day in forbidden)


class Silent(Consumer):
    """A consumer who passes nothing on."""

    def share(self) -> None:
        pass


def test_a_consumer_acts_person_by_person_and_is_refused_elsewhere(run: Any) -> None:
    seen, _ = run(busy(), engine="agents", consumer=Silent)
    assert not any(day.cascades.sharers.any() for day in seen)
    assert all(day.cascades.buyers.any() for day in seen)
    with pytest.raises(ValueError, match=r"consumer is Silent.*use engine='agents'"):
        run(busy(), consumer=Silent)


class Steadfast(DecisionRule):
    """Decides as the logistic rule does, at half the slope."""

    def probability(self, utility: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-0.5 * utility))


@pytest.mark.parametrize("rule", [ThresholdRule, Steadfast])
def test_a_rule_decides_on_both_engines_alike(run: Any, rule: type[DecisionRule]) -> None:
    one, other = (run(busy(), rule=rule, engine=engine)[0] for engine in ENGINES)
    assert same(one, other)
    assert not same(one, run(busy(), rule=LogisticRule)[0])
    assert all(len(day.orders) for day in one)
    searched = [day.orders.where(day.orders.campaign == 0) for day in one]
    assert any(len(orders) for orders in searched)


def test_thresholds_leave_no_rare_impulses() -> None:
    scenario = Scenario()
    threshold = ThresholdRule(scenario.weights, scenario.budgets)
    logistic = LogisticRule(scenario.weights, scenario.budgets)
    utility = np.array([-4.0, -3.0, 0.0, 3.0, 4.0])
    assert threshold.probability(utility)[[0, -1]].tolist() == [0.0, 1.0]
    assert threshold.probability(utility)[2] == logistic.probability(utility)[2] == 0.5
    assert (np.diff(threshold.probability(utility)) > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seller": Consumer}, "seller is .*Consumer.*; give a subclass of Seller"),
        ({"rule": Seller}, "rule is .*; give a subclass of DecisionRule"),
        ({"consumer": Seller, "engine": "agents"}, "consumer is .*; give a subclass of Consumer"),
        ({"rule": LogisticRule(Scenario().weights, Scenario().budgets)}, "rule is <.*; give a"),
        ({"mechanisms": ["cash_back"]}, "mechanisms has 'cash_back'; give instances of Mechanism"),
    ],
)
def test_parts_of_another_kind_are_refused(
    people: Any, chats: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Market(people, busy(), SEED, SELLERS, chats=chats, **options)


def test_channels_of_sellers_with_an_account_differ(run: Any) -> None:
    """Options reach the seller: only those with an account may broadcast."""
    asked: dict[int, set[Channel]] = {}

    class Noting(Seller):
        def choose_offer(self, options: Options = Options()) -> Offer | None:  # noqa: B008 - frozen
            asked[self.node] = set(options.channels)
            return super().choose_offer(options)

    _, market = run(busy(), seller=Noting)
    accounts = set(market.states["accounts"].accounts.tolist())
    assert accounts
    assert {node for node, channels in asked.items() if Channel.OFFICIAL in channels} == accounts
