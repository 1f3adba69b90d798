"""What a command answers on stdout: tables and lines; JSON objects; in the quiet manner nothing."""

import json
import math
from typing import TYPE_CHECKING, Any

from weishang.experiments.console.format import cell
from weishang.experiments.console.progress import Log, manner

if TYPE_CHECKING:
    import pandas as pd

PIPE_WIDTH = 160
"""Columns of printed tables where there is no terminal to ask."""


def show(frame: "pd.DataFrame", title: str) -> None:
    """Print a table, rounded as in table.md; JSON has `title` and `rows` with all digits."""
    if manner() is Log.JSON:
        rows = [
            {str(name): _plain(value) for name, value in row.items()}
            for row in frame.to_dict("records")
        ]
        print(json.dumps({"title": title, "rows": rows}, ensure_ascii=False))
    elif manner() is not Log.QUIET:
        print(_drawn(frame, title), end="")


def say(text: str) -> None:
    """Print a line; JSON has `text`."""
    if manner() is Log.JSON:
        print(json.dumps({"text": text}, ensure_ascii=False))
    elif manner() is not Log.QUIET:
        print(text)


def _plain(value: Any) -> Any:
    """A cell as JSON can say it; what is missing is null."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or value != value:
        return None
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return value if isinstance(value, bool | int | float | str) else str(value)


def _drawn(frame: "pd.DataFrame", title: str) -> str:
    """The table as text. Rich and pandas are imported where a table is drawn."""
    import pandas as pd
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    table = Table(title=Text(title), title_justify="left", box=SIMPLE)
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(Text(str(name)), justify="right" if numeric else "left")
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(Text(cell(value)) for value in row))
    # Rich would end the process by itself where nobody reads stdout.
    with console.capture() as captured:
        console.print(table)
    return captured.get()
