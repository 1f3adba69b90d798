"""Parameters of learning: how much sellers explore, and among which prices."""

from dataclasses import dataclass

from weishang.model.core.parameters import check_number, parameter

MAX_PROFIT = 1e9
"""Bound of a thinkable profit, in reference prices."""


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
        unit="reference price = 1",
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
