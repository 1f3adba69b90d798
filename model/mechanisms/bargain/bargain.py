"""Bargaining: a price that falls with each helper whom one brings.

Acts in two ways. Through the rule's tables: visitors lean to pass the link on, to ask for help;
each who does also reaches strangers, by a layer of their own (see channels). And through the
finished cascade's events and parents: who visited helps the person who told them, whether friend
or stranger, each helper takes a step off that person's price, down to a floor, and those who had
asked and not bought decide again at the lower price with the luck that they had. So more helpers
never make a purchase less likely.

Those who asked and had bought already pay the lower price, too. An order is settled when the
bargaining ends; otherwise the keenest would pay most for the same help, and the seller would not
bear what the tool gives away to those who would have bought anyway.

A second exposure is left out of the second decision: events do not tell how often a person saw
the post. So it errs on the side of fewer purchases, and without helpers nothing changes.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events, Purpose, threshold
from weishang.kernels.rng import UNIFORM_BITS, derive_many, uniform
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.decision import Leanings
from weishang.model.core.lineage import NOBODY, events_with_tool, parent_positions, parents_by_loops
from weishang.model.core.parameters import check_fields, parameter
from weishang.model.core.social_distance import Level

MIN_FLOOR = 0.05
"""A lower floor is a gift: log odds are linear in the log price."""
MAX_SLOTS = 1_000_000
MAX_LOG_ODDS = 20.0

ChanceOfBuying = Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64]]
"""How likely visitors buy who see the post for the first time: positions of events, int64 [K], and
factors on their prices, float64 [K], to probabilities, float64 [K]."""


@dataclass(frozen=True)
class BargainParameters:
    """What a helper is worth, and whom the link reaches besides friends.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    step: float = parameter(
        0.05,
        unit="fraction of the price a helper",
        source="assumption, varied",
        role="set",
        low=0.02,
        high=0.1,
    )
    floor: float = parameter(
        0.6,
        unit="fraction of the price",
        source="assumption, varied: the deepest cut is twice that of a discount",
        role="set",
        low=0.4,
        high=0.8,
    )
    ask: float = parameter(
        1.0,
        unit="log odds that a visitor passes the link on",
        source="assumption, varied: each helper is worth money, as a reward for referring is (Ryu "
        "and Feick, J. Marketing 2007, find that rewards raise it); no study gives a size",
        role="set",
        low=0.0,
        high=2.0,
    )
    slots: int = parameter(
        20,
        unit="strangers shown the link of each who asks",
        source="assumption, varied: where strangers help each other with bargains",
        role="set",
        low=0,
        high=100,
    )
    seen: float = parameter(
        0.3,
        unit="probability",
        source="assumption, varied: a stranger notices the link about as often as a friend",
        role="set",
        low=0.1,
        high=0.6,
    )
    near: float = parameter(
        0.0,
        unit="fraction of those strangers chosen by interest and place",
        source="assumption, varied: whoever helps need not want the goods",
        role="set",
        low=0.0,
        high=0.5,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_fields(self, _RANGES)


_RANGES: dict[str, tuple[float, float]] = {
    "step": (0.0, 1.0),
    "floor": (MIN_FLOOR, 1.0),
    "ask": (0.0, MAX_LOG_ODDS),
    "slots": (0, MAX_SLOTS),
    "seen": (0.0, 1.0),
    "near": (0.0, 1.0),
}
"""What the mechanism works with; the prior ranges lie inside."""


def leanings(campaigns: Campaigns, parameters: BargainParameters) -> Leanings:
    """The wish of visitors of bargains for help, at all levels."""
    added = Leanings.none(len(campaigns), len(Level))
    added.share[campaigns.tool == Tool.BARGAIN] = parameters.ask
    return added


def settle(
    events: Events,
    campaigns: Campaigns,
    parameters: BargainParameters,
    world: int,
    chance: ChanceOfBuying,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What bargains come to: the price of each person who asked, and who buys at it.

    Args:
        events: E events of finished cascades.
        campaigns: their offers.
        parameters: see BargainParameters.
        world: seed of the cascades.
        chance: the rule's own chance of buying, asked for those alone who decide again.

    Returns:
        Factor on the price, float64 [E], and who bought in the end, bool [E]; 1 and
        `events.bought` for all other campaigns.
    """
    of_bargains = events_with_tool(events, campaigns, Tool.BARGAIN)
    visited, bought = events.visited[of_bargains], events.bought[of_bargains]
    parent = parent_positions(
        events.row[of_bargains], events.node[of_bargains], events.parent[of_bargains]
    )
    helpers = np.bincount(parent[visited & (parent != NOBODY)], minlength=parent.size)
    asked = visited & events.shared[of_bargains]
    lowered = np.maximum(parameters.floor, 1.0 - parameters.step * helpers)
    factor, buyers = np.ones(len(events)), events.bought.copy()
    factor[of_bargains] = np.where(asked, lowered, 1.0)
    again = of_bargains[asked & ~bought & (helpers > 0)]
    buyers[again] = _luck(events, again, world) < threshold(chance(again, factor[again]))
    return factor, buyers


def settle_by_agents(
    events: Events,
    campaigns: Campaigns,
    parameters: BargainParameters,
    world: int,
    chance: ChanceOfBuying,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The same, person by person in plain loops."""
    bargains = (campaigns.tool == Tool.BARGAIN)[events.row].tolist()
    helpers = Counter(
        parent
        for parent, visited in zip(parents_by_loops(events), events.visited.tolist(), strict=True)
        if visited and parent is not None
    )
    factor, buyers = np.ones(len(events)), events.bought.copy()
    for person, bargain in enumerate(bargains):
        if not (bargain and events.visited[person] and events.shared[person]):
            continue
        factor[person] = max(parameters.floor, 1.0 - parameters.step * helpers[person])
        if helpers[person] and not events.bought[person]:
            limit = threshold(chance(np.array([person]), factor[person : person + 1]))
            cascade, node = int(events.cascade[person]), int(events.node[person])
            buyers[person] = uniform(world, Purpose.BUY, cascade, node) < int(limit[0])
    return factor, buyers


def _luck(events: Events, chosen: NDArray[np.int64], world: int) -> NDArray[np.uint64]:
    """The uniforms that these people's purchases were decided with, uint64 [K]."""
    word = derive_many(world, Purpose.BUY, events.cascade[chosen], events.node[chosen])
    return word >> np.uint64(UNIFORM_BITS)
