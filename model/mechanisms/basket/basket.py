"""Baskets: who buys in the mall of an official account goes on to further things.

A link in Moments sells one thing. A mall sells several, so that its orders are worth more for what
its buyers decide, one thing after the other, and not by a factor. It acts on the finished events
of a cascade.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.rng import UNIFORM_BITS, children, derive_many, threshold
from weishang.model.core.campaigns import Campaigns, Channel
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.streams import Stream
from weishang.model.mechanisms.mechanism import Day, Draft, Mechanism, World

BASKET = Stream(23, "further items in a mall")
MAX_ITEMS = 1000


@dataclass(frozen=True)
class BasketParameters:
    """How large a basket gets.

    Raises:
        ValueError: max_items is no integer in [1, 1000].
    """

    max_items: int = parameter(
        10,
        unit="items an order",
        source="assumption, varied: things that a mall shows beside the offer; 1 is a single link",
        role="set",
        low=3,
        high=20,
    )

    def __post_init__(self) -> None:
        """Check the range."""
        check_number("max_items", self.max_items, 1, MAX_ITEMS, integer=True)


class Basket(Mechanism):
    """Baskets: who buys in the mall of an official account may add further items."""

    name = "basket"
    about = "further items in the mall of an official account"
    parameters = BasketParameters
    streams = (BASKET,)
    reference = "weishang.model.mechanisms.basket.by_agents:BasketByAgents"

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Buyers in malls fill their baskets."""
        return settle_with(fill_baskets, world, day, draft, self.own(world))


def settle_with(
    fill: Callable[..., NDArray[np.int32]],
    world: World,
    day: Day,
    draft: Draft,
    parameters: BasketParameters,
) -> Draft:
    """A draft after baskets are filled.

    Args:
        fill: `fill_baskets`, or the same buyer by buyer.
        world, day, draft: as in `Mechanism.settle`.
        parameters: see BasketParameters.
    """
    events, items = draft.events, draft.items.copy()
    at = np.flatnonzero(draft.bought)
    items[at] = fill(
        day.campaigns,
        events.row[at],
        events.node[at],
        draft.chance(at, draft.price[at]),
        parameters,
        world.seed,
    )
    return replace(draft, items=items)


def fill_baskets(
    campaigns: Campaigns,
    row: NDArray[np.integer[Any]],
    buyer: NDArray[np.integer[Any]],
    chance: NDArray[np.float64],
    parameters: BasketParameters,
    seed: int,
) -> NDArray[np.int32]:
    """Let buyers go on to further items where the campaign is an official account's.

    Each further item is bought with the chance that the rule of decision gave the first, with words
    of its own. The first that is left lying ends the order, as `max_items` does.

    Args:
        campaigns: C offers.
        row: position of each buyer's campaign, [B].
        buyer: nodes, [B].
        chance: that a visitor like the buyer buys, in [0, 1], [B]; see `chance_of_buying`.
        parameters: see BasketParameters.
        seed: of the replicate's random streams.

    Returns:
        Items of each order, int32 [B], at least 1.

    Raises:
        ValueError: a chance is no probability.
    """
    limit = threshold(chance, "chance")
    items = np.ones(buyer.size, dtype=np.int32)
    words = derive_many(seed, BASKET, campaigns.campaign[row], buyer)
    going_on = np.flatnonzero(campaigns.channel[row] == Channel.OFFICIAL)
    for further in range(parameters.max_items - 1):
        word = children(words[going_on], np.array([further], dtype=np.uint64))
        going_on = going_on[word >> np.uint64(UNIFORM_BITS) < limit[going_on]]
        items[going_on] += 1
    return items
