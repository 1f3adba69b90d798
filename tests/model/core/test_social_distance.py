"""Levels and paths: every layer leads somewhere, and steps are counted as the article counts."""

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST
from weishang.model.core.social_distance import (
    PATHS,
    REPORTED_TIER,
    Layer,
    SocialDistance,
    trust_by_level,
)

TO_STRANGERS = (Layer.ROOM, Layer.BARGAIN, Layer.FEED, Layer.ADVERT)


def reported(level: int) -> int:
    return 0 if level == 0 else int(REPORTED_TIER[level - 1])


def test_every_layer_leads_from_every_level_to_a_level() -> None:
    assert PATHS.shape == (len(Layer), 1 + len(SocialDistance))
    assert set(np.unique(PATHS)) <= set(SocialDistance)
    assert len(REPORTED_TIER) == len(SocialDistance)


@pytest.mark.parametrize("layer", [one for one in Layer if one not in TO_STRANGERS])
def test_a_step_adds_one_up_to_three(layer: Layer) -> None:
    """The reported level is the number of steps, 3 for three and more."""
    for level in range(1 + len(SocialDistance)):
        assert reported(int(PATHS[layer, level])) == min(reported(level) + 1, 3)


@pytest.mark.parametrize("layer", TO_STRANGERS)
def test_a_channel_to_strangers_makes_the_third_level(layer: Layer) -> None:
    for level in range(1 + len(SocialDistance)):
        assert PATHS[layer, level] == SocialDistance.STRANGER
        assert reported(SocialDistance.STRANGER) == 3


def test_once_through_strangers_always_level_three() -> None:
    for layer in Layer:
        for level in (SocialDistance.STRANGER, SocialDistance.AFTER_STRANGER):
            assert reported(int(PATHS[layer, level])) == 3


def test_trust_goes_with_whoever_shows_the_post() -> None:
    trust = dict(zip(SocialDistance, trust_by_level(0.1, 0.4, 0.7), strict=True))
    assert trust[SocialDistance.FRIEND] == SELLER_TRUST
    assert trust[SocialDistance.STRANGER] == STRANGER_TRUST
    assert trust[SocialDistance.FOLLOWER] == 0.4
    assert trust[SocialDistance.GROUP_MEMBER] == 0.7
    for level in (
        SocialDistance.FRIENDS_FRIEND,
        SocialDistance.FURTHER,
        SocialDistance.AFTER_STRANGER,
    ):
        assert trust[level] == 0.1


def test_a_chain_of_friends_is_counted_to_three() -> None:
    chain = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4])
    rule = CascadeRule(
        view=[[1.0]], share=np.ones((1, 3, 1)), paths=PATHS[Layer.FRIENDS : Layer.FRIENDS + 1]
    )
    told = propagate([chain], rule, [0], record="events").events
    assert told is not None
    assert REPORTED_TIER[told.level - 1].tolist() == [1, 2, 3, 3]
