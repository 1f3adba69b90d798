"""Rewards for passing an offer on, which the platform forbids unless its rules say otherwise.

Acts through the rule's tables: those who visit a rewarded offer are likelier to pass it on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weishang.model.core.adjustments import Adjustments
from weishang.model.core.choices import YES_OR_NO, Options
from weishang.model.core.parameters import check_number, parameter
from weishang.model.mechanisms.mechanism import Day, Grant, Mechanism, World

MAX_LOG_ODDS = 20.0


@dataclass(frozen=True)
class RewardParameters:
    """What a reward for passing an offer on does.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    induced: float = parameter(
        1.0,
        unit="log odds that a visitor passes a rewarded offer on",
        source="assumption, varied; Ryu and Feick (J. Marketing 2007) find that rewards raise the "
        "likelihood of referring",
        role="set",
        low=0.0,
        high=2.0,
    )

    def __post_init__(self) -> None:
        """Check the field."""
        check_number("induced", self.induced, 0.0, MAX_LOG_ODDS, integer=False)


class Reward(Mechanism):
    """Rewards for passing an offer on, where the platform allows induced sharing."""

    name = "reward"
    about = "rewards for passing an offer on"
    parameters = RewardParameters

    def options(self, world: World, state: Any) -> Sequence[Grant]:
        """Every seller may give one, if the platform's rules allow it."""
        allowed = world.scenario.rules.induced_sharing
        return [Grant(Options(induced=YES_OR_NO))] if allowed else []

    def adjust(self, world: World, state: Any, day: Day) -> Adjustments:
        """The wish of visitors of rewarded offers to pass them on, at all distances."""
        added = Adjustments.none(len(day.campaigns))
        added.share[day.campaigns.induced] = self.own(world).induced
        return added
