"""One honest row per figure: role, simulated value, interval, prior range, inside or outside.

Roles, fixed before any run: `set` (a parameter with its source), `fitted` (chosen to meet a
reported figure), `implied` (follows by arithmetic, or a null model gives it as well), `predicted`
(none of these) and `not modelled`. A figure may claim less than its plan, never more.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from weishang.experiments.analysis import reported
from weishang.experiments.console.format import cell
from weishang.experiments.storage import atomic, lock, tables

NAME = "verdicts.csv"
CLAIMS = {"not modelled": 0, "set": 1, "fitted": 1, "implied": 2, "predicted": 3}
"""Roles and how much each claims."""
VERDICTS = ("inside", "outside", "-")
OWN_GRAPH = "a graph of one's own: the figure does not speak of it; weights not fitted again"
"""Why nothing is judged on a graph from a file."""
OTHER_READING = "another reading of a figure that a weight is fitted to; not fitted itself"
COLUMNS = (
    "study",
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
        judged: False gives the verdict "-": a replicate that the figure does not speak of.

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

    def row(self, study: str) -> dict[str, object]:
        """The row of the table, by column."""
        own = {name: getattr(self, name) for name in COLUMNS if hasattr(self, name)}
        band = {"reported_low": self.figure.band_low, "reported_high": self.figure.band_high}
        return {name: {"study": study, **own, **band}[name] for name in COLUMNS}

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
                    f"{self.id}: ({low}, {value}, {high}) is not an interval; order the ends"
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
        if self.role == "predicted":
            off = self.mechanism_off
            fault = why_not_predicted(
                self.figure, self.simulated, (self.prior_low, self.prior_high), off
            )
            if fault:
                raise ValueError(f"{self.id} {fault}: lower its role to 'implied'")


def rated(
    role: str,
    estimate: Mapping[Any, Any],
    *,
    off: float,
    null: float,
    why: str,
    judged: bool,
    first: float | None = None,
) -> Verdict:
    """The verdict of an estimate; where the numbers do not bear `predicted`, it is `implied`.

    Args:
        role: that the figure would have by its plan.
        estimate: figure, reading, value, ci_low, ci_high, prior_low, prior_high; see
            `inference.estimates`.
        off: the value without the mechanism that is meant to cause it; NaN where there is none.
        null: what arithmetic or a null model gives; NaN where nothing does.
        why: the reason of the role, or of a miss.
        judged: False on a graph of one's own.
        first: the value that `off` is compared with, where that is not the estimate's own.
    """
    value = estimate["value"]
    prior = _known(estimate["prior_low"]), _known(estimate["prior_high"])
    if role == "predicted":
        figure = reported.figure(estimate["figure"])
        interval = (estimate["ci_low"], estimate["ci_high"])
        same = first is not None and math.isclose(off, first, rel_tol=1e-6)
        given = gives_as_well(null, value, interval, figure.holds)
        if same or given or why_not_predicted(figure, value, prior, _known(off)):
            role = "implied"
    return Verdict(
        id=estimate["figure"],
        role=role,
        reading=estimate["reading"],
        simulated=value,
        ci_low=estimate["ci_low"],
        ci_high=estimate["ci_high"],
        prior_low=prior[0],
        prior_high=prior[1],
        mechanism_off=_known(off),
        why=why if judged else OWN_GRAPH,
        judged=judged,
    )


def gives_as_well(
    null: float, value: float, interval: tuple[float, float], holds: Callable[[float], bool]
) -> bool:
    """Whether a null model gives a figure as well as the model does.

    It does when its value lies in the model's interval, or both lie inside the reported band.
    """
    return interval[0] <= null <= interval[1] or (holds(null) and holds(value))


def why_not_predicted(
    figure: reported.Figure,
    simulated: float | None,
    prior: tuple[float | None, float | None],
    off: float | None,
) -> str | None:
    """What keeps a figure from being called predicted; None where nothing does."""
    low, high = prior
    if low is None or high is None:
        return "has no prior range"
    if figure.holds(low) and figure.holds(high):
        return f"has its prior range {low} .. {high} wholly inside the band"
    if off is None:
        return "has no value with the mechanism off"
    if simulated is not None and math.isclose(off, simulated, rel_tol=1e-6):
        return f"is {off} with the mechanism off too"
    return None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def update(results: Path, study: str, rows: Iterable[Verdict]) -> Path:
    """Put the rows of a study into `results/verdicts.csv`, in place of all that it had there.

    The order is that of the reported figures; a study that is run again keeps its place among those
    that speak of the same figure. The file is replaced whole; runs at the same time take turns.

    Raises:
        ValueError: two of the rows have the same id and reading, another study has one of them, or
            the file there is not a table of verdicts.
    """
    new = [row.row(study) for row in rows]
    keys = [(row["id"], row["reading"]) for row in new]
    if repeated := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"rows hold {min(repeated, key=str)} twice; give each reading once")
    atomic.make_writable(results)
    path = results / NAME
    with lock.exclusive(results):
        before = read(results).to_dict("records") if path.exists() else []
        kept = [row for row in before if row["study"] != study]
        for row in kept:
            if (row["id"], row["reading"]) in keys:
                raise ValueError(
                    f"{path} has {row['id']}, {row['reading']!r} of the study {row['study']}; give "
                    f"that of {study} another reading"
                )
        place = {name: number for number, name in enumerate(reported.figures())}
        seen = {(row["id"], row["study"]): number for number, row in reversed([*enumerate(before)])}
        lines = sorted(
            [*kept, *new],
            key=lambda row: (place[row["id"]], seen.get((row["id"], row["study"]), len(before))),
        )
        with atomic.staged_file(path) as staging:
            tables.write(pd.DataFrame(lines, columns=list(COLUMNS)), staging)
    return path


def check(results: Path) -> None:
    """Refuse a broken table of verdicts before any work is done; none at all is fine.

    Raises:
        ValueError: the file there is not a table of verdicts.
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
    for name in ("study", "reading", "why"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    return frame


def spans(low: "pd.Series[float]", high: "pd.Series[float]") -> list[str]:
    """Ranges as people read them; an open end is left out, an absent range empty."""
    pairs = zip(low.map(cell), high.map(cell), strict=True)
    return [f"{bottom} .. {top}".strip() if bottom or top else "" for bottom, top in pairs]
