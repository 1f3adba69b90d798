"""Sellers' own groups as a layer from the founder to the members."""

import numpy as np

from weishang.model.mechanisms.groups.groups import customers_layer
from weishang.model.mechanisms.groups.parameters import GroupParameters
from weishang.model.society.group_chats import GroupChats

CHATS = GroupChats(
    6,
    np.array([0, 3, 7]),
    np.array([0, 2, 4, 1, 2, 3, 5], dtype=np.int32),
    np.array([2, 5], dtype=np.int32),
)


def test_it_leads_from_founders_to_the_other_members() -> None:
    layer = customers_layer(CHATS, GroupParameters(), cap=500, demotion=0.3)
    rows = [
        layer.indices[layer.indptr[node] : layer.indptr[node + 1]].tolist() for node in range(6)
    ]
    assert rows == [[], [], [0, 4], [], [], [1, 2, 3]]


def test_inactive_members_and_demotion_thin_it() -> None:
    layer = customers_layer(CHATS, GroupParameters(active=0.5), cap=3, demotion=0.2)
    assert layer.weights is not None
    assert layer.weights.tolist() == [0.5] * 2 + [0.1] * 3


def test_no_groups_are_no_layer() -> None:
    layer = customers_layer(GroupChats.none(4), GroupParameters(), cap=500, demotion=0.3)
    assert (layer.num_nodes, layer.num_edges) == (4, 0)
