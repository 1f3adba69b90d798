"""Switches of the market's mechanisms."""

from dataclasses import fields

import pytest

from weishang.model.scenario import Mechanisms


def test_all_are_on_unless_switched_off() -> None:
    assert all(getattr(Mechanisms(), item.name) for item in fields(Mechanisms))
    assert not any(getattr(Mechanisms.none(), item.name) for item in fields(Mechanisms))


@pytest.mark.parametrize("name", [item.name for item in fields(Mechanisms)])
def test_one_is_switched_off_alone(name: str) -> None:
    left = Mechanisms().without(name)
    assert [item.name for item in fields(left) if not getattr(left, item.name)] == [name]
    assert not left.friends_only


def test_friends_only_is_all_off() -> None:
    assert Mechanisms.none().friends_only
    assert not Mechanisms().friends_only


def test_an_unknown_mechanism_is_told() -> None:
    with pytest.raises(ValueError, match="mechanism is 'grups'; give one of groups, accounts"):
        Mechanisms().without("grups")
