"""Baskets buyer by buyer: the reference for `basket`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.rng import UNIFORM_BITS, derive, threshold
from weishang.model.core.campaigns import Campaigns, Channel
from weishang.model.mechanisms.basket.basket import (
    BASKET,
    Basket,
    BasketParameters,
    settle_with,
)
from weishang.model.mechanisms.mechanism import Day, Draft, World


class BasketByAgents(Basket):
    """Baskets, buyer by buyer."""

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Buyers in malls fill their baskets."""
        return settle_with(fill_baskets_by_agents, world, day, draft, self.own(world))


def fill_baskets_by_agents(
    campaigns: Campaigns,
    row: NDArray[np.integer[Any]],
    buyer: NDArray[np.integer[Any]],
    chance: NDArray[np.float64],
    parameters: BasketParameters,
    seed: int,
) -> NDArray[np.int32]:
    """Fill baskets buyer by buyer; arguments, result and errors as of `fill_baskets`."""
    orders = zip(row.tolist(), buyer.tolist(), threshold(chance, "chance").tolist(), strict=True)
    items = [
        _fill_one(campaigns, at, node, limit, parameters.max_items, seed)
        for at, node, limit in orders
    ]
    return np.array(items, dtype=np.int32)


def _fill_one(
    campaigns: Campaigns, row: int, buyer: int, limit: int, max_items: int, seed: int
) -> int:
    items = 1
    if campaigns.channel[row] != Channel.OFFICIAL:
        return items
    campaign = int(campaigns.campaign[row])
    while items < max_items:
        word = derive(seed, BASKET, campaign, buyer, items - 1)
        if word >> UNIFORM_BITS >= limit:
            break
        items += 1
    return items
