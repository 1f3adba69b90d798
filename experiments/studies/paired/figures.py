"""Figures of effects in paired replicates: forest plots, and what pairing saves."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from weishang.experiments.analysis.paired import ENOUGH
from weishang.experiments.storage import figure_style

PER_ROW = 4
"""Panels side by side."""
HEIGHT_A_ROW = 0.27
"""Inches a policy in a panel."""
LEAST_ROWS = 3
"""Whose height a panel has at least, or its label would be taller than the panel and be cut."""


def effects_of_policies(effects: pd.DataFrame, outcomes: pd.DataFrame) -> Figure:
    """One panel per outcome, one row per policy: change in percent with its 95% interval."""
    return forest(effects, outcomes, "policy", "default rules")


def effects_of_tools(effects: pd.DataFrame, outcomes: pd.DataFrame) -> Figure:
    """One panel per outcome, one row per tool: what it changes in a campaign."""
    return forest(effects, outcomes, "tool", "no tool")


def effects_of_mechanisms(effects: pd.DataFrame, outcomes: pd.DataFrame) -> Figure:
    """One panel per outcome, one row per mechanism that is off: what it changes in the market."""
    return forest(effects, outcomes, "without", "all mechanisms")


def forest(effects: pd.DataFrame, outcomes: pd.DataFrame, rows: str, beside: str) -> Figure:
    """A forest plot of relative changes.

    Args:
        effects: from `paired.effects`, with a column `rows` that names what was changed.
        outcomes: name, unit and meaning, one panel each in this order.
        rows: the column.
        beside: what a change of 0 is.
    """
    names = list(dict.fromkeys(effects[rows]))
    panels = list(dict.fromkeys(outcomes["outcome"]))
    lines = -(-len(panels) // PER_ROW)
    height = lines * (1.0 + HEIGHT_A_ROW * max(len(names), LEAST_ROWS)) + 0.35
    figure, grid = figure_style.canvas(lines, PER_ROW, height=height, sharey=True, squeeze=False)
    places = grid.ravel()
    relative = outcomes.set_index("outcome")["change_relative_to"]
    for axes, panel in zip(places, panels, strict=False):
        chosen = effects[effects["outcome"] == panel].set_index(rows).loc[names]
        of = "" if relative[panel] == panel else f" of {relative[panel]}"
        _panel(axes, chosen, panel, f"change (%{of}),\n{beside} = 0")
    for axes in places[len(panels) :]:
        axes.remove()
    for line in grid:
        line[0].set_yticks(range(len(names)), names)
        line[0].set_ylabel("what is changed")
    places[0].set_ylim(len(names) - 0.5, -0.5)
    _legend(figure)
    return figure


def saved_by_pairing(pairing: pd.DataFrame) -> Figure:
    """How many times fewer replicates pairs take, one dot per outcome and policy; log axis."""
    names, outcomes = (list(dict.fromkeys(pairing[name])) for name in ("policy", "outcome"))
    figure, axes = figure_style.canvas(height=0.9 + 0.4 * len(names))
    for place, outcome in enumerate(outcomes):
        chosen = pairing[pairing["outcome"] == outcome].set_index("policy").loc[names]
        values = chosen["all_days"].to_numpy(dtype=float)
        at = np.arange(len(names)) + 0.07 * (place - (len(outcomes) - 1) / 2)
        shown = np.isfinite(values)
        axes.plot(
            values[shown],
            at[shown],
            "os^Dv<>P"[place % 8],
            color=figure_style.COLOURS[place % 7],
            markersize=5,
            label=outcome,
        )
        for height in np.flatnonzero(~shown) if place == 0 else ():
            told = axes.text(1.15, height, "no pair differs", va="center", fontsize=7)
            told.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.0})
    axes.axvline(1.0, color=figure_style.BLACK, linewidth=0.8)
    axes.axvline(ENOUGH, color=figure_style.BLACK, linewidth=0.8, linestyle=":")
    axes.text(ENOUGH, -0.62, f" {ENOUGH:.0f} times", fontsize=7, va="bottom")
    axes.text(1.0, -0.62, "nothing", fontsize=7, va="bottom", ha="center")
    axes.set(
        xscale="log",
        xlabel="variance between independent replicates over that between pairs (times saved)",
        ylabel="policy",
        ylim=(len(names) - 0.5, -0.5),
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_yticks(range(len(names)), names)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _panel(axes: Any, chosen: pd.DataFrame, title: str, label: str) -> None:
    axes.axvline(0.0, color=figure_style.BLACK, linewidth=0.8)
    for place, row in enumerate(chosen.to_dict("records")):
        if place % 2:
            axes.axhspan(place - 0.5, place + 0.5, color=figure_style.GREY, alpha=0.2, linewidth=0)
        if not np.isfinite(row["change"]):
            axes.text(0.0, place, " none before", va="center", fontsize=6)
            continue
        value, low, high = (100 * row[name] for name in ("change", "change_low", "change_high"))
        clear = low > 0.0 or high < 0.0
        axes.errorbar(
            value,
            place,
            xerr=[[value - low], [high - value]],
            fmt="o",
            color=_colour(clear),
            markerfacecolor=_colour(clear) if clear else "white",
            markersize=4,
            capsize=2,
            linewidth=1.2,
        )
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(label, fontsize=7)
    axes.tick_params(labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(3))


def _colour(clear: bool) -> str:
    return figure_style.VERMILION if clear else figure_style.BLUE


def _legend(figure: Figure) -> None:
    last = figure.axes[-1]
    marks = [
        last.plot([], [], "o", color=_colour(clear), markerfacecolor=face, label=label)[0]
        for clear, face, label in (
            (True, _colour(True), "95% interval leaves 0 out"),
            (False, "white", "95% interval holds 0"),
        )
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=2, fontsize=8)
