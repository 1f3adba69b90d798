"""The benchmark's figures, each drawn from its saved tables alone."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from weishang.experiments.bench.common.timing import OURS
from weishang.experiments.bench.contenders.contenders import CONTENDERS
from weishang.experiments.storage import figure_style

NAMES = [one.name for one in CONTENDERS]
BACKENDS = [one.name for one in CONTENDERS if one.ours]
MARKERS = "osDv^<>pPX"
COLOURS = (*figure_style.COLOURS, "0.35", "0.6")
"""A shape and a colour a program: colours alone would not tell ten apart."""
COST_LABEL = "ns a reached person"


def draw_speed(speed: pd.DataFrame) -> Figure:
    """Cascades a second by graph and probability, every program beside the others."""
    figure, axes = figure_style.canvas(height=3.8)
    speed = speed.dropna(subset="median")
    settings = list(dict.fromkeys(zip(speed["nodes"], speed["p"], strict=True)))
    programs = list(dict.fromkeys(speed["program"]))
    places = figure_style.dodge(range(len(settings)), len(programs))
    for number, name in enumerate(programs):
        of_it = speed[speed["program"] == name]
        where = [settings.index(key) for key in zip(of_it["nodes"], of_it["p"], strict=True)]
        errors = [of_it["median"] - of_it["min"], of_it["max"] - of_it["median"]]
        axes.errorbar(places[number][where], of_it["median"], errors, **_style(name), ls="none")
    labels = [f"{nodes:,.0f} nodes\np = {p:g}" for nodes, p in settings]
    axes.set_yscale("log")
    axes.set_xticks(range(len(settings)), labels)
    axes.set(xlabel="graph and probability", ylabel="cascades a second (median, range)")
    axes.legend(ncols=5, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=7)
    return figure


def draw_cost(speed: pd.DataFrame, bound: pd.DataFrame) -> Figure:
    """Cost of a reached person against p on the largest graph: backends, and other programs."""
    figure, both = figure_style.canvas(1, 2, sharey=True)
    largest = speed[speed["nodes"] == speed["nodes"].max()]
    peers = [name for name in NAMES if name not in BACKENDS]
    for axes, programs, title in zip(
        both, (BACKENDS, [OURS, *peers]), ("backends", "other programs"), strict=True
    ):
        for name in programs:
            of_it = largest[largest["program"] == name]
            if len(of_it):
                axes.plot(of_it["p"], of_it["ns_a_person"], **_style(name), lw=1)
        axes.plot(bound["p"], bound["bound"], "k.--", lw=1, label="reads alone")
        axes.set(xscale="log", yscale="log", xlabel="probability of an edge", title=title)
        axes.set_xticks(largest["p"].unique(), [f"{p:g}" for p in largest["p"].unique()])
        axes.minorticks_off()
    both[0].set_ylabel(f"{COST_LABEL} (median)")
    entries = {
        label: handle
        for axes in both
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(entries.values(), entries, ncols=5, loc="outside upper center", fontsize=7)
    return figure


def draw_growth(growth: pd.DataFrame, caches: pd.DataFrame) -> Figure:
    """Cost of a reached person against the number of nodes, and where the graph fills a cache."""
    figure, axes = figure_style.canvas()
    errors = [growth["median"] - growth["min"], growth["max"] - growth["median"]]
    axes.errorbar(growth["nodes"], growth["median"], errors, **_style(OURS), lw=1, capsize=2)
    axes.plot(growth["nodes"], growth["bound"], "k.--", lw=1, label="reads alone")
    axes.set(xscale="log", yscale="log", xlabel="nodes", ylabel=f"{COST_LABEL} (median, range)")
    axes.set_ylim(bottom=0.5 * growth["bound"].min(), top=3 * growth["max"].max())
    _mark_caches(axes, growth, caches)
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=7)
    return figure


def _mark_caches(axes: Any, growth: pd.DataFrame, caches: pd.DataFrame) -> None:
    """Lines where the rows of the graph are as large as a cache, from the second level on."""
    bytes_a_node = growth["graph_bytes"].iloc[-1] / growth["nodes"].iloc[-1]
    for level, size in caches[caches["level"] > 1].itertuples(index=False):
        nodes = size / bytes_a_node
        axes.axvline(nodes, color=figure_style.GREY, lw=1, zorder=0)
        axes.annotate(
            f"L{level}: {size / (1 << 20):g} MiB",
            (nodes, 0.98),
            xycoords=("data", "axes fraction"),
            ha="right",
            va="top",
            rotation=90,
            fontsize=7,
        )


def _style(name: str) -> dict[str, Any]:
    """A program's colour, shape and entry in the legend, the same in every figure."""
    number = NAMES.index(name)
    return {"color": COLOURS[number], "marker": MARKERS[number], "ms": 4, "label": name}
