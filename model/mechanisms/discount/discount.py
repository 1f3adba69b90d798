"""Limited-time discount: who hears of the offer first pays less, and then it ends.

Acts through the rule's tables: a factor on the price at the levels that a seller's own post makes
of people, which are friends, followers, members of the seller's groups, and strangers who are
shown an advert. Later levels pay the full price. Who was reached in time keeps the discount, as a
coupon, even if the decision falls in a later hop; so does a stranger whom the platform's feed
shows a friend's share of it, since the levels do not tell the two kinds of strangers apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Tool
from weishang.model.core.choices import Options
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.social_distance import NUM_DISTANCES, SocialDistance
from weishang.model.mechanisms.mechanism import Day, Grant, Mechanism, World

MAX_CUT = 0.95
"""A larger cut is a gift: log odds are linear in the log price."""
IN_TIME = (
    SocialDistance.FRIEND,
    SocialDistance.STRANGER,
    SocialDistance.FOLLOWER,
    SocialDistance.GROUP_MEMBER,
)
"""Whom the seller's own post reaches."""


@dataclass(frozen=True)
class DiscountParameters:
    """How much less the first pay.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    cut: float = parameter(
        0.2,
        unit="fraction of the price",
        source="assumption, varied: what it sells rests on the price weight, which has a source",
        role="set",
        low=0.1,
        high=0.4,
    )

    def __post_init__(self) -> None:
        """Check the field."""
        check_number("cut", self.cut, 0.0, MAX_CUT, integer=False)


class Discount(Mechanism):
    """Limited-time discounts: a factor on the price at the distances that are reached in time."""

    name = "discount"
    about = "limited-time discounts"
    parameters = DiscountParameters

    def options(self, world: World, state: Any) -> Sequence[Grant]:
        """Every seller may offer one."""
        return [Grant(Options(tools=(Tool.NONE, Tool.DISCOUNT)))]

    def adjust(self, world: World, state: Any, day: Day) -> Adjustments:
        """The lower price of discount campaigns."""
        added = Adjustments.none(len(day.campaigns), NUM_DISTANCES)
        discounted = day.campaigns.tool == Tool.DISCOUNT
        in_time = np.isin(np.array(SocialDistance), IN_TIME)
        added.price[np.ix_(discounted, in_time)] = 1.0 - self.own(world).cut
        return added
