"""Values as people read them, in printed tables and on pages."""

from numbers import Integral, Real
from typing import Any

DIGITS = 4
"""Significant digits that people are shown."""


def cell(value: Any) -> str:
    """One value as people read it; a missing one is empty.

    Example:
        >>> cell(28741.3), cell(0.0816049), cell(1_289_000_000), cell(float("nan"))
        ('28,741', '0.0816', '1,289,000,000', '')
    """
    if _is_missing(value):
        return ""
    if isinstance(value, bool) or not isinstance(value, Real):
        return in_cell(str(value))
    if isinstance(value, Integral):
        return f"{int(value):,}"
    number = float(value)
    if abs(number) >= 10 ** (DIGITS - 1) and abs(number) != float("inf"):
        return f"{number:,.0f}"
    return f"{number:.{DIGITS}g}"


def in_cell(text: str) -> str:
    """A text that ends neither the cell nor the row of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _is_missing(value: Any) -> bool:
    """Whether it is None, NaN or pandas' NA, which is neither equal to itself nor unequal."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
