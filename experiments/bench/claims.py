"""What the benchmark claims: a bar for each figure, fixed before it was measured, and the figure.

Claims are made of the benchmark's own tables. What could not run here is listed and says so.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from weishang.experiments.bench.common.graphs import PUBLIC_GRAPHS
from weishang.experiments.bench.common.timing import OURS

AT_LEAST, AT_MOST = "at least", "at most"

PEER, RIVAL = "pynetim", "cynetdiff"
SPEED_BAR = 25.0
"""Times pynetim's cascades a second on the largest generated graph."""
CALL_BAR = 10.0
"""Times pynetim's speed in calls on public graphs."""
TORCH_BAR = 3.0
"""Times cynetdiff's speed for torch, in calls on the largest generated graph."""
START_BARS = {"cached": 3.0, "first ever": 20.0}
"""Seconds to the first result, compiled code kept or not."""
GROWTH_BAR = 4.0
"""Times the cost of a reached person at `GROWTH_FROM` nodes."""
GROWTH_FROM = 100_000
BOUND_AIM = 2.0
"""Times what the random reads alone would cost."""

COLUMNS = ["claim", "bar", "measured", "met"]
NOT_RUN = float("nan")


class Claim(NamedTuple):
    """A sentence's worth of speed: what is measured, which way, the bar and the figure."""

    text: str
    way: str
    bar: float
    measured: float


def claims(
    speed: pd.DataFrame,
    calls: pd.DataFrame,
    start: pd.DataFrame,
    growth: pd.DataFrame,
    bound: pd.DataFrame,
) -> pd.DataFrame:
    """All claims with their bars.

    Args:
        speed, calls, start, growth, bound: the benchmark's tables of these names.

    Returns:
        claim, bar (a text), measured (NaN where it was not run), met (yes, no or not run).
    """
    found = [
        *_speed(speed),
        *_calls(calls),
        *_torch(calls),
        *_start(start),
        *_growth(growth),
        *_bound(bound),
    ]
    rows = [(one.text, f"{one.way} {one.bar:g}", one.measured, _met(one)) for one in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def _met(claim: Claim) -> str:
    if claim.measured != claim.measured:
        return "not run"
    above = claim.measured >= claim.bar
    return "yes" if above == (claim.way == AT_LEAST) or claim.measured == claim.bar else "no"


def _speed(speed: pd.DataFrame) -> Iterator[Claim]:
    largest = speed[speed["nodes"] == speed["nodes"].max()]
    for (nodes, p), rows in largest.groupby(["nodes", "p"], sort=False):
        text = f"{OURS} over {PEER}, cascades a second, {nodes:,.0f} nodes, p = {p:g}"
        yield Claim(text, AT_LEAST, SPEED_BAR, _only(rows, PEER, "ratio"))


def _calls(calls: pd.DataFrame) -> Iterator[Claim]:
    for name in PUBLIC_GRAPHS:
        there = calls[calls["graph"] == name]
        text = f"{OURS} over {PEER}, {name}"
        if there.empty:
            yield Claim(text, AT_LEAST, CALL_BAR, NOT_RUN)
        for (p, replicas), rows in there.groupby(["p", "replicas"], sort=False):
            told = f"{text}, p = {p:g}, {replicas:,} replicas a call"
            yield Claim(told, AT_LEAST, CALL_BAR, _only(rows, PEER, "ratio"))


def _torch(calls: pd.DataFrame) -> Iterator[Claim]:
    for (nodes, p, replicas), rows in calls[~calls["graph"].isin(PUBLIC_GRAPHS)].groupby(
        ["nodes", "p", "replicas"], sort=False
    ):
        text = f"torch over {RIVAL}, {nodes:,} nodes, p = {p:g}, {replicas:,} replicas a call"
        measured = _only(rows, RIVAL, "median") / _only(rows, "torch", "median")
        yield Claim(text, AT_LEAST, TORCH_BAR, measured)


def _start(start: pd.DataFrame) -> Iterator[Claim]:
    for code, bar in START_BARS.items():
        of_it = start[start["compiled_code"] == code]
        text = f"seconds to the first result, compiled code {code}"
        yield Claim(text, AT_MOST, bar, NOT_RUN if of_it.empty else float(of_it["median"].iloc[0]))


def _growth(growth: pd.DataFrame) -> Iterator[Claim]:
    cost = growth.set_index("nodes")["median"]
    largest = cost.index.max()
    grown = cost[largest] / cost[GROWTH_FROM] if GROWTH_FROM in cost.index else NOT_RUN
    text = f"cost of a reached person at {largest:,} nodes over that at {GROWTH_FROM:,}"
    yield Claim(text, AT_MOST, GROWTH_BAR, float(grown))


def _bound(bound: pd.DataFrame) -> Iterator[Claim]:
    for row in bound.to_dict("records"):
        text = f"{OURS} over random reads alone, {row['nodes']:,} nodes, p = {row['p']:g}"
        yield Claim(text, AT_MOST, BOUND_AIM, float(row["ratio"]))


def _only(rows: pd.DataFrame, program: str, column: str) -> float:
    """A program's figure among the rows of one setting; NaN when it did not run."""
    of_it = rows.loc[rows["program"] == program, column]
    return NOT_RUN if of_it.empty else float(of_it.iloc[0])
