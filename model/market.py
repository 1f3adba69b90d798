"""The market: sellers offer, campaigns spread among friends, orders come back. A step is a day."""

from collections.abc import Callable
from typing import Literal

import mesa
import numpy as np

from weishang.kernels import Cascades, propagate
from weishang.kernels.rng import child, derive
from weishang.model.campaigns import Campaigns
from weishang.model.decision import Budgets, DecisionWeights, rule
from weishang.model.engine import propagate_by_agents
from weishang.model.purposes import MarketPurpose, fraction, pick
from weishang.model.scenario import Scenario
from weishang.model.seller import Seller
from weishang.model.society import Society

Engine = Literal["tensor", "agents"]
ENGINES: dict[str, Callable[..., Cascades]] = {
    "tensor": propagate,
    "agents": propagate_by_agents,
}
"""Consumers as probabilities in tables, or each an agent; the result is the same."""

DAY_BITS = 32
"""A campaign's id is day * 2^32 + the seller's node: unique, and no one else's changes when a
seller is added."""


class Market(mesa.Model):
    """Sellers and their friends, day by day.

    Attributes:
        society: who knows whom, who likes what.
        parameters: every parameter, a Scenario (Mesa has a `scenario` of its own).
        world: seed of the world's luck; two scenarios in one world meet the same luck.
        day: number of days that have passed.
        campaigns: today's, one a seller in the order of `sellers`.
        spread: what became of them.
    """

    def __init__(
        self,
        society: Society,
        scenario: Scenario,
        world: int,
        num_sellers: int,
        *,
        engine: Engine = "tensor",
        record: str = "counts",
    ) -> None:
        """Choose the sellers.

        Args:
            society: the people.
            scenario: the parameters.
            world: seed, in [0, 2^64).
            num_sellers: sellers, each with one campaign a day.
            engine: "tensor", or "agents" for a Mesa agent a consumer (small societies).
            record: "counts" or "events", as in `propagate`.

        Raises:
            ValueError: the engine is unknown, or there are not that many people with friends.
        """
        super().__init__(rng=world)
        if engine not in ENGINES:
            raise ValueError(f"engine is {engine!r}; give one of {', '.join(ENGINES)}")
        self.society = society
        self.parameters = scenario
        self.world = world
        self.day = 0
        self.campaigns = Campaigns.from_offers([])
        self.spread: Cascades | None = None
        self._engine = engine
        self._record = record
        nodes = choose_sellers(society, scenario.sellers.by_ties, world, num_sellers)
        self.sellers = Seller.create_agents(self, num_sellers, nodes)
        self.indicators = mesa.DataCollector(
            model_reporters={
                "day": "day",
                "reach": lambda market: int(market.spread.reach.sum()),
                "visitors": lambda market: int(market.spread.visitors.sum()),
                "buyers": lambda market: int(market.spread.buyers.sum()),
            }
        )

    def step(self) -> None:
        """One day: sellers choose, their campaigns spread as one batch, orders come back."""
        self.choose_offers()
        self.spread = spread(
            self.society,
            self.campaigns,
            self.parameters.weights,
            self.parameters.budgets,
            self.world,
            max_hops=self.parameters.sellers.campaign_hops,
            engine=self._engine,
            record=self._record,
        )
        for seller, orders in zip(self.sellers, self.spread.buyers.sum(axis=1), strict=True):
            seller.count_orders(int(orders))
        self.day += 1
        self.indicators.collect(self)

    def choose_offers(self) -> None:
        """Let every seller decide what to offer today."""
        self.sellers.do("choose_offer")
        self.campaigns = Campaigns.from_offers([seller.offer for seller in self.sellers])

    def campaign_id(self, node: int) -> int:
        """The id of a seller's campaign of today."""
        return self.day << DAY_BITS | node


def spread(
    society: Society,
    campaigns: Campaigns,
    weights: DecisionWeights,
    budgets: Budgets,
    world: int,
    *,
    max_hops: int | None,
    engine: Engine = "tensor",
    record: str = "counts",
) -> Cascades:
    """Spread campaigns from their sellers among friends.

    Args:
        society: the people.
        campaigns: C offers.
        weights, budgets: of the decision rule.
        world: seed of the world's luck.
        max_hops: rounds of sharing; None for no end.
        engine: "tensor" or "agents".
        record: "counts" or "events".

    Returns:
        Cascades, a row a campaign.
    """
    return ENGINES[engine](
        society.graph,
        rule(campaigns, weights, society.parameters.num_interests, budgets),
        campaigns.seller[:, np.newaxis],
        campaigns.campaign,
        world,
        max_hops=max_hops,
        segment=society.segment,
        record=record,
    )


def choose_sellers(society: Society, by_ties: float, world: int, num_sellers: int) -> list[int]:
    """Distinct people who sell, in the order of their choice, so that more sellers only add.

    Args:
        society: the people.
        by_ties: fraction found at the end of a random tie, so in proportion to their friends.
        world: seed.
        num_sellers: how many.

    Returns:
        Their nodes.

    Raises:
        ValueError: fewer people have friends than sellers are asked for.
    """
    graph = society.graph
    able = int(np.count_nonzero(graph.degrees))
    if not able:
        raise ValueError("nobody in the society has a friend to sell to; give a graph with edges")
    if not 1 <= num_sellers <= able:
        raise ValueError(
            f"num_sellers is {num_sellers}; {able} people have friends: give 1 to that"
        )
    luck = derive(world, MarketPurpose.SELLER)
    chosen: dict[int, None] = {}
    draw = 0
    while len(chosen) < num_sellers:
        how, where = child(child(luck, draw), 0), child(child(luck, draw), 1)
        draw += 1
        if fraction(how) < by_ties:
            node = int(graph.indices[pick(where, graph.num_edges)])
        else:
            node = pick(where, graph.num_nodes)
        if graph.indptr[node + 1] > graph.indptr[node]:
            chosen[node] = None
    return list(chosen)
