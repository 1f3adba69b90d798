"""Team purchases buyer by buyer: the reference for `team_purchase`."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.lineage import parents_by_loops
from weishang.model.mechanisms.mechanism import Day, Draft, World
from weishang.model.mechanisms.team_purchase.team_purchase import TeamParameters, TeamPurchase


class TeamPurchaseByAgents(TeamPurchase):
    """Team purchases, buyer by buyer."""

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Teams that are too small get their money back."""
        failed = refunded_by_agents(draft.events, draft.bought, day.campaigns, self.own(world))
        return replace(draft, refunded=draft.refunded | failed)


def refunded_by_agents(
    events: Events, bought: NDArray[np.bool_], campaigns: Campaigns, parameters: TeamParameters
) -> NDArray[np.bool_]:
    """`refunded`, buyer by buyer in plain loops."""
    parents = parents_by_loops(events)
    team: dict[int, int] = {}
    for buyer, row in enumerate(events.row.tolist()):
        if bought[buyer] and campaigns.tool[row] == Tool.TEAM:
            team[buyer] = team.get(parents[buyer], buyer)
    members = Counter(team.values())
    failed = [
        buyer in team and members[team[buyer]] < parameters.size for buyer in range(len(events))
    ]
    return np.array(failed, dtype=np.bool_)
