"""Checks of the values in a scenario file that pydantic cannot tell in a user's words.

Each takes a value, gives it back, and raises a ValueError that says what was found and what would
be right.
"""

from datetime import date
from typing import Any

from weishang.experiments.readers.faults import shown
from weishang.experiments.readers.toml_scan import is_date

FORMAT = 1
START = date(2022, 10, 1)
"""Only names the days: nothing in the model depends on the season."""
DAYS = 14
"""Two weeks."""
MAX_INTEGER = 1 << 63
"""TOML's integers have 64 bits."""
SHARES = ("probability", "fraction")
"""Units of values in [0, 1] begin so."""


def fits(unit: str, value: Any) -> Any:
    """Check the numbers of a value, which is one or a tuple of them, or neither."""
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, int):
            _integer(number)
        if unit.startswith(SHARES) and isinstance(number, int | float):
            _share(unit, number)
    return value


def natural(value: int) -> int:
    """Check for a number of a person or a class: 0, 1, 2, and so on."""
    if value < 0:
        raise ValueError(f"is {shown(value)}; give an integer from 0 on")
    return _integer(value)


def at_least_one(value: int) -> int:
    """Check for a number of days."""
    if value < 1:
        raise ValueError(f"is {shown(value)}; give at least 1")
    return _integer(value)


def positive(value: float) -> float:
    """Check for a price."""
    if not value > 0.0:
        raise ValueError(f"is {shown(value)}; give a number above 0")
    return value


def no_blank(value: str) -> str:
    """Check for a text that says something."""
    if not value.strip():
        raise ValueError("is blank; give a text")
    return value


def this_format(value: Any) -> Any:
    """Check for the format that is read here."""
    if type(value) is not int or value != FORMAT:
        raise ValueError(f"is {shown(value)}; this version reads format {FORMAT}")
    return value


def day(value: Any) -> Any:
    """Check for a day of the calendar."""
    if type(value) is date:
        return value
    if isinstance(value, date):
        raise ValueError(f"is {value}; give the day without a time, such as {START}")
    if isinstance(value, str) and is_date(value):
        raise ValueError(f"is the text {shown(value)}; write the date without quotes")
    raise ValueError(f"is {shown(value)}, no date of the calendar; give one such as {START}")


def _share(unit: str, value: float) -> None:
    noun = unit.split()[0]
    if 1.0 < value <= 100.0:
        raise ValueError(f"{value} is not a {noun}; did you mean {value / 100.0:.12g}?")
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{shown(value)} is not a {noun}; give a number in [0, 1]")


def _integer(value: int) -> int:
    if not -MAX_INTEGER <= value < MAX_INTEGER:
        raise ValueError(f"is {shown(value)}; give an integer of 64 bits")
    return value
