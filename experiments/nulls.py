"""What null models give for the table of reach, beside the model.

Claim: a figure that a branching process, an independent cascade with one probability or a
mean-field epidemic gives as well is no evidence for behaviour; this table shows which.
Command: python -m weishang.experiments.nulls [--graph FILE] [--users N] [--seed S] [--out DIR]
Runtime: under a minute on two cores at 1,000,000 users; it reads results/reach, so run that first.
Output: results/nulls (nulls.csv, table.md, figure).
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from weishang.experiments import figures, null_models, reported, tables
from weishang.experiments.command import (
    RESULTS,
    GraphOption,
    OutOption,
    SeedOption,
    UsersOption,
    run,
    stage,
)
from weishang.experiments.estimands import ALL, BY_REACHED, LEVELS, THERE
from weishang.experiments.report import Report
from weishang.experiments.worlds import society
from weishang.kernels.rng import derive
from weishang.model.market import choose_sellers
from weishang.model.scenario import Scenario

CAMPAIGNS = 64
"""Cascades a probability: means of reach are steady, since all campaigns are alike."""

NULL_BRANCH = 5
"""Branch of the seed; `reach` uses those below."""

BAND = "#BBBBBB"


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
    model = tables.read(source).set_index(["figure", "reading"])["value"]
    people = society(graph, users, seed, Scenario().society)
    rows = _model_rows(model) + _formulas(model, people.num_users)
    with stage("independent cascades"):
        luck = derive(seed, NULL_BRANCH)
        sellers = choose_sellers(
            people, Scenario().sellers.by_ties, luck, min(CAMPAIGNS, people.num_users // 4)
        )
        for level in (1, 2):
            target = float(model[f"t2_l{level}_reach", THERE])
            p = null_models.cascade_meeting(people, sellers, level, target, luck)
            reached = null_models.cascade_reach(people, sellers, p, luck)
            conversion = float(model["l1_conv", BY_REACHED])
            name = f"independent cascade, p = {p:.4f} meets level {level}"
            rows.append(_row(name, reached, [conversion] * len(LEVELS)))
    frame = pd.DataFrame(rows)
    with Report(
        "nulls",
        out,
        title="Null models beside the model",
        parameters={"users": people.num_users, "campaigns": CAMPAIGNS},
        seed=seed,
        graph_hash=people.graph.fingerprint(),
        inputs=[source] if graph is None else [source, graph],
    ) as report:
        report.table(
            "nulls",
            frame,
            "Reach by level and the conversion of all levels",
            "People reached, mean over campaigns. The branching process and the epidemic are given "
            "the model's levels 1 and 2, the independent cascade one of them; what a row was given "
            "is no finding of it. Conversion is buyers over reached; nulls have the model's "
            "conversion a level, the independent cascade that of level 1 everywhere.",
        )
        report.figure("nulls", draw, "nulls")


def _model_rows(model: "pd.Series[float]") -> list[dict[str, object]]:
    return [
        {
            "model": f"this model, {reading}",
            **{f"level_{level}": model[f"t2_l{level}_reach", reading] for level in LEVELS},
            "conversion": model["t1_moments_conv", BY_REACHED],
        }
        for reading in (THERE, ALL)
    ]


def _formulas(model: "pd.Series[float]", users: int) -> list[dict[str, object]]:
    """Branching process and epidemic, given levels 1 and 2 where they are got to and on average."""
    first, second = (float(model[f"l{level}_conv", BY_REACHED]) for level in (1, 2))
    conversions = [first, second, second]
    rows = []
    for reading in (THERE, ALL):
        given = [float(model[f"t2_l{level}_reach", reading]) for level in (1, 2)]
        chain = null_models.branching(given[0], given[1])
        epidemic = null_models.mean_field_sir(given[0], given[1], users)
        rows.append(_row(f"branching process, {reading}", chain, conversions))
        rows.append(_row(f"mean-field SIR, {reading}", epidemic, conversions))
    return rows


def _row(name: str, reach: np.ndarray, conversions: list[float]) -> dict[str, object]:
    return {
        "model": name,
        **{f"level_{level}": float(reach[level - 1]) for level in LEVELS},
        "conversion": null_models.mixture(reach.tolist(), conversions),
    }


def draw(frame: pd.DataFrame) -> Figure:
    """Reach by level of each model, with the reported bands; log axis."""
    figure, axes = figures.canvas(height=3.6)
    for level in LEVELS:
        band = reported.figure(f"t2_l{level}_reach")
        low, high = band.band_low, band.band_high or 1e6
        axes.fill_between([level - 0.2, level + 0.2], low, high, color=BAND, alpha=0.6)
    for place, row in enumerate(frame.to_dict("records")):
        reach = [max(float(row[f"level_{level}"]), 0.1) for level in LEVELS]
        style = "-" if place < 2 else "--"
        axes.plot(
            LEVELS,
            reach,
            style,
            marker="o^sDvP*X"[place % 8],
            color=figures.COLOURS[place % len(figures.COLOURS)],
            label=row["model"],
        )
    axes.plot([], [], "s", color=BAND, markersize=8, label="reported")
    axes.set(yscale="log", xlabel="level (friend-to-friend steps)", ylabel="people reached")
    axes.set_xticks(LEVELS, ["1", "2", "3 and more"])
    axes.legend(fontsize=6.5, loc="upper left")
    return figure


if __name__ == "__main__":
    run(nulls)
