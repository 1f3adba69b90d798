"""Bargaining: a price that falls with each helper whom one brings.

Acts in two ways. Through the rule's tables: visitors lean to pass the link on, to ask for help;
each who does also reaches strangers, by a layer of their own. And through the
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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events, Purpose, Strangers, threshold
from weishang.kernels.rng import UNIFORM_BITS, derive_many
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.choices import Options
from weishang.model.core.lineage import NOBODY, events_with_tool, parent_positions
from weishang.model.core.parameters import check_fields, parameter
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.mechanisms.mechanism import (
    ChanceOfBuying,
    Day,
    Draft,
    Grant,
    LayerView,
    Mechanism,
    World,
)

MIN_FLOOR = 0.05
"""A lower floor is a gift: log odds are linear in the log price."""
MAX_SLOTS = 1_000_000
MAX_LOG_ODDS = 20.0

BARGAIN = LayerSpec(4, "bargain", SocialDistance.STRANGER)
"""Random contacts who are asked to help with a bargain."""


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


class Bargain(Mechanism):
    """Bargains: visitors ask for help, and each helper lowers the price of whoever asked."""

    name = "bargain"
    about = "bargaining with helpers"
    parameters = BargainParameters
    own_layers = (BARGAIN,)
    reference = "weishang.model.mechanisms.bargain.by_agents:BargainByAgents"

    def start(self, world: World) -> Strangers:
        """Whom the link reaches besides friends."""
        own, society = self.own(world), world.society
        return Strangers(society.num_users, own.slots, own.near, society.interest_and_place)

    def options(self, world: World, state: Strangers) -> Sequence[Grant]:
        """Every seller may offer one."""
        return [Grant(Options(tools=(Tool.NONE, Tool.BARGAIN)))]

    def layers(self, world: World, state: Strangers, day: Day) -> Mapping[LayerSpec, LayerView]:
        """The link of whoever asks is shown to strangers at every hop."""
        view = np.zeros_like(day.visible)
        view[day.campaigns.tool == Tool.BARGAIN] = self.own(world).seen
        return {BARGAIN: LayerView(state, view)}

    def adjust(self, world: World, state: Strangers, day: Day) -> Adjustments:
        """The wish of visitors of bargains for help, at all distances."""
        added = Adjustments.none(len(day.campaigns))
        added.share[day.campaigns.tool == Tool.BARGAIN] = self.own(world).ask
        return added

    def settle(self, world: World, state: Strangers, day: Day, draft: Draft) -> Draft:
        """Helpers lower prices, and those who asked decide once more."""
        return settle_with(end_bargains, world, day, draft, self.own(world))


def settle_with(
    end: Callable[..., tuple[NDArray[np.float64], NDArray[np.bool_]]],
    world: World,
    day: Day,
    draft: Draft,
    parameters: BargainParameters,
) -> Draft:
    """A draft after its bargains have ended; prices asked so far count on.

    Args:
        end: `end_bargains`, or the same person by person.
        world, day, draft: as in `Mechanism.settle`.
        parameters: see BargainParameters.
    """

    def chance(chosen: NDArray[np.int64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
        return draft.chance(chosen, draft.price[chosen] * factor)

    factor, bought = end(draft.events, draft.bought, day.campaigns, parameters, world.seed, chance)
    return replace(draft, price=draft.price * factor, bought=bought)


def end_bargains(
    events: Events,
    bought: NDArray[np.bool_],
    campaigns: Campaigns,
    parameters: BargainParameters,
    seed: int,
    chance: ChanceOfBuying,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What bargains come to: the price of each person who asked, and who buys at it.

    Args:
        events: E events of finished cascades.
        bought: who orders before bargains end, [E].
        campaigns: their offers.
        parameters: see BargainParameters.
        seed: of the cascades.
        chance: the rule's own chance of buying, asked for those alone who decide again.

    Returns:
        Factor on the price, float64 [E], and who bought in the end, bool [E]; 1 and
        `bought` for all other campaigns.
    """
    of_bargains = events_with_tool(events, campaigns, Tool.BARGAIN)
    visited, ordered = events.visited[of_bargains], bought[of_bargains]
    parent = parent_positions(
        events.row[of_bargains], events.node[of_bargains], events.parent[of_bargains]
    )
    helpers = np.bincount(parent[visited & (parent != NOBODY)], minlength=parent.size)
    asked = visited & events.shared[of_bargains]
    lowered = np.maximum(parameters.floor, 1.0 - parameters.step * helpers)
    factor, buyers = np.ones(len(events)), bought.copy()
    factor[of_bargains] = np.where(asked, lowered, 1.0)
    again = of_bargains[asked & ~ordered & (helpers > 0)]
    buyers[again] = _uniforms(events, again, seed) < threshold(chance(again, factor[again]))
    return factor, buyers


def _uniforms(events: Events, chosen: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """The uniforms that these people's purchases were decided with, uint64 [K]."""
    word = derive_many(seed, Purpose.BUY, events.cascade[chosen], events.node[chosen])
    return word >> np.uint64(UNIFORM_BITS)
