"""Group chats in a market: sharers post in groups of theirs, sellers in the groups they founded."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from weishang.kernels import Graph
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.mechanisms.groups.formation import found_sellers_groups
from weishang.model.mechanisms.groups.parameters import GroupParameters
from weishang.model.mechanisms.mechanism import Day, Layer, LayerView, Mechanism, World
from weishang.model.society.group_chats import GroupChats

GROUPS = LayerSpec(1, "groups", SocialDistance.GROUP_MEMBER)
CUSTOMERS = LayerSpec(7, "customers", SocialDistance.GROUP_MEMBER)
"""The group of customers that the seller founded, where the seller alone posts."""

_layer_of = lru_cache(maxsize=2)(GroupChats.layer)
"""Replicates share their groups, whose layer takes longer to make than a day."""


class GroupLayers(NamedTuple):
    """The layers, which stay the same from day to day."""

    groups: Layer
    customers: Layer


class GroupPosts(Mechanism):
    """Posts in group chats, and in the groups of customers that sellers found.

    Acts through two layers. A group larger than the platform's cap is demoted: its members see
    less.
    """

    name = "groups"
    about = "posts in group chats"
    parameters = GroupParameters
    own_layers = (GROUPS, CUSTOMERS)

    def start(self, world: World) -> GroupLayers:
        """Lay out the groups, and let each seller found one of customers.

        Raises:
            ValueError: the market was given no group chats.
        """
        if world.chats is None:
            raise ValueError(
                "chats is None; give form_groups(..), or switch the mechanism groups off"
            )
        parameters, rules = self.own(world), world.scenario.rules
        cap, demotion = rules.group_cap, rules.group_demotion
        nodes = [seller.node for seller in world.sellers]
        rng = np.random.default_rng(world.seed)
        customers = found_sellers_groups(world.society, parameters, nodes, rng)
        return GroupLayers(
            _layer_of(world.chats, cap, demotion, parameters.active, parameters.post),
            customers_layer(customers, parameters, cap, demotion),
        )

    def trust(self, world: World) -> Mapping[SocialDistance, float]:
        """In a fellow member."""
        return {SocialDistance.GROUP_MEMBER: world.scenario.channels.group_trust}

    def layers(self, world: World, state: GroupLayers, day: Day) -> Mapping[LayerSpec, LayerView]:
        """Groups show what sharers post, the seller's own group what the seller posts."""
        posted = world.scenario.channels.group_view * day.posts
        first = np.zeros_like(posted)
        first[:, 0] = posted[:, 0]
        return {
            GROUPS: LayerView(state.groups, posted),
            CUSTOMERS: LayerView(state.customers, first),
        }


def customers_layer(
    chats: GroupChats, parameters: GroupParameters, cap: int, demotion: float
) -> Graph:
    """A layer that leads from each founder to the members who are active in the founder's group.

    The seller alone posts there, so it is a layer of directed ties and not of groups: a seller who
    is a customer of another does not post in that one's group.

    Args:
        chats: groups with one founder each; nobody founds two.
        parameters: whose `active` members see anything.
        cap: members beyond which the platform demotes a group.
        demotion: fraction of the view that is left to such a group.

    Returns:
        Graph with weights, float64 in [0, 1].
    """
    sizes = chats.sizes
    left = parameters.active * np.where(sizes > cap, demotion, 1.0)
    founder = np.repeat(chats.founder, sizes)
    others = founder != chats.members
    return Graph.from_edges(
        founder[others],
        chats.members[others],
        np.repeat(left, sizes)[others],
        num_nodes=chats.num_people,
    )
