"""How many replicates a question needs, estimated from a pilot sweep.

Command: weishang replicates FOLDER [--outcome NAME] [--policy NAME] [--width REL] [--effect REL]
[--power P] [--confidence C]. FOLDER is that of a gathered sweep of at least three replicates; it is
only read. Runtime: seconds.

It answers two questions. How many replicates does the mean of an outcome need, for its interval to
reach no further than `width` of the mean to either side? How many pairs of replicates does it take
to detect that a policy changes an outcome by `effect` of the first policy's mean? A pilot gives
only a rough estimate of how much replicates differ, so beside each answer is the one for the upper
limit of that estimate. docs/replicates.md says when either is wrong; `sample_sizes` has the
formulas and their sources.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from pyarrow.types import is_floating, is_integer, is_large_string, is_string

from weishang.experiments.analysis import sample_sizes
from weishang.experiments.console.output import show
from weishang.experiments.readers import parquet_limits
from weishang.experiments.storage import manifest
from weishang.experiments.sweep.results import rows as sweep_rows
from weishang.experiments.sweep.store.layout import GATHERED, RUNS

PLACE = ("point", "replicate", "policy")
_IS_KIND = {
    "point": is_integer,
    "replicate": is_integer,
    "policy": lambda kind: is_string(kind) or is_large_string(kind),
}
BESIDE = {one.name: one.beside or one.name for one in sweep_rows.outcomes()}
"""Columns of outcomes, and the outcome that a change of each is relative to."""

LEAST_PILOT = 3
"""The spread between two replicates may be a hundredth of what it is between many."""
SURE = 0.9
"""Chance that the upper limit of the spread is above the true one."""
SURELY = f"{SURE:.0%} sure"
USUAL_SIZE = 0.05
"""Width and effect where neither is given."""
SMALLEST, LARGEST = 1e-6, 1e6
"""Ends of widths and effects that may be asked about."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pilot:
    """The outcomes of a sweep's runs.

    Attributes:
        points: numbers of its points, int64 [P].
        policies: in the sweep's order; the others are compared with the first.
        replicates: at every point and policy, W of them.
        values: by policy and outcome, float64 [P, W]; a column is the same replicate in all.
    """

    points: NDArray[np.int64]
    policies: tuple[str, ...]
    replicates: int
    values: Mapping[tuple[str, str], Numbers]


def replicates(
    folder: Annotated[Path, typer.Argument(help="Of a gathered sweep: results/sweeps/NAME.")],
    outcome: Annotated[str | None, typer.Option(help="One of the outcomes, or all.")] = None,
    policy: Annotated[str | None, typer.Option(help="One of the policies, or all.")] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Reach of an interval to a side, as a share of the mean."),
    ] = None,
    effect: Annotated[
        float | None, typer.Option(help="Change to detect, as a share of the first policy's mean.")
    ] = None,
    power: Annotated[float, typer.Option(help="Chance of detecting it.")] = 0.8,
    confidence: Annotated[float, typer.Option(help="Of intervals and tests.")] = 0.95,
) -> None:
    """Estimate how many replicates a question needs, from a pilot sweep."""
    _check_numbers(width=width, effect=effect, power=power, confidence=confidence)
    outcomes = _known(outcome, tuple(BESIDE), "outcome")
    pilot = read(folder, outcomes)
    policies = _known(policy, pilot.policies, "policy")
    others = [one for one in policies if one != pilot.policies[0]]
    if effect is not None and not others:
        raise ValueError(
            f"effect is {effect} and the policy {policies[0]!r} alone, which is the pilot's first; "
            "give another to compare with it"
        )
    whole = len(outcomes) > 1 and pilot.points.size > 1
    if width is not None or effect is None:
        part = width or USUAL_SIZE
        means = for_means(pilot, outcomes, policies, part, confidence)
        title = f"Replicates needed for {confidence:.0%} intervals within ± {part:.3g} of the mean"
        _show(means, "replicates", f"{title}; {pilot.replicates} in the pilot", whole)
    if others and (effect is not None or width is None):
        part = effect or USUAL_SIZE
        effects = for_effects(pilot, outcomes, others, part, power, confidence)
        title = (
            f"Pairs of replicates needed to detect a change of {part:.3g} with power {power:.3g}"
        )
        _show(effects, "pairs", f"{title}; {pilot.replicates} in the pilot", whole)


def read(folder: Path, outcomes: Sequence[str]) -> Pilot:
    """Read the gathered runs of a sweep, after a check of the hashes in its manifest.

    Args:
        folder: of the sweep.
        outcomes: columns to read.

    Raises:
        ValueError: nothing is gathered there, a file was changed, a column is missing, there are
            fewer replicates than LEAST_PILOT, or runs are missing.
    """
    if not (folder / GATHERED).is_dir():
        raise ValueError(
            f"folder is {folder}, and nothing is gathered there; run `weishang gather {folder}`"
        )
    manifest.verify(folder / GATHERED)
    columns = list(dict.fromkeys([*outcomes, *(BESIDE[name] for name in outcomes)]))
    runs = _runs(folder / GATHERED / f"{RUNS}.parquet", [*PLACE, *columns])
    policies = tuple(dict.fromkeys(runs["policy"]))
    sizes = [runs[name].nunique() for name in ("point", "replicate")]
    if sizes[1] < LEAST_PILOT:
        raise ValueError(
            f"{folder}: the pilot has {sizes[1]} replicates; give at least {LEAST_PILOT}, better "
            "ten"
        )
    if len(runs) != len(policies) * sizes[0] * sizes[1]:
        raise ValueError(f"{folder}: {len(runs)} runs are not all; gather the sweep again")
    values = {
        (name, outcome): rows[outcome].to_numpy(dtype=np.float64).reshape(sizes)
        for name, rows in runs.groupby("policy", sort=False)
        for outcome in columns
    }
    return Pilot(runs["point"].unique(), policies, sizes[1], values)


def for_means(
    pilot: Pilot, outcomes: Sequence[str], policies: Sequence[str], width: float, confidence: float
) -> pd.DataFrame:
    """How many replicates the means of outcomes need.

    Args:
        pilot: from `read`.
        outcomes, policies: that are asked about.
        width: how far the interval may reach to a side, over the absolute mean.
        confidence: of the interval.

    Returns:
        One row per outcome, policy and point, with these names; mean and sd over the pilot's
        replicates; the replicates needed; and those for the upper limit of sd. NaN where the mean
        is 0.
    """
    tables = []
    for outcome, policy in product(outcomes, policies):
        mean, sd = _mean_and_sd(pilot.values[policy, outcome])
        allowed = width * np.abs(mean)
        upper = sample_sizes.upper_sd(sd, pilot.replicates, SURE)
        found = {
            "mean": mean,
            "sd": sd,
            "replicates": sample_sizes.for_mean(sd, allowed, confidence),
            f"replicates, {SURELY}": sample_sizes.for_mean(upper, allowed, confidence),
        }
        tables.append(_rows(pilot, outcome, policy, found))
    return pd.concat(tables, ignore_index=True)


def for_effects(
    pilot: Pilot,
    outcomes: Sequence[str],
    policies: Sequence[str],
    effect: float,
    power: float,
    confidence: float,
) -> pd.DataFrame:
    """How many pairs of replicates the effects of policies, compared with the first, need.

    Args:
        pilot: from `read`.
        outcomes, policies: that are asked about; not the first policy.
        effect: to detect, over the first policy's mean of the outcome; for profit, over that of
            sales, and for refunds, over that of orders, as everywhere.
        power: chance of detecting it.
        confidence: one minus the chance that the test finds what is not there.

    Returns:
        One row per outcome, policy and point, with these names; usual, the mean that effects are
        divided by; the pilot's change, over it; sd of the differences, over it; the pairs needed;
        those for the upper limit of sd; and the replicates of each policy needed without pairs. NaN
        where the usual mean is not above 0.
    """
    tables = []
    for outcome, policy in product(outcomes, policies):
        first = pilot.policies[0]
        before, after = (pilot.values[name, outcome] for name in (first, policy))
        usual = pilot.values[first, BESIDE[outcome]].mean(axis=1)
        usual = np.where(usual > 0.0, usual, np.nan)
        change, sd = _mean_and_sd((after - before) / usual[:, None])
        spreads = [_mean_and_sd(one)[1] / usual for one in (before, after)]
        apart = np.sqrt((spreads[0] ** 2 + spreads[1] ** 2) / 2.0)
        upper = sample_sizes.upper_sd(sd, pilot.replicates, SURE)
        found = {
            "usual": usual,
            "change": change,
            "sd": sd,
            "pairs": sample_sizes.for_pairs(sd, effect, power, confidence),
            f"pairs, {SURELY}": sample_sizes.for_pairs(upper, effect, power, confidence),
            "unpaired": sample_sizes.for_independent(apart, effect, power, confidence),
        }
        tables.append(_rows(pilot, outcome, policy, found))
    return pd.concat(tables, ignore_index=True)


def over_points(rows: pd.DataFrame, needed: str) -> pd.DataFrame:
    """All points together: what the median one needs, and the most demanding one.

    Args:
        rows: from `for_means` or `for_effects`.
        needed: "replicates" or "pairs".

    Returns:
        One row per outcome and policy: median and maximum over points of the number needed, the
        maximum at the upper limit, and the point that needs most.
    """
    found = []
    for (outcome, policy), there in rows.groupby(["outcome", "policy"], sort=False):
        known = there.dropna(subset=needed)
        hardest = known.loc[[known[needed].idxmax()]] if len(known) else there.head(0)
        found.append(
            {
                "outcome": outcome,
                "policy": policy,
                f"{needed}, median": there[needed].quantile(0.5, interpolation="higher"),
                f"{needed}, most": there[needed].max(),
                f"most, {SURELY}": there[f"{needed}, {SURELY}"].max(),
                "at point": hardest["point"].max(),
            }
        )
    return pd.DataFrame(found)


def _runs(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of the gathered table of runs, the replicates of a point in a row."""
    parquet_limits.check_whole(path)
    with parquet_limits.opened(path) as file:
        schema = file.schema_arrow
        for name in columns:
            # A name that occurs twice has no index.
            at = schema.get_field_index(name)
            if at < 0 or not _IS_KIND.get(name, is_floating)(schema.field(at).type):
                raise ValueError(f"{path}: has no column {name!r} of a sweep; gather it again")
        runs = file.read(columns=list(columns), use_threads=False).to_pandas()
    return runs.sort_values(["point", "replicate"], kind="stable")


def _rows(pilot: Pilot, outcome: str, policy: str, found: Mapping[str, Numbers]) -> pd.DataFrame:
    return pd.DataFrame({"outcome": outcome, "policy": policy, "point": pilot.points, **found})


def _mean_and_sd(values: Numbers) -> tuple[Numbers, Numbers]:
    """Over replicates, for each point."""
    return values.mean(axis=1), values.std(axis=1, ddof=1)


def _show(rows: pd.DataFrame, needed: str, title: str, whole: bool) -> None:
    if whole:
        show(over_points(rows, needed), f"{title}; over all points")
    else:
        show(rows, title)


def _check_numbers(**numbers: float | None) -> None:
    for name, value in numbers.items():
        low, high = (SMALLEST, LARGEST) if name in ("width", "effect") else (0.0, 1.0)
        if value is not None and not low < value < high:
            raise ValueError(f"{name} is {value}; give a number above {low:g} and below {high:g}")


def _known(given: str | None, choices: Sequence[str], name: str) -> list[str]:
    """What was given, if it is one of the choices; all of them without it."""
    if given is None:
        return list(choices)
    if given not in choices:
        (nearest,) = get_close_matches(given, choices, n=1, cutoff=0.0)
        raise ValueError(
            f"{name} is {given!r}; the nearest is {nearest!r}, of {', '.join(choices)}"
        )
    return [given]
