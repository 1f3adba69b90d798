"""Figures of livestreams, drawn from the experiment's saved data."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from weishang.experiments.storage import figure_style
from weishang.experiments.studies.livestream.audiences import FIRST_HAND, TOLD, WHO
from weishang.experiments.studies.livestream.verdict_rules import (
    BY_SHOWN,
    BY_VIEWERS,
    LIVE,
    NO_CHOICE,
    TRADITIONAL,
)
from weishang.model.core.social_distance import SocialDistance

SHOWN_LEVELS = (
    SocialDistance.FRIEND,
    SocialDistance.GROUP_MEMBER,
    SocialDistance.FOLLOWER,
    SocialDistance.STRANGER,
)
"""Levels that a room reaches by the seller's own card and post."""
STEPS = ("shown", "visitors", "buyers")
MARKS = "os^D"
TICK_MINUTES = 15
HEARD = {FIRST_HAND: "heard from the host or the platform", TOLD: "told by others"}


def conversions(estimates: pd.DataFrame) -> Figure:
    """How many of those who came, and of those shown, buy; beside what is reported."""
    kinds = list(dict.fromkeys(estimates["kind"]))
    figure, axes = figure_style.canvas(height=1.2 + 0.42 * len(kinds))
    styles = {
        BY_VIEWERS: ("o", figure_style.BLUE, -0.12),
        BY_SHOWN: ("s", figure_style.VERMILION, 0.12),
    }
    table = estimates.set_index(["kind", "reading"])
    for place, kind in enumerate(kinds):
        for reading, (mark, colour, offset) in styles.items():
            row = table.loc[(kind, reading)]
            value, low, high = (100 * row[name] for name in ("value", "ci_low", "ci_high"))
            axes.errorbar(
                value,
                place + offset,
                xerr=[[value - low], [high - value]],
                fmt=mark,
                color=colour,
                capsize=3,
                label=reading if place == 0 else None,
                zorder=3,
            )
        low, high = 100 * row["reported_low"], 100 * row["reported_high"]
        if np.isfinite(low):
            axes.fill_betweenx(
                [place - 0.33, place + 0.33],
                low,
                high,
                color=figure_style.GREY,
                alpha=figure_style.BAND_ALPHA,
            )
    handles, _ = axes.get_legend_handles_labels()
    band = Patch(color=figure_style.GREY, alpha=figure_style.BAND_ALPHA, label="reported, ±10%")
    axes.set_yticks(range(len(kinds)), [fill(kind, 24) for kind in kinds])
    axes.set(xlabel="conversion (%)", ylabel="campaign", xlim=(0, None))
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    figure.legend(handles=[*handles, band], loc="outside lower center", ncols=3, fontsize=7)
    return figure


def interest(selection: pd.DataFrame) -> Figure:
    """The fraction interested among those shown, those who came and those who bought."""
    kinds = (LIVE, NO_CHOICE, TRADITIONAL)
    figure, panels = figure_style.canvas(columns=len(kinds), height=2.9, sharey=True)
    for axes, kind in zip(panels, kinds, strict=True):
        table = selection[selection["kind"] == kind].set_index("who")
        for number, level in enumerate(SHOWN_LEVELS):
            row = table.loc[WHO[level]]
            axes.plot(
                range(len(STEPS)),
                [100 * row[f"interested_{step}"] for step in STEPS],
                "-",
                marker=MARKS[number],
                color=figure_style.COLOURS[number],
                label=WHO[level] if kind == LIVE else None,
            )
        axes.set_title(fill(kind, 24), fontsize=8)
        axes.set_xticks(range(len(STEPS)), ["shown", "came", "bought"])
        axes.set(xlabel="people", xlim=(-0.3, 2.3), ylim=(0, 100))
    panels[0].set_ylabel("interested in the goods (%)")
    figure.legend(loc="outside lower center", ncols=len(SHOWN_LEVELS), fontsize=7)
    return figure


def by_minute(room_minutes: pd.DataFrame, minutes: pd.DataFrame) -> Figure:
    """Viewers present, arrivals and orders per minute: each replicate pale, their mean bold.

    Those who heard of the room at first hand and those whom others told have a line each.
    """
    names = {
        "viewers": "viewers present\n(people a room)",
        "arrivals": "arrivals\n(people a minute)",
        "orders": "orders\n(a minute)",
    }
    figure, panels = figure_style.canvas(rows=len(names), height=4.8, sharex=True)
    for axes, (name, label) in zip(panels, names.items(), strict=True):
        for how, colour, line in (
            (FIRST_HAND, figure_style.BLUE, "-"),
            (TOLD, figure_style.VERMILION, "--"),
        ):
            mean = minutes[minutes["how"] == how]
            some = room_minutes[room_minutes["how"] == how]
            for _, replicate in some.groupby("replicate", sort=False):
                each = replicate.groupby("minute")[["rooms", name]].sum()
                axes.plot(each.index, each[name] / each["rooms"], color=colour, alpha=0.25)
            axes.plot(mean["minute"], mean[name], line, color=colour, label=HEARD[how])
        axes.set(ylabel=label, ylim=(0, None))
    panels[0].plot([], [], color=figure_style.GREY, label="pale: single replicates")
    panels[0].legend(fontsize=7, loc="upper left")
    panels[-1].set_xlabel("minute of the livestream")
    panels[-1].xaxis.set_major_locator(MultipleLocator(TICK_MINUTES))
    return figure
