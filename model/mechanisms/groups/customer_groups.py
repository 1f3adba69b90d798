"""Sellers' own groups: who is in the group of customers that each seller founded."""

import numpy as np

from weishang.kernels import Graph
from weishang.model.mechanisms.groups.groups import GroupChats, GroupParameters


def customers_layer(
    chats: GroupChats, parameters: GroupParameters, cap: int, demotion: float
) -> Graph:
    """A layer that leads from each founder to the members who are active in the founder's group.

    The seller alone posts there, so it is a layer of directed ties, not of groups: a seller who
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
