"""What every column of a result means, with its unit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from weishang.experiments.storage.report import Report

Entry = tuple[str, str]
"""Unit and meaning of a column."""

NAME = "codebook"

CODEBOOK: dict[str, Entry] = {
    "table": ("name", "of the file"),
    "column": ("name", "in it"),
    "unit": ("text", "of its values"),
    "meaning": ("text", "what is counted, over whom"),
}


def add_codebook(report: "Report", described: Mapping[str, Mapping[str, Entry]]) -> None:
    """Describe each column of the report's tables and data, in a table of its own.

    Args:
        report: with all that it is to hold but figures.
        described: columns by table, in the order that the codebook has; a table may have more
            columns here than in the report.

    Raises:
        ValueError: a table is not in the report, or a table or a column there not in `described`.
    """
    columns = report.columns()
    for name in described:
        if name not in columns:
            raise ValueError(f"nothing is saved as {name!r} in the report {report.name}")
    ordered = {name: columns[name] for name in (*described, *columns)}
    report.codebook(_described(ordered, described))


def _described(
    columns: Mapping[str, Sequence[str]], known: Mapping[str, Mapping[str, Entry]]
) -> pd.DataFrame:
    """The codebook of these columns by table, and of itself."""
    own = {NAME: list(CODEBOOK)}
    rows = _rows({**columns, **own}, {**known, NAME: CODEBOOK})
    return pd.DataFrame(rows, columns=list(CODEBOOK))


def _rows(
    columns: Mapping[str, Sequence[str]], known: Mapping[str, Mapping[str, Entry]]
) -> Iterator[tuple[str, str, str, str]]:
    for table, names in columns.items():
        entries = known.get(table, {})
        for column in names:
            if column not in entries:
                raise ValueError(f"{table} has column {column!r}; describe it in the codebook")
            yield (table, column, *entries[column])
