"""How far channels beside Moments carry, and whom people trust there."""

from dataclasses import dataclass, fields

from weishang.kernels.graph.validation import MAX_NODES
from weishang.model.core.parameters import check_number, parameter

MAX_SLOTS = MAX_NODES - 1
"""People to whom a layer of random contacts may show one post."""


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
