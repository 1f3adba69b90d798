"""Figures of the channels experiment, drawn from its saved tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.storage import figure_style
from weishang.experiments.studies.channels.estimands import (
    ALL_BY_ALL,
    LIVESTREAMS,
    ORDERS_BY_VISITS,
    SALES_BY_ORDERS,
    THERE_BY_ALL,
)

READINGS = (
    (THERE_BY_ALL, "campaigns that get there", "o", figure_style.BLUE),
    (ALL_BY_ALL, "all campaigns", "s", figure_style.VERMILION),
    (LIVESTREAMS, "livestreams", "D", figure_style.GREEN),
)
LEVEL_LABELS = (
    "1\nfriends, followers,\nmembers of groups",
    "2\ntheir friends",
    "3\nthree steps and more,\nstrangers",
)
CHANNELS = (("moments", "Moments\nlinks"), ("oa", "official\naccounts"), ("search", "search"))
FEWEST = 10.0
"""People, the lower end of the axis of reach; what is less is drawn there."""
CONVERSION_AXIS = (0.3, 100.0)
"""Percent; what is less is drawn at the lower end."""
VALUE_AXIS = (10.0, 10_000.0)
"""CNY; likewise."""
HALF = 0.38


def reach_by_level(estimands: pd.DataFrame) -> Figure:
    """Mean reach with 95% interval, prior range and reported band, level by level; log axis."""
    figure, axes = figure_style.canvas(height=3.8)
    table = estimands.set_index(["figure", "reading"])
    for level in LEVELS:
        name = f"t2_l{level}_reach"
        shown = [one for one in READINGS if (name, one[0]) in table.index]
        main = table.loc[(name, THERE_BY_ALL)]
        figure_style.reported_band(axes, level, main["reported_low"], main["reported_high"], HALF)
        for at, (reading, label, mark, colour) in zip(
            figure_style.dodge([level], len(shown), 0.5), shown, strict=True
        ):
            _mark(axes, at[0], table.loc[(name, reading)], mark, colour, label, FEWEST)
    axes.set(
        yscale="log",
        xlabel="level (friend-to-friend steps)",
        ylabel="people reached by a campaign",
        ylim=(FEWEST, figure_style.OPEN_END),
        xlim=(LEVELS[0] - 0.6, LEVELS[-1] + 0.6),
    )
    axes.set_xticks(LEVELS, LEVEL_LABELS)
    _legend(axes, axes, "reported", loc="upper left")
    return figure


def by_channel(estimands: pd.DataFrame) -> Figure:
    """Conversion and order value by channel, simulated against reported; log axes."""
    figure, (left, right) = figure_style.canvas(1, 2, height=3.6)
    table = estimands.set_index(["figure", "reading"])
    for axes, kind, reading, factor, ends in (
        (left, "conv", ORDERS_BY_VISITS, 100.0, CONVERSION_AXIS),
        (right, "aov", SALES_BY_ORDERS, 1.0, VALUE_AXIS),
    ):
        for place, (channel, _) in enumerate(CHANNELS):
            row = table.loc[(f"t1_{channel}_{kind}", reading)]
            low, high = factor * row["reported_low"], factor * row["reported_high"]
            figure_style.reported_band(axes, place, low, high, HALF)
            numbers = row[["value", "ci_low", "ci_high", "prior_low", "prior_high"]] * factor
            _mark(axes, place, numbers, "o", figure_style.BLUE, "simulated", ends[0])
        axes.set_xticks(range(len(CHANNELS)), [label for _, label in CHANNELS])
        axes.set(xlabel="channel", xlim=(-0.6, len(CHANNELS) - 0.4), yscale="log", ylim=ends)
        axes.yaxis.set_major_formatter("{x:,g}")
    left.set_ylabel("conversion (orders over visits, %)")
    right.set_ylabel("order value (CNY)")
    _legend(figure, left, "reported, ±10%", loc="outside upper center", ncols=3)
    return figure


def _mark(
    axes: Any, at: float, row: "pd.Series[Any]", mark: str, colour: str, label: str, floor: float
) -> None:
    """A value with its interval, on the pale line of its prior range."""
    prior = np.maximum([row["prior_low"], row["prior_high"]], floor)
    axes.plot([at, at], prior, "-", color=colour, alpha=0.25, linewidth=5, zorder=2)
    value = max(row["value"], floor)
    low, high = value - max(row["ci_low"], floor), max(row["ci_high"], floor) - value
    axes.errorbar(
        at,
        value,
        [[max(low, 0.0)], [max(high, 0.0)]],
        fmt=mark,
        color=colour,
        capsize=3,
        zorder=3,
        label=label,
    )


def _legend(where: Any, axes: Any, band: str, **options: Any) -> None:
    """One entry a kind of mark in the axes, on these or on the figure."""
    handles, labels = axes.get_legend_handles_labels()
    kinds = dict(zip(labels, handles, strict=True))
    marks: Sequence[tuple[str, Any]] = list(kinds.items())
    (line,) = axes.plot([], [], "-", color=figure_style.BLUE, alpha=0.25, linewidth=5)
    patch = Patch(color=figure_style.GREY, alpha=figure_style.BAND_ALPHA)
    names = [f"{name}, 95% interval" for name, _ in marks]
    where.legend(
        [*(handle for _, handle in marks), line, patch],
        [*names, "prior range, 5-95%", band],
        fontsize=7,
        **options,
    )
