"""Tables in two forms: exact CSV for programs, rounded Markdown for people."""

from numbers import Integral, Real
from pathlib import Path
from typing import Any

import pandas as pd

DIGITS = 4
"""Significant digits that people are shown."""


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write CSV that reads back to the same numbers, every float with all its digits."""
    frame.to_csv(path, index=False, lineterminator="\n")


def read(path: Path) -> pd.DataFrame:
    """Read a table that `write` wrote, to the last digit (pandas 3.1 on); an empty cell is NaN."""
    return pd.read_csv(path)


def markdown(frame: pd.DataFrame) -> str:
    """A GitHub table: numbers rounded and to the right, text to the left, NaN left empty."""
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
    lines = [
        [_escape(str(name)) for name in frame.columns],
        ["---:" if right else "---" for right in numeric],
        *([cell(value) for value in row] for row in frame.itertuples(index=False, name=None)),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: Any) -> str:
    """One value as people read it.

    Example:
        >>> cell(28741.3), cell(0.0816049), cell(1_289_000_000), cell(float("nan"))
        ('28,741', '0.0816', '1,289,000,000', '')
    """
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool) or not isinstance(value, Real):
        return _escape(str(value))
    if isinstance(value, Integral):
        return f"{int(value):,}"
    return _rounded(float(value))


def _rounded(value: float) -> str:
    size = abs(value)
    if size >= 10 ** (DIGITS - 1) and size != float("inf"):
        return f"{value:,.0f}"
    return f"{value:.{DIGITS}g}"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
