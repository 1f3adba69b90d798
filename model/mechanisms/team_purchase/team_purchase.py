"""Team purchase: a lower price for n who buy together, or nobody buys.

Acts in two ways. Through the rule's tables: everyone is offered the lower price, and buyers lean
to pass the offer on, since they need partners (Jing and Xie, Management Science 2011: buyers
recruit for the seller). And through the finished cascade's events and parents: a buyer whom a
buyer told joins that buyer's team, any other buyer opens a team, and teams that stay below n are
refunded. Teams have no upper end. Nobody foresees that a team may fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.choices import Options
from weishang.model.core.lineage import NOBODY, events_with_tool, parent_positions
from weishang.model.core.parameters import check_number, parameter
from weishang.model.mechanisms.mechanism import Day, Draft, Grant, Mechanism, World

MAX_CUT = 0.95
"""A larger cut is a gift: log odds are linear in the log price."""
MAX_TEAM = 1_000_000
MAX_LOG_ODDS = 20.0


@dataclass(frozen=True)
class TeamParameters:
    """How many must buy together, what they save, and how much they want each other.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    size: int = parameter(
        3,
        unit="buyers",
        source="assumption, varied: teams on Chinese platforms begin at two",
        role="set",
        low=2,
        high=5,
    )
    cut: float = parameter(
        0.2,
        unit="fraction of the price",
        source="assumption, varied: as the limited-time discount, so that the two compare",
        role="set",
        low=0.1,
        high=0.4,
    )
    seek_partners: float = parameter(
        1.0,
        unit="log odds that a buyer passes the offer on",
        source="assumption, varied: that buyers recruit is shown by Jing and Xie (Management "
        "Science 2011) for group buying in theory; no study gives a size",
        role="set",
        low=0.0,
        high=2.0,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_number("size", self.size, 1, MAX_TEAM, integer=True)
        check_number("cut", self.cut, 0.0, MAX_CUT, integer=False)
        check_number("seek_partners", self.seek_partners, 0.0, MAX_LOG_ODDS, integer=False)


class TeamPurchase(Mechanism):
    """Team purchases: a lower price, if enough people buy together."""

    name = "team_purchase"
    about = "team purchases"
    parameters = TeamParameters
    reference = "weishang.model.mechanisms.team_purchase.by_agents:TeamPurchaseByAgents"

    def options(self, world: World, state: Any) -> Sequence[Grant]:
        """Every seller may offer one."""
        return [Grant(Options(tools=(Tool.NONE, Tool.TEAM)))]

    def adjust(self, world: World, state: Any, day: Day) -> Adjustments:
        """The lower price of team purchases at all distances, and the wish for partners."""
        parameters = self.own(world)
        added = Adjustments.none(len(day.campaigns))
        in_teams = day.campaigns.tool == Tool.TEAM
        added.price[in_teams] = 1.0 - parameters.cut
        added.share_of_buyers[in_teams] = parameters.seek_partners
        return added

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Teams that are too small get their money back."""
        failed = refunded(draft.events, draft.bought, day.campaigns, self.own(world))
        return replace(draft, refunded=draft.refunded | failed)


def refunded(
    events: Events, bought: NDArray[np.bool_], campaigns: Campaigns, parameters: TeamParameters
) -> NDArray[np.bool_]:
    """Whose order is called off because the team stayed too small.

    Args:
        events: E events of finished cascades.
        bought: who orders, [E].
        campaigns: their offers.
        parameters: see TeamParameters.

    Returns:
        bool [E]; False for all who did not buy, and for all other campaigns.
    """
    of_teams = events_with_tool(events, campaigns, Tool.TEAM)
    parent = parent_positions(events.row[of_teams], events.node[of_teams], events.parent[of_teams])
    buyer = bought[of_teams]
    founder = _founders(parent, buyer)
    sizes = np.bincount(founder[buyer], minlength=founder.size)
    failed = np.zeros(len(events), dtype=np.bool_)
    failed[of_teams] = buyer & (sizes[founder] < parameters.size)
    return failed


def _founders(parent: NDArray[np.int64], buyer: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Position of the buyer who opened each buyer's team; of others, their own."""
    founder = np.arange(parent.size)
    joins = buyer & (parent != NOBODY)
    joins[joins] = buyer[parent[joins]]
    founder[joins] = parent[joins]
    # Each round doubles the steps that a pointer spans, so rounds are the log of the depth.
    while True:
        further = founder[founder]
        if np.array_equal(further, founder):
            return founder
        founder = further
