"""Levels and paths: every layer leads somewhere, and steps are counted as the article counts."""

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST
from weishang.model.core.social_distance import PATHS, REPORTED, Layer, Level, trust_by_level

TO_STRANGERS = (Layer.ROOM, Layer.BARGAIN, Layer.FEED, Layer.ADVERT)


def reported(level: int) -> int:
    return 0 if level == 0 else int(REPORTED[level - 1])


def test_every_layer_leads_from_every_level_to_a_level() -> None:
    assert PATHS.shape == (len(Layer), 1 + len(Level))
    assert set(np.unique(PATHS)) <= set(Level)
    assert len(REPORTED) == len(Level)


@pytest.mark.parametrize("layer", [one for one in Layer if one not in TO_STRANGERS])
def test_a_step_adds_one_up_to_three(layer: Layer) -> None:
    """The reported level is the number of steps, 3 for three and more."""
    for level in range(1 + len(Level)):
        assert reported(int(PATHS[layer, level])) == min(reported(level) + 1, 3)


@pytest.mark.parametrize("layer", TO_STRANGERS)
def test_a_channel_to_strangers_makes_the_third_level(layer: Layer) -> None:
    for level in range(1 + len(Level)):
        assert PATHS[layer, level] == Level.STRANGER
        assert reported(Level.STRANGER) == 3


def test_once_through_strangers_always_level_three() -> None:
    for layer in Layer:
        for level in (Level.STRANGER, Level.AFTER_STRANGER):
            assert reported(int(PATHS[layer, level])) == 3


def test_trust_goes_with_whoever_shows_the_post() -> None:
    trust = dict(zip(Level, trust_by_level(0.1, 0.4, 0.7), strict=True))
    assert trust[Level.FRIEND] == SELLER_TRUST
    assert trust[Level.STRANGER] == STRANGER_TRUST
    assert trust[Level.FOLLOWER] == 0.4
    assert trust[Level.GROUP_MEMBER] == 0.7
    for level in (Level.FRIENDS_FRIEND, Level.FURTHER, Level.AFTER_STRANGER):
        assert trust[level] == 0.1


def test_a_chain_of_friends_is_counted_to_three() -> None:
    chain = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4])
    rule = CascadeRule(
        view=[[1.0]], share=np.ones((1, 3, 1)), paths=PATHS[Layer.FRIENDS : Layer.FRIENDS + 1]
    )
    told = propagate([chain], rule, [0], record="events").events
    assert told is not None
    assert REPORTED[told.level - 1].tolist() == [1, 2, 3, 3]
