"""The honest line a figure: role, simulated value, interval, prior range, and inside or outside.

Roles, fixed before any run: `set` (a parameter with its source), `fitted` (chosen to meet a
reported figure), `implied` (follows by arithmetic, or a null model gives it as well), `comes out`
(none of these) and `not modelled`. A figure may claim less than its plan, never more.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from weishang.experiments.analysis import reported
from weishang.experiments.console.format import cell
from weishang.experiments.storage import atomic, lock, tables

NAME = "verdicts.csv"
CLAIMS = {"not modelled": 0, "set": 1, "fitted": 1, "implied": 2, "comes out": 3}
"""Roles and how much each claims."""
VERDICTS = ("inside", "outside", "-")
COLUMNS = (
    "id",
    "role",
    "reading",
    "reported_low",
    "reported_high",
    "simulated",
    "ci_low",
    "ci_high",
    "prior_low",
    "prior_high",
    "mechanism_off",
    "verdict",
    "why",
)


@dataclass(frozen=True)
class Verdict:
    """One reported figure in one reading, and what the model gives for it.

    Attributes:
        id: of the reported figure; its band is the reported range.
        role: one of CLAIMS.
        reading: the estimand and the population, as "buyers over reached, all campaigns".
        simulated: median of the posterior predictive; None when not modelled.
        ci_low, ci_high: its interval.
        prior_low, prior_high: 5 and 95% of the prior predictive.
        mechanism_off: the value without the mechanism that is meant to cause it.
        why: the reason of the role, of a miss, or of leaving it out.
        judged: False gives the verdict "-": a world that the figure does not speak of.

    Raises:
        ValueError: a number is not finite, the interval does not hold the value, or the role
            claims more than the numbers or the plan allow.
    """

    id: str
    role: str
    reading: str
    simulated: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    prior_low: float | None = None
    prior_high: float | None = None
    mechanism_off: float | None = None
    why: str = ""
    judged: bool = True

    def __post_init__(self) -> None:
        """Check the row, so that no table can hold one that breaks the rules."""
        self._check_numbers()
        self._check_role()
        if self.role == "comes out":
            self._check_comes_out()

    @property
    def figure(self) -> reported.Figure:
        """The reported figure."""
        return reported.figure(self.id)

    @property
    def verdict(self) -> str:
        """Inside or outside the band; "-" where nothing is tested: set, absent or not judged."""
        if self.role == "set" or self.simulated is None or not self.judged:
            return "-"
        return "inside" if self.figure.holds(self.simulated) else "outside"

    def row(self) -> dict[str, object]:
        """The line of the table, by column."""
        own = {name: getattr(self, name) for name in COLUMNS if hasattr(self, name)}
        band = {"reported_low": self.figure.band_low, "reported_high": self.figure.band_high}
        return {name: {**own, **band}[name] for name in COLUMNS}

    def _check_numbers(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{self.id}: {item.name} is {value}; give a finite number or None")
        for low, value, high in (
            (self.ci_low, self.simulated, self.ci_high),
            (self.prior_low, None, self.prior_high),
        ):
            given = [number for number in (low, value, high) if number is not None]
            if given != sorted(given) or (low is None) != (high is None):
                raise ValueError(
                    f"{self.id}: ({low}, {value}, {high}) is no interval; give it whole"
                )

    def _check_role(self) -> None:
        if self.role not in CLAIMS:
            raise ValueError(f"{self.id}: role is {self.role!r}; give one of {', '.join(CLAIMS)}")
        if not self.reading:
            raise ValueError(f"{self.id}: reading is empty; say what the value counts, over whom")
        plan = self.figure.plan
        if CLAIMS[self.role] > CLAIMS[plan]:
            raise ValueError(f"{self.id}: role {self.role!r} claims more than the plan, {plan!r}")
        if (self.simulated is None) != (self.role == "not modelled"):
            raise ValueError(
                f"{self.id}: role is {self.role!r} and simulated is {self.simulated}; a value is "
                "given exactly when it is modelled"
            )
        if self.role == "not modelled" and not self.why:
            raise ValueError(f"{self.id}: why is empty; say why it is not modelled")

    def _check_comes_out(self) -> None:
        low, high, off = self.prior_low, self.prior_high, self.mechanism_off
        fault = None
        if low is None or high is None:
            fault = "has no prior range"
        elif self.figure.holds(low) and self.figure.holds(high):
            fault = f"has its prior range {low} .. {high} wholly inside the band"
        elif off is None:
            fault = "has no value with the mechanism off"
        elif self.simulated is not None and math.isclose(off, self.simulated, rel_tol=1e-6):
            fault = f"is {off} with the mechanism off too"
        if fault:
            raise ValueError(f"{self.id} {fault}: lower its role to 'implied'")


def update(results: Path, rows: Iterable[Verdict]) -> Path:
    """Put rows into `results/verdicts.csv`, in place of those of the same id and reading.

    The order is that of the reported figures, then of arrival. The file is replaced whole; runs
    at the same time take turns.

    Raises:
        ValueError: two of the rows have the same id and reading, or the file there is no table
            of verdicts.
    """
    new = [row.row() for row in rows]
    keys = [(row["id"], row["reading"]) for row in new]
    if repeated := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"rows hold {min(repeated, key=str)} twice; give each reading once")
    atomic.make_writable(results)
    path = results / NAME
    with lock.exclusive(results):
        kept = [] if not path.exists() else read(results).to_dict("records")
        merged = {(row["id"], row["reading"]): row for row in [*kept, *new]}
        order = {name: place for place, name in enumerate(reported.figures())}
        lines = sorted(merged.values(), key=lambda row: order[row["id"]])
        with atomic.staged_file(path) as staging:
            tables.write(pd.DataFrame(lines, columns=list(COLUMNS)), staging)
    return path


def check(results: Path) -> None:
    """Refuse a broken table of verdicts before any work is done; none at all is fine.

    Raises:
        ValueError: the file there is no table of verdicts.
    """
    if (results / NAME).exists():
        read(results)


def read(results: Path) -> pd.DataFrame:
    """The table of verdicts; texts are "" and numbers NaN where empty.

    Raises:
        ValueError: there is none, or it is not one that `update` wrote.
    """
    path = results / NAME
    try:
        frame = tables.read(path)
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: {error}; remove it and run the experiments again") from None
    if tuple(frame.columns) != COLUMNS:
        raise ValueError(f"{path}: columns are {list(frame.columns)}; remove the file, run again")
    for name, allowed in (("id", reported.figures()), ("role", CLAIMS), ("verdict", VERDICTS)):
        if odd := set(frame[name]) - set(allowed):
            raise ValueError(f"{path}: {name} is {min(odd, key=str)!r}; remove the file, run again")
    for name in ("reading", "why"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    return frame


def spans(low: "pd.Series[float]", high: "pd.Series[float]") -> list[str]:
    """Ranges as people read them; an open end is left out, an absent range empty."""
    pairs = zip(low.map(cell), high.map(cell), strict=True)
    return [f"{bottom} .. {top}".strip() if bottom or top else "" for bottom, top in pairs]
