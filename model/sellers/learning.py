"""How sellers choose among actions: by fixed shares, or by what each action has earned so far.

Epsilon-greedy with sample averages (Sutton and Barto 2018, "Reinforcement Learning", chapter 2),
once for each decision of a campaign: price, content, channel, tool, link and reward for sharing.
The campaign's profit is the reward of every action that was taken. So the decisions are
independent learners (Claus and Boutilier 1998, AAAI), each a source of noise to the others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

from weishang.kernels.rng import child
from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.streams import fraction, pick

YES_OR_NO = (False, True)
MAX_PROFIT = 1e9
"""Bound of a thinkable profit, in usual prices."""


class Decision(IntEnum):
    """What a seller decides for a campaign; the number is part of the random word's address."""

    PRICE = 0
    CONTENT = 1
    CHANNEL = 2
    TOOL = 3
    EXTERNAL = 4
    INDUCED = 5


@dataclass(frozen=True)
class LearningParameters:
    """How sellers learn from their profits.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    epsilon: float = parameter(
        0.1,
        unit="probability a decision",
        source="assumption, varied; Sutton and Barto (2018), section 2.3, compare 0, .01 and .1",
        role="set",
        low=0.01,
        high=0.2,
    )
    initial_value: float = parameter(
        0.0,
        unit="usual price = 1",
        source="assumption, varied: what is untried is thought to earn nothing; at the upper end "
        "it is thought to earn well, so that sellers try everything (Sutton and Barto 2018, "
        "section 2.6)",
        role="set",
        low=0.0,
        high=20.0,
    )
    price_steps: tuple[float, ...] = parameter(
        (1.0, 0.7, 0.85, 1.2, 1.5),
        unit="factor on the price that the seller began with",
        source="assumption: from some 30% off to half as much again; the first is where a seller "
        "begins",
        role="set",
        low=None,
        high=None,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_number("epsilon", self.epsilon, 0.0, 1.0, integer=False)
        check_number("initial_value", self.initial_value, -MAX_PROFIT, MAX_PROFIT, integer=False)
        if not isinstance(self.price_steps, tuple) or not self.price_steps:
            raise ValueError(f"price_steps is {self.price_steps!r}; give at least one factor")
        for step in self.price_steps:
            check_number("price_steps", step, 0.01, 100.0, integer=False)


@dataclass(frozen=True)
class Allowed:
    """What a seller may do: what the platform's rules and the seller's own means leave.

    Attributes:
        channels: at least one, in the order of Channel.
        tools: at least one, in the order of Tool.
        external, induced: whether not, whether so, or both, in this order.

    Raises:
        ValueError: nothing is left of a field, or it is out of order; it is named.
    """

    channels: tuple[Channel, ...] = tuple(Channel)
    tools: tuple[Tool, ...] = tuple(Tool)
    external: tuple[bool, ...] = YES_OR_NO
    induced: tuple[bool, ...] = YES_OR_NO

    def __post_init__(self) -> None:
        """Check the order, by which ties are broken."""
        for item in fields(self):
            actions = getattr(self, item.name)
            if not actions or list(actions) != sorted(set(actions)):
                raise ValueError(
                    f"{item.name} is {actions!r}; give at least one action, in order, each once"
                )


EVERYTHING = Allowed()
PLAIN = Allowed((Channel.MOMENTS,), (Tool.NONE,), (False,), (False,))
"""A post in Moments that links inside the platform, and nothing else."""


class Learner:
    """What one seller knows of its actions.

    Attributes:
        values: mean profit of the campaigns with an action, by decision and action; the initial
            value of what is untried.
        tries: number of these campaigns.
        campaigns: how many were learnt from.
    """

    def __init__(self, parameters: LearningParameters) -> None:
        """Know nothing yet."""
        self._epsilon = parameters.epsilon
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
            return _any(len(values), allowed, word)
        return int(max(allowed, key=values.__getitem__))

    def learn(self, actions: Sequence[int], profit: float) -> None:
        """Take a campaign's profit as the reward of the action of each decision."""
        self.campaigns += 1
        for action, values, tries in zip(actions, self.values, self.tries, strict=True):
            tries[action] += 1
            values[action] += (profit - values[action]) / tries[action]


def draw(shares: Sequence[float], allowed: Sequence[int], word: int) -> int:
    """One of the allowed actions in proportion to their shares, without learning.

    It is drawn among all, and once more if it is not allowed. So a rule changes only the choices
    that it forbids.

    Args:
        shares: of all actions, not all 0; their sum need not be 1.
        allowed: actions, at least one, in ascending order.
        word: the decision's random word.

    Returns:
        An action; the first that is allowed, if all of these have share 0.
    """
    action = _in_proportion(shares, word)
    if action in allowed:
        return action
    left = [shares[action] for action in allowed]
    return int(allowed[_in_proportion(left, child(word, 0)) if any(left) else 0])


def _any(count: int, allowed: Sequence[int], word: int) -> int:
    action = pick(child(word, 0), count)
    return action if action in allowed else int(allowed[pick(child(word, 1), len(allowed))])


def _in_proportion(shares: Sequence[float], word: int) -> int:
    # `sum` rounds otherwise from Python 3.12 on.
    rest = fraction(word) * math.fsum(shares)
    for action, share in enumerate(shares):
        rest -= share
        if rest < 0.0:
            return action
    # Rounding may leave nothing below the sum.
    return max(action for action, share in enumerate(shares) if share > 0.0)
