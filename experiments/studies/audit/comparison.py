"""Two claims compared: ranges, ratios, and whether they agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import pandas as pd

from weishang.experiments.analysis import reported
from weishang.experiments.console.format import cell

CONSISTENT, CONFLICT, AMBIGUOUS = "consistent", "conflict", "ambiguous"


@dataclass(frozen=True)
class Span:
    """A range of a quantity; a point has equal ends, an open end is infinite."""

    low: float
    high: float

    @classmethod
    def at(cls, value: float) -> "Span":
        """A point."""
        return cls(value, value)

    @classmethod
    def reported(cls, name: str) -> "Span":
        """A reported figure as it is given."""
        figure = reported.figure(name)
        if figure.value is not None:
            return cls.at(figure.value)
        return cls._open(figure.low, figure.high)

    @classmethod
    def band(cls, name: str) -> "Span":
        """The band within which a value agrees with a reported figure."""
        figure = reported.figure(name)
        return cls._open(figure.band_low, figure.band_high)

    @classmethod
    def _open(cls, low: float | None, high: float | None) -> "Span":
        return cls(-inf if low is None else low, inf if high is None else high)

    @property
    def middle(self) -> float:
        """The middle; of a range with an open upper end, its lower end."""
        return self.low if self.high == inf else (self.low + self.high) / 2

    def meets(self, other: "Span") -> bool:
        """Whether the ranges overlap."""
        return self.low <= other.high and other.low <= self.high

    def over(self, other: "Span") -> float:
        """This over the other: of the nearest ends, 1 when ranges overlap, NaN over zero."""
        points = self.low == self.high and other.low == other.high
        if self.meets(other) and not points:
            return 1.0
        top, bottom = (self.low, other.high) if self.low >= other.high else (self.high, other.low)
        return top / bottom if bottom else nan

    def __str__(self) -> str:
        if self.low == self.high:
            return cell(self.low)
        if self.high == inf:
            return f"{cell(self.low)} or more"
        return f"{cell(self.low)}..{cell(self.high)}"


@dataclass(frozen=True)
class Comparison:
    """Two claims in one reading: A worked out from reported figures, B beside it in the article.

    Attributes:
        id: of the pair of claims.
        claim_a, claim_b: what each is about.
        arithmetic: how A's number comes about.
        a: A's number.
        b: B's number, or the id of the reported figure that it is.
        reading: what is assumed; "" where the claims leave no choice.
        ratio: instead of a over b, where another says more.
    """

    id: str
    claim_a: str
    claim_b: str
    arithmetic: str
    a: Span
    b: Span | str
    reading: str = ""
    ratio: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether A meets B, within the band where B is a reported figure."""
        return self.a.meets(Span.band(self.b) if isinstance(self.b, str) else self.b)

    def row(self) -> dict[str, Any]:
        """The line of the table, its finding aside."""
        b = Span.reported(self.b) if isinstance(self.b, str) else self.b
        return {
            "id": self.id,
            "reading": self.reading,
            "claim_a": self.claim_a,
            "claim_b": self.claim_b,
            "arithmetic": f"{self.arithmetic}, against {b}",
            "ratio": self.a.over(b) if self.ratio is None else self.ratio,
        }


def findings(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """One row per reading, with the finding of its id over all readings.

    `consistent` when A meets B in each reading, `conflict` when in none, `ambiguous` when it
    depends on the reading.
    """
    made = list(comparisons)
    agreements: dict[str, set[bool]] = {}
    for one in made:
        agreements.setdefault(one.id, set()).add(one.agrees)
    named = {
        name: AMBIGUOUS if len(agreed) > 1 else CONSISTENT if True in agreed else CONFLICT
        for name, agreed in agreements.items()
    }
    return pd.DataFrame({**one.row(), "finding": named[one.id]} for one in made)
