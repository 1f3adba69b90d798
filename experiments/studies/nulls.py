"""What null models give for the table of reach, beside the model.

Claim: a figure that a branching process, an independent cascade with one probability or a
mean-field epidemic gives as well is not evidence for behaviour; this table shows which.
Command: weishang nulls [--graph FILE] [--users N] [--seed S] [--out DIR]
Runtime: under a minute on two cores at 1,000,000 users; it reads results/reach, so run that first.
Output: results/nulls (nulls.csv, table.md, figure).
"""

import pandas as pd
from matplotlib.figure import Figure

from weishang.experiments.analysis import null_models, reported
from weishang.experiments.analysis.estimands import ALL, BY_REACHED, THERE
from weishang.experiments.console.command import (
    RESULTS,
    GraphOption,
    OutOption,
    SeedOption,
    UsersOption,
)
from weishang.experiments.console.progress import stage
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.simulate.replicates import SeedStream, most_sellers, society
from weishang.experiments.storage import figure_style, manifest, tables
from weishang.experiments.storage.codebook import Entry, add_codebook
from weishang.experiments.studies.common import study
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario
from weishang.model.sellers.choose import choose_sellers
from weishang.model.society.society import Society

CAMPAIGNS = 64
"""Cascades per probability: means of reach are steady, since all campaigns are alike."""

THIS_MODEL = "this model"

COLUMNS: dict[str, Entry] = {
    "model": ("name", "this model, or the null model with what it was given"),
    "reading": ("text", "over whom the mean is"),
    **{f"level_{level}": ("people", f"reached at reported level {level}") for level in LEVELS},
    "conversion": ("fraction", "buyers over reached, all levels together"),
}


def nulls(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
) -> None:
    """What null models give for the table of reach, beside the model."""
    source = out / "reach" / "estimands.csv"
    if not source.exists():
        raise ValueError(f"{source}: not there; run the reach experiment first")
    with study("nulls", out, "Null models beside the model", seed, [source, graph]) as report:
        people = society(graph, users, seed, Scenario().society)
        report.graph_hash = people.graph.fingerprint()
        if manifest.read(source.parent)["graph_sha256"] != report.graph_hash:
            raise ValueError(f"{source}: made on another graph; run the reach experiment on this")
        campaigns = most_sellers(people, CAMPAIGNS)
        report.parameters = {"users": people.num_users, "campaigns": campaigns}
        model = tables.read(source).set_index(["figure", "reading"])["value"]
        if not model["t2_l1_reach", THERE]:
            raise ValueError(f"{source}: nobody is reached; give reach more campaigns or users")
        rows = _given_rows(model, people.num_users)
        report.table(
            "nulls",
            pd.DataFrame(
                rows + _cascades(model, people, campaigns, derive(seed, SeedStream.NULLS))
            ),
            "Reach by level and the conversion of all levels",
            "People reached, mean over campaigns. The branching process and the epidemic are given "
            "the model's levels 1 and 2, the independent cascade one of them; what a row was given "
            "is not a finding. Conversion is buyers over reached; nulls have the model's "
            "conversion at each level, the independent cascade that of level 1 everywhere.",
        )
        add_codebook(report, {"nulls": COLUMNS})
        report.figure("nulls", draw, "nulls")


def _given_rows(model: "pd.Series[float]", users: int) -> list[dict[str, object]]:
    """This model; and branching process and epidemic, given its levels 1 and 2."""
    conversions = [float(model[f"l{level}_conv", BY_REACHED]) for level in (1, 2, 2)]
    own, nulls = [], []
    for reading in (THERE, ALL):
        reach = [float(model[f"t2_l{level}_reach", reading]) for level in LEVELS]
        conversion = float(model["t1_moments_conv", BY_REACHED])
        own.append({**_row(THIS_MODEL, reading, reach, conversions), "conversion": conversion})
        chain = null_models.branching(reach[0], reach[1])
        epidemic = null_models.mean_field_sir(reach[0], reach[1], users)
        nulls.append(_row("branching process", reading, chain.tolist(), conversions))
        nulls.append(_row("mean-field SIR", reading, epidemic.tolist(), conversions))
    return own + nulls


def _cascades(
    model: "pd.Series[float]", people: Society, campaigns: int, seed: int
) -> list[dict[str, object]]:
    """Independent cascades that meet level 1 or level 2; none for a level that nobody reaches."""
    sellers = choose_sellers(people, Scenario().sellers.by_ties, seed, campaigns)
    conversions = [float(model["l1_conv", BY_REACHED])] * len(LEVELS)
    rows = []
    with stage("independent cascades"):
        for level in (1, 2):
            target = float(model[f"t2_l{level}_reach", THERE])
            if not target:
                continue
            p = null_models.cascade_meeting(people, sellers, level, target, seed)
            reached = null_models.cascade_reach(people, sellers, p, seed)
            name = f"independent cascade, p = {p:.4f} meets level {level}"
            rows.append(_row(name, THERE, reached.tolist(), conversions))
    return rows


def _row(
    name: str, reading: str, reach: list[float], conversions: list[float]
) -> dict[str, object]:
    return {
        "model": name,
        "reading": reading,
        **{f"level_{level}": reach[level - 1] for level in LEVELS},
        "conversion": null_models.mixture(reach, conversions),
    }


def draw(frame: pd.DataFrame) -> Figure:
    """Reach by level of each model, with the reported bands; log axis, one panel per reading."""
    figure, both = figure_style.canvas(columns=2, height=3.2, sharey=True)
    for axes, reading in zip(both, (THERE, ALL), strict=True):
        for level in LEVELS:
            band = reported.figure(f"t2_l{level}_reach")
            figure_style.reported_band(axes, level, band.band_low or 0.0, band.band_high, 0.2)
        for place, row in enumerate(frame[frame["reading"] == reading].to_dict("records")):
            axes.plot(
                LEVELS,
                [row[f"level_{level}"] for level in LEVELS],
                "-" if row["model"] == THIS_MODEL else "--",
                marker="os^Dv"[place],
                color=figure_style.COLOURS[place],
                label=row["model"],
            )
        figure_style.reported_legend(axes)
        axes.set(yscale="log", xlabel="level (friend-to-friend steps)", title=reading)
        axes.set_xticks(LEVELS, ["1", "2", "3 and more"])
        axes.legend(fontsize=6.5, loc="lower right")
    both[0].set_ylabel("people reached")
    return figure
