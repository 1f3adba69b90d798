"""The market with every mechanism: both engines agree, and what is off changes nothing else."""

import hashlib
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from weishang.kernels import Events
from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.decision import LogisticRule
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.social_distance import SocialDistance
from weishang.model.market.market import Market
from weishang.model.market.spread import spread_among_friends
from weishang.model.mechanisms import REGISTRY
from weishang.model.mechanisms.mechanism import ENGINES, DayRecord
from weishang.model.scenario import Scenario
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

FROZEN_DAYS = (
    ("f54c4da854ae44c5fe3649da7e931f9aceb9dbffae60766348387d42f71dbeea", 3253),
    ("3ac037cf354b2b554f46aa42ca978f8d84ef91a58a9e80c23c7500a4fd6ebe87", 4295),
    ("64032cb8dea5a33de8cfd625456384703458942e1ed731e2b5c1177cb78f9a6b", 1521),
    ("3ca2b60e940aa5a2921cfa07f0117087cd831e52d54247fe5e1278de51cce4ef", 1525),
)
"""SHA-256 and number of the events of four days, from before there was more than friends."""
FROZEN_COLUMNS = ("row", "cascade", "node", "hop", "parent", "visited", "bought", "shared_hop")
NAMES = [kind.name for kind in REGISTRY]


def run(
    people: Society,
    chats: GroupChats,
    scenario: Scenario,
    days: int = 3,
    seed: int = 7,
    num_sellers: int = 14,
    engine: str = "vectorized",
) -> list[dict[str, Any]]:
    """What happened on each day."""
    with Market(people, scenario, seed, num_sellers, chats=chats, engine=engine) as market:
        seen = [{"follows": pairs_of(market)}]
        for _ in range(days):
            market.step()
            seen.append(snapshot(market))
        seen[1]["followed"] = seen[0]["follows"]
    return seen[1:]


def snapshot(market: Market) -> dict[str, Any]:
    """What happened on the day."""
    tired = market.states.get("fatigue")
    return {
        "today": market.today,
        "offers": [seller.offer for seller in market.sellers],
        "profits": [seller.profit for seller in market.sellers],
        "series": market.datacollector.get_model_vars_dataframe(),
        "tired": None if tired is None else tired.load,
        "follows": pairs_of(market),
    }


def pairs_of(market: Market) -> set[tuple[int, int]]:
    """Sellers and their followers."""
    if "accounts" not in market.states:
        return set()
    follows = market.states["accounts"]
    return set(zip(follows.seller.tolist(), follows.follower.tolist(), strict=True))


def same_arrays(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(getattr(one, item.name), getattr(other, item.name)) for item in fields(one)
    )


def assert_same_days(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """Every event, order, visit and viewer, what sellers earned, what is remembered."""
    for one, other in zip(mine, theirs, strict=True):
        left, right = one["today"], other["today"]
        assert left.cascades.equals(right.cascades)
        assert same_arrays(left.orders, right.orders)
        assert left.visits == right.visits
        assert left.notes.keys() == right.notes.keys()
        assert all(same_arrays(left.notes[name], right.notes[name]) for name in left.notes)
        for name in ("offers", "profits", "follows"):
            assert one[name] == other[name], name
        assert one["series"].equals(other["series"])
        assert np.array_equal(one["tired"], other["tired"])


@pytest.fixture(scope="module")
def usual(people: Society, chats: GroupChats, busy: Callable[..., Scenario]) -> Any:
    return run(people, chats, busy())


@pytest.mark.parametrize("seed", [7, 2026, 2**64 - 1])
def test_both_engines_agree_event_by_event_with_every_mechanism_on(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario], seed: int
) -> None:
    arrays, agents = (run(people, chats, busy(), seed=seed, engine=engine) for engine in ENGINES)
    assert_same_days(arrays, agents)


@pytest.mark.parametrize("off", NAMES)
def test_both_engines_agree_event_by_event_with_each_mechanism_off(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario], off: str
) -> None:
    scenario = busy(**{off: False})
    arrays, agents = (run(people, chats, scenario, days=2, engine=engine) for engine in ENGINES)
    assert_same_days(arrays, agents)
    assert len(arrays[1]["today"].events) > 500


def test_both_engines_agree_where_the_platforms_choice_comes_first(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario]
) -> None:
    scenario = platform_first(busy())
    arrays, agents = (run(people, chats, scenario, days=2, engine=engine) for engine in ENGINES)
    assert_same_days(arrays, agents)


def platform_first(scenario: Scenario) -> Scenario:
    return replace(scenario, rules=replace(scenario.rules, friends_first=False))


def test_the_small_market_uses_every_mechanism(usual: Any) -> None:
    days = [day["today"] for day in usual]
    channels = np.concatenate([day.campaigns.channel for day in days])
    tools = np.concatenate([day.campaigns.tool for day in days])
    distances = np.concatenate([day.events.level for day in days])
    orders = Orders.joined([day.orders for day in days])
    assert set(channels.tolist()) == set(Channel)
    assert set(tools.tolist()) == set(Tool)
    assert set(distances.tolist()) == set(SocialDistance)
    assert set(orders.channel.tolist()) == set(OrderChannel)
    assert orders.refunded.any()
    assert not orders.refunded.all()
    assert (orders.items > 1).any()
    assert any(len(day.notes["livestream"].event) for day in days)
    classes = np.searchsorted([1.0, 3.0], usual[-1]["tired"], side="right")
    assert set(classes.tolist()) == {0, 1, 2}
    assert any(day.campaigns.external.any() for day in days)
    assert any(day.campaigns.induced.any() for day in days)


@pytest.fixture(scope="module")
def friends() -> Society:
    return generate(SocietyParameters(mean_friends=30.0), 3000, np.random.default_rng(3))


def test_with_all_of_it_off_the_events_are_those_frozen_before_it_landed(friends: Society) -> None:
    scenario = Scenario().friends_only()
    rule = LogisticRule(scenario.weights, scenario.budgets)
    hops = scenario.sellers.campaign_hops
    with Market(friends, scenario, 7, 40) as market:
        for digest, number in FROZEN_DAYS:
            market.step()
            events = spread_among_friends(
                friends, market.today.campaigns, rule, 7, max_hops=hops, record="events"
            ).events
            assert events is not None
            assert len(events) == number
            assert digest_of(events) == digest


@pytest.mark.parametrize("on", [None, "search"])
def test_the_market_gives_the_same_to_friends(friends: Society, on: str | None) -> None:
    """Campaigns go through all layers, which show nothing where their mechanisms are off.

    Who shares a round late is still as few steps away, so a parent can be another: with paths the
    nearest poster is the parent, without them the smallest id of the round.
    """
    scenario = Scenario().friends_only()
    rule = LogisticRule(scenario.weights, scenario.budgets)
    hops = scenario.sellers.campaign_hops
    if on is not None:
        scenario = replace(scenario, mechanisms=replace(scenario.mechanisms, **{on: True}))
    with Market(friends, scenario, 7, 40) as market:
        for _, number in FROZEN_DAYS:
            market.step()
            plain = spread_among_friends(
                friends, market.today.campaigns, rule, 7, max_hops=hops, record="events"
            ).events
            layered = market.today.events
            assert plain is not None
            assert len(layered) == number
            for name in FROZEN_COLUMNS:
                if name != "parent":
                    assert np.array_equal(getattr(plain, name), getattr(layered, name)), name
            moved = plain.parent != layered.parent
            assert (layered.level[moved] < layered.hop[moved]).all()
            assert ("search" in market.today.notes) == (on == "search")


def digest_of(events: Events) -> str:
    digest = hashlib.sha256()
    for name in FROZEN_COLUMNS:
        digest.update(np.ascontiguousarray(getattr(events, name)).data)
    return digest.hexdigest()


NOBODYS = {
    "accounts": lambda campaigns: campaigns.channel == Channel.OFFICIAL,
    "adverts": lambda campaigns: campaigns.channel == Channel.ADVERT,
    "discount": lambda campaigns: campaigns.tool == Tool.DISCOUNT,
    "team_purchase": lambda campaigns: campaigns.tool == Tool.TEAM,
    "bargain": lambda campaigns: campaigns.tool == Tool.BARGAIN,
    "livestream": lambda campaigns: campaigns.tool == Tool.LIVESTREAM,
    "reward": lambda campaigns: campaigns.induced,
    "links": lambda campaigns: campaigns.external,
}
"""Campaigns that use a mechanism; the other mechanisms are no campaign's."""


@pytest.mark.parametrize("off", NAMES)
def test_a_mechanism_that_is_off_leaves_all_others_events_as_they_were(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario], usual: Any, off: str
) -> None:
    """On the first day, before anyone has learnt, followed or tired of anything.

    Campaigns that do not use the mechanism are offered and spread as before, person by person, with
    their orders, baskets, refunds, viewers and new followers; and the same people search, open the
    same shops and buy the same there. Where groups are off, who is reached in a group is not; who
    was reached first by friends, followers or strangers still is.
    """
    (without,) = run(people, chats, busy(**{off: False}), days=1)
    on, today = usual[0], without["today"]
    before = on["today"]
    used = NOBODYS.get(off, lambda campaigns: np.zeros(len(campaigns), dtype=bool))
    its_own = used(before.campaigns)
    assert its_own.any() == (off in NOBODYS)
    assert not used(today.campaigns).any()
    rows = np.flatnonzero(~its_own).tolist()
    assert len(rows) >= 7
    for row in rows:
        assert on["offers"][row] == without["offers"][row]
    if off == "groups":
        assert first_reached(before) == first_reached(today)
        assert len(before.events) > len(today.events)
    else:
        for row in rows:
            assert events_of(before, row) == events_of(today, row)
            assert orders_of(before, row, items=off != "basket") == orders_of(
                today, row, items=off != "basket"
            )
        assert viewers_of(before, rows) == viewers_of(today, rows) or off == "livestream"
    if off == "search":
        assert "search" not in today.notes
        assert len(before.notes["search"]) > 50
    else:
        assert same_arrays(before.notes["search"], today.notes["search"])
    if off == "accounts":
        assert not without["follows"]
    else:
        assert without["followed"] == on["followed"]
        sellers = {on["offers"][row].seller for row in rows}
        new = [
            {pair for pair in day["follows"] - on["followed"] if pair[0] in sellers}
            for day in (on, without)
        ]
        assert len(new[0]) > 3
        if off == "search":
            assert new[0] > new[1], "some follow after an order from search"
        elif off != "groups":
            assert new[0] == new[1]


@pytest.mark.parametrize("off", ["groups", "feed"])
def test_where_the_platforms_choice_comes_first_the_feed_alone_goes_with_its_mechanism(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario], off: str
) -> None:
    """The feed takes the place of friends: without it, more friends see the seller's post."""
    (on,) = run(people, chats, platform_first(busy()), days=1)
    (without,) = run(people, chats, platform_first(busy(**{off: False})), days=1)
    assert on["offers"] == without["offers"]
    assert same_arrays(on["today"].notes["search"], without["today"].notes["search"])
    mine, theirs = (
        {one for one in first_reached(day["today"]) if one[2] == SocialDistance.FRIEND}
        for day in (on, without)
    )
    assert len(mine) > 20
    assert mine == theirs if off == "groups" else mine < theirs


def events_of(day: DayRecord, row: int) -> dict[str, list[Any]]:
    """A campaign's events by column, its place in the batch aside."""
    mine = day.events.row == row
    return {
        item.name: getattr(day.events, item.name)[mine].tolist()
        for item in fields(Events)
        if item.name != "row"
    }


def orders_of(day: DayRecord, row: int, *, items: bool = True) -> dict[str, list[Any]]:
    """A campaign's orders by column."""
    orders = day.orders
    mine = (orders.campaign == day.campaigns.campaign[row]) & (
        orders.channel != OrderChannel.SEARCH
    )
    mine = orders.where(mine)
    return {
        item.name: getattr(mine, item.name).tolist()
        for item in fields(Orders)
        if items or item.name != "items"
    }


def viewers_of(day: DayRecord, rows: list[int]) -> list[tuple[int, ...]]:
    """Who watched these campaigns' livestreams when; nobody where the mechanism is off."""
    if "livestream" not in day.notes:
        return []
    seen = day.notes["livestream"]
    columns = (
        day.events.cascade[seen.event],
        day.events.node[seen.event],
        seen.arrival,
        seen.leaving,
        seen.order,
    )
    chosen = np.isin(seen.row, rows)
    return sorted(zip(*(column[chosen].tolist() for column in columns), strict=True))


def first_reached(day: DayRecord) -> set[tuple[int, int, int]]:
    """Campaign, person and distance of those whom the seller's own post reached, groups aside."""
    events = day.events
    first = (events.hop == 1) & (events.level != SocialDistance.GROUP_MEMBER)
    columns = events.cascade, events.node, events.level
    return set(zip(*(column[first].tolist() for column in columns), strict=True))


def test_an_added_seller_leaves_all_others_events_as_they_were(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario]
) -> None:
    """With learning and competition (fatigue, search) off."""
    alone = busy(learning=False, fatigue=False, search=False)
    few = run(people, chats, alone, num_sellers=9)
    more = run(people, chats, alone, num_sellers=12)
    for one, other in zip(few, more, strict=True):
        assert other["offers"][:9] == one["offers"]
        assert other["profits"][:9] == one["profits"]
        for row in range(9):
            assert events_of(one["today"], row) == events_of(other["today"], row)
        orders = other["today"].orders
        ours = np.isin(orders.seller, one["today"].campaigns.seller)
        assert same_arrays(orders.where(ours), one["today"].orders)
    assert more[0]["today"].cascades.reach.sum() > few[0]["today"].cascades.reach.sum()


def test_competition_is_felt(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario]
) -> None:
    """With fatigue an added seller does change what others' posts come to on later days."""
    few, more = (
        run(people, chats, busy(learning=False, search=False), num_sellers=number)
        for number in (9, 14)
    )
    first, last = ([day[at]["today"] for day in (few, more)] for at in (0, 2))
    assert all(events_of(first[0], row) == events_of(first[1], row) for row in range(9))
    assert any(events_of(last[0], row) != events_of(last[1], row) for row in range(9))


def test_the_columns_of_the_series_add_up(usual: Any, busy: Callable[..., Scenario]) -> None:
    series = usual[-1]["series"]
    for at, day in enumerate(usual):
        row, orders = series.iloc[at], day["today"].orders
        assert row["reach"] == row["reach_1"] + row["reach_2"] + row["reach_3"]
        assert row["reach"] == len(day["today"].events)
        kept = ~orders.refunded
        counted = sum(row[f"orders_{one.name.lower()}"] for one in OrderChannel)
        assert counted + row["orders_live"] == kept.sum()
        sold = sum(row[f"sales_{one.name.lower()}"] for one in OrderChannel) + row["sales_live"]
        assert sold == pytest.approx(orders.value(busy().money.reference_price)[kept].sum())
        assert row["refunded"] == (~kept).sum()
        assert row["campaigns"] == sum(row[f"campaigns_{one.name.lower()}"] for one in Channel)
        assert row["campaigns"] == sum(row[f"campaigns_{one.name.lower()}"] for one in Tool)
        assert row["followers"] == len(day["follows"])
        assert row["load"] == day["tired"].mean()
        assert row["visits_search"] == len(day["today"].notes["search"])
        assert row["visits_live"] == len(day["today"].notes["livestream"].event)


def test_orders_that_were_kept_are_counted_by_channel_and_by_livestream(usual: Any) -> None:
    for day in (one["today"] for one in usual):
        parts = [day.kept(channel, live=live) for channel in OrderChannel for live in (True, False)]
        assert sum(map(len, parts)) == (~day.orders.refunded).sum()
        for live in (True, False):
            found = day.kept(live=live)
            assert not found.refunded.any()
            assert set((found.tool == Tool.LIVESTREAM).tolist()) <= {live}
            assert sum(len(day.kept(one, live=live)) for one in OrderChannel) == len(found)
        for channel in OrderChannel:
            found = day.kept(channel, live=False)
            assert set(found.channel.tolist()) <= {channel}


def test_sellers_books_are_the_orders(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario]
) -> None:
    market = Market(people, busy(), 7, 14, chats=chats)
    revenue: dict[int, float] = {}
    counted: dict[int, int] = {}
    for _ in range(3):
        market.step()
        orders = market.today.orders
        kept = orders.where(~orders.refunded)
        for seller, paid in zip(
            kept.seller.tolist(), (kept.price * kept.items).tolist(), strict=True
        ):
            revenue[seller] = revenue.get(seller, 0.0) + paid
            counted[seller] = counted.get(seller, 0) + 1
    assert sum(counted.values()) > 50
    for seller in market.sellers:
        assert seller.revenue == pytest.approx(revenue.get(seller.node, 0.0))
        assert seller.orders == counted.get(seller.node, 0)


def test_groups_are_asked_for(people: Society, busy: Callable[..., Scenario]) -> None:
    with pytest.raises(ValueError, match="chats is None"):
        Market(people, busy(), 7, 14)
    Market(people, busy(groups=False), 7, 14)


def test_groups_of_other_people_are_refused(people: Society, busy: Callable[..., Scenario]) -> None:
    with pytest.raises(ValueError, match="chats are of 9 people, the society has 500"):
        Market(people, busy(), 7, 14, chats=GroupChats.none(9))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_day_without_campaigns_goes_by(
    people: Society, chats: GroupChats, busy: Callable[..., Scenario], engine: str
) -> None:
    quiet = busy()
    quiet = replace(quiet, sellers=replace(quiet.sellers, activity=0.0))
    for day in (one["today"] for one in run(people, chats, quiet, engine=engine, days=2)):
        assert len(day.campaigns) == 0
        assert len(day.events) == 0
        assert set(day.orders.channel.tolist()) == {OrderChannel.SEARCH}
