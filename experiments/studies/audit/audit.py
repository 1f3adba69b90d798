"""The article's figures compared with each other: every conflict with its arithmetic.

Claim: several of the reported figures cannot all be true in one reading, or do not say enough to
be tested; the table shows which, by how much, and which reading reconciles them.
Command: weishang audit [--out DIR]. Runtime: seconds.
Output: DIR/audit/ with audit.csv, table.md, the figure and the manifest.

Nothing is fitted or simulated: every number follows from reported.csv by the formulas below.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from weishang.experiments.analysis import reported
from weishang.experiments.console.command import RESULTS, OutOption
from weishang.experiments.storage import figure_style
from weishang.experiments.storage.codebook import Entry, add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.audit.comparison import (
    AMBIGUOUS,
    CONFLICT,
    CONSISTENT,
    findings,
)
from weishang.experiments.studies.audit.comparisons import (
    CAMPAIGNS_A_YEAR,
    COMPARISONS,
    HEADER_UNIT,
    LARGEST_GROUP,
    POSTS_A_DAY,
)

COLOURS = {
    CONFLICT: figure_style.VERMILION,
    AMBIGUOUS: figure_style.ORANGE,
    CONSISTENT: figure_style.BLUE,
}

COLUMNS: dict[str, Entry] = {
    "id": ("name", "of the pair of claims"),
    "reading": ("text", "of the claims; empty where there is one alone"),
    "claim_a": ("text", "what follows from reported figures"),
    "claim_b": ("text", "what stands beside it in the article"),
    "arithmetic": ("text", "how claim A follows, and its value against claim B's"),
    "ratio": (
        "times",
        "claim A over claim B, of ranges the ends nearest to each other, 1 where they overlap, "
        "empty where B is zero; of false_positives the bound over what is blocked",
    ),
    "finding": ("name", "consistent, conflict or ambiguous, over the readings of an id"),
}
NOTES = """\
Claim A follows from reported figures by the arithmetic shown; claim B stands beside it in the
article. Ratio: A over B, of ranges the ends nearest to each other, 1 where they overlap; empty
where B is zero. A point agrees within its band of 10%. There is one finding per id, over
its readings: `ambiguous` means that it depends on the reading."""


def audit(out: OutOption = RESULTS) -> None:
    """Compare the article's figures with each other."""
    parameters = {
        "header_unit": HEADER_UNIT,
        "largest_group": LARGEST_GROUP,
        "posts_a_day": POSTS_A_DAY,
        "campaigns_a_year": CAMPAIGNS_A_YEAR,
    }
    title = "The article's figures against each other"
    with Report("audit", out, title=title, parameters=parameters, inputs=[reported.FILE]) as report:
        table = findings(one for compare in COMPARISONS for one in compare())
        report.table("audit", table, "Findings", NOTES)
        add_codebook(report, {"audit": COLUMNS})
        report.figure("audit", draw, "audit")


def draw(table: pd.DataFrame) -> Figure:
    """Ratios of claims, one dot per reading, on a logarithmic axis; agreement is the line at 1."""
    shown = table[np.isfinite(table["ratio"])].reset_index(drop=True)
    labels = shown["id"].str.replace("_", " ") + (": " + shown["reading"]).fillna("")
    figure, axes = figure_style.canvas(height=1.0 + 0.17 * len(shown))
    for finding, colour in COLOURS.items():
        of_it = shown[shown["finding"] == finding]
        axes.plot(of_it["ratio"], of_it.index, "o", ms=4, color=colour, label=finding)
    axes.axvline(1.0, color=figure_style.BLACK, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), labels, fontsize=6)
    axes.invert_yaxis()
    axes.grid(axis="y", linewidth=0.3)
    axes.set(xlabel="claim A over claim B (ratio)", ylabel="pair of claims: reading")
    figure.legend(loc="outside upper center", ncols=len(COLOURS))
    return figure
