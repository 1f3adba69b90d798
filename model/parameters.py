"""Parameters as dataclass fields that carry unit, source, role and prior range."""

from dataclasses import field
from typing import Any


def parameter(default: Any, *, unit: str, source: str, role: str, low: Any, high: Any) -> Any:
    """A dataclass field with its value, unit, source, role and the ends of its prior range."""
    metadata = {"unit": unit, "source": source, "role": role, "low": low, "high": high}
    return field(default=default, metadata=metadata)
