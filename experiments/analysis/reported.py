"""The article's figures as data: value or range, band that a verdict uses, unit, planned role.

The article is a secondary source without citations: its figures are targets, not data. Bands are
plus and minus 10% of a point, and a range as it is given.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("reported.csv")


@dataclass(frozen=True)
class Figure:
    """One reported figure; an open end is None.

    Attributes:
        id: its name in every table of the project.
        section: of the article, 0 (introduction) to 9 (outlook).
        quantity: what it measures.
        value: the point, or None for a range.
        low, high: the range, or None.
        band_low, band_high: what a simulated value must lie within to be called inside.
        unit: of all of them.
        plan: the role that was aimed at before any run.
    """

    id: str
    section: int
    quantity: str
    value: float | None
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None
    unit: str
    plan: str

    def point(self) -> float:
        """The value.

        Raises:
            ValueError: the figure is a range.
        """
        if self.value is None:
            raise ValueError(f"{self.id} is a range; take its low or high")
        return self.value

    def holds(self, value: float) -> bool:
        """Whether a value lies in the band, its ends included."""
        above = self.band_low is None or value >= self.band_low
        return above and (self.band_high is None or value <= self.band_high)


def figure(name: str) -> Figure:
    """The reported figure of an id.

    Raises:
        ValueError: there is none of that id.
    """
    try:
        return figures()[name]
    except KeyError:
        raise ValueError(f"id is {name!r}; give one of {FILE.name}") from None


def target(name: str) -> float:
    """A reported figure's point, or the middle of its range: what a weight is fitted to.

    Raises:
        ValueError: the range has an open end.
    """
    given = figure(name)
    if given.value is not None:
        return given.value
    if given.low is None or given.high is None:
        raise ValueError(f"{name} has an open end; fit to a point or a closed range")
    return (given.low + given.high) / 2.0


@cache
def figures() -> Mapping[str, Figure]:
    """All reported figures by id, in the article's order."""
    numbers = ("value", "low", "high", "band_low", "band_high")
    with FILE.open(encoding="utf-8", newline="") as stream:
        rows = [
            Figure(
                id=row["id"],
                section=int(row["section"]),
                quantity=row["quantity"],
                unit=row["unit"],
                plan=row["plan"],
                **{name: float(row[name]) if row[name] else None for name in numbers},
            )
            for row in csv.DictReader(stream)
        ]
    return MappingProxyType({one.id: one for one in rows})
