"""The engines' functions: each has its twin, and an unknown engine is told."""

import pytest

from weishang.model.market.engines import ENGINES, Hands, hands_of


def test_both_engines_have_every_function_and_share_none() -> None:
    tensor, agents = hands_of("tensor"), hands_of("agents")
    for name in Hands._fields:
        assert getattr(tensor, name) != getattr(agents, name), name


def test_an_unknown_engine_is_told() -> None:
    with pytest.raises(ValueError, match="engine is 'steam'; give one of tensor, agents"):
        hands_of("steam")
    assert set(ENGINES) == {"tensor", "agents"}
