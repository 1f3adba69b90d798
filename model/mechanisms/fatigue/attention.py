"""Finite attention: who was shown much lately is tired of it, and opens less.

Acts from one day to the next through the rule's tables: the posts that a person was shown become
a fatigue class, which is an axis of the segment. Campaigns of one day stay independent.

The more people are shown, the less they respond to each (Hodas and Lerman 2012, arXiv:1205.2736),
and past a threshold above all (Gomez-Rodriguez, Gummadi and Schölkopf 2014, arXiv:1403.6838).
Neither gives a size for links that sell.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weishang.model.core.parameters import check_number, parameter

MAX_CLASSES = 16
"""The tables of the rule grow with the number of classes."""
MAX_LOAD = 1e9


@dataclass(frozen=True)
class AttentionParameters:
    """How quickly people tire of posts, and recover.

    Raises:
        ValueError: a value is out of range, numbers are out of order, or the classes of `tired` are
            not one more than the thresholds; the field is named.
    """

    half_life: float = parameter(
        1.0,
        unit="days",
        source="assumption, varied: yesterday's posts count half as much tomorrow",
        role="set",
        low=0.5,
        high=7.0,
    )
    thresholds: tuple[float, ...] = parameter(
        (5.0, 20.0),
        unit="posts remembered",
        source="assumption, varied: three classes, as people who are shown little, some and much",
        role="set",
        low=(2.0, 10.0),
        high=(10.0, 40.0),
    )
    tired: tuple[float, ...] = parameter(
        (0.0, 0.3, 0.7),
        unit="log odds of opening that are lost, by class",
        source="assumption, varied; that many posts are answered less is in Hodas and Lerman "
        "(2012), arXiv:1205.2736, and Gomez-Rodriguez et al. (2014), arXiv:1403.6838, but no size",
        role="set",
        low=(0.0, 0.0, 0.0),
        high=(0.0, 0.6, 1.4),
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_number("half_life", self.half_life, 0.01, 1000.0, integer=False)
        for name in ("thresholds", "tired"):
            values = getattr(self, name)
            if not isinstance(values, tuple):
                raise ValueError(f"{name} is {values!r}; give a tuple of numbers")
            for value in values:
                check_number(name, value, 0.0, MAX_LOAD, integer=False)
            if list(values) != sorted(values):
                raise ValueError(f"{name} is {values!r}; give numbers in ascending order")
        if len(set(self.thresholds)) < len(self.thresholds):
            raise ValueError(f"thresholds is {self.thresholds!r}; give each number once")
        if not 1 <= len(self.tired) <= MAX_CLASSES or len(self.tired) != len(self.thresholds) + 1:
            raise ValueError(
                f"tired is {self.tired!r}, {len(self.tired)} classes; {len(self.thresholds)} "
                f"thresholds part {len(self.thresholds) + 1}, of which there may be {MAX_CLASSES}"
            )

    @classmethod
    def tireless(cls) -> "AttentionParameters":
        """One class that nothing tires: fatigue switched off."""
        return cls(thresholds=(), tired=(0.0,))

    @property
    def num_classes(self) -> int:
        """F, fatigue classes."""
        return len(self.tired)


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
            A new Attention; today's posts count in full. Of one class, this: nothing depends on
            what its people remember.
        """
        if self.parameters.num_classes == 1:
            return self
        shown = np.bincount(node, minlength=self.load.size)
        return Attention(_kept(self.parameters) * self.load + shown, self.parameters)


def after_one_by_one(attention: Attention, node: NDArray[np.int32]) -> Attention:
    """`Attention.after` person by person, post by post: the same."""
    if attention.parameters.num_classes == 1:
        return attention
    kept = _kept(attention.parameters)
    shown = [0] * attention.load.size
    for person in node.tolist():
        shown[person] += 1
    load = [kept * before + new for before, new in zip(attention.load.tolist(), shown, strict=True)]
    return Attention(np.array(load), attention.parameters)


def class_of(load: float, thresholds: tuple[float, ...]) -> int:
    """The fatigue class of one person."""
    return sum(load >= threshold for threshold in thresholds)


def _kept(parameters: AttentionParameters) -> float:
    return float(0.5 ** (1.0 / parameters.half_life))
