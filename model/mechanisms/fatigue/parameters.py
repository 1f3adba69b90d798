"""Parameters of fatigue: how quickly people tire of posts, and recover."""

from dataclasses import dataclass

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

    @property
    def num_classes(self) -> int:
        """F, fatigue classes."""
        return len(self.tired)
