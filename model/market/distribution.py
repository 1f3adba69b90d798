"""How a day's campaigns spread: layers, chances of seeing, and the rule, put together."""

from functools import lru_cache

import numpy as np

from weishang.kernels import Cascades, Graph, Groups
from weishang.model.core import channels
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.channels import layers, stranger_layers
from weishang.model.core.decision import Budgets, DecisionWeights, Leanings, rule
from weishang.model.core.social_distance import PATHS, Layer, trust_by_level
from weishang.model.market.engines import Engine, hands_of
from weishang.model.mechanisms.accounts.followers import Followers
from weishang.model.mechanisms.fatigue.attention import Attention
from weishang.model.mechanisms.groups.customer_groups import customers_layer
from weishang.model.mechanisms.groups.groups import GroupChats
from weishang.model.scenario import Scenario
from weishang.model.society.society import Society


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
    """Spread campaigns from their sellers among friends alone.

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
    return hands_of(engine).propagate(
        society.graph,
        rule(campaigns, weights, society.parameters.num_interests, budgets),
        campaigns.seller[:, np.newaxis],
        campaigns.campaign,
        world,
        max_hops=max_hops,
        segment=society.segment,
        record=record,
    )


_layer_of = lru_cache(maxsize=2)(GroupChats.layer)
"""Worlds share their groups, whose layer takes longer to make than a day."""


class Distribution:
    """The layers of one market: friends, groups, customers, followers and strangers.

    Attributes:
        trust: by level, float a level; see `trust_by_level`.
    """

    def __init__(
        self, society: Society, scenario: Scenario, chats: GroupChats, customers: GroupChats
    ) -> None:
        """Lay out what stays the same from day to day.

        Args:
            society: the people.
            scenario: the parameters.
            chats: groups of the people.
            customers: a group each that sellers founded.
        """
        self._society = society
        self._scenario = scenario
        rules, groups = scenario.rules, scenario.groups
        self._groups: Groups = _layer_of(
            chats, rules.group_cap, rules.group_demotion, groups.active, groups.post
        )
        self._customers: Graph = customers_layer(
            customers, groups, rules.group_cap, rules.group_demotion
        )
        self._strangers = stranger_layers(
            society, scenario.channels, scenario.livestream, scenario.bargain
        )
        self.trust = trust_by_level(
            scenario.weights.recommender_trust,
            scenario.channels.follower_trust,
            scenario.channels.group_trust,
        )

    def spread(
        self,
        campaigns: Campaigns,
        leanings: Leanings,
        followers: Followers,
        attention: Attention,
        world: int,
        engine: Engine,
    ) -> Cascades:
        """Spread a day's campaigns by all layers.

        Args:
            campaigns: C offers.
            leanings: what tools add to the rule, of `tools.leanings`.
            followers: who follows whom today.
            attention: who is tired today.
            world: seed of the world's luck.
            engine: "tensor" or "agents".

        Returns:
            Cascades by Level, [C, 7], with events.
        """
        scenario, society = self._scenario, self._society
        tired = attention.parameters.tired
        view = channels.views(
            campaigns,
            scenario.weights.view,
            scenario.channels,
            scenario.rules,
            scenario.livestream,
            scenario.bargain,
            scenario.sellers.campaign_hops,
        )
        if not scenario.mechanisms.groups:
            view[:, [Layer.GROUPS, Layer.CUSTOMERS]] = 0.0
        return hands_of(engine).propagate(
            layers(
                society.graph,
                self._groups,
                followers.layer(society.num_users),
                self._customers,
                self._strangers,
            ),
            rule(
                campaigns,
                scenario.weights,
                society.parameters.num_interests,
                scenario.budgets,
                self.trust,
                leanings=leanings,
                tired=tired,
                view=view,
                paths=PATHS,
            ),
            campaigns.seller[:, np.newaxis],
            campaigns.campaign,
            world,
            max_hops=scenario.sellers.campaign_hops,
            segment=society.segment * len(tired) + attention.classes(),
            record="events",
        )
