"""The feed: what friends lose goes to strangers, and only where friends do not come first."""

from dataclasses import replace

import numpy as np
import pytest

from weishang.model.core.campaigns import Campaigns, Channel, Offer
from weishang.model.mechanisms.feed import Feed
from weishang.model.mechanisms.feed.feed import FEED
from weishang.model.scenario import Scenario

CAMPAIGNS = Campaigns.from_offers(
    [
        Offer(1, 0, 0, 1.0, False, 0.0),
        Offer(2, 1, 0, 1.0, False, 0.0, channel=Channel.OFFICIAL),
        Offer(3, 2, 0, 1.0, False, 0.0, external=True),
    ]
)


@pytest.fixture
def of(world_of, townspeople, open_day_of):
    """The feed's layer, and what it adds, by what the platform's rules say."""
    people = townspeople(100)

    def build(**rules):
        usual = Scenario()
        world = world_of(usual, society=people, rules=replace(usual.rules, **rules))
        day = open_day_of(CAMPAIGNS, world=world)
        state = Feed().start(world)
        layers = Feed().layers(world, state, day)
        assert list(layers) == [FEED]
        assert layers[FEED].layer is state
        return layers[FEED].view, Feed().adjust(world, state, day), world, day

    return build


def test_where_friends_come_first_the_feed_shows_nothing(of):
    view, added, _, _ = of(friends_first=True)
    assert not view.any()
    assert (added.friends_view == 1.0).all()


def test_elsewhere_strangers_see_what_friends_lose(of):
    view, added, world, day = of(friends_first=False, feed_share=0.25)
    assert (added.friends_view == 0.75).all()
    usual = world.scenario.weights.view * day.posts
    np.testing.assert_allclose(view + usual * added.friends_view, usual)
    assert view[1, 0] == 0.0, "a broadcast is not a post of the seller's own"
    assert (view[2] < view[0])[1:].all(), "links that leave the platform are demoted"


def test_nothing_but_the_view_changes(of):
    _, added, _, _ = of(friends_first=False)
    for name in ("visit", "visit_match", "buy", "share", "share_of_buyers"):
        assert not getattr(added, name).any()
    assert (added.price == 1.0).all()


def test_a_sharers_posts_are_shown_to_as_many_as_set(world_of, townspeople):
    usual = Scenario()
    channels = replace(usual.channels, feed_audience=12, feed_near=0.5)
    state = Feed().start(world_of(usual, society=townspeople(100), channels=channels))
    assert (state.num_nodes, state.slots) == (100, 12)
