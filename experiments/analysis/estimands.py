"""What is counted over whom: one row per campaign, and the figures that follow from many.

A figure is a ratio of two sums over rows. Means are given over all campaigns and over those that
get to the level, which is that they reach at least one person there. Level 3 is three hops and
more.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Counted = Callable[[pd.DataFrame], NDArray[np.float64]]
"""A number per row."""

THERE, ALL = "mean over campaigns that get there", "mean over all campaigns"
BY_REACHED, BY_VISITS = "buyers over reached", "buyers over visits"
NEAR = "levels 1 and 2 only"


@dataclass(frozen=True)
class Estimand:
    """A ratio of two sums over rows.

    Attributes:
        figure: id of the reported figure.
        reading: what is counted, over whom.
        numerator, denominator: what each row adds.
        table: name of the table whose rows are counted.
    """

    figure: str
    reading: str
    numerator: Counted
    denominator: Counted
    table: str = "campaigns"

    def value(self, rows: pd.DataFrame, nobody: float = 0.0) -> float:
        """The figure over these rows; `nobody` when nobody is in the denominator."""
        below = float(self.denominator(rows).sum())
        return float(self.numerator(rows).sum()) / below if below else nobody


def total(name: str, *levels: int) -> Counted:
    """The sum of a column over levels, or the column itself."""
    names = [f"{name}_{level}" for level in levels] or [name]
    return lambda rows: rows[names].to_numpy(dtype=np.float64).sum(axis=1)


def each(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Every row once."""
    return np.ones(len(rows))


def there(level: int) -> Counted:
    """The campaigns that reach somebody at a level."""
    return lambda rows: (rows[f"reach_{level}"].to_numpy() > 0).astype(np.float64)


def values(
    items: Iterable[Estimand], tables: Mapping[str, pd.DataFrame], nobody: float = 0.0
) -> Mapping[tuple[str, str], float]:
    """Every estimand by (figure, reading); `nobody` where nobody is in the denominator."""
    return {(one.figure, one.reading): one.value(tables[one.table], nobody) for one in items}
