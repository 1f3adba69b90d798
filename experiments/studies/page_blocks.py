"""Write the tables of README.md and docs/ anew, from the parameters and from results/.

A table of the pages stands between `<!-- begin NAME -->` and `<!-- end NAME -->` and is what the
function of that name in BLOCKS gives. A block whose results are not there yet stays as it is.
Command: weishang page-blocks [--out DIR]. Runtime: seconds.
Output: the pages themselves; tests/test_docs.py fails while one of them is stale.
"""

import json
import math
import re
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from weishang.experiments.analysis import verdicts
from weishang.experiments.console.command import RESULTS, OutOption
from weishang.experiments.console.format import cell
from weishang.experiments.storage import atomic, manifest, tables
from weishang.model.scenario import Scenario

PAGES = tuple(
    manifest.ROOT / page
    for page in ("README.md", "docs/odd.md", "docs/results.md", "docs/speed.md", "docs/sweeps.md")
)

VERDICT_COLUMNS = ["id", "reading", "role", "reported", "simulated", "95% interval"]
VERDICT_TESTS = ["prior 5-95%", "mechanism off", "verdict"]
SPEED_COLUMNS = ["nodes", "p", "program", "version", "threads", "median", "range", "ratio"]
CALL_COLUMNS = ["graph", "p", "replicas", "program", "median", "range", "ratio"]
CHANNEL_COLUMNS = [
    "channel",
    "visits",
    "reported_visits",
    "conversion",
    "conversion 95%",
    "reported_conversion",
    "order_value",
    "order_value 95%",
    "reported_order_value",
]
CONVERSION_COLUMNS = ["kind", "reading", "reported", "value", "95% interval"]
SPANS = {"reported": "reported", "95% interval": "ci", "prior 5-95%": "prior"}
"""Ranges that are shown, and how their ends begin in the tables."""
CHANGED = ["reach", "visits", "orders", "sales", "conversion", "profit"]
"""Outcomes whose changes are shown."""
FIT_COLUMNS = ["weight", "value", "low", "high", "figure", "target", "reached", "found"]

_BLOCK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def page_blocks(out: OutOption = RESULTS) -> None:
    """Refresh the tables of README.md and docs/ from the parameters and the results."""
    for page in PAGES:
        try:
            text = page.read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"{page}: {error.strerror}; run this in a checkout") from None
        with atomic.staged_file(page) as staging:
            staging.write_text(refreshed(text, out), encoding="utf-8")


def refreshed(text: str, results: Path) -> str:
    """A page with each of its blocks as its function gives it now.

    Args:
        text: of the page.
        results: folder of results.

    Raises:
        ValueError: the page has a block that no function gives.
    """

    def renew(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        if name not in BLOCKS:
            raise ValueError(f"block is {name!r}; give one of {', '.join(BLOCKS)}")
        try:
            return f"{begin}\n{BLOCKS[name](results)}\n{end}"
        except FileNotFoundError:
            return found.group()

    return _BLOCK.sub(renew, text)


def parameters(results: Path) -> str:
    """Every parameter of the default scenario; needs no results."""
    rows = [
        {**row, "value": _numbers(row["value"]), "range": _range(row)}
        for row in Scenario().described()
    ]
    columns = ["name", "value", "unit", "role", "range", "source"]
    return tables.markdown(pd.DataFrame(rows)[columns])


def verdict_table(results: Path) -> str:
    """Every reported figure in every reading, and what the model gives for it."""
    table = tables.read(results / verdicts.NAME)
    table = _with_spans(table).rename(columns={"mechanism_off": "mechanism off"})
    return tables.markdown(table[VERDICT_COLUMNS + VERDICT_TESTS])


def channels(results: Path) -> str:
    """Table 1, simulated beside reported."""
    table = tables.read(results / "channels" / "channels.csv")
    for name in ("conversion", "order_value"):
        table[f"{name} 95%"] = verdicts.spans(table[f"{name}_low"], table[f"{name}_high"])
    return tables.markdown(table[CHANNEL_COLUMNS])


def conversions(results: Path) -> str:
    """Who buys of those who come to a livestream, a post, or are recommended to."""
    table = tables.read(results / "livestream" / "conversions.csv")
    table = _with_spans(table).rename(columns={"mechanism_off": "mechanism off"})
    return tables.markdown(table[CONVERSION_COLUMNS + VERDICT_TESTS[:-1]])


def speed(results: Path) -> str:
    """Cascades a second of every program, and the machine that it was measured on."""
    table = tables.read(results / "bench" / "speed.csv")
    table["range"] = verdicts.spans(table["min"], table["max"])
    return f"{tables.markdown(table[SPEED_COLUMNS])}\n{_machine(results / 'bench')}\n"


def calls(results: Path) -> str:
    """Milliseconds per call of exactly this many replicas."""
    table = tables.read(results / "bench" / "calls.csv")
    table["range"] = verdicts.spans(table["min"], table["max"])
    return tables.markdown(table[CALL_COLUMNS])


def claims(results: Path) -> str:
    """What the benchmark claims, with its bars, and the machine that it was measured on."""
    table = tables.read(results / "bench" / "claims.csv")
    return f"{tables.markdown(table)}\n{_machine(results / 'bench')}\n"


def market_claims(results: Path) -> str:
    """How long a simulated day may take, and how long it took on which machine."""
    table = tables.read(results / "market" / "claims.csv")
    return f"{tables.markdown(table)}\n{_machine(results / 'market')}\n"


def sweep_claims(results: Path) -> str:
    """What a sweep may cost beyond its markets, and what it cost on which machine."""
    table = tables.read(results / "sweep_speed" / "claims.csv")
    return f"{tables.markdown(table)}\n{_machine(results / 'sweep_speed')}\n"


def pairing(results: Path) -> str:
    """How many times more replicates each policy's effects would take without pairs."""
    table = tables.read(results / "policies" / "pairing.csv")
    shown = table.assign(shown=table["all_days"].map(_times))
    return tables.markdown(_wide(shown, "policy", list(table["outcome"].unique())))


def fitted_weights(results: Path) -> str:
    """What the fit found, and the figures it met."""
    return tables.markdown(tables.read(results / "reach" / "weights.csv")[FIT_COLUMNS])


def _saved(*path: str) -> Callable[[Path], str]:
    """A saved table as it is."""
    return lambda results: tables.markdown(tables.read(results.joinpath(*path)))


def _changes(folder: str, name: str, compared: str) -> Callable[[Path], str]:
    """Relative changes of outcomes with their intervals, a row for each thing that is compared."""

    def block(results: Path) -> str:
        table = tables.read(results / folder / f"{name}.csv")
        shown = table.assign(shown=[_percent(row) for row in table.to_dict("records")])
        return tables.markdown(_wide(shown, compared, CHANGED))

    return block


BLOCKS: Mapping[str, Callable[[Path], str]] = {
    "parameters": parameters,
    "verdicts": verdict_table,
    "channels": channels,
    "volumes": _saved("channels", "volumes.csv"),
    "by_level": _saved("channels", "levels.csv"),
    "policies": _changes("policies", "effects", "policy"),
    "pairing": pairing,
    "tools": _changes("tools", "tools", "tool"),
    "mechanisms": _changes("tools", "mechanisms", "without"),
    "conversions": conversions,
    "retention": _saved("tools", "retention.csv"),
    "market_claims": market_claims,
    "market_profile": _saved("market", "profile.csv"),
    "sweep_claims": sweep_claims,
    "survival": _saved("survival", "survival.csv"),
    "fuzzing": _saved("fuzzing", "readers.csv"),
    "claims": claims,
    "speed": speed,
    "calls": calls,
    "memory": _saved("bench", "memory.csv"),
    "weights": fitted_weights,
    "take_off": _saved("reach", "take_off.csv"),
    "society": _saved("reach", "society.csv"),
    "nulls": _saved("nulls", "nulls.csv"),
}
"""Blocks by name; each takes the folder of results."""


def _with_spans(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its ranges as people read them."""
    spans = {
        name: verdicts.spans(table[f"{ends}_low"], table[f"{ends}_high"])
        for name, ends in SPANS.items()
    }
    return table.assign(**spans)


def _numbers(value: Any) -> str:
    """A parameter's value, rounded as in tables; several numbers side by side."""
    return ", ".join(map(cell, value)) if isinstance(value, tuple) else cell(value)


def _range(row: Mapping[str, Any]) -> str:
    """The prior range; empty for what is not varied."""
    low, high = row["low"], row["high"]
    return "" if low is None or low == high else f"{_numbers(low)} .. {_numbers(high)}"


def _wide(table: pd.DataFrame, rows: str, columns: list[str]) -> pd.DataFrame:
    """A row for each of `rows`, a column an outcome, `shown` in the cells; all in their order."""
    cells = table.pivot(index=rows, columns="outcome", values="shown")
    return cells.loc[table[rows].unique(), columns].reset_index()


def _percent(row: Mapping[Hashable, Any]) -> str:
    """A relative change with its interval; empty where there was nothing before."""
    value, low, high = (100.0 * row[name] for name in ("change", "change_low", "change_high"))
    if value != value:
        return ""
    return f"{value:+.1f}% ({low:+.1f} .. {high:+.1f})" if low < high else f"{value:+.1f}%"


def _times(saved: float) -> str:
    """How many times fewer replicates; "alike" where all pairs differ alike or not at all."""
    if not math.isfinite(saved):
        return "alike"
    return f"{saved:,.0f}" if saved >= 100.0 else f"{saved:.3g}"


def _machine(folder: Path) -> str:
    record = json.loads((folder / manifest.NAME).read_text(encoding="utf-8"))
    return f"Machine: {record['cpu']}, {record['threads']} threads, Python {record['python']}."
