"""Parameters as dataclass fields with unit, source, role and prior range; checks of values."""

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

import numpy as np


def parameter(default: Any, *, unit: str, source: str, role: str, low: Any, high: Any) -> Any:
    """A dataclass field with its value, unit, source, role and the ends of its prior range."""
    metadata = {"unit": unit, "source": source, "role": role, "low": low, "high": high}
    return field(default=default, metadata=metadata)


def check_fields(part: Any, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse a group of parameters in which a number is out of range.

    Args:
        part: a dataclass, whose fields of type int and float are checked.
        ranges: ends of what each of these may be.

    Raises:
        ValueError: the first such field is named with its value.
    """
    for item in fields(part):
        if item.type in (int, float):
            low, high = ranges[item.name]
            check_number(item.name, getattr(part, item.name), low, high, item.type is int)


def check_number(name: str, value: Any, low: float, high: float, integer: bool) -> None:
    """Refuse a value that is no number in [low, high].

    Raises:
        ValueError: the field is named with its value.
    """
    kinds = (int, np.integer) if integer else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "an integer" if integer else "a number"
        raise ValueError(f"{name} is {value!r}; give {kind} in [{low}, {high}]")
