"""What sellers decide for a campaign, and how they choose without learning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Protocol

from weishang.kernels.rng import child
from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.streams import fraction, pick

YES_OR_NO = (False, True)


class Decision(IntEnum):
    """What a seller decides for a campaign; the number is part of the random word's address."""

    PRICE = 0
    CONTENT = 1
    CHANNEL = 2
    TOOL = 3
    EXTERNAL = 4
    INDUCED = 5


@dataclass(frozen=True)
class Options:
    """What a seller may choose: by default a plain post in Moments, to which mechanisms add.

    Attributes:
        channels: at least one, in the order of Channel.
        tools: at least one, in the order of Tool.
        external, induced: whether not, whether so, or both, in this order.

    Raises:
        ValueError: a field is empty or out of order; it is named.
    """

    channels: tuple[Channel, ...] = (Channel.MOMENTS,)
    tools: tuple[Tool, ...] = (Tool.NONE,)
    external: tuple[bool, ...] = (False,)
    induced: tuple[bool, ...] = (False,)

    def __post_init__(self) -> None:
        """Check the order, by which ties are broken."""
        for item in fields(self):
            actions = getattr(self, item.name)
            if not actions or list(actions) != sorted(set(actions)):
                raise ValueError(
                    f"{item.name} is {actions!r}; give at least one action, in order, each once"
                )

    def __or__(self, other: "Options") -> "Options":
        """What either leaves."""
        return Options(
            **{
                item.name: tuple(sorted({*getattr(self, item.name), *getattr(other, item.name)}))
                for item in fields(self)
            }
        )


PLAIN = Options()
"""A post in Moments that links inside the platform, and nothing else."""
EVERYTHING = Options(tuple(Channel), tuple(Tool), YES_OR_NO, YES_OR_NO)


class Learner(Protocol):
    """How a seller chooses by what it has learnt; it begins at the first of its price steps."""

    @property
    def price_steps(self) -> Sequence[float]:
        """Factors on the price that the seller began with."""

    @property
    def campaigns(self) -> int:
        """How many it has learnt from."""

    def choose(self, decision: Decision, allowed: Sequence[int], word: int) -> int:
        """One of the allowed actions of a decision, by a random word."""

    def learn(self, actions: Sequence[int], profit: float) -> None:
        """Take in what a campaign brought, of the action of each decision."""


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


def draw_any(count: int, allowed: Sequence[int], word: int) -> int:
    """One of the allowed among `count` actions, all equally likely, drawn in the same two steps."""
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
