"""Followers: who has an account, who follows at first and after buying; two ways, one result.

Statistical tests compare with five standard deviations: a false-alarm rate of 6e-7 each.
"""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.model.core.campaigns import Tool
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.mechanisms.accounts.by_agents import (
    open_accounts_by_agents,
    with_buyers_by_agents,
)
from weishang.model.mechanisms.accounts.followers import Followers, open_accounts
from weishang.model.mechanisms.accounts.parameters import FollowerParameters
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

FIVE_SD = 5.0
SEED = 19
SMALL = FollowerParameters(median_followers=12.0)
DAY = 3


def people(size, interests=4, seed=1):
    rng = np.random.default_rng(seed)
    return Society(
        Graph.from_edges([], [], num_nodes=size),
        rng.integers(interests, size=size, dtype=np.int8),
        np.zeros(size, dtype=np.int8),
        np.zeros(size, dtype=np.int32),
        SocietyParameters(num_interests=interests),
    )


def orders_of(seller, buyer, channel=OrderChannel.MOMENTS, refunded=None, day=DAY):
    """Orders of the sellers' campaigns of a day, or from search."""
    seller, buyer = np.array(seller, dtype=np.int32), np.array(buyer, dtype=np.int32)
    channel = np.broadcast_to(np.array(channel, dtype=np.int8), seller.shape)
    campaign = np.uint64(day << 32) | seller.astype(np.uint64)
    size = seller.size
    return Orders(
        day=np.full(size, day, dtype=np.int32),
        channel=channel,
        tool=np.full(size, Tool.NONE, dtype=np.int8),
        campaign=np.where(channel == OrderChannel.SEARCH, np.uint64(0), campaign),
        seller=seller,
        buyer=buyer,
        distance=np.ones(size, dtype=np.int8),
        price=np.ones(size),
        items=np.ones(size, dtype=np.int32),
        refunded=np.zeros(size, dtype=np.bool_) if refunded is None else np.array(refunded),
    )


def nobody_follows(*accounts):
    none = np.zeros(0, dtype=np.int32)
    return Followers(np.array(accounts, dtype=np.int32), none, none)


def equal(one, other):
    return all(
        np.array_equal(getattr(one, item.name), getattr(other, item.name))
        and getattr(one, item.name).dtype == getattr(other, item.name).dtype
        for item in fields(Followers)
    )


def pairs_of(followers):
    return list(zip(followers.seller.tolist(), followers.follower.tolist(), strict=True))


@settings(max_examples=40)
@given(
    size=st.integers(1, 60),
    interests=st.integers(1, 4),
    sellers=st.integers(0, 8),
    seed=st.integers(0, 2**64 - 1),
    median=st.sampled_from([0.0, 3.0, 200.0]),
    interested=st.sampled_from([0.0, 0.35, 1.0]),
)
def test_both_ways_open_the_same_accounts(size, interests, sellers, seed, median, interested):
    society = people(size, interests)
    nodes = np.random.default_rng(size).permutation(size)[:sellers]
    parameters = FollowerParameters(median_followers=median, interested=interested)
    arrays, agents = (
        way(society, nodes, parameters, seed) for way in (open_accounts, open_accounts_by_agents)
    )
    assert equal(arrays, agents)


@settings(max_examples=60)
@given(
    orders=st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 9), st.sampled_from(OrderChannel), st.booleans()
        ),
        max_size=40,
    ),
    days=st.integers(1, 3),
    seed=st.integers(0, 2**64 - 1),
    follow=st.sampled_from([0.0, 0.4, 1.0]),
)
def test_both_ways_let_the_same_buyers_follow(orders, days, seed, follow):
    parameters = replace(SMALL, follow=follow)
    arrays = agents = open_accounts(people(10), range(6), parameters, seed)
    columns = np.array(orders, dtype=np.int64).reshape(-1, 4).T
    for day in range(days):
        today = orders_of(*columns[:3], columns[3].astype(np.bool_), day=day)
        arrays = arrays.with_buyers(today, parameters, seed)
        agents = with_buyers_by_agents(agents, today, parameters, seed)
        assert equal(arrays, agents)


@pytest.fixture(scope="module")
def started():
    """400 sellers among 3,000 people."""
    return open_accounts(people(3000), range(400), SMALL, SEED)


def test_a_share_of_sellers_has_an_account(started):
    assert abs(started.accounts.size - 200) < FIVE_SD * np.sqrt(100.0)
    society = people(50)
    for share, accounts in ((0.0, []), (1.0, list(range(50)))):
        parameters = replace(SMALL, with_account=share)
        opened = open_accounts(society, range(50), parameters, SEED)
        assert opened.accounts.tolist() == accounts
    assert len(open_accounts(society, range(50), replace(SMALL, with_account=0.0), SEED)) == 0


def test_pairs_are_sorted_once_each_and_never_of_oneself(started):
    pairs = pairs_of(started)
    assert len(pairs) > 2000
    assert pairs == sorted(set(pairs))
    assert all(seller != follower for seller, follower in pairs)
    assert set(started.seller.tolist()) <= set(started.accounts.tolist())


def test_numbers_of_followers_are_lognormal():
    """Median and spread of log followers, in a society where hardly anyone is drawn twice."""
    parameters = FollowerParameters(with_account=1.0, median_followers=50.0, interested=0.0)
    opened = open_accounts(people(100_000), range(400), parameters, SEED)
    logs = np.log(np.bincount(opened.seller, minlength=400)[:400])
    assert abs(logs.mean() - np.log(50.0)) < FIVE_SD / np.sqrt(400)
    assert abs(logs.std() - 1.0) < FIVE_SD / np.sqrt(800)


@pytest.mark.parametrize("interested", [0.0, 0.5, 1.0])
def test_so_many_follow_for_the_category(interested):
    society = people(30_000)
    parameters = replace(SMALL, interested=interested, median_followers=40.0)
    opened = open_accounts(society, range(300), parameters, SEED)
    alike = society.interest[opened.follower] == society.interest[opened.seller]
    expected = interested + (1.0 - interested) / 4.0
    # Rounding an account's share moves it by at most half a follower.
    slack = 0.5 * opened.accounts.size / len(opened) * (0.0 < interested < 1.0)
    error = np.sqrt(0.25 / len(opened)) * (interested < 1.0)
    assert abs(alike.mean() - expected) <= FIVE_SD * error + slack


def test_accounts_larger_than_the_society_are_followed_by_no_more_than_all():
    opened = open_accounts(people(20), [3], FollowerParameters(1.0, 1e6), SEED)
    assert 0 < len(opened) <= 19


def test_an_added_seller_leaves_the_others_as_they_were():
    society = people(2000)
    nodes = np.random.default_rng(2).permutation(2000)[:80]
    few, more = (open_accounts(society, nodes[:count], SMALL, SEED) for count in (50, 80))
    mine = np.isin(more.seller, nodes[:50])
    assert pairs_of(few) == [
        pair for pair, is_mine in zip(pairs_of(more), mine, strict=True) if is_mine
    ]
    assert len(few) < len(more)


def test_replicates_differ_and_repeat():
    society = people(2000)
    one, again, other = (open_accounts(society, range(50), SMALL, seed) for seed in (1, 1, 2))
    assert equal(one, again)
    assert not equal(one, other)


def test_a_broadcast_reaches_the_followers_and_nobody_else(started):
    layer = started.layer(3000)
    assert (layer.num_nodes, layer.num_edges) == (3000, len(started))
    seller = int(started.seller[0])
    everyone_sees = CascadeRule([1.0], [[0.0]], [[0.0]])
    reached = propagate(layer, everyone_sees, [seller], max_hops=1, record="events").events
    assert reached.node.tolist() == started.follower[started.seller == seller].tolist()
    assert not layer.degrees[np.setdiff1d(np.arange(3000), started.accounts)].any()


def test_without_accounts_the_layer_is_empty():
    layer = nobody_follows().layer(5)
    assert (layer.num_nodes, layer.num_edges) == (5, 0)


def test_so_many_buyers_follow():
    size = 20_000
    orders = orders_of([7] * size, range(10, 10 + size))
    after = nobody_follows(7).with_buyers(orders, replace(SMALL, follow=0.3), SEED)
    assert abs(len(after) - 0.3 * size) < FIVE_SD * np.sqrt(0.21 * size)


def test_only_accounts_are_followed_and_only_by_those_who_keep_what_they_bought():
    orders = orders_of([7, 7, 8, 9], [1, 2, 3, 4], refunded=[False, True, False, False])
    after = nobody_follows(7, 9).with_buyers(orders, replace(SMALL, follow=1.0), SEED)
    assert pairs_of(after) == [(7, 1), (9, 4)]
    assert after.accounts.tolist() == [7, 9]


def test_nobody_is_lost_or_doubled(started):
    seller = int(started.accounts[0])
    known = int(started.follower[started.seller == seller][0])
    orders = orders_of([seller] * 3, [known, 2999, 2999])
    always = replace(SMALL, follow=1.0)
    after = started.with_buyers(orders, always, SEED)
    assert set(pairs_of(after)) == set(pairs_of(started)) | {(seller, 2999)}
    assert equal(after.with_buyers(orders, always, SEED), after)
    assert equal(started.with_buyers(orders, replace(SMALL, follow=0.0), SEED), started)


def test_luck_is_the_campaigns_and_from_search_that_of_the_sellers_day():
    half = replace(SMALL, follow=0.5)
    buyers = range(100, 300)

    def joined(**how):
        return nobody_follows(7).with_buyers(orders_of([7] * 200, buyers, **how), half, SEED)

    assert equal(joined(), joined(channel=OrderChannel.SEARCH))
    assert not equal(joined(), joined(day=DAY + 1))
    search = OrderChannel.SEARCH
    assert not equal(joined(channel=search), joined(channel=search, day=DAY + 1))


def test_followers_are_read_only(started):
    with pytest.raises(ValueError, match="read-only"):
        started.follower[0] = 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("with_account", 1.2),
        ("median_followers", -1.0),
        ("followers_log_sd", float("nan")),
        ("interested", -0.1),
        ("follow", 30.0),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} is "):
        FollowerParameters(**{name: value})
