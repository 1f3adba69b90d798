"""Sellers: what they offer, whose luck it is, and that their parameters are checked."""

import math
from dataclasses import replace

import mesa
import numpy as np
import pytest
from scipy import stats

from weishang.model.market import Market
from weishang.model.scenario import Scenario
from weishang.model.seller import Seller, SellerParameters
from weishang.model.society import SocietyParameters, generate

RARE = 1e-6
"""False-alarm rate of a statistical test."""
MANY = 2000


@pytest.fixture(scope="module")
def society():
    parameters = SocietyParameters(mean_friends=8.0)
    return generate(parameters, 4000, np.random.default_rng(2))


@pytest.fixture(scope="module")
def market(society):
    """A market of many sellers who have made their first offers."""
    market = Market(society, Scenario(), 31, MANY)
    market.choose_offers()
    return market


def test_sellers_are_mesa_agents_who_sell_what_they_like(market, society):
    assert all(isinstance(seller, Seller) for seller in market.sellers)
    assert isinstance(market, mesa.Model)
    for seller in market.sellers:
        assert seller.category == society.interest[seller.node]
        assert (seller.offer.seller, seller.offer.category) == (seller.node, seller.category)


def test_nothing_is_offered_before_the_first_day(society):
    (seller,) = Market(society, Scenario(), 31, 1).sellers
    assert seller.offer is None
    assert seller.orders == 0


def test_prices_are_lognormal_around_the_usual_price(market):
    spread = market.parameters.sellers.price_log_sd
    prices = np.log(market.campaigns.price) / spread
    assert stats.kstest(prices, "norm").pvalue > RARE


def test_appeal_is_standard_normal_and_content_as_rich_as_set(market):
    assert stats.kstest(market.campaigns.appeal, "norm").pvalue > RARE
    rich = int(market.campaigns.rich.sum())
    assert stats.binomtest(rich, MANY, market.parameters.sellers.rich_content).pvalue > RARE


def test_price_content_and_appeal_are_independent(market):
    """Two-sided tests of rank correlation at 1e-6 each."""
    columns = market.campaigns.price, market.campaigns.rich, market.campaigns.appeal
    for place, one in enumerate(columns):
        for other in columns[place + 1 :]:
            assert stats.spearmanr(one, other).pvalue > RARE


@pytest.mark.parametrize(("share", "expected"), [(0.0, {False}), (1.0, {True})])
def test_content_can_be_all_plain_or_all_rich(society, share, expected):
    scenario = Scenario(sellers=SellerParameters(rich_content=share))
    market = Market(society, scenario, 31, 40)
    market.choose_offers()
    assert set(market.campaigns.rich.tolist()) == expected


def test_without_spread_everyone_asks_the_usual_price(society):
    market = Market(society, Scenario(sellers=SellerParameters(price_log_sd=0.0)), 31, 10)
    market.choose_offers()
    assert market.campaigns.price.tolist() == [1.0] * 10


def test_a_change_of_one_choice_leaves_the_luck_of_the_others(society, market):
    """More rich content: the same prices and appeals, and nobody rich turns plain."""
    sellers = replace(market.parameters.sellers, rich_content=0.8)
    other = Market(society, Scenario(sellers=sellers), 31, MANY)
    other.choose_offers()
    assert np.array_equal(other.campaigns.price, market.campaigns.price)
    assert np.array_equal(other.campaigns.appeal, market.campaigns.appeal)
    assert (other.campaigns.rich >= market.campaigns.rich).all()
    assert other.campaigns.rich.sum() > market.campaigns.rich.sum()


def test_orders_add_up(society):
    (seller,) = Market(society, Scenario(), 31, 1).sellers
    seller.count_orders(3)
    seller.count_orders(0)
    seller.count_orders(4)
    assert seller.orders == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("by_ties", -0.1),
        ("by_ties", math.nan),
        ("rich_content", 1.5),
        ("price_log_sd", -1.0),
        ("price_log_sd", math.inf),
        ("campaign_hops", 0),
        ("campaign_hops", 2.5),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} is "):
        SellerParameters(**{name: value})
