"""Channels: which layer shows what, hop by hop."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from weishang.model.core.campaigns import Campaigns, Channel, Offer, Tool
from weishang.model.core.channel_parameters import ChannelParameters
from weishang.model.core.channels import stranger_layers, views
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.core.social_distance import Layer
from weishang.model.mechanisms.bargain.bargain import BargainParameters
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters
from weishang.model.society.generate import generate
from weishang.model.society.parameters import SocietyParameters

HOPS = 3
VIEW = 0.4
CHANNELS, ROOM, BARGAIN = ChannelParameters(), LivestreamParameters(), BargainParameters()


def chances(rules: PlatformRules | None = None, **offer: Any) -> np.ndarray:
    plain = Offer(campaign=1, seller=0, category=0, price=1.0, rich=False, shareability=0.0)
    campaigns = Campaigns.from_offers([replace(plain, **offer)])
    found = views(campaigns, VIEW, CHANNELS, rules or PlatformRules(), ROOM, BARGAIN, HOPS)
    assert found.shape == (1, len(Layer), HOPS)
    return found[0]


def layers_in_use(view: np.ndarray, hop: int) -> set[Layer]:
    return {layer for layer in Layer if view[layer, hop - 1] > 0.0}


def test_a_post_in_moments_goes_to_friends_groups_and_customers() -> None:
    view = chances()
    assert view[Layer.FRIENDS].tolist() == [VIEW] * HOPS
    assert layers_in_use(view, 1) == {Layer.FRIENDS, Layer.GROUPS, Layer.CUSTOMERS}
    assert layers_in_use(view, 2) == {Layer.FRIENDS, Layer.GROUPS}


def test_a_broadcast_goes_to_followers_whose_shares_go_on() -> None:
    view = chances(channel=Channel.OFFICIAL)
    assert layers_in_use(view, 1) == {Layer.FOLLOWERS}
    assert view[Layer.FOLLOWERS, 0] == CHANNELS.broadcast_view
    assert layers_in_use(view, 2) == {Layer.FRIENDS, Layer.GROUPS}


def test_an_advert_starts_among_strangers_too() -> None:
    assert layers_in_use(chances(channel=Channel.ADVERT), 1) - layers_in_use(chances(), 1) == {
        Layer.ADVERT
    }
    assert chances(channel=Channel.ADVERT)[Layer.ADVERT].tolist() == [1.0, 0.0, 0.0]


def test_a_room_opens_once_and_bargains_go_on() -> None:
    assert chances(tool=Tool.LIVESTREAM)[Layer.ROOM].tolist() == [ROOM.seen, 0.0, 0.0]
    assert chances(tool=Tool.BARGAIN)[Layer.BARGAIN].tolist() == [BARGAIN.seen] * HOPS


def test_external_links_are_demoted_in_steps() -> None:
    inside, outside = chances(), chances(external=True)
    steps = np.array(PlatformRules().link_demotion)
    for layer in (Layer.FRIENDS, Layer.GROUPS):
        assert np.allclose(outside[layer], inside[layer] * steps)
    free = PlatformRules(link_demotion=(1.0,))
    assert np.array_equal(chances(free, external=True), chances(free))


def test_where_friends_do_not_come_first_the_feed_takes_their_place() -> None:
    rules = PlatformRules(friends_first=False, feed_share=0.25)
    view = chances(rules)
    assert np.allclose(view[Layer.FRIENDS], 0.75 * VIEW)
    assert np.allclose(view[Layer.FEED], 0.25 * VIEW)
    assert not chances()[Layer.FEED].any()


def test_strangers_are_near_by_interest_and_place() -> None:
    people = generate(SocietyParameters(mean_friends=10.0), 400, np.random.default_rng(1))
    near_by = stranger_layers(people, CHANNELS, ROOM, BARGAIN)[Layer.ROOM].classes
    for one in range(0, 400, 37):
        alike = (people.interest == people.interest[one]) & (people.place == people.place[one])
        assert np.array_equal(near_by == near_by[one], alike)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"group_view": 12.7}, "group_view is 12.7"),
        ({"follower_trust": -1.0}, "follower_trust is -1.0"),
        ({"advert_audience": 2.5}, "advert_audience is 2.5"),
        ({"feed_audience": -1}, "feed_audience is -1"),
    ],
)
def test_values_out_of_range_are_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ChannelParameters(**change)
