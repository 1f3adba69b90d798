"""Figures of a sweep: outcomes and effects of policies along what was varied.

One panel per outcome, one colour per policy, the first varied number along the axis. Points that
differ in other parameters too are dots, and joined only where every place on the axis has as many.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from weishang.experiments.console.format import cell
from weishang.experiments.storage import figure_style
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.paired.figures import forest
from weishang.experiments.sweep.results import tables as sweep_tables
from weishang.experiments.sweep.results.rows import A_CAMPAIGN
from weishang.experiments.sweep.store.plan import Plan

SHOWN = ("reach", "orders", "conversion", "profit")
"""Outcomes that get a panel."""
COLUMNS = 2
HEIGHT, HEIGHT_A_ROW = 0.9, 2.0
"""Inches."""
LOG_FROM = 30.0
"""Times the smallest value that the largest must be for a log axis."""
LONG_TICKS, LONG_LABEL = 40, 45
"""Letters that fit along a panel: of all categories together, and of a label."""
FEW = 6
"""Values that are all marked on an axis."""
BESIDE = 0.012
"""Of the axis: from one policy's marks to the next one's at the same place."""
BESIDE_CATEGORY = 0.08
"""The same where places are categories, of the way to the next."""
MARKERS = "os^Dv<>P"


@dataclass(frozen=True)
class Axis:
    """What panels have along them.

    Attributes:
        column: of the points, or "policy" where nothing varies.
        label: with the unit.
        numeric: whether places are numbers, or categories in the order of points.
        alone: whether nothing else varies.
    """

    column: str
    label: str
    numeric: bool
    alone: bool

    @classmethod
    def of(cls, plan: Plan) -> "Axis":
        """The first varied number; without one the first varied parameter, or the policies."""
        if not plan.varied:
            return cls("policy", "policy", numeric=False, alone=True)
        units = sweep_tables.units(plan, "points")
        points = sweep_tables.points_frame(plan)
        numbers = [name for name in plan.varied if points[name].dtype.kind in "iuf"]
        name = numbers[0] if numbers else plan.varied[0]
        alone = len(plan.varied) == 1
        label = textwrap.fill(f"{name} ({units[name]})", LONG_LABEL)
        return cls(name, label, numeric=bool(numbers), alone=alone)

    def is_log(self, places: "pd.Series[Any]") -> bool:
        """Whether ratios separate the places better than differences."""
        return self.numeric and places.min() > 0 and places.max() / places.min() >= LOG_FROM

    def categories(self, places: "pd.Series[Any]") -> list[Any]:
        """The places in their order where they are no numbers."""
        return list(dict.fromkeys(places))


def add_figures(report: Report, plan: Plan) -> None:
    """Add "outcomes", and "effects" where the sweep has them.

    Args:
        report: with the tables summary, points and, where there are effects, effects and outcomes.
        plan: of the sweep.
    """
    axis = Axis.of(plan)
    report.figure("outcomes", partial(draw_outcomes, axis=axis), "summary")
    if not sweep_tables.has_effects(plan):
        return
    if len(plan.points) == 1:
        draw = partial(draw_forest, usual=plan.policies[0].name)
        report.figure("effects", draw, "effects", "outcomes")
    else:
        draw = partial(draw_effects, axis=axis)
        report.figure("effects", draw, "effects", "outcomes", "points")


def draw_outcomes(summary: pd.DataFrame, axis: Axis) -> Figure:
    """Means over replicates with their 95% intervals, by policy.

    Args:
        summary: from `sweep_tables.summary`.
        axis: of the sweep.
    """
    units = dict(zip(summary["outcome"], summary["unit"], strict=True))
    labels = {name: name if units[name] == name else f"{name} ({units[name]})" for name in SHOWN}
    rows = summary.rename(columns={"mean": "value"})
    replicates = int(summary["n"].max())
    note = f"Mean of {cell(replicates)} replicate{'s' * (replicates > 1)} a point"
    return _small_multiples(rows, axis, labels, note + " with its 95% interval" * (replicates > 1))


def draw_effects(
    effects: pd.DataFrame, outcomes: pd.DataFrame, points: pd.DataFrame, axis: Axis
) -> Figure:
    """What policies change, in percent with 95% intervals, by policy.

    Args:
        effects: from `sweep_tables.effects`.
        outcomes: from `paired.described`.
        points: from `sweep_tables.points_frame`.
        axis: of the sweep.
    """
    beside = outcomes.set_index("outcome")["change_relative_to"]
    labels = {
        name: f"change of {name} (%{'' if beside[name] == name else f' of {beside[name]}'})"
        for name in SHOWN
    }
    percent = {
        name: 100.0 * effects[column]
        for name, column in (("value", "change"), ("low", "change_low"), ("high", "change_high"))
    }
    rows = effects.assign(**percent).merge(points, on="point")
    note = "Change in pairs of replicates with its 95% interval"
    figure = _small_multiples(rows, axis, labels, note, first=1)
    for axes in figure.axes:
        axes.axhline(0.0, color=figure_style.BLACK, linewidth=0.8, zorder=1)
    return figure


def draw_forest(effects: pd.DataFrame, outcomes: pd.DataFrame, usual: str) -> Figure:
    """What policies change at a sweep's only point.

    Args:
        effects, outcomes: as in `draw_effects`.
        usual: policy that the others are compared with.
    """
    whole = ~outcomes["outcome"].str.startswith(A_CAMPAIGN)
    return forest(effects, outcomes[whole], "policy", usual)


def _small_multiples(
    rows: pd.DataFrame, axis: Axis, labels: Mapping[str, str], note: str, first: int = 0
) -> Figure:
    """One panel per outcome; rows have point, policy, outcome, value, low, high and the axis.

    `first` is the place among all policies of the first that is shown: each has one colour.
    """
    lines = -(-len(labels) // COLUMNS)
    height = HEIGHT + HEIGHT_A_ROW * lines
    figure, grid = figure_style.canvas(lines, COLUMNS, height=height, sharex=True, squeeze=False)
    # Lines join means over the other parameters: only where each place has as many points, several.
    counts = rows.drop_duplicates("point")[axis.column].value_counts()
    joined = axis.numeric and (axis.alone or bool(counts.min() == counts.max() > 1))
    for axes, (outcome, label) in zip(grid.ravel(), labels.items(), strict=True):
        _panel(axes, rows[rows["outcome"] == outcome], axis, joined, first)
        axes.set_ylabel(label, fontsize=8)
        axes.tick_params(labelsize=7)
    for axes in grid[-1]:
        axes.set_xlabel(axis.label, fontsize=8)
    _set_places(grid[0, 0], rows[axis.column], axis)
    means = "; lines join means over the other parameters" * (joined and not axis.alone)
    figure.suptitle(f"{note}{means}", fontsize=8)
    if axis.column != "policy" and rows["policy"].nunique() > 1:
        handles, names = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _panel(axes: Any, rows: pd.DataFrame, axis: Axis, joined: bool, first: int) -> None:
    policies = list(dict.fromkeys(rows["policy"]))
    for number, policy in enumerate(policies):
        chosen = rows[rows["policy"] == policy]
        again, place = divmod(first + number, len(figure_style.COLOURS))
        colour, marker = figure_style.COLOURS[place], MARKERS[(place + again) % len(MARKERS)]
        step = 0.0 if axis.column == "policy" else number - (len(policies) - 1) / 2
        places = _beside(chosen[axis.column], step, rows[axis.column], axis)
        _intervals(axes, places, chosen, colour, marker, policy)
        if joined:
            means = chosen["value"].groupby(places).mean()
            axes.plot(means.index, means, color=colour, linewidth=1.2)


def _beside(places: Any, step: float, everywhere: Any, axis: Axis) -> NDArray[np.float64]:
    """Where the marks of the policy go that stands `step` from the middle."""
    if not axis.numeric:
        names = axis.categories(everywhere)
        return np.array([names.index(one) for one in places]) + BESIDE_CATEGORY * step
    values = places.to_numpy(dtype=np.float64)
    if axis.is_log(everywhere):
        return values * (everywhere.max() / everywhere.min()) ** (BESIDE * step)
    return values + BESIDE * step * float(everywhere.max() - everywhere.min())


def _intervals(
    axes: Any, places: Any, rows: pd.DataFrame, colour: str, marker: str, label: str
) -> None:
    value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    axes.errorbar(
        places,
        value,
        yerr=np.nan_to_num([value - low, high - value]),
        fmt=marker,
        color=colour,
        markersize=3,
        capsize=1.5,
        linewidth=0.8,
        label=label,
    )


def _set_places(axes: Any, places: "pd.Series[Any]", axis: Axis) -> None:
    """Mark the places on the axis that all panels share."""
    if not axis.numeric:
        names = [str(one) for one in axis.categories(places)]
        long = sum(map(len, names)) > LONG_TICKS
        turned: dict[str, Any] = {"rotation": 25, "ha": "right"} if long else {}
        axes.set_xticks(range(len(names)), names, **turned)
        axes.set_xlim(-0.6, len(names) - 0.4)
        return
    if axis.is_log(places):
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=places.dtype.kind in "iu"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if places.nunique() <= FEW:
        axes.set_xticks(sorted(places.unique()))
        axes.minorticks_off()
