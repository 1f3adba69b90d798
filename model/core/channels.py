"""Channels: by which layers a campaign spreads, and how likely each shows it, hop by hop.

Acts through the rule's tables alone: `view` by campaign, layer and hop. A post in Moments starts
among friends and in the seller's groups; an official account's broadcast starts among followers,
whose shares go on among friends and in groups; an advert starts among strangers, too. Rooms and
bargain links draw strangers; where friends do not come first, the platform's feed does.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph, Groups, Strangers
from weishang.kernels.graph.validation import MAX_NODES
from weishang.model.core.campaigns import Campaigns, Channel, Tool
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.core.social_distance import Layer
from weishang.model.mechanisms.bargain.bargain import BargainParameters
from weishang.model.mechanisms.livestream.livestream import LivestreamParameters
from weishang.model.society.society import Society

MAX_SLOTS = MAX_NODES - 1
"""People whom a channel to strangers may show one post."""


@dataclass(frozen=True)
class ChannelParameters:
    """How far channels beside Moments carry, and whom people trust there."""

    group_view: float = parameter(
        0.3,
        unit="probability",
        source="assumption, varied: an active member sees a post in a group about as often as a "
        "friend sees one in Moments",
        role="set",
        low=0.1,
        high=0.6,
    )
    group_trust: float = parameter(
        0.5,
        unit="trust in the seller as a friend = 1",
        source="assumption, varied: a fellow member, between a friend and a stranger",
        role="set",
        low=0.0,
        high=1.0,
    )
    broadcast_view: float = parameter(
        0.1,
        unit="probability",
        source="assumption, varied: a follower sees a broadcast in the list of accounts",
        role="set",
        low=0.03,
        high=0.3,
    )
    follower_trust: float = parameter(
        0.5,
        unit="trust in the seller as a friend = 1",
        source="assumption, varied: an account that one chose to follow, between a friend and a "
        "stranger",
        role="set",
        low=0.0,
        high=1.0,
    )
    advert_audience: int = parameter(
        500,
        unit="people an advert",
        source="assumption, varied: a small seller's daily budget",
        role="set",
        low=200,
        high=2000,
    )
    advert_near: float = parameter(
        0.8,
        unit="fraction of the audience chosen by interest and place",
        source="assumption, varied",
        role="set",
        low=0.5,
        high=1.0,
    )
    feed_audience: int = parameter(
        150,
        unit="people a sharer",
        source="assumption: as many as friends are, so that a feed shows about as much as it takes",
        role="set",
        low=150,
        high=150,
    )
    feed_near: float = parameter(
        0.5,
        unit="fraction of the audience chosen by interest and place",
        source="assumption, varied; as `feed.targeted`",
        role="set",
        low=0.0,
        high=1.0,
    )

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a field is out of range; it is named.
        """
        for item in fields(self):
            whole = item.type is int
            check_number(item.name, getattr(self, item.name), 0, MAX_SLOTS if whole else 1, whole)


def stranger_layers(
    society: Society,
    channels: ChannelParameters,
    room: LivestreamParameters,
    bargain: BargainParameters,
) -> dict[Layer, Strangers]:
    """The channels to strangers, who are drawn by interest and place."""
    sizes = {
        Layer.ROOM: (room.slots, room.near),
        Layer.BARGAIN: (bargain.slots, bargain.near),
        Layer.FEED: (channels.feed_audience, channels.feed_near),
        Layer.ADVERT: (channels.advert_audience, channels.advert_near),
    }
    return {
        layer: Strangers(society.num_users, slots, near, society.interest_and_place)
        for layer, (slots, near) in sizes.items()
    }


def views(
    campaigns: Campaigns,
    view: float,
    channels: ChannelParameters,
    rules: PlatformRules,
    room: LivestreamParameters,
    bargain: BargainParameters,
    max_hops: int,
) -> NDArray[np.float64]:
    """How likely each layer shows a post, float64 [C, 8, max_hops].

    Args:
        campaigns: C offers.
        view: chance that a friend sees a post in Moments.
        channels, rules, room, bargain: parameters.
        max_hops: rounds of sharing.
    """
    chances = np.zeros((len(campaigns), len(Layer), max_hops))
    steps = np.array(rules.link_demotion)[np.minimum(range(max_hops), len(rules.link_demotion) - 1)]
    left = np.where(campaigns.external[:, np.newaxis], steps, 1.0)
    official = campaigns.channel == Channel.OFFICIAL
    kept = 1.0 if rules.friends_first else 1.0 - rules.feed_share
    chances[:, Layer.FRIENDS] = view * kept * left
    chances[:, Layer.GROUPS] = channels.group_view * left
    chances[:, Layer.FEED] = view * (1.0 - kept) * left
    chances[:, Layer.CUSTOMERS, 0] = channels.group_view * left[:, 0]
    # A broadcast is no post of the seller's own: friends come in with the followers' shares.
    chances[official, :, 0] = 0.0
    chances[official, Layer.FOLLOWERS, 0] = channels.broadcast_view * left[official, 0]
    chances[campaigns.channel == Channel.ADVERT, Layer.ADVERT, 0] = 1.0
    chances[campaigns.tool == Tool.LIVESTREAM, Layer.ROOM, 0] = room.seen
    chances[campaigns.tool == Tool.BARGAIN, Layer.BARGAIN] = bargain.seen
    return chances


def layers(
    friends: Graph,
    groups: Groups,
    followers: Graph,
    customers: Graph,
    strangers: dict[Layer, Strangers],
) -> list[Graph | Groups | Strangers]:
    """All layers in the order of `Layer`."""
    every: dict[Layer, Graph | Groups | Strangers] = {
        Layer.FRIENDS: friends,
        Layer.GROUPS: groups,
        Layer.FOLLOWERS: followers,
        Layer.CUSTOMERS: customers,
        **strangers,
    }
    return [every[layer] for layer in Layer]
