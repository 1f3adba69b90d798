"""Finite attention: who was shown much lately is tired of it, and opens less.

Acts from one day to the next through the rule's tables: the posts that a person was shown become
a fatigue class, which is an axis of the segment. Campaigns of one day stay independent.

The more people are shown, the less they respond to each (Hodas and Lerman 2012, arXiv:1205.2736),
and past a threshold above all (Gomez-Rodriguez, Gummadi and Schölkopf 2014, arXiv:1403.6838).
Neither gives a size for links that sell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.model.core.adjustments import Adjustments
from weishang.model.mechanisms.fatigue.parameters import AttentionParameters
from weishang.model.mechanisms.mechanism import (
    Day,
    DayRecord,
    Indicator,
    Kind,
    Mechanism,
    World,
)


@dataclass(frozen=True, eq=False)
class Attention:
    """What N people still remember of the posts that they were shown.

    Attributes:
        load: float64 [N], posts, each counted for less as days pass.
        parameters: see AttentionParameters.
    """

    load: NDArray[np.float64]
    parameters: AttentionParameters

    @classmethod
    def fresh(cls, num_people: int, parameters: AttentionParameters) -> "Attention":
        """Nobody was shown anything yet."""
        return cls(np.zeros(num_people), parameters)

    def classes(self) -> NDArray[np.int8]:
        """Fatigue class of each person, int8 [N]: how many thresholds the load has come up to."""
        found = np.zeros(self.load.size, dtype=np.int8)
        for threshold in self.parameters.thresholds:
            found += self.load >= threshold
        return found

    def after(self, node: NDArray[np.int32]) -> "Attention":
        """What people remember a day later.

        Args:
            node: int32 [E], whom a campaign reached today, once a campaign; `events.node`.

        Returns:
            A new Attention; today's posts count in full.
        """
        shown = np.bincount(node, minlength=self.load.size)
        return Attention(kept(self.parameters) * self.load + shown, self.parameters)


class Fatigue(Mechanism):
    """Fatigue: people who were shown much lately open less. Its state is Attention."""

    name = "fatigue"
    about = "attention that tires from day to day"
    group = "attention"
    parameters = AttentionParameters
    reference = "weishang.model.mechanisms.fatigue.by_agents:FatigueByAgents"

    def start(self, world: World) -> Attention:
        """Nobody was shown anything yet."""
        return Attention.fresh(world.society.num_users, self.own(world))

    def num_classes(self, world: World) -> int:
        """Fatigue classes."""
        return int(self.own(world).num_classes)

    def classes(self, world: World, state: Attention) -> NDArray[np.int8]:
        """How tired each person is today."""
        return state.classes()

    def adjust(self, world: World, state: Attention, day: Day) -> Adjustments:
        """Log odds of visiting that each class of fatigue takes away."""
        added = Adjustments.none(num_classes=state.parameters.num_classes)
        added.visit[0, 0] = -np.array(state.parameters.tired)
        return added

    def end_day(self, world: World, state: Attention, record: DayRecord) -> Attention:
        """Everyone remembers what was shown."""
        return state.after(record.events.node)

    def indicators(self) -> Sequence[Indicator]:
        """How much people remember."""
        return [
            Indicator(
                "load",
                "posts per person",
                "remembered on average, at the end of the day",
                _mean_load,
                adds_up=False,
                when_off=0.0,
            )
        ]

    def save(self, world: World, state: Attention) -> Mapping[str, NDArray[Any]]:
        """What each person remembers, float64 [N]."""
        return {"load": state.load}

    def kinds(self, world: World) -> Mapping[str, Kind]:
        """A number per person."""
        return {"load": (("float64",), (world.society.num_users,))}

    def restore(
        self, world: World, state: Attention, arrays: Mapping[str, NDArray[Any]]
    ) -> Attention:
        """Loads are finite and not negative."""
        load = arrays["load"]
        if not ((load >= 0) & (load < np.inf)).all():
            raise ValueError("load falls below 0 or is not a number")
        return Attention(load, state.parameters)


def _mean_load(world: World, state: Attention, record: DayRecord) -> float:
    return float(state.load.mean())


def kept(parameters: AttentionParameters) -> float:
    """The fraction of what is remembered that is left a day later."""
    return float(0.5 ** (1.0 / parameters.half_life))
