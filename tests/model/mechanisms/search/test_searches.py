"""Search: who looks for what, what stands on top, what is opened and bought.

Statistical tests compare with five standard deviations, a false-alarm rate of 6e-7 each, or
refuse at p < 1e-6.
"""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import stats

from weishang.kernels import Graph
from weishang.model.core.campaigns import Campaigns, Offer
from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST, LogisticRule
from weishang.model.core.shops import Shops
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.searches import run_searches
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

FIVE_SD = 5.0
RARE = 1e-6
RULE = LogisticRule(DecisionWeights(buy_intercept=-1.0), Budgets())
REPLICATE = 41
DAY = 3
PLAIN = SearchParameters(
    rate=1.0, near=0.0, price_comparison=0.0, rank_place=0.0, rank_price=0.0, rank_popularity=0.0
)
"""Everyone searches, and nothing but the position tells shops apart."""


def look(society, shops, parameters=PLAIN, seed=REPLICATE, day=DAY, *, friends_first=True):
    return run_searches(society, shops, parameters, RULE, seed, day, friends_first=friends_first)


@pytest.fixture(scope="module")
def society(townspeople):
    return townspeople()


@pytest.fixture(scope="module")
def alone(society):
    """The same people without friends, so that the score alone ranks shops."""
    nobody = Graph.from_edges([], [], num_nodes=society.num_users)
    return replace(society, graph=nobody)


@pytest.fixture(scope="module")
def crowd():
    """Many people without friends, of one interest and in two places."""
    size = 20_000
    rng = np.random.default_rng(8)
    return Society(
        Graph.from_edges([], [], num_nodes=size),
        np.zeros(size, dtype=np.int8),
        rng.integers(5, size=size, dtype=np.int8),
        np.zeros(size, dtype=np.int32),
        SocietyParameters(num_interests=1, num_places=2),
        rng.integers(2, size=size, dtype=np.int16),
    )


def test_the_small_societies_use_all_that_is_ranked(society, shops_of):
    """Each parameter and rule alone changes the visits, so that equality with agents tests it."""
    shops = shops_of(society, 150, 1)
    default = replace(PLAIN, rate=0.5, near=0.5, price_comparison=1.0, rank_place=0.5)
    default = replace(default, rank_price=0.5, rank_popularity=0.5)
    usual = look(society, shops, default)
    for item in fields(SearchParameters):
        other = replace(default, **{item.name: type(getattr(default, item.name))(1)})
        if other == default:
            other = replace(default, **{item.name: 0.2})
        assert not usual.equals(look(society, shops, other)), item.name
    assert not usual.equals(look(society, shops, default, friends_first=False))


def test_so_many_search_and_so_many_for_what_they_like(society, shops_of):
    shops = shops_of(society, 90, 2)
    parameters = replace(PLAIN, rate=0.3, own_interest=0.7)
    days = [look(society, shops, parameters, day=day) for day in range(60)]
    found = sum(len(visits) for visits in days)
    expected = 0.3 * society.num_users * len(days)
    assert abs(found - expected) < FIVE_SD * np.sqrt(0.7 * expected)
    own = sum(
        int((shops.category[visits.shop] == society.interest[visits.visitor]).sum())
        for visits in days
    )
    assert abs(own - 0.7 * found) < FIVE_SD * np.sqrt(0.21 * found)


def test_other_interests_are_looked_for_equally_often(society, shops_of):
    shops = shops_of(society, 90, 2)
    visits = look(society, shops, replace(PLAIN, own_interest=0.0))
    step = (shops.category[visits.shop] - society.interest[visits.visitor]) % 3
    assert sorted(set(step.tolist())) == [1, 2]
    assert abs((step == 1).sum() - 0.5 * len(visits)) < FIVE_SD * np.sqrt(0.25 * len(visits))


def test_friends_stand_first_where_the_platform_says_so(society, alone, shops_of):
    shops = shops_of(society, 120, 3)
    one = replace(PLAIN, results=1)
    first = look(society, shops, one)
    graph = society.graph
    for who, shop, friend in zip(first.visitor, first.shop, first.friend, strict=True):
        friends = graph.indices[graph.indptr[who] : graph.indptr[who + 1]]
        rivals = np.isin(shops.node, friends) & (shops.category == shops.category[shop])
        assert friend == rivals.any()
        assert not friend or rivals[shop]
    by_score = look(alone, shops, one)
    assert not by_score.friend.any()
    usual = look(society, shops, one, friends_first=False)
    assert first.friend.sum() > 2 * usual.friend.sum() > 0
    assert np.array_equal(first.visitor, usual.visitor)
    assert np.array_equal(first.visitor, by_score.visitor)


def best_of(shops, visits, key):
    """Whether each visit is to a shop with the largest key of its category, the visitor's aside."""
    able = shops.category == shops.category[visits.shop][:, np.newaxis]
    able &= shops.node != visits.visitor[:, np.newaxis]
    return key[visits.shop] == np.where(able, key, -np.inf).max(axis=1)


def test_the_cheapest_or_the_most_popular_stands_on_top(alone, shops_of):
    shops = shops_of(alone, 100, 4, prices=np.linspace(0.5, 2.0, 40), orders=500)
    cheap = look(alone, shops, replace(PLAIN, results=1, rank_price=1.0))
    assert best_of(shops, cheap, -shops.price).all()
    popular = look(alone, shops, replace(PLAIN, results=1, rank_popularity=1.0))
    assert best_of(shops, popular, shops.popularity).all()
    assert not best_of(shops, popular, -shops.price).all()


def test_where_the_platform_comes_first_orders_alone_rank(alone, society, shops_of):
    shops = shops_of(society, 100, 4, orders=500)
    eager = replace(PLAIN, results=1, rank_popularity=0.1, rank_price=9.0, rank_place=9.0)
    assert not best_of(shops, look(alone, shops, eager), shops.popularity).all()
    for people in (alone, society):
        visits = look(people, shops, eager, friends_first=False)
        assert best_of(shops, visits, shops.popularity).all()


def test_shops_of_ones_place_stand_on_top(alone, shops_of):
    shops = shops_of(alone, 150, 6)
    visits = look(alone, shops, replace(PLAIN, results=1, rank_place=1.0))
    place = alone.place[shops.node]
    near = place[visits.shop] == alone.place[visits.visitor]
    able = shops.category == shops.category[visits.shop][:, np.newaxis]
    able &= (shops.node != visits.visitor[:, np.newaxis]) & (
        place == alone.place[visits.visitor][:, np.newaxis]
    )
    assert np.array_equal(near, able.any(axis=1))
    assert near.mean() > 0.9


def test_nobody_visits_their_own_shop(society, shops_of):
    everyone = shops_of(society, society.num_users, 7)
    for friends_first in (False, True):
        visits = look(society, everyone, friends_first=friends_first)
        assert len(visits) == society.num_users
        assert (everyone.node[visits.shop] != visits.visitor).all()


def equal_shops(nodes, prices):
    count = len(nodes)
    return Shops(
        np.array(nodes, dtype=np.int32),
        np.zeros(count, dtype=np.int8),
        np.array(prices, dtype=np.float64),
        np.zeros(count, dtype=np.bool_),
        np.zeros(count, dtype=np.int64),
    )


@pytest.mark.parametrize("bias", [0.0, 1.0, 2.0])
def test_what_stands_higher_is_opened_more_often(crowd, bias):
    shops = equal_shops(range(4), [1.0] * 4)
    visits = look(crowd, shops, replace(PLAIN, position_bias=bias))
    # The owners see three results.
    guests = visits.visitor >= 4
    found = np.bincount(visits.rank[guests] - 1, minlength=4)
    chance = np.arange(1, 5) ** -bias
    expected = chance / chance.sum() * found.sum()
    assert stats.chisquare(found, expected).pvalue > RARE
    assert np.array_equal(visits.shop[guests], visits.rank[guests] - 1)


def test_the_cheaper_and_the_nearer_are_opened_more_often(crowd):
    level = replace(PLAIN, position_bias=0.0)
    size = crowd.num_users - 2
    cheap = look(crowd, equal_shops([0, 1], [1.0, 2.0]), replace(level, price_comparison=2.0))
    cheap = cheap.shop[cheap.visitor > 1] == 0
    assert abs(cheap.sum() - 0.8 * size) < FIVE_SD * np.sqrt(0.16 * size)
    here, there = (int(np.flatnonzero(crowd.place == place)[0]) for place in (0, 1))
    visits = look(crowd, equal_shops([here, there], [1.0, 1.0]), replace(level, near=np.log(3.0)))
    guests = ~np.isin(visits.visitor, [here, there])
    near = visits.shop[guests] == crowd.place[visits.visitor[guests]]
    assert abs(near.sum() - 0.75 * size) < FIVE_SD * np.sqrt(0.1875 * size)


@pytest.mark.parametrize("friends_first", [False, True])
def test_searchers_buy_by_the_rule(society, friends_first, shops_of):
    """Orders against the sum of the table's chances for a plain match and average shareability."""
    shops = shops_of(society, 200, 9)
    offers = [
        Offer(0, int(shops.node[at]), int(shops.category[at]), float(shops.price[at]), rich, 0.0)
        for at, rich in enumerate(shops.rich.tolist())
    ]
    trust = (STRANGER_TRUST, SELLER_TRUST)
    table = RULE.tables(Campaigns.from_offers(offers), 3, trust).buy
    for friend in (False, True):
        bought, expected, variance = 0, 0.0, 0.0
        for day in range(20):
            visits = look(society, shops, day=day, friends_first=friends_first)
            mine = visits.friend == friend
            shop = visits.shop[mine]
            segment = shops.category[shop] * 5 + society.budget_class[visits.visitor[mine]]
            chance = table[shop, int(friend), segment, 0]
            bought += visits.bought[mine].sum()
            expected += chance.sum()
            variance += (chance * (1.0 - chance)).sum()
        assert variance > 20.0
        assert abs(bought - expected) < FIVE_SD * np.sqrt(variance)


def test_replicates_and_days_differ_and_repeat(society, shops_of):
    shops = shops_of(society, 90, 2)
    one, again, other, later = (
        look(society, shops, seed=seed, day=day) for seed, day in ((1, 0), (1, 0), (2, 0), (1, 1))
    )
    assert one.equals(again)
    assert not one.equals(other)
    assert not one.equals(later)


def test_a_shop_of_another_category_leaves_visits_as_they_were(society, shops_of):
    few = shops_of(society, 91, 2)
    favourite = np.bincount(look(society, few, SearchParameters(rate=1.0)).shop).argmax()
    order = np.append(np.delete(np.arange(91), favourite), favourite)
    shops = Shops(*(getattr(few, item.name)[order] for item in fields(Shops)))
    last = shops.category[-1]
    fewer = Shops(*(getattr(shops, item.name)[:-1] for item in fields(Shops)))
    parameters = SearchParameters(rate=1.0)
    before, after = (look(society, some, parameters) for some in (fewer, shops))
    kept = [shops.category[visits.shop] != last for visits in (before, after)]
    for item in fields(before):
        columns = [
            getattr(visits, item.name)[mine]
            for visits, mine in zip((before, after), kept, strict=True)
        ]
        assert np.array_equal(*columns), item.name
    assert not before.equals(after)


def test_a_search_for_what_nobody_sells_is_no_visit(society, shops_of):
    shops = shops_of(society, 90, 2)
    sold = shops.category != 1
    fewer = Shops(*(getattr(shops, item.name)[sold] for item in fields(Shops)))
    usual, short = look(society, shops), look(society, fewer)
    wanted = shops.category[usual.shop] != 1
    assert np.array_equal(short.visitor, usual.visitor[wanted])
    none = Shops(*(getattr(shops, item.name)[:0] for item in fields(Shops)))
    assert len(look(society, none)) == 0
