"""Social distance: by what path a campaign first reached a person, and whom they trust."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST


class SocialDistance(IntEnum):
    """How far a person is from the seller: the row of the rule's tables."""

    FRIEND = 1
    """A friend of the seller."""
    FRIENDS_FRIEND = 2
    """Two friend-to-friend steps away."""
    FURTHER = 3
    """Three steps and more."""
    STRANGER = 4
    """Drawn by a layer of random contacts."""
    AFTER_STRANGER = 5
    """Any number of steps after a stranger."""
    FOLLOWER = 6
    """Reached by a broadcast of an account that the person follows."""
    GROUP_MEMBER = 7
    """In a group in which the seller posted."""


NUM_DISTANCES = len(SocialDistance)

AFTER = {
    SocialDistance.FRIEND: SocialDistance.FRIENDS_FRIEND,
    SocialDistance.FRIENDS_FRIEND: SocialDistance.FURTHER,
    SocialDistance.FURTHER: SocialDistance.FURTHER,
    SocialDistance.STRANGER: SocialDistance.AFTER_STRANGER,
    SocialDistance.AFTER_STRANGER: SocialDistance.AFTER_STRANGER,
    SocialDistance.FOLLOWER: SocialDistance.FRIENDS_FRIEND,
    SocialDistance.GROUP_MEMBER: SocialDistance.FRIENDS_FRIEND,
}
"""One step of a friend or a group further."""

REPORTED_TIER = np.array([1, 2, 3, 3, 3, 1, 1])
"""Tier of the reported figures, 1 to 3, by distance: the number of friend-to-friend steps, 3 for
three and more and wherever the path used a layer of random contacts. A follower and a member of the
seller's group are one step away."""


class LayerSpec(NamedTuple):
    """A layer of the market's cascades, by number and by the distance that it makes of people.

    Attributes:
        number: place among the layers, which is part of its random words' address, for good.
        name: in words.
        first: what the seller's own post there makes of people. STRANGER marks a layer of random
            contacts, which makes strangers of people whoever posts; any other layer leads one step
            further when somebody else posts.
    """

    number: int
    name: str
    first: SocialDistance

    @property
    def path(self) -> tuple[SocialDistance, ...]:
        """The distance that it leads to from the seller, then from each distance; 8 of them."""
        if self.first == SocialDistance.STRANGER:
            return (SocialDistance.STRANGER,) * (1 + NUM_DISTANCES)
        return (self.first, *AFTER.values())


FRIENDS = LayerSpec(0, "friends", SocialDistance.FRIEND)
"""Posts in Moments, seen by friends: the one layer that every market has."""


def trust_by_distance(
    recommender: float, others: Mapping[SocialDistance, float]
) -> tuple[float, ...]:
    """Trust in whoever shows the post, the seller's friends' being 1, by distance.

    Args:
        recommender: in a friend who passes it on.
        others: in whoever shows it at distances that mechanisms define.
    """
    trust = {
        SocialDistance.FRIEND: SELLER_TRUST,
        SocialDistance.STRANGER: STRANGER_TRUST,
        **others,
    }
    return tuple(trust.get(distance, recommender) for distance in SocialDistance)
