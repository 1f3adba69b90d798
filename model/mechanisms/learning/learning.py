"""How sellers choose among actions: by fixed shares, or by what each action has earned so far.

Epsilon-greedy with sample averages (Sutton and Barto 2018, "Reinforcement Learning", chapter 2),
once for each decision of a campaign: price, content, channel, tool, link and reward for sharing.
The campaign's profit is the reward of every action that was taken. So the decisions are
independent learners (Claus and Boutilier 1998, AAAI), each a source of noise to the others.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.choices import Decision, draw_any
from weishang.model.core.streams import fraction
from weishang.model.mechanisms.learning.parameters import LearningParameters
from weishang.model.mechanisms.mechanism import DayRecord, Kind, Mechanism, World

TABLES = {"values": np.float64, "tries": np.int64}
"""What a learner knows, by attribute: lists by decision and action."""


class ProfitLearner:
    """What one seller knows of its actions.

    Attributes:
        values: mean profit of the campaigns with an action, by decision and action; the initial
            value of what is untried.
        tries: number of these campaigns.
        campaigns: how many were learnt from.
        price_steps: factors on the price that the seller began with.
    """

    def __init__(self, parameters: LearningParameters) -> None:
        """Know nothing yet."""
        self._epsilon = parameters.epsilon
        self.price_steps = parameters.price_steps
        sizes = (len(parameters.price_steps), 2, len(Channel), len(Tool), 2, 2)
        self.values = [[parameters.initial_value] * size for size in sizes]
        self.tries = [[0] * size for size in sizes]
        self.campaigns = 0

    def choose(self, decision: Decision, allowed: Sequence[int], word: int) -> int:
        """Explore, or take the best allowed action; the first of equally good ones.

        Args:
            decision: what is decided.
            allowed: actions, at least one, in ascending order.
            word: the decision's random word; its children say what is explored.
        """
        values = self.values[decision]
        if fraction(word) < self._epsilon:
            return draw_any(len(values), allowed, word)
        return int(max(allowed, key=values.__getitem__))

    def learn(self, actions: Sequence[int], profit: float) -> None:
        """Take a campaign's profit as the reward of the action of each decision."""
        self.campaigns += 1
        for action, values, tries in zip(actions, self.values, self.tries, strict=True):
            tries[action] += 1
            values[action] += (profit - values[action]) / tries[action]


class Learning(Mechanism):
    """Sellers that learn from their profits. Its state is the sellers' learners, in their order."""

    name = "learning"
    about = "sellers that learn from their profits"
    parameters = LearningParameters

    def start(self, world: World) -> list[ProfitLearner]:
        """Every seller gets a learner that knows nothing."""
        learners = [ProfitLearner(self.own(world)) for _ in world.sellers]
        for seller, learner in zip(world.sellers, learners, strict=True):
            seller.equip(learner)
        return learners

    def end_day(
        self, world: World, state: list[ProfitLearner], record: DayRecord
    ) -> list[ProfitLearner]:
        """Who had a campaign takes in what it earned."""
        for seller in world.sellers:
            seller.learn()
        return state

    def save(self, world: World, state: list[ProfitLearner]) -> Mapping[str, NDArray[Any]]:
        """What sellers know, [S, A]: the actions of all decisions side by side."""
        arrays = {
            name: np.array(
                [list(chain.from_iterable(getattr(one, name))) for one in state], dtype=dtype
            )
            for name, dtype in TABLES.items()
        }
        return {**arrays, "campaigns": np.array([one.campaigns for one in state], dtype=np.int64)}

    def kinds(self, world: World) -> Mapping[str, Kind]:
        """A row per seller."""
        sellers, actions = len(world.sellers), sum(map(len, ProfitLearner(self.own(world)).values))
        tables: dict[str, Kind] = {
            name: ((np.dtype(dtype).name,), (sellers, actions)) for name, dtype in TABLES.items()
        }
        return {**tables, "campaigns": (("int64",), (sellers,))}

    def restore(
        self, world: World, state: list[ProfitLearner], arrays: Mapping[str, NDArray[Any]]
    ) -> list[ProfitLearner]:
        """Numbers of tries and campaigns are not negative."""
        for name in ("tries", "campaigns"):
            if (arrays[name] < 0).any():
                raise ValueError(f"{name} falls below 0")
        for place, learner in enumerate(state):
            learner.campaigns = int(arrays["campaigns"][place])
            for name in TABLES:
                row, start = arrays[name][place].tolist(), 0
                for known in getattr(learner, name):
                    known[:] = row[start : start + len(known)]
                    start += len(known)
        return state


Learning.reference = Learning
