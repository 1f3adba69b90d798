"""Tools: what sellers add to an offer, all of them together.

Each tool's own page says by which of three ways it acts: the rule's tables, a finished cascade's
events and parents, or a cascade that follows. None of the tools uses the third. Here their
leanings are added up, and what acts on finished cascades is applied. A campaign without a tool
takes part in none of it: its leanings are zeros, its price has the factor 1, its events stay.

Rewards for passing an offer on are no tool of the platform but what its rule against induced
sharing forbids. They act through the tables: those who visit lean to pass it on.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.decision import Leanings
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.social_distance import Level
from weishang.model.mechanisms.bargain import bargain
from weishang.model.mechanisms.bargain.bargain import BargainParameters, ChanceOfBuying
from weishang.model.mechanisms.discount import discount
from weishang.model.mechanisms.discount.discount import DiscountParameters
from weishang.model.mechanisms.livestream import livestream
from weishang.model.mechanisms.livestream.livestream import LivestreamParameters
from weishang.model.mechanisms.team_purchase import team_purchase
from weishang.model.mechanisms.team_purchase.team_purchase import TeamParameters

MAX_LOG_ODDS = 20.0


@dataclass(frozen=True)
class RewardParameters:
    """What a reward for passing an offer on does.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    induced: float = parameter(
        1.0,
        unit="log odds that a visitor passes a rewarded offer on",
        source="assumption, varied; Ryu and Feick (J. Marketing 2007) find that rewards raise the "
        "likelihood of referring",
        role="set",
        low=0.0,
        high=2.0,
    )

    def __post_init__(self) -> None:
        """Check the field."""
        check_number("induced", self.induced, 0.0, MAX_LOG_ODDS, integer=False)


@dataclass(frozen=True)
class ToolParameters:
    """The parameters of all tools; each part is a group of the scenario of the same name."""

    discount: DiscountParameters = field(default_factory=DiscountParameters)
    team_purchase: TeamParameters = field(default_factory=TeamParameters)
    bargain: BargainParameters = field(default_factory=BargainParameters)
    livestream: LivestreamParameters = field(default_factory=LivestreamParameters)
    reward: RewardParameters = field(default_factory=RewardParameters)


@dataclass(frozen=True, eq=False)
class Settlement:
    """What finished cascades come to; one entry an event, E of them.

    Attributes:
        price: factor on the campaign's price that the person was asked in the end, float64 [E].
        bought: who ordered in the end, bool [E].
        refunded: whose order was called off, bool [E]; only of those who ordered.
    """

    price: NDArray[np.float64]
    bought: NDArray[np.bool_]
    refunded: NDArray[np.bool_]


def leanings(campaigns: Campaigns, parameters: ToolParameters) -> Leanings:
    """What tools and rewards add to the rule, by campaign and level."""
    rewarded = Leanings.none(len(campaigns), len(Level))
    rewarded.share[campaigns.induced] = parameters.reward.induced
    return (
        discount.leanings(campaigns, parameters.discount)
        + team_purchase.leanings(campaigns, parameters.team_purchase)
        + bargain.leanings(campaigns, parameters.bargain)
        + livestream.leanings(campaigns, parameters.livestream)
        + rewarded
    )


def settle(
    events: Events,
    campaigns: Campaigns,
    parameters: ToolParameters,
    leanings: Leanings,
    world: int,
    chance: ChanceOfBuying,
    *,
    by_agents: bool = False,
) -> Settlement:
    """Apply what acts on finished cascades: bargains end, teams that are too small are refunded.

    Args:
        events: E events of finished cascades, with levels.
        campaigns: their offers.
        parameters: of the tools.
        leanings: all that the cascades were run with; their factors on the price count on.
        world: seed of the cascades.
        chance: the rule's chance that those at given positions of the events buy, at given
            factors on the campaign's price, having seen the post once.
        by_agents: person by person in plain loops, with the same result.

    Returns:
        Settlement.
    """
    asked = leanings.price[events.row, events.level - 1]

    def chance_at(chosen: NDArray[np.int64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
        return chance(chosen, asked[chosen] * factor)

    end = bargain.settle_by_agents if by_agents else bargain.settle
    refund = team_purchase.refunded_by_agents if by_agents else team_purchase.refunded
    factor, bought = end(events, campaigns, parameters.bargain, world, chance_at)
    refunded = refund(events, campaigns, parameters.team_purchase)
    return Settlement(asked * factor, bought, refunded)
