"""Tables in two forms: exact CSV for programs, rounded Markdown for people."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from weishang.experiments.console.format import cell, in_cell

MARK = "'"
"""Stands before a text that a spreadsheet would take for a formula."""
FORMULA = re.compile(rf"{MARK}*[=+\-@\t\r]")
"""How such a text begins; marks are counted in, so that a text with a mark reads back as it was.

Source: OWASP, CSV Injection.
"""
HARMLESS = re.compile(r"-|[+-](\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""A dash alone, which says that there is nothing, or a number: no formula."""


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write CSV that reads back to the same numbers, every float with all its digits.

    Texts and names of columns that a spreadsheet would take for formulas get a mark before them.
    """
    safe = _changed(frame, _marked)
    # Python's writer leaves a carriage return bare, which readers take for the end of a row.
    quoting = csv.QUOTE_NONNUMERIC if _has_return(safe) else csv.QUOTE_MINIMAL
    safe.to_csv(path, index=False, lineterminator="\n", quoting=quoting)


def read(path: Path) -> pd.DataFrame:
    """Read a table that `write` wrote, to the last digit (pandas 3.1 on); an empty cell is NaN.

    Words such as null, None or NA are texts, as they were when they were written.
    """
    return _changed(pd.read_csv(path, keep_default_na=False, na_values=[""]), _unmarked)


def markdown(frame: pd.DataFrame) -> str:
    """A GitHub table: numbers rounded and to the right, text to the left, NaN left empty."""
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
    lines = [
        [in_cell(str(name)) for name in frame.columns],
        ["---:" if right else "---" for right in numeric],
        *([cell(value) for value in row] for row in frame.itertuples(index=False, name=None)),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _changed(frame: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    """The frame with every text changed; columns without such texts stay as they are."""
    columns = []
    for place, kind in enumerate(frame.dtypes):
        column = frame.iloc[:, place]
        if not pd.api.types.is_numeric_dtype(kind):
            cells = column.tolist()
            changed = [change(value) for value in cells]
            if any(new is not old for new, old in zip(changed, cells, strict=True)):
                column = pd.Series(changed, column.index, _text_dtype(kind))
        columns.append(column)
    names = [change(name) for name in frame.columns]
    return pd.concat(columns, axis=1).set_axis(names, axis=1) if columns else frame


def _has_return(frame: pd.DataFrame) -> bool:
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    texts = [column for column in columns if not pd.api.types.is_numeric_dtype(column.dtype)]
    cells = (cell for column in texts for cell in column)
    return any(isinstance(cell, str) and "\r" in cell for cell in (*frame.columns, *cells))


def _text_dtype(kind: Any) -> Any:
    """A type that holds other texts: categories are fixed."""
    return object if isinstance(kind, pd.CategoricalDtype) else kind


def _marked(value: Any) -> Any:
    if isinstance(value, str) and FORMULA.match(value) and not HARMLESS.fullmatch(value):
        return MARK + value
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(MARK) and FORMULA.match(value):
        return value.removeprefix(MARK)
    return value
