"""Write the tables of README.md and docs/ anew, from the parameters and from results/.

A table of the pages stands between `<!-- begin NAME -->` and `<!-- end NAME -->` and is what the
function of that name in BLOCKS gives. A block whose results are not there yet stays as it is.
Command: python -m weishang.experiments.page_blocks [--out DIR]. Runtime: seconds.
Output: the pages themselves; tests/test_docs.py fails while one of them is stale.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from weishang.experiments import atomic, manifest, tables, verdicts
from weishang.experiments.command import RESULTS, OutOption, run
from weishang.model.scenario import Scenario

PAGES = tuple(manifest.ROOT / page for page in ("README.md", "docs/odd.md"))

VERDICT_COLUMNS = ["id", "reading", "role", "reported", "simulated", "95% interval"]
VERDICT_TESTS = ["prior 5-95%", "mechanism off", "verdict"]
SPEED_COLUMNS = ["nodes", "p", "program", "version", "threads", "median", "range", "ratio"]
CALL_COLUMNS = ["graph", "p", "replicas", "program", "median", "range", "ratio"]
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
    for name, ends in (
        ("reported", "reported"),
        ("95% interval", "ci"),
        ("prior 5-95%", "prior"),
    ):
        table[name] = verdicts.spans(table[f"{ends}_low"], table[f"{ends}_high"])
    table = table.rename(columns={"mechanism_off": "mechanism off"})
    return tables.markdown(table[VERDICT_COLUMNS + VERDICT_TESTS])


def speed(results: Path) -> str:
    """Cascades a second of every program, and the machine that it was measured on."""
    table = tables.read(results / "bench" / "speed.csv")
    table["range"] = verdicts.spans(table["min"], table["max"])
    return f"{tables.markdown(table[SPEED_COLUMNS])}\n{_machine(results / 'bench')}\n"


def calls(results: Path) -> str:
    """Milliseconds a call of exactly so many replicas."""
    table = tables.read(results / "bench" / "calls.csv")
    table["range"] = verdicts.spans(table["min"], table["max"])
    return tables.markdown(table[CALL_COLUMNS])


def claims(results: Path) -> str:
    """What the benchmark claims, with its bars, and the machine that it was measured on."""
    table = tables.read(results / "bench" / "claims.csv")
    return f"{tables.markdown(table)}\n{_machine(results / 'bench')}\n"


def fitted_weights(results: Path) -> str:
    """What the fit found, and the figures it met."""
    return tables.markdown(tables.read(results / "reach" / "weights.csv")[FIT_COLUMNS])


def _saved(*path: str) -> Callable[[Path], str]:
    """A saved table as it is."""
    return lambda results: tables.markdown(tables.read(results.joinpath(*path)))


BLOCKS: Mapping[str, Callable[[Path], str]] = {
    "parameters": parameters,
    "verdicts": verdict_table,
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


def _numbers(value: Any) -> str:
    """A parameter's value, rounded as in tables; several numbers side by side."""
    return ", ".join(map(tables.cell, value)) if isinstance(value, tuple) else tables.cell(value)


def _range(row: Mapping[str, Any]) -> str:
    """The prior range; empty for what is not varied."""
    low, high = row["low"], row["high"]
    return "" if low is None or low == high else f"{_numbers(low)} .. {_numbers(high)}"


def _machine(folder: Path) -> str:
    record = json.loads((folder / manifest.NAME).read_text(encoding="utf-8"))
    return f"Machine: {record['cpu']}, {record['threads']} threads, Python {record['python']}."


if __name__ == "__main__":
    run(page_blocks)
