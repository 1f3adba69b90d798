"""Bargains person by person: the reference for `bargain`."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events, Purpose, Strangers, threshold
from weishang.kernels.rng import uniform
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.lineage import parents_by_loops
from weishang.model.mechanisms.bargain.bargain import Bargain, BargainParameters, settle_with
from weishang.model.mechanisms.mechanism import ChanceOfBuying, Day, Draft, World


class BargainByAgents(Bargain):
    """Bargains, person by person."""

    def settle(self, world: World, state: Strangers, day: Day, draft: Draft) -> Draft:
        """Helpers lower prices, and those who asked decide once more."""
        return settle_with(end_bargains_by_agents, world, day, draft, self.own(world))


def end_bargains_by_agents(
    events: Events,
    bought: NDArray[np.bool_],
    campaigns: Campaigns,
    parameters: BargainParameters,
    seed: int,
    chance: ChanceOfBuying,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """`end_bargains`, person by person in plain loops."""
    bargains = (campaigns.tool == Tool.BARGAIN)[events.row].tolist()
    helpers = Counter(
        parent
        for parent, visited in zip(parents_by_loops(events), events.visited.tolist(), strict=True)
        if visited and parent is not None
    )
    factor, buyers = np.ones(len(events)), bought.copy()
    for person, bargain in enumerate(bargains):
        if not (bargain and events.visited[person] and events.shared[person]):
            continue
        factor[person] = max(parameters.floor, 1.0 - parameters.step * helpers[person])
        if helpers[person] and not bought[person]:
            limit = threshold(chance(np.array([person]), factor[person : person + 1]))
            cascade, node = int(events.cascade[person]), int(events.node[person])
            buyers[person] = uniform(seed, Purpose.BUY, cascade, node) < int(limit[0])
    return factor, buyers
