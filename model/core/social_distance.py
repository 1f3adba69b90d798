"""Levels of the market: by what path a campaign first reached a person, and whom they trust."""

from enum import IntEnum

import numpy as np

from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST


class Level(IntEnum):
    """How far off a person is from the seller: the row of the rule's tables."""

    FRIEND = 1
    """A friend of the seller."""
    FRIENDS_FRIEND = 2
    """Two friend-to-friend steps away."""
    FURTHER = 3
    """Three steps and more."""
    STRANGER = 4
    """Drawn by a channel to strangers."""
    AFTER_STRANGER = 5
    """Any number of steps after a stranger."""
    FOLLOWER = 6
    """Reached by a broadcast of an account that the person follows."""
    GROUP_MEMBER = 7
    """In a group in which the seller posted."""


class Layer(IntEnum):
    """Layers of the market's cascades, in their order."""

    FRIENDS = 0
    GROUPS = 1
    FOLLOWERS = 2
    ROOM = 3
    """Strangers who are shown a livestream."""
    BARGAIN = 4
    """Strangers who are asked to help with a bargain."""
    FEED = 5
    """Strangers to whom the platform shows what friends would else be shown."""
    ADVERT = 6
    """Strangers who are shown a paid post."""
    CUSTOMERS = 7
    """The group of customers that the seller founded, where the seller alone posts."""


AFTER = {
    Level.FRIEND: Level.FRIENDS_FRIEND,
    Level.FRIENDS_FRIEND: Level.FURTHER,
    Level.FURTHER: Level.FURTHER,
    Level.STRANGER: Level.AFTER_STRANGER,
    Level.AFTER_STRANGER: Level.AFTER_STRANGER,
    Level.FOLLOWER: Level.FRIENDS_FRIEND,
    Level.GROUP_MEMBER: Level.FRIENDS_FRIEND,
}
"""One step of a friend or a group further."""

FIRST = {
    Layer.FRIENDS: Level.FRIEND,
    Layer.GROUPS: Level.GROUP_MEMBER,
    Layer.FOLLOWERS: Level.FOLLOWER,
    Layer.CUSTOMERS: Level.GROUP_MEMBER,
}
"""What the seller's own post makes of people; channels to strangers make strangers of them."""

PATHS = np.array(
    [
        [FIRST[layer], *AFTER.values()] if layer in FIRST else [Level.STRANGER] * (1 + len(Level))
        for layer in Layer
    ],
    dtype=np.int8,
)
"""The level that a layer leads to from each level, [8, 8]; see CascadeRule."""

REPORTED = np.array([1, 2, 3, 3, 3, 1, 1])
"""Level of the reported figures, 1 to 3, by level: the number of friend-to-friend steps, 3 for
three and more and wherever the path used a channel to strangers. A follower and a member of the
seller's group are one step away."""


def trust_by_level(recommender: float, follower: float, group: float) -> tuple[float, ...]:
    """Trust in whoever shows the post, the seller's friends' being 1, by level.

    Args:
        recommender: in a friend who passes it on.
        follower: in an account that one follows.
        group: in a fellow member of a group.
    """
    trust = {
        Level.FRIEND: SELLER_TRUST,
        Level.STRANGER: STRANGER_TRUST,
        Level.FOLLOWER: follower,
        Level.GROUP_MEMBER: group,
    }
    return tuple(trust.get(level, recommender) for level in Level)
