"""Groups in a market: what each layer shows, and sellers' own groups as ties from the founder."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from weishang.model.core.campaigns import Campaigns, Channel, Offer
from weishang.model.core.social_distance import SocialDistance
from weishang.model.mechanisms.groups import GroupPosts, form_groups, found_sellers_groups
from weishang.model.mechanisms.groups.groups import CUSTOMERS, GROUPS, customers_layer
from weishang.model.mechanisms.groups.parameters import GroupParameters
from weishang.model.scenario import Scenario
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


def test_sharers_post_in_groups_and_the_seller_alone_among_customers(
    townspeople, world_of, open_day_of
) -> None:
    campaigns = Campaigns.from_offers(
        [
            Offer(1, 0, 0, 1.0, False, 0.0),
            Offer(2, 1, 0, 1.0, False, 0.0, channel=Channel.OFFICIAL),
            Offer(3, 2, 0, 1.0, False, 0.0, external=True),
        ]
    )
    usual = Scenario()
    own = GroupParameters(active=0.5, post=0.25, sellers_size=20.0)
    people = townspeople(300)
    chats = form_groups(people, own, np.random.default_rng(1))
    world = world_of(
        usual,
        society=people,
        sellers=[SimpleNamespace(node=node) for node in (0, 1, 2)],
        chats=chats,
        groups=own,
        rules=replace(usual.rules, group_cap=10, group_demotion=0.4),
    )
    state = GroupPosts().start(world)
    layers = GroupPosts().layers(world, state, open_day_of(campaigns, world=world))
    view = usual.channels.group_view
    assert layers[GROUPS].view.tolist() == [
        [view] * 3,
        [0.0, view, view],
        [view, view * 0.5, view * 0.2],
    ]
    assert layers[CUSTOMERS].view.tolist() == [[view, 0.0, 0.0], [0.0] * 3, [view, 0.0, 0.0]]
    shown = layers[GROUPS].layer
    assert shown.post == 0.25
    assert shown.weights.tolist() == np.where(chats.sizes > 10, 0.2, 0.5).tolist()
    customers = found_sellers_groups(people, own, [0, 1, 2], np.random.default_rng(world.seed))
    expected = customers_layer(customers, own, cap=10, demotion=0.4)
    found = layers[CUSTOMERS].layer
    assert np.array_equal(found.indptr, expected.indptr)
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.weights, expected.weights)
    assert GroupPosts().trust(world) == {SocialDistance.GROUP_MEMBER: usual.channels.group_trust}


def test_groups_are_needed(world_of) -> None:
    with pytest.raises(ValueError, match=r"chats is None; give form_groups\(..\), or switch"):
        GroupPosts().start(world_of())
