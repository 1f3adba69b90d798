"""Livestream: a room with a host, whom viewers choose to watch, and what they do there over time.

Acts through the rule's tables. Strangers see the room's card by a layer of their own (see
channels), friends see the post as always. To enter is the decision to visit, with an intercept of
the room's: watching costs minutes, and more so where the goods are of no interest. So those who
enter are those who are interested; no other thing than this selection, and a host who answers
questions, lets viewers buy. A traditional livestream stands beside it: its audience is sent there
and does not choose, and to order means to leave for another shop.

What happens in the room minute by minute follows from the finished cascade's events and changes
none of them: it tells when those who visited came and left, and when those who bought ordered.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events, threshold
from weishang.kernels.rng import CERTAIN, UNIFORM_BITS, derive_many
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.decision import Leanings
from weishang.model.core.lineage import NOBODY, events_with_tool, parent_positions
from weishang.model.core.parameters import check_fields, parameter
from weishang.model.core.social_distance import Level
from weishang.model.core.streams import MarketPurpose

ARRIVAL, STAY = 0, 1
"""What a viewer's words decide."""
NO_ORDER = -1
"""The minute of an order that is not placed."""
MAX_MINUTES = 24 * 60
MAX_SLOTS = 100_000_000
MAX_LOG_ODDS = 20.0


@dataclass(frozen=True)
class LivestreamParameters:
    """Whom a room is shown to, what entering takes, and how long people stay.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    slots: int = parameter(
        10_000,
        unit="strangers shown the room",
        source="assumption, varied over two powers of ten: reach at level 3 rests on it",
        role="set",
        low=1_000,
        high=100_000,
    )
    seen: float = parameter(
        0.3,
        unit="probability",
        source="assumption, varied: a stranger notices the room's card about as often as a friend "
        "sees a post",
        role="set",
        low=0.1,
        high=0.6,
    )
    near: float = parameter(
        0.5,
        unit="fraction of those strangers chosen by interest and place",
        source="assumption, varied; as `feed.targeted`",
        role="set",
        low=0.0,
        high=1.0,
    )
    watch_cost: float = parameter(
        1.0,
        unit="log odds of entering that the minutes cost everyone",
        source="assumption, varied: to watch takes minutes, to open a link seconds",
        role="set",
        low=0.0,
        high=2.0,
    )
    boredom: float = parameter(
        1.5,
        unit="log odds of entering that they cost those of other interests on top",
        source="assumption, varied: minutes are not given to what is of no interest; this is the "
        "selection of viewers",
        role="set",
        low=0.0,
        high=3.0,
    )
    answers: float = parameter(
        0.2,
        unit="log odds of buying",
        source="assumption, varied: the host answers questions; Wongkitrungrueng and Assarut (J. "
        "Business Research 2020) tie livestreams to trust in small sellers and give no such size",
        role="set",
        low=0.0,
        high=0.5,
    )
    traditional: bool = parameter(
        False,
        unit="a room outside a mini-program",
        source="the article's comparison: mini-program livestreams against traditional ones",
        role="set",
        low=False,
        high=True,
    )
    friction: float = parameter(
        0.5,
        unit="log odds of buying that are lost on the way to another shop",
        source="assumption, varied; in traditional rooms only",
        role="set",
        low=0.0,
        high=1.5,
    )
    minutes: int = parameter(
        120,
        unit="minutes of a livestream",
        source="assumption, varied: an evening",
        role="set",
        low=60,
        high=240,
    )
    reaction: float = parameter(
        15.0,
        unit="minutes",
        source="assumption, varied: from the arrival of who told them to their own, on average; "
        "moves arrivals and orders in time and changes none",
        role="set",
        low=5.0,
        high=45.0,
    )
    mean_stay: float = parameter(
        10.0,
        unit="minutes",
        source="assumption, varied; moves orders in time and changes none",
        role="set",
        low=3.0,
        high=30.0,
    )
    offer_every: int = parameter(
        15,
        unit="minutes between presentations of the offer",
        source="assumption, varied; moves orders in time and changes none",
        role="set",
        low=5,
        high=30,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        if not isinstance(self.traditional, bool):
            raise ValueError(f"traditional is {self.traditional!r}; give True or False")
        check_fields(self, _RANGES)


_PROBABILITY = (0.0, 1.0)
_LOG_ODDS = (0.0, MAX_LOG_ODDS)
_RANGES: dict[str, tuple[float, float]] = {
    "slots": (0, MAX_SLOTS),
    "seen": _PROBABILITY,
    "near": _PROBABILITY,
    "watch_cost": _LOG_ODDS,
    "boredom": _LOG_ODDS,
    "answers": _LOG_ODDS,
    "friction": _LOG_ODDS,
    "minutes": (1, MAX_MINUTES),
    "reaction": (0.0, MAX_MINUTES),
    "mean_stay": (1.0, MAX_MINUTES),
    "offer_every": (1, MAX_MINUTES),
}
"""What the mechanism works with; the prior ranges lie inside."""


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


def leanings(campaigns: Campaigns, parameters: LivestreamParameters) -> Leanings:
    """What it takes to enter the room, at all levels, and what the room does to buying."""
    added = Leanings.none(len(campaigns), len(Level))
    live = campaigns.tool == Tool.LIVESTREAM
    added.buy[live] = parameters.answers
    if parameters.traditional:
        added.buy[live] -= parameters.friction
    else:
        added.visit[live] = -(parameters.watch_cost + parameters.boredom)
        added.visit_match[live] = parameters.boredom
    return added


def viewing(
    campaigns: Campaigns, events: Events, parameters: LivestreamParameters, world: int
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
        world: seed of the world.

    Returns:
        Viewing; who bought in the events orders, and nobody else.
    """
    of_rooms = events_with_tool(events, campaigns, Tool.LIVESTREAM)
    visited = events.visited[of_rooms]
    arrived = _arrivals(events, of_rooms, parameters, world)[visited]
    event = of_rooms[visited]
    luck = _luck(events, event, STAY, world)
    stay = 1 + _minutes_after(staying(parameters), luck)
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
    events: Events, of_rooms: NDArray[np.int64], parameters: LivestreamParameters, world: int
) -> NDArray[np.int64]:
    """Minute of arrival of those of the events who visited, hop by hop; 0 of the others."""
    parent = parent_positions(events.row[of_rooms], events.node[of_rooms], events.parent[of_rooms])
    luck = _luck(events, of_rooms, ARRIVAL, world)
    late, minutes = reacting(parameters), parameters.minutes
    hop, visited = events.hop[of_rooms], events.visited[of_rooms]
    arrival = np.zeros(of_rooms.size, dtype=np.int64)
    for now in range(1, int(hop.max(initial=0)) + 1):
        coming = np.flatnonzero(visited & (hop == now))
        shown = coming[parent[coming] == NOBODY]
        arrival[shown] = (luck[shown] * np.uint64(minutes) >> np.uint64(UNIFORM_BITS)).astype(int)
        told = coming[parent[coming] != NOBODY]
        first = arrival[parent[told]]
        never = late[minutes - first - 1]
        # Of all that luck can be, the part with which the room is still open.
        scaled = luck[told] * (np.uint64(CERTAIN) - never) >> np.uint64(UNIFORM_BITS)
        arrival[told] = first + _minutes_after(late, never + scaled)
    return arrival


def _minutes_after(falling: NDArray[np.uint64], luck: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many of these thresholds, one a minute, are above each luck."""
    return falling.size - np.searchsorted(falling[::-1], luck, side="right")


def _luck(events: Events, chosen: NDArray[np.int64], what: int, world: int) -> NDArray[np.uint64]:
    """Uniforms of people in their rooms, uint64 [K]."""
    word = derive_many(world, MarketPurpose.ROOM, events.cascade[chosen], events.node[chosen], what)
    return word >> np.uint64(UNIFORM_BITS)


def reacting(parameters: LivestreamParameters) -> NDArray[np.uint64]:
    """Thresholds of coming 1, 2, ... minutes late or later, uint64 [minutes]."""
    later = parameters.reaction / (1.0 + parameters.reaction)
    return threshold(later ** np.arange(1, parameters.minutes + 1))


def staying(parameters: LivestreamParameters) -> NDArray[np.uint64]:
    """Thresholds of staying for more than 1, 2, ... minutes, uint64 [minutes]."""
    another = 1.0 - 1.0 / parameters.mean_stay
    return threshold(another ** np.arange(1, parameters.minutes + 1))
