"""A viewer is an agent that watches minute by minute; `test_viewing` holds them together."""

import pytest

from weishang.model.mechanisms.livestream.by_agents import Room
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters
from weishang.model.mechanisms.livestream.viewing import NO_ORDER

SHORT = LivestreamParameters(minutes=30, mean_stay=5.0, offer_every=7)
HALF = 1 << 63


def test_a_room_lets_everyone_go_by_its_end():
    room = Room(SHORT)
    for place in range(20):
        room.admit(place, place * (HALF // 10), None, buys=place % 2 == 0)
    watched = room.stream()
    assert [one.place for one in watched] == list(range(20))
    for one in watched:
        assert 0 <= one.arrival < one.leaving <= SHORT.minutes
        assert (one.order == NO_ORDER) == (one.place % 2 == 1)
        assert one.order == NO_ORDER or one.arrival <= one.order < one.leaving
    assert room.minute == SHORT.minutes


@pytest.mark.parametrize("minute", [0, 7, 28])
def test_the_offer_is_presented_every_so_often(minute):
    room = Room(SHORT)
    room.minute = minute
    assert room.offer_is_presented
    room.minute = minute + 1
    assert not room.offer_is_presented


def test_who_is_told_comes_after_the_one_who_tells():
    room = Room(SHORT)
    room.admit(0, HALF, None, buys=False)
    room.admit(1, HALF, 0, buys=False)
    teller, told = room.stream()
    assert told.arrival > teller.arrival
