"""Baskets: who buys in the mall of an official account goes on to further things.

A link in Moments sells one thing. A mall sells several, so that its orders are worth more for what
its buyers decide, one thing after the other, and not by a factor. It acts on the finished events
of a cascade.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.rng import UNIFORM_BITS, children, derive, derive_many, threshold
from weishang.model.core.campaigns import Campaigns, Channel
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.streams import MarketPurpose

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


def fill_baskets(
    campaigns: Campaigns,
    row: NDArray[np.integer[Any]],
    buyer: NDArray[np.integer[Any]],
    chance: NDArray[np.float64],
    parameters: BasketParameters,
    world: int,
) -> NDArray[np.int32]:
    """Let buyers go on to further items where the campaign is an official account's.

    Each further item is bought with the chance that the rule of decision gave the first, with luck
    of its own. The first that is left lying ends the order, as `max_items` does.

    Args:
        campaigns: C offers.
        row: position of each buyer's campaign, [B].
        buyer: nodes, [B].
        chance: that a visitor like the buyer buys, in [0, 1], [B]; see `chance_of_buying`.
        parameters: see BasketParameters.
        world: seed of the world's luck.

    Returns:
        Items of each order, int32 [B], at least 1.

    Raises:
        ValueError: a chance is no probability.
    """
    limit = threshold(chance, "chance")
    items = np.ones(buyer.size, dtype=np.int32)
    luck = derive_many(world, MarketPurpose.BASKET, campaigns.campaign[row], buyer)
    going_on = np.flatnonzero(campaigns.channel[row] == Channel.OFFICIAL)
    for further in range(parameters.max_items - 1):
        word = children(luck[going_on], np.array([further], dtype=np.uint64))
        going_on = going_on[word >> np.uint64(UNIFORM_BITS) < limit[going_on]]
        items[going_on] += 1
    return items


def fill_baskets_by_agents(
    campaigns: Campaigns,
    row: NDArray[np.integer[Any]],
    buyer: NDArray[np.integer[Any]],
    chance: NDArray[np.float64],
    parameters: BasketParameters,
    world: int,
) -> NDArray[np.int32]:
    """Fill baskets buyer by buyer; arguments, result and errors as of `fill_baskets`."""
    orders = zip(row.tolist(), buyer.tolist(), threshold(chance, "chance").tolist(), strict=True)
    items = [
        _fill_one(campaigns, at, node, limit, parameters.max_items, world)
        for at, node, limit in orders
    ]
    return np.array(items, dtype=np.int32)


def _fill_one(
    campaigns: Campaigns, row: int, buyer: int, limit: int, max_items: int, world: int
) -> int:
    items = 1
    if campaigns.channel[row] != Channel.OFFICIAL:
        return items
    campaign = int(campaigns.campaign[row])
    while items < max_items:
        word = derive(world, MarketPurpose.BASKET, campaign, buyer, items - 1)
        if word >> UNIFORM_BITS >= limit:
            break
        items += 1
    return items
