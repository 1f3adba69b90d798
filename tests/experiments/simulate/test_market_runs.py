"""Markets over replicates and days: rows are the markets' own counts."""

import gc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.simulate import market_runs
from weishang.experiments.simulate.market_runs import Run, run_markets
from weishang.experiments.simulate.replicates import chats, society
from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.orders import OrderChannel
from weishang.model.core.social_distance import REPORTED_TIER, SocialDistance
from weishang.model.market.market import Market
from weishang.model.mechanisms.mechanism import DayRecord, World
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.society.parameters import SocietyParameters

USUAL = Scenario(society=SocietyParameters(mean_friends=20.0))
SCENARIO = replace(USUAL, sellers=replace(USUAL.sellers, activity=0.7))
REPLICATES, DAYS, SELLERS = [5, (1 << 64) - 3], 3, 120


@pytest.fixture(scope="module")
def people():
    return society(None, 1500, 4, SCENARIO.society)


@pytest.fixture(scope="module")
def groups(people):
    return chats(people, SCENARIO.groups, 4)


@pytest.fixture(scope="module")
def run(people, groups):
    return run_markets(people, groups, SCENARIO, REPLICATES, DAYS, SELLERS)


@pytest.fixture(scope="module")
def markets(people, groups):
    """The first replicate's market, and the record of each of its days."""
    market = Market(people, SCENARIO, REPLICATES[0], SELLERS, chats=groups)
    days = []
    for _ in range(DAYS):
        market.step()
        days.append(market.today)
    return market, days


def of_day(frame, day, replicate=REPLICATES[0]):
    return frame[(frame["replicate"] == replicate) & (frame["day"] == day)].reset_index(drop=True)


def test_every_replicate_has_every_day(run):
    for frame in (run.days, run.searches):
        assert frame["replicate"].tolist() == [
            replicate for replicate in REPLICATES for _ in range(DAYS)
        ]
        assert frame["day"].tolist() == [1, 2, 3] * 2
    campaigns = run.campaigns.groupby(["replicate", "day"]).size()
    told = run.days.set_index(["replicate", "day"])["campaigns"]
    assert campaigns.to_dict() == told.to_dict()


def test_days_are_the_markets_indicators(run, markets):
    told = markets[0].datacollector.get_model_vars_dataframe()
    mine = run.days[run.days["replicate"] == REPLICATES[0]].drop(columns="replicate")
    pd.testing.assert_frame_equal(mine, told)


def test_a_row_is_a_campaign_with_its_offer_and_counts(run, markets):
    for day, record in enumerate(markets[1], start=1):
        spread, campaigns = record.cascades, record.campaigns
        rows = of_day(run.campaigns, day)
        assert rows["campaign"].tolist() == campaigns.campaign.tolist()
        assert [Channel[name.upper()] for name in rows["channel"]] == campaigns.channel.tolist()
        assert [Tool[name.upper()] for name in rows["tool"]] == campaigns.tool.tolist()
        for name in ("seller", "external", "induced", "rich", "price", "shareability"):
            assert rows[name].tolist() == getattr(campaigns, name).tolist()
        for name in ("reach", "visitors", "buyers", "sharers"):
            counts = getattr(spread, name)
            by_hand = [
                [sum(row[level == REPORTED_TIER]) for level in (1, 2, 3)]
                for row in counts.tolist()
                for row in [np.array(row)]
            ]
            assert rows[[f"{name}_{level}" for level in (1, 2, 3)]].to_numpy().tolist() == by_hand
        assert (
            rows["stranger_reach"].tolist() == spread.reach[:, SocialDistance.STRANGER - 1].tolist()
        )
        assert (
            rows["stranger_buyers"].tolist()
            == spread.buyers[:, SocialDistance.STRANGER - 1].tolist()
        )


def test_only_livestreams_have_viewers(run):
    rows = run.campaigns
    live = rows["tool"] == "livestream"
    for name, part in (("viewers", "visitors"), ("buyers", "buyers")):
        everyone = rows[[f"{part}_{level}" for level in (1, 2, 3)]].sum(axis=1)
        assert rows.loc[live, f"live_{name}"].tolist() == everyone[live].tolist()
        assert everyone[live].any()
        assert not rows.loc[~live, f"live_{name}"].any()


def test_orders_are_counted_one_by_one(run, markets):
    for day, record in enumerate(markets[1], start=1):
        campaigns, orders = record.campaigns, record.orders
        rows = of_day(run.campaigns, day).set_index("campaign")
        counted = {
            name: dict.fromkeys(campaigns.campaign.tolist(), 0)
            for name in ("orders", "items", "sales", "refunded", "orders_1", "orders_2", "orders_3")
        }
        for at in np.flatnonzero(orders.channel != OrderChannel.SEARCH).tolist():
            campaign = int(orders.campaign[at])
            if orders.refunded[at]:
                counted["refunded"][campaign] += 1
                continue
            counted["orders"][campaign] += 1
            counted[f"orders_{REPORTED_TIER[orders.distance[at] - 1]}"][campaign] += 1
            counted["items"][campaign] += int(orders.items[at])
            counted["sales"][campaign] += float(orders.price[at]) * int(orders.items[at])
        for name, by_campaign in counted.items():
            assert rows[name].to_dict() == pytest.approx(by_campaign)
    assert run.campaigns["refunded"].any()
    assert (run.campaigns["items"] > run.campaigns["orders"]).any()


def test_searches_are_the_days_visits_and_their_orders(run, markets):
    for day, record in enumerate(markets[1], start=1):
        row = of_day(run.searches, day).iloc[0]
        orders, visits = record.orders, record.notes["search"]
        found = orders.where(orders.channel == OrderChannel.SEARCH)
        assert (row["visits"], row["orders"]) == (len(visits), visits.bought.sum())
        assert row["sales"] == pytest.approx(found.price.sum())
        assert row["orders"] > 0


def test_sums_over_campaigns_are_the_days_indicators(run):
    live = run.campaigns["tool"] == "livestream"
    for channel in ("moments", "official", "advert"):
        rows = run.campaigns[(run.campaigns["channel"] == channel) & ~live]
        for name, columns in (
            ("visits", ["visitors_1", "visitors_2", "visitors_3"]),
            ("orders", ["orders"]),
        ):
            told = run.days[f"{name}_{channel}"].sum()
            assert rows[columns].to_numpy().sum() == told > 0
    assert run.campaigns.loc[live, "live_viewers"].sum() == run.days["visits_live"].sum()


def test_search_that_is_off_is_counted_as_none(people, groups):
    off = replace(SCENARIO, mechanisms=SCENARIO.mechanisms.without("search"))
    run = run_markets(people, groups, off, [1], 1, 30)
    assert run.searches[["visits", "orders", "sales"]].to_numpy().tolist() == [[0, 0, 0]]


def test_a_day_without_a_campaign_has_no_row(people, groups):
    quiet = replace(SCENARIO, sellers=replace(SCENARIO.sellers, activity=0.0))
    run = run_markets(people, groups, quiet, [1], 2, 30)
    assert run.campaigns.empty
    assert run.days["campaigns"].tolist() == [0, 0]
    assert list(run.campaigns.columns) == list(market_runs.Run.joined([run]).campaigns.columns)
    assert run.searches["visits"].min() > 0


def test_what_a_market_held_leaves_memory_without_the_collector(people, groups):
    """Mesa keeps the model itself; its days and its replicate, which are large, go."""

    def held() -> int:
        return sum(type(one) in (DayRecord, World) for one in gc.get_objects())

    # What is compiled for the first time leaves errors behind that hold frames.
    run_markets(people, groups, SCENARIO, [1], 1, 10)
    gc.collect()
    before = held()
    gc.disable()
    try:
        run_markets(people, groups, SCENARIO, [1, 2], 1, 10)
        assert held() == before
    finally:
        gc.enable()


def test_named_sellers_come_first(people, groups):
    busy = replace(SCENARIO, sellers=replace(SCENARIO.sellers, activity=1.0))
    node = int(np.argmax(people.graph.degrees))
    named = [NamedSeller("tea", node, category=3, price=7.0)]
    run = run_markets(people, groups, busy, [1, 2], 1, 10, named=named)
    assert run.campaigns.groupby("replicate")["seller"].first().tolist() == [node, node]
    assert run.campaigns.groupby("replicate").size().tolist() == [10, 10]


def test_it_tells_of_every_day(people, groups):
    told = []
    run_markets(people, groups, SCENARIO, [1, 2], 2, 10, lambda: told.append(1))
    assert len(told) == 4


def test_joined_runs_stand_one_after_the_other(run):
    twice = Run.joined([run, run])
    for name in ("days", "campaigns", "searches"):
        one, both = getattr(run, name), getattr(twice, name)
        pd.testing.assert_frame_equal(both.iloc[len(one) :].reset_index(drop=True), one)
        assert both.index.tolist() == list(range(2 * len(one)))


@pytest.mark.parametrize(("replicates", "days"), [([], 1), ([1], 0)])
def test_nothing_to_run_is_refused(people, groups, replicates, days):
    with pytest.raises(
        ValueError, match=rf"replicates is {replicates} and days {days}; ".replace("[", r"\[")
    ):
        run_markets(people, groups, SCENARIO, replicates, days, 5)


def test_a_market_without_mechanisms_has_rows_too(people):
    ran = run_markets(people, None, SCENARIO.friends_only(), [1], 1, 5)
    assert set(ran.campaigns["channel"]) == {"moments"}
    assert ran.campaigns["reach_1"].gt(0).all()
    assert not ran.campaigns["stranger_reach"].any()
    assert ran.days["visits_search"].tolist() == [0]
    assert ran.days["orders_moments"].tolist() == [ran.campaigns["orders"].sum()]
