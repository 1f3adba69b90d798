"""Viewers of livestreams as Mesa agents: the reference for `viewing`."""

from typing import Any

import mesa
import numpy as np

from weishang.kernels import Events
from weishang.kernels.rng import CERTAIN, UNIFORM_BITS, derive, uniform
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.lineage import parents_by_loops
from weishang.model.mechanisms.livestream.livestream import Livestream
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters
from weishang.model.mechanisms.livestream.viewing import (
    ARRIVAL,
    NO_ORDER,
    ROOM,
    STAY,
    Viewing,
    reacting,
    staying,
)
from weishang.model.mechanisms.mechanism import Day, Draft, World


class LivestreamByAgents(Livestream):
    """Livestreams, viewer by viewer and minute by minute."""

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Note who watched when."""
        seen = viewing_by_agents(day.campaigns, draft.events, self.own(world), world.seed)
        return draft.noting(self.name, seen)


def viewing_by_agents(
    campaigns: Campaigns, events: Events, parameters: LivestreamParameters, seed: int
) -> Viewing:
    """`viewing` with every viewer a Mesa agent, minute by minute."""
    rooms = np.flatnonzero(campaigns.tool == Tool.LIVESTREAM)
    parents = parents_by_loops(events)
    watched: list[tuple[int, int, int, int, int]] = []
    for row in rooms.tolist():
        room = Room(parameters)
        for place in np.flatnonzero((events.row == row) & events.visited).tolist():
            cascade, node = int(events.cascade[place]), int(events.node[place])
            luck = derive(seed, ROOM, cascade, node)
            room.admit(place, luck, parents[place], bool(events.bought[place]))
        watched += [(one.place, row, one.arrival, one.leaving, one.order) for one in room.stream()]
        room.close()
    event, of_row, *minutes = np.array(watched, dtype=np.int64).reshape(-1, 5).T
    return Viewing(rooms, event, of_row, *(column.astype(np.int32) for column in minutes))


class Viewer(mesa.Agent):
    """A person who chose to watch.

    Attributes:
        place: position of the person's event.
        arrival: first minute in the room.
        leaving: first minute no longer there; 0 before it is known.
        order: minute of the order, NO_ORDER before.
    """

    model: "Room"

    def __init__(
        self, model: "Room", place: int, luck: int, told_by: "Viewer | None", buys: bool
    ) -> None:
        super().__init__(model)
        self.place = place
        self.buys = buys
        self.arrival = self._arrive(uniform(luck, ARRIVAL), told_by)
        self.leaving = 0
        self.order = NO_ORDER
        self._patience = uniform(luck, STAY)

    def watch(self) -> None:
        """Spend a minute in the room: order, and stay for another or leave."""
        if self.leaving or self.model.minute < self.arrival:
            return
        stays = self._stays()
        if self.buys and self.order == NO_ORDER and (self.model.offer_is_presented or not stays):
            self.order = self.model.minute
        if not stays:
            self.leaving = self.model.minute + 1

    def _arrive(self, luck: int, told_by: "Viewer | None") -> int:
        minutes, reacting = self.model.parameters.minutes, self.model.reacting
        if told_by is None:
            return luck * minutes >> UNIFORM_BITS
        left = minutes - told_by.arrival
        never = reacting[left - 1]
        luck = never + (luck * (CERTAIN - never) >> UNIFORM_BITS)
        return told_by.arrival + sum(luck < late for late in reacting)

    def _stays(self) -> bool:
        watched = self.model.minute - self.arrival
        return not self.model.is_last_minute and self._patience < self.model.staying[watched]


class Room(mesa.Model):
    """A livestream and those who watch; a step is a minute.

    Attributes:
        minute: that goes on, from 0.
        staying: thresholds of staying on after 1, 2, ... minutes.
        reacting: thresholds of coming 1, 2, ... minutes late or later.
    """

    def __init__(self, parameters: LivestreamParameters) -> None:
        super().__init__(rng=0)
        self.parameters = parameters
        self.minute = 0
        self.staying = staying(parameters).tolist()
        self.reacting = reacting(parameters).tolist()
        self._viewers: dict[int, Viewer] = {}

    def admit(self, place: int, luck: int, told_by: int | None, buys: bool) -> None:
        """Take in someone who will come; those who told others are taken in before them."""
        teller = None if told_by is None else self._viewers.get(told_by)
        self._viewers[place] = Viewer(self, place, luck, teller, buys)

    def stream(self) -> list[Viewer]:
        """Let the livestream run to its end, and tell who watched."""
        for _ in range(self.parameters.minutes):
            self.step()
        return list(self._viewers.values())

    def step(self) -> None:
        """One minute of all who are there."""
        self.agents.do("watch")
        self.minute += 1

    @property
    def offer_is_presented(self) -> bool:
        """Whether the host presents the offer in this minute."""
        return self.minute % self.parameters.offer_every == 0

    @property
    def is_last_minute(self) -> bool:
        """Whether the livestream ends with this minute."""
        return self.minute == self.parameters.minutes - 1

    def close(self) -> None:
        """Let go of everyone: Mesa 3.3 keeps each model for which it made agents."""
        self._viewers.clear()
        self.remove_all_agents()
