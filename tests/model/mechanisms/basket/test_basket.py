"""Baskets: malls alone sell more than one thing, by the rule's own chances; two ways, one result.

Statistical tests compare with five standard deviations: a false-alarm rate of 6e-7 each.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.core.campaigns import Campaigns, Channel, Offer
from weishang.model.mechanisms.basket import Basket, BasketParameters
from weishang.model.mechanisms.basket.basket import fill_baskets
from weishang.model.mechanisms.basket.by_agents import BasketByAgents, fill_baskets_by_agents

FIVE_SD = 5.0
SEED = 12


def campaigns_of(*channels):
    return Campaigns.from_offers(
        [
            Offer((7 << 32) + at, at, 0, 1.0, True, 0.0, channel=channel)
            for at, channel in enumerate(channels)
        ]
    )


MALL = campaigns_of(Channel.OFFICIAL)


def fill(campaigns, row, buyer, chance, max_items=10, seed=SEED, way=fill_baskets):
    parameters = BasketParameters(max_items=max_items)
    return way(campaigns, np.array(row), np.array(buyer), np.array(chance), parameters, seed)


def in_mall(buyers, chance, max_items=10, seed=SEED):
    return fill(MALL, [0] * buyers, range(buyers), [chance] * buyers, max_items, seed)


@settings(max_examples=60)
@given(
    orders=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 50), st.floats(0.0, 1.0)), max_size=40
    ),
    max_items=st.integers(1, 12),
    seed=st.integers(0, 2**64 - 1),
)
def test_both_ways_fill_the_same_baskets(orders, max_items, seed):
    campaigns = campaigns_of(*Channel)
    columns = np.array(orders, dtype=np.float64).reshape(-1, 3).T
    row, buyer = columns[:2].astype(np.int64)
    arrays, agents = (
        fill(campaigns, row, buyer, columns[2], max_items, seed, way)
        for way in (fill_baskets, fill_baskets_by_agents)
    )
    assert np.array_equal(arrays, agents)
    assert arrays.dtype == agents.dtype == np.int32


def test_single_links_sell_one_thing():
    items = fill(campaigns_of(*Channel), [0, 1, 2], [5, 5, 5], [1.0, 1.0, 1.0])
    assert items.tolist() == [1, 10, 1]


@pytest.mark.parametrize(("chance", "items"), [(0.0, 1), (1.0, 6)])
def test_the_surely_refused_and_the_surely_bought(chance, items):
    assert in_mall(50, chance, max_items=6).tolist() == [items] * 50


@pytest.mark.parametrize("chance", [0.1, 0.6])
def test_baskets_end_with_the_first_refusal(chance):
    """k + 1 items and more have probability chance^k, for each k up to the largest basket."""
    buyers = 20_000
    items = in_mall(buyers, chance, max_items=4)
    for further in (1, 2, 3):
        expected = chance**further
        error = np.sqrt(expected * (1.0 - expected) / buyers)
        assert abs((items > further).mean() - expected) < FIVE_SD * error
    assert items.max() == 4


def test_who_likes_the_offer_more_buys_no_less():
    baskets = [in_mall(500, chance) for chance in (0.2, 0.5, 0.9)]
    assert (baskets[0] <= baskets[1]).all()
    assert (baskets[1] <= baskets[2]).all()
    assert baskets[0].sum() < baskets[1].sum() < baskets[2].sum()


def test_baskets_do_not_depend_on_who_else_buys():
    chance = np.linspace(0.0, 1.0, 40)
    items = fill(MALL, [0] * 40, range(40), chance)
    order = np.random.default_rng(1).permutation(40)[:25]
    assert np.array_equal(fill(MALL, [0] * 25, order, chance[order]), items[order])


def test_campaigns_and_seeds_have_luck_of_their_own():
    two = campaigns_of(Channel.OFFICIAL, Channel.OFFICIAL)
    both = fill(two, [0] * 200 + [1] * 200, [*range(200), *range(200)], [0.5] * 400)
    assert not np.array_equal(both[:200], both[200:])
    assert not np.array_equal(in_mall(200, 0.5, seed=1), in_mall(200, 0.5, seed=2))


@pytest.mark.parametrize("kind", [Basket, BasketByAgents])
def test_buyers_are_asked_at_the_price_that_they_pay(
    kind, events_of, world_of, draft_of, open_day_of
):
    """1 and 3 order, 3 in the end alone; their chances are those at their own prices."""
    events = events_of(MALL, (0, 1, 1, 0, 6, "vb"), (0, 1, 2, 0, 6, "v"), (0, 1, 3, 0, 6, "v"))
    seen = {}

    def chance(chosen, price):
        seen.update(zip(chosen.tolist(), price.tolist(), strict=True))
        return np.where(price < 0.8, 1.0, 0.0)

    before = replace(
        draft_of(events, chance, price=np.array([0.9, 0.5, 0.7])),
        bought=np.array([True, False, True]),
    )
    world = world_of(basket=BasketParameters(max_items=4))
    after = kind().settle(world, None, open_day_of(MALL), before)
    assert seen == {0: 0.9, 2: 0.7}
    assert after.items.tolist() == [1, 1, 4]
    assert before.items.tolist() == [1, 1, 1]


@pytest.mark.parametrize("way", [fill_baskets, fill_baskets_by_agents])
def test_a_chance_that_is_none_is_refused(way):
    with pytest.raises(ValueError, match=r"chance\[1\] is 12.7"):
        fill(MALL, [0, 0], [1, 2], [0.1, 12.7], way=way)


@pytest.mark.parametrize("value", [0, 2.5, 5000])
def test_a_parameter_out_of_range_is_named(value):
    with pytest.raises(ValueError, match="max_items is "):
        BasketParameters(max_items=value)
