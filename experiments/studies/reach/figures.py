"""Figures of the reach experiment, drawn from its saved tables."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from weishang.experiments.analysis.estimands import ALL, BY_REACHED, BY_VISITS, THERE
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.storage import figure_style

SHOWN_CONVERSIONS = (
    ("l1_conv", BY_REACHED, "level 1\n(friends)"),
    ("l2_conv", BY_REACHED, "level 2\n(their friends)"),
    ("conv_system", BY_REACHED, "system\nrecommendation"),
    ("t1_moments_conv", BY_VISITS, "Moments,\nby visits"),
    ("t1_moments_conv", BY_REACHED, "Moments,\nby reached"),
)


def reach_by_level(campaigns: pd.DataFrame, estimands: pd.DataFrame) -> Figure:
    """Every campaign that gets to a level, their mean, and the reported band; log axis."""
    figure, axes = figure_style.canvas(height=3.4)
    table = estimands.set_index(["figure", "reading"])
    for level in LEVELS:
        reached = campaigns[f"reach_{level}"].to_numpy()
        there = np.sort(reached[reached > 0])
        if there.size:
            spread = (np.arange(there.size) * 0.6180339887 % 1.0 - 0.5) * 0.5
            axes.plot(
                level + spread,
                there,
                ".",
                color=figure_style.SKY,
                markersize=2,
                alpha=0.35,
                markeredgewidth=0,
                rasterized=True,
                zorder=1,
            )
        row = table.loc[(f"t2_l{level}_reach", THERE)]
        figure_style.reported_band(axes, level, row["reported_low"], row["reported_high"], 0.35)
        for reading, mark, colour in (
            (THERE, "o", figure_style.BLUE),
            (ALL, "s", figure_style.VERMILION),
        ):
            at = table.loc[(f"t2_l{level}_reach", reading)]
            axes.errorbar(
                level + (0.12 if reading == ALL else -0.12),
                at["value"],
                [[at["value"] - at["ci_low"]], [at["ci_high"] - at["value"]]],
                fmt=mark,
                color=colour,
                capsize=3,
                zorder=3,
                label=reading if level == 1 else None,
            )
    figure_style.reported_legend(axes)
    axes.plot([], [], ".", color=figure_style.SKY, label="a campaign")
    axes.set(yscale="log", xlabel="level (friend-to-friend steps)", ylabel="people reached")
    axes.set_xticks(LEVELS, ["1", "2", "3 and more"])
    axes.legend(loc="upper left", fontsize=7)
    return figure


def conversions(estimands: pd.DataFrame) -> Figure:
    """Simulated conversions with 95% intervals beside the reported bands."""
    figure, axes = figure_style.canvas(height=3.0)
    table = estimands.set_index(["figure", "reading"])
    for place, (name, reading, _) in enumerate(SHOWN_CONVERSIONS):
        row = table.loc[(name, reading)]
        low, high = 100 * row["reported_low"], 100 * row["reported_high"]
        figure_style.reported_band(axes, place, low, high, 0.3)
        value = 100 * row["value"]
        error = [[value - 100 * row["ci_low"]], [100 * row["ci_high"] - value]]
        axes.errorbar(place, value, error, fmt="o", color=figure_style.BLUE, capsize=3)
    figure_style.reported_legend(axes, "reported, ±10%")
    axes.plot([], [], "o", color=figure_style.BLUE, label="simulated, 95% interval")
    axes.set_xticks(range(len(SHOWN_CONVERSIONS)), [label for *_, label in SHOWN_CONVERSIONS])
    axes.set(xlabel="channel", ylabel="conversion (%)", ylim=(0, None))
    axes.legend(fontsize=7)
    return figure
