"""Social distances and paths: every layer leads somewhere, and steps are counted as reported."""

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST
from weishang.model.core.social_distance import (
    AFTER,
    FRIENDS,
    NUM_DISTANCES,
    REPORTED_TIER,
    LayerSpec,
    SocialDistance,
    trust_by_distance,
)
from weishang.model.mechanisms import REGISTRY

LAYERS = (FRIENDS, *(layer for mechanism in REGISTRY for layer in mechanism.own_layers))
TO_STRANGERS = {"room", "bargain", "feed", "advert"}
FROZEN = {
    "friends": 0,
    "groups": 1,
    "followers": 2,
    "room": 3,
    "bargain": 4,
    "feed": 5,
    "advert": 6,
    "customers": 7,
}
"""Numbers are for good: they are part of random words' addresses."""


def reported(distance: int) -> int:
    return 0 if distance == 0 else int(REPORTED_TIER[distance - 1])


def layers(*, to_strangers: bool) -> list[object]:
    return [
        pytest.param(layer, id=layer.name)
        for layer in LAYERS
        if (layer.name in TO_STRANGERS) == to_strangers
    ]


def test_layers_keep_their_numbers() -> None:
    assert {layer.name: layer.number for layer in LAYERS} == FROZEN


def test_every_layer_leads_from_every_distance_to_a_distance() -> None:
    for layer in LAYERS:
        assert len(layer.path) == 1 + NUM_DISTANCES
        assert set(layer.path) <= set(SocialDistance)
    assert len(REPORTED_TIER) == len(AFTER) == NUM_DISTANCES == len(SocialDistance)


def test_a_layer_leads_from_the_seller_to_its_first_distance() -> None:
    assert {layer.name: layer.path[0] for layer in LAYERS} == {
        "friends": SocialDistance.FRIEND,
        "groups": SocialDistance.GROUP_MEMBER,
        "customers": SocialDistance.GROUP_MEMBER,
        "followers": SocialDistance.FOLLOWER,
        **dict.fromkeys(TO_STRANGERS, SocialDistance.STRANGER),
    }


@pytest.mark.parametrize("layer", layers(to_strangers=False))
def test_a_step_adds_one_up_to_three(layer: LayerSpec) -> None:
    """The reported tier is the number of steps, 3 for three and more."""
    for distance in range(1 + NUM_DISTANCES):
        assert reported(layer.path[distance]) == min(reported(distance) + 1, 3)


@pytest.mark.parametrize("layer", layers(to_strangers=True))
def test_a_layer_of_random_contacts_makes_the_third_tier(layer: LayerSpec) -> None:
    assert layer.path == (SocialDistance.STRANGER,) * (1 + NUM_DISTANCES)
    assert reported(SocialDistance.STRANGER) == 3


def test_once_through_strangers_always_tier_three() -> None:
    for layer in LAYERS:
        for distance in (SocialDistance.STRANGER, SocialDistance.AFTER_STRANGER):
            assert reported(layer.path[distance]) == 3


def test_trust_goes_with_whoever_shows_the_post() -> None:
    trust = dict(
        zip(
            SocialDistance,
            trust_by_distance(
                0.1, {SocialDistance.FOLLOWER: 0.4, SocialDistance.GROUP_MEMBER: 0.7}
            ),
            strict=True,
        )
    )
    assert trust[SocialDistance.FRIEND] == SELLER_TRUST
    assert trust[SocialDistance.STRANGER] == STRANGER_TRUST
    assert trust[SocialDistance.FOLLOWER] == 0.4
    assert trust[SocialDistance.GROUP_MEMBER] == 0.7
    for distance in (
        SocialDistance.FRIENDS_FRIEND,
        SocialDistance.FURTHER,
        SocialDistance.AFTER_STRANGER,
    ):
        assert trust[distance] == 0.1


def test_a_chain_of_friends_is_counted_to_three() -> None:
    chain = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4])
    paths = np.array([FRIENDS.path], dtype=np.int8)
    rule = CascadeRule(view=[[1.0]], share=np.ones((1, 3, 1)), paths=paths)
    reached = propagate([chain], rule, [0], record="events").events
    assert reached is not None
    assert REPORTED_TIER[reached.level - 1].tolist() == [1, 2, 3, 3]


def test_a_distance_without_trust_of_its_own_has_the_recommenders() -> None:
    trust = dict(zip(SocialDistance, trust_by_distance(0.1, {}), strict=True))
    assert trust.pop(SocialDistance.FRIEND) == SELLER_TRUST
    assert trust.pop(SocialDistance.STRANGER) == STRANGER_TRUST
    assert set(trust.values()) == {0.1}
