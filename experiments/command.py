"""How experiments run from a shell: common options, one-line errors, exit codes, a progress bar.

An experiment is a function whose signature is its command line, named as its file is:

    def reach(
        graph: GraphOption = None,
        users: UsersOption = 1_000_000,
        seed: SeedOption = 2026,
        out: OutOption = RESULTS,
    ) -> None:
        '''One sentence: the claim.'''

    if __name__ == "__main__":
        run(reach)

It writes `out/reach/` with a Report and, if it judges figures, rows of `out/verdicts.csv`.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, NoReturn

import pandas as pd
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from weishang.experiments.tables import cell

RESULTS = Path("results")

GraphOption = Annotated[
    Path | None,
    typer.Option(help="Edge list to run on, plain or gzipped; a generated network without it."),
]
NodesOption = Annotated[
    Path | None,
    typer.Option(help="What is known of the graph's people (CSV or Parquet); see docs/odd.md."),
]
UsersOption = Annotated[int, typer.Option(help="Users of the generated network.")]
SeedOption = Annotated[int, typer.Option(help="Seed of the world, in [0, 2^64).")]
OutOption = Annotated[Path, typer.Option(help="Folder of results.")]

PIPE_WIDTH = 160
"""Columns of printed tables where there is no terminal to ask."""

BAD_INPUT = 2
INTERRUPTED = 130
TERMINATED = 143

_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)


def run(experiment: Callable[..., None]) -> NoReturn:
    """Run one experiment as this process: its signature is the command line."""
    app = application()
    app.command()(experiment)
    finish(app)


def application() -> typer.Typer:
    """An empty command line in the house's manner."""
    return typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def finish(app: typer.Typer) -> NoReturn:
    """Run an application and exit: 2 for bad input, told in one line; 130 when interrupted."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = typer.main.get_command(app)(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except ValueError as error:
        code = _complain(str(error))
    except Exception as error:
        # Typer brings its own copy of click or uses the installed one, by version: a usage
        # error is known by its method.
        if not hasattr(error, "format_message"):
            raise
        code = _complain(error.format_message())
    if code == INTERRUPTED:
        print("weishang: interrupted; earlier results are as they were", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def stage(description: str, total: int | None = None) -> Iterator[Callable[..., Any]]:
    """Show a stage's progress on stderr; stages within stages share one display.

    Args:
        description: what is done.
        total: steps; None shows motion only.

    Yields:
        advance(steps=1): tells that steps are done.
    """
    running = _progress.get()
    if running is not None:
        with _task(running, description, total) as advance:
            yield advance
        return
    with _display() as started:
        token = _progress.set(started)
        try:
            with _task(started, description, total) as advance:
                yield advance
        except BaseException:
            _wipe(started)
            raise
        finally:
            _progress.reset(token)


def _wipe(progress: Progress) -> None:
    """Leave no bar behind: an error is told in one line, and nothing stands beside it."""
    if progress.console.is_interactive:
        progress.live.transient = True
    else:
        progress.console.quiet = True


@contextmanager
def _task(progress: Progress, description: str, total: int | None) -> Iterator[Callable[..., Any]]:
    """A line of the display; its clock stops when the stage ends."""
    task = progress.add_task(description, total=total)

    def advance(steps: int = 1) -> None:
        progress.advance(task, steps)

    try:
        yield advance
    finally:
        progress.stop_task(task)


def _display() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def show(frame: pd.DataFrame, title: str) -> None:
    """Print a table on stdout, rounded as in table.md."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(str(name), justify="right" if numeric else "left")
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*(escape(cell(value)) for value in row))
    console.print(table)


def _complain(message: str) -> int:
    print(f"weishang: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT


def _terminate(signum: int, frame: object) -> NoReturn:
    """End as an exception, so that folders under way are removed."""
    sys.exit(TERMINATED)
