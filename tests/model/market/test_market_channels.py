"""The market with every mechanism: both engines agree, and what is off changes nothing else."""

import hashlib
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from weishang.kernels import Events
from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.social_distance import SocialDistance
from weishang.model.market.market import Market
from weishang.model.mechanisms.groups.formation import form_groups
from weishang.model.mechanisms.groups.parameters import GroupParameters
from weishang.model.scenario import Mechanisms, Scenario
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


def busy(**mechanisms: bool) -> Scenario:
    """Every seller has a campaign every day, and every channel and tool is used."""
    usual = Scenario()
    return replace(
        usual,
        society=SocietyParameters(mean_friends=12.0, num_interests=4),
        mechanisms=replace(Mechanisms(), **mechanisms),
        weights=replace(usual.weights, view=0.6, buy_intercept=-2.0, takeoff_probability=0.6),
        sellers=replace(
            usual.sellers,
            activity=1.0,
            channels=(0.4, 0.3, 0.3),
            tools=(0.2, 0.2, 0.2, 0.2, 0.2),
            external=0.3,
            induced=0.3,
        ),
        rules=replace(usual.rules, induced_sharing=True, group_cap=10),
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
        SocietyParameters(mean_friends=12.0, num_interests=4), 500, np.random.default_rng(3)
    )


@pytest.fixture(scope="module")
def chats(people: Society) -> GroupChats:
    return form_groups(people, GroupParameters(), np.random.default_rng(4))


def run(people: Society, chats: GroupChats, days: int = 3, **options: Any) -> list[Market]:
    """The market at the end of each day is what its record of the day is."""
    options = {"scenario": busy(), "world": 7, "num_sellers": 14, "engine": "tensor"} | options
    market = Market(
        people,
        options["scenario"],
        options["world"],
        options["num_sellers"],
        chats=chats,
        engine=options["engine"],
    )
    days_seen = []
    for _ in range(days):
        market.step()
        days_seen.append(snapshot(market))
    return days_seen


def snapshot(market: Market) -> Any:
    """What happened on the day."""
    return {
        "campaigns": market.campaigns,
        "spread": market.spread,
        "orders": market.orders,
        "visits": market.visits,
        "viewing": market.viewing,
        "offers": [seller.offer for seller in market.sellers],
        "profits": [seller.profit for seller in market.sellers],
        "indicators": market.indicators.get_model_vars_dataframe(),
        "tired": market.attention.classes(),
    }


def same_arrays(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(getattr(one, item.name), getattr(other, item.name)) for item in fields(one)
    )


@pytest.fixture(scope="module")
def usual(people: Society, chats: GroupChats) -> Any:
    return run(people, chats)


@pytest.mark.parametrize("world", [7, 2026, 2**64 - 1])
def test_both_engines_agree_event_by_event_with_every_mechanism_on(
    people: Society, chats: GroupChats, world: int
) -> None:
    tensor, agents = (
        run(people, chats, world=world, engine=engine) for engine in ("tensor", "agents")
    )
    for one, other in zip(tensor, agents, strict=True):
        assert one["spread"].equals(other["spread"])
        assert same_arrays(one["orders"], other["orders"])
        assert one["visits"].equals(other["visits"])
        assert same_arrays(one["viewing"], other["viewing"])
        assert one["offers"] == other["offers"]
        assert one["profits"] == other["profits"]
        assert one["indicators"].equals(other["indicators"])


def test_the_small_market_uses_every_mechanism(usual: Any) -> None:
    channels = np.concatenate([day["campaigns"].channel for day in usual])
    tools = np.concatenate([day["campaigns"].tool for day in usual])
    levels = np.concatenate([day["spread"].events.level for day in usual])
    orders = Orders.joined([day["orders"] for day in usual])
    assert set(channels.tolist()) == set(Channel)
    assert set(tools.tolist()) == set(Tool)
    assert set(levels.tolist()) == set(SocialDistance)
    assert set(orders.channel.tolist()) == set(OrderChannel)
    assert orders.refunded.any()
    assert not orders.refunded.all()
    assert (orders.items > 1).any()
    assert any(len(day["viewing"].event) for day in usual)
    assert set(usual[-1]["tired"].tolist()) == {0, 1, 2}
    assert any(day["campaigns"].external.any() for day in usual)
    assert any(day["campaigns"].induced.any() for day in usual)


def test_with_all_of_it_off_the_events_are_those_frozen_before_it_landed() -> None:
    friends = generate(SocietyParameters(mean_friends=30.0), 3000, np.random.default_rng(3))
    market = Market(friends, Scenario().friends_only(), 7, 40, record="events")
    for digest, number in FROZEN_DAYS:
        market.step()
        assert market.spread is not None
        events = market.spread.events
        assert events is not None
        assert len(events) == number
        assert digest_of(events) == digest


def test_the_layered_way_gives_the_same_to_friends() -> None:
    """Search alone on: campaigns go through all layers, whose channels show nothing.

    Who shares a round late is still as few steps away, so a parent can be another: with paths the
    nearest poster is the parent, without them the smallest id of the round.
    """
    friends = generate(SocietyParameters(mean_friends=30.0), 3000, np.random.default_rng(3))
    scenario = Scenario().friends_only()
    searching = replace(
        scenario,
        mechanisms=replace(scenario.mechanisms, search=True),
        sellers=replace(
            scenario.sellers,
            channels=(1.0, 0.0, 0.0),
            tools=(1.0, 0.0, 0.0, 0.0, 0.0),
            external=0.0,
        ),
    )
    plain = Market(friends, scenario, 7, 40, record="events")
    layered = Market(friends, searching, 7, 40)
    for _ in FROZEN_DAYS:
        events = []
        for market in (plain, layered):
            market.step()
            assert market.spread is not None
            assert market.spread.events is not None
            events.append(market.spread.events)
        for name in FROZEN_COLUMNS:
            if name != "parent":
                assert np.array_equal(*(getattr(one, name) for one in events)), name
        moved = events[0].parent != events[1].parent
        assert (events[1].level[moved] < events[1].hop[moved]).all()
        assert layered.visits is not None


def digest_of(events: Events) -> str:
    digest = hashlib.sha256()
    for name in FROZEN_COLUMNS:
        digest.update(np.ascontiguousarray(getattr(events, name)).data)
    return digest.hexdigest()


@pytest.mark.parametrize(
    ("mechanism", "of_it"),
    [
        ("search", lambda day: np.zeros(len(day["campaigns"]), dtype=bool)),
        ("livestream", lambda day: day["campaigns"].tool == Tool.LIVESTREAM),
        ("discount", lambda day: day["campaigns"].tool == Tool.DISCOUNT),
        ("team_purchase", lambda day: day["campaigns"].tool == Tool.TEAM),
        ("bargain", lambda day: day["campaigns"].tool == Tool.BARGAIN),
        ("adverts", lambda day: day["campaigns"].channel == Channel.ADVERT),
    ],
)
def test_a_mechanism_that_is_off_leaves_the_campaigns_without_it_as_they_were(
    people: Society, chats: GroupChats, mechanism: str, of_it: Any
) -> None:
    """On the first day, before anyone has learnt, followed or tired of anything."""
    (on,) = run(people, chats, days=1)
    (off,) = run(people, chats, days=1, scenario=busy(**{mechanism: False}))
    left = np.flatnonzero(~of_it(on))
    same = [
        on["offers"][row] == off["offers"][row] and events_of(on, row) == events_of(off, row)
        for row in left
    ]
    # Shares of what is left are made up anew: few sellers may choose another action.
    moved = [on["offers"][row] != off["offers"][row] for row in left]
    assert all(one or other for one, other in zip(same, moved, strict=True))
    assert sum(same) >= len(left) // 2


def events_of(day: Any, row: int) -> dict[str, list[Any]]:
    """A campaign's events by column, its place in the batch aside."""
    events = day["spread"].events
    mine = events.row == row
    return {
        item.name: getattr(events, item.name)[mine].tolist()
        for item in fields(Events)
        if item.name != "row"
    }


def test_an_added_seller_leaves_all_others_events_as_they_were(
    people: Society, chats: GroupChats
) -> None:
    """With learning and competition (fatigue, search) off."""
    alone = busy(learning=False, fatigue=False, search=False)
    few = run(people, chats, scenario=alone, num_sellers=9)
    more = run(people, chats, scenario=alone, num_sellers=12)
    for one, other in zip(few, more, strict=True):
        assert other["offers"][:9] == one["offers"]
        assert other["profits"][:9] == one["profits"]
        for row in range(9):
            assert events_of(one, row) == events_of(other, row)
        ours = np.isin(other["orders"].seller, one["campaigns"].seller)
        assert same_arrays(other["orders"].where(ours), one["orders"])
    assert more[0]["spread"].reach.sum() > few[0]["spread"].reach.sum()


def test_competition_is_felt(people: Society, chats: GroupChats) -> None:
    """With fatigue an added seller does change what others' posts come to on later days."""
    few, more = (
        run(people, chats, scenario=busy(learning=False, search=False), num_sellers=number)
        for number in (9, 14)
    )
    assert all(events_of(few[0], row) == events_of(more[0], row) for row in range(9))
    assert any(events_of(few[2], row) != events_of(more[2], row) for row in range(9))


def test_the_columns_of_the_series_add_up(usual: Any) -> None:
    series = usual[-1]["indicators"]
    for at, day in enumerate(usual):
        row, orders = series.iloc[at], day["orders"]
        assert row["reach"] == row["reach_1"] + row["reach_2"] + row["reach_3"]
        assert row["reach"] == len(day["spread"].events)
        kept = ~orders.refunded
        counted = sum(row[f"orders_{one.name.lower()}"] for one in OrderChannel)
        assert counted + row["orders_live"] == kept.sum()
        sold = sum(row[f"sales_{one.name.lower()}"] for one in OrderChannel) + row["sales_live"]
        assert sold == pytest.approx(orders.value(busy().money.reference_price)[kept].sum())
        assert row["refunded"] == (~kept).sum()
        assert row["campaigns"] == sum(row[f"campaigns_{one.name.lower()}"] for one in Channel)
        assert row["campaigns"] == sum(row[f"campaigns_{one.name.lower()}"] for one in Tool)


def test_sellers_books_are_the_orders(usual: Any, people: Society, chats: GroupChats) -> None:
    market = Market(people, busy(), 7, 14, chats=chats)
    revenue: dict[int, float] = {}
    for _ in range(3):
        market.step()
        assert market.orders is not None
        kept = market.orders.where(~market.orders.refunded)
        for seller, paid in zip(
            kept.seller.tolist(), (kept.price * kept.items).tolist(), strict=True
        ):
            revenue[seller] = revenue.get(seller, 0.0) + paid
    for seller in market.sellers:
        assert seller.revenue == pytest.approx(revenue.get(seller.node, 0.0))


def test_groups_are_asked_for(people: Society) -> None:
    with pytest.raises(ValueError, match="chats is None"):
        Market(people, busy(), 7, 14)
    Market(people, busy(groups=False), 7, 14)


def test_groups_of_other_people_are_refused(people: Society) -> None:
    with pytest.raises(ValueError, match="chats are of 9 people, the society has 500"):
        Market(people, busy(), 7, 14, chats=GroupChats.none(9))


@pytest.mark.parametrize("engine", ["tensor", "agents"])
def test_a_day_without_campaigns_goes_by(people: Society, chats: GroupChats, engine: str) -> None:
    quiet = busy()
    quiet = replace(quiet, sellers=replace(quiet.sellers, activity=0.0))
    for day in run(people, chats, scenario=quiet, engine=engine, days=2):
        assert len(day["campaigns"]) == 0
        assert len(day["spread"].events) == 0
        assert set(day["orders"].channel.tolist()) == {OrderChannel.SEARCH}
