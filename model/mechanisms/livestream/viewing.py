"""What happens in a room minute by minute: when viewers come, stay, leave and order.

It follows from the finished cascade's events and changes none of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events, threshold
from weishang.kernels.rng import CERTAIN, UNIFORM_BITS, derive_many
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.lineage import NOBODY, events_with_tool, parent_positions
from weishang.model.core.streams import Stream
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters

ROOM = Stream(26, "when viewers come to a livestream and how long they stay")
ARRIVAL, STAY = 0, 1
"""What a viewer's words decide."""
NO_ORDER = -1
"""The minute of an order that is not placed."""


@dataclass(frozen=True, eq=False)
class Viewing:
    """Who watched when; a row a viewer, in the order of the events.

    Attributes:
        rooms: positions of the campaigns with a livestream, int64 [K], rising.
        event: position of the viewer's event, int64 [V].
        row: position of the campaign, int64 [V].
        arrival: the first minute in the room, from 0, int32 [V].
        leaving: the first minute no longer there, int32 [V].
        order: the minute of the order, int32 [V]; NO_ORDER for who buys nothing.
    """

    rooms: NDArray[np.int64]
    event: NDArray[np.int64]
    row: NDArray[np.int64]
    arrival: NDArray[np.int32]
    leaving: NDArray[np.int32]
    order: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class RoomMinutes:
    """What is seen in each room, minute by minute.

    Attributes:
        rooms: positions of the campaigns, int64 [K].
        viewers: people present, int64 [K, minutes].
        arrivals, orders: in that minute, int64 [K, minutes].
    """

    rooms: NDArray[np.int64]
    viewers: NDArray[np.int64]
    arrivals: NDArray[np.int64]
    orders: NDArray[np.int64]


def viewing(
    campaigns: Campaigns, events: Events, parameters: LivestreamParameters, seed: int
) -> Viewing:
    """When viewers come, leave and order.

    Who was shown the room by the host or the platform arrives at any minute, equally likely. Who
    was told by another viewer arrives a geometric number of minutes after that one, `reaction` on
    average if the room stayed open; as they do come, the number ends with the room. Each minute
    viewers stay for another with the same probability, until the end at the latest. A buyer
    orders when the host next presents the offer, or just before leaving if that comes first.

    Args:
        campaigns: C offers.
        events: of their finished cascades.
        parameters: see LivestreamParameters.
        seed: of the replicate's random streams.

    Returns:
        Viewing; who bought in the events orders, and nobody else.
    """
    of_rooms = events_with_tool(events, campaigns, Tool.LIVESTREAM)
    visited = events.visited[of_rooms]
    arrived = _arrivals(events, of_rooms, parameters, seed)[visited]
    event = of_rooms[visited]
    uniforms = _uniforms(events, event, STAY, seed)
    stay = 1 + _minutes_after(staying(parameters), uniforms)
    leaving = np.minimum(arrived + stay, parameters.minutes)
    presented = -(-arrived // parameters.offer_every) * parameters.offer_every
    order = np.where(events.bought[event], np.minimum(presented, leaving - 1), NO_ORDER)
    return Viewing(
        rooms=np.flatnonzero(campaigns.tool == Tool.LIVESTREAM),
        event=event,
        row=events.row[event],
        arrival=arrived.astype(np.int32),
        leaving=leaving.astype(np.int32),
        order=order.astype(np.int32),
    )


def by_minute(viewing: Viewing, parameters: LivestreamParameters) -> RoomMinutes:
    """Viewers present, arrivals and orders of each room in each minute."""
    room = np.searchsorted(viewing.rooms, viewing.row)
    shape = viewing.rooms.size, parameters.minutes + 1

    def count(rooms: NDArray[np.int64], minute: NDArray[np.int32]) -> NDArray[np.int64]:
        places = rooms * shape[1] + minute
        return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)

    ordered = viewing.order != NO_ORDER
    arrivals = count(room, viewing.arrival)
    present = np.cumsum(arrivals - count(room, viewing.leaving), axis=1)
    orders = count(room[ordered], viewing.order[ordered])
    return RoomMinutes(viewing.rooms, present[:, :-1], arrivals[:, :-1], orders[:, :-1])


def _arrivals(
    events: Events, of_rooms: NDArray[np.int64], parameters: LivestreamParameters, seed: int
) -> NDArray[np.int64]:
    """Minute of arrival of those of the events who visited, hop by hop; 0 of the others."""
    parent = parent_positions(events.row[of_rooms], events.node[of_rooms], events.parent[of_rooms])
    uniforms = _uniforms(events, of_rooms, ARRIVAL, seed)
    late, minutes = reacting(parameters), parameters.minutes
    hop, visited = events.hop[of_rooms], events.visited[of_rooms]
    arrival = np.zeros(of_rooms.size, dtype=np.int64)
    for now in range(1, int(hop.max(initial=0)) + 1):
        coming = np.flatnonzero(visited & (hop == now))
        shown = coming[parent[coming] == NOBODY]
        minute = uniforms[shown] * np.uint64(minutes) >> np.uint64(UNIFORM_BITS)
        arrival[shown] = minute.astype(np.int64)
        told = coming[parent[coming] != NOBODY]
        first = arrival[parent[told]]
        never = late[minutes - first - 1]
        # Of all that the uniform can be, the part with which the room is still open.
        scaled = uniforms[told] * (np.uint64(CERTAIN) - never) >> np.uint64(UNIFORM_BITS)
        arrival[told] = first + _minutes_after(late, never + scaled)
    return arrival


def _minutes_after(falling: NDArray[np.uint64], uniforms: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many of these thresholds, one per minute, lie above each uniform."""
    return falling.size - np.searchsorted(falling[::-1], uniforms, side="right")


def _uniforms(
    events: Events, chosen: NDArray[np.int64], what: int, seed: int
) -> NDArray[np.uint64]:
    """Uniforms of people in their rooms, uint64 [K]."""
    word = derive_many(seed, ROOM, events.cascade[chosen], events.node[chosen], what)
    return word >> np.uint64(UNIFORM_BITS)


def reacting(parameters: LivestreamParameters) -> NDArray[np.uint64]:
    """Thresholds of coming 1, 2, ... minutes late or later, uint64 [minutes]."""
    later = parameters.reaction / (1.0 + parameters.reaction)
    return threshold(later ** np.arange(1, parameters.minutes + 1))


def staying(parameters: LivestreamParameters) -> NDArray[np.uint64]:
    """Thresholds of staying for more than 1, 2, ... minutes, uint64 [minutes]."""
    another = 1.0 - 1.0 / parameters.mean_stay
    return threshold(another ** np.arange(1, parameters.minutes + 1))
