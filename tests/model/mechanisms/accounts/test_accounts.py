"""Official accounts in a market: who may broadcast, who sees it, who follows after a day."""

from types import SimpleNamespace

import numpy as np
import pytest

from weishang.model.core.campaigns import Campaigns, Channel, Offer
from weishang.model.core.choices import Options
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.social_distance import SocialDistance
from weishang.model.mechanisms.accounts import Accounts, FollowerParameters
from weishang.model.mechanisms.accounts.accounts import FOLLOWERS
from weishang.model.mechanisms.accounts.by_agents import AccountsByAgents
from weishang.model.mechanisms.accounts.followers import Followers, open_accounts
from weishang.model.scenario import Scenario

NODES = tuple(range(0, 300, 7))
PARAMETERS = FollowerParameters(median_followers=12.0, follow=0.5)
BOTH = pytest.mark.parametrize("kind", [Accounts, AccountsByAgents])


@pytest.fixture
def world(world_of, townspeople):
    sellers = [SimpleNamespace(node=node) for node in NODES]
    return world_of(society=townspeople(300), sellers=sellers, followers=PARAMETERS)


@BOTH
def test_some_sellers_start_with_an_account_and_followers(kind, world):
    state = kind().start(world)
    expected = open_accounts(world.society, list(NODES), PARAMETERS, world.seed)
    for name in ("accounts", "seller", "follower"):
        assert np.array_equal(getattr(state, name), getattr(expected, name))
    assert 0 < state.accounts.size < len(NODES)


def test_sellers_with_an_account_may_broadcast_and_no_others(world):
    state = Accounts().start(world)
    (grant,) = Accounts().options(world, state)
    assert grant.options == Options(channels=(Channel.MOMENTS, Channel.OFFICIAL))
    assert grant.sellers.tolist() == [node in state.accounts for node in NODES]


def test_broadcasts_alone_are_shown_to_followers_at_the_first_hop(world, open_day_of):
    campaigns = Campaigns.from_offers(
        [
            Offer(1, 0, 0, 1.0, False, 0.0),
            Offer(2, 7, 0, 1.0, False, 0.0, channel=Channel.OFFICIAL),
            Offer(3, 14, 0, 1.0, False, 0.0, channel=Channel.OFFICIAL, external=True),
        ]
    )
    state = Accounts().start(world)
    day = open_day_of(campaigns, world=world)
    layers = Accounts().layers(world, state, day)
    assert list(layers) == [FOLLOWERS]
    view = Scenario().channels.broadcast_view
    assert layers[FOLLOWERS].view.tolist() == [[0.0] * 3, [view, 0.0, 0.0], [view, 0.0, 0.0]]
    assert layers[FOLLOWERS].layer.num_edges == len(state)
    trust = Accounts().trust(world)
    assert trust == {SocialDistance.FOLLOWER: Scenario().channels.follower_trust}


@BOTH
def test_some_buyers_follow_after_the_day(kind, world):
    state = kind().start(world)
    seller = int(state.accounts[0])
    buyers = np.arange(100, 200, dtype=np.int32)
    size = buyers.size
    orders = Orders(
        day=np.zeros(size, dtype=np.int32),
        channel=np.full(size, OrderChannel.MOMENTS, dtype=np.int8),
        tool=np.zeros(size, dtype=np.int8),
        campaign=np.full(size, seller, dtype=np.uint64),
        seller=np.full(size, seller, dtype=np.int32),
        buyer=buyers,
        distance=np.ones(size, dtype=np.int8),
        price=np.ones(size),
        items=np.ones(size, dtype=np.int32),
        refunded=np.zeros(size, dtype=np.bool_),
    )
    record = SimpleNamespace(orders=orders)
    after = kind().end_day(world, state, record)
    expected = state.with_buyers(orders, PARAMETERS, world.seed)
    assert np.array_equal(after.follower, expected.follower)
    assert len(state) < len(after) < len(state) + size
    (followers,) = kind().indicators()
    assert followers.measure(world, after, record) == len(after)
    assert not followers.adds_up


def test_what_is_saved_is_restored(world):
    state = Accounts().start(world)
    arrays = Accounts().save(world, state)
    assert arrays.keys() == Accounts().kinds(world).keys()
    empty = np.zeros(0, dtype=np.int32)
    again = Accounts().restore(world, Followers(state.accounts, empty, empty), arrays)
    for name in ("accounts", "seller", "follower"):
        assert np.array_equal(getattr(again, name), getattr(state, name))
