"""How experiments run from a shell: common options, one-line errors, exit codes.

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

It writes `out/reach/` with a Report and, if it judges figures, rows of `out/verdicts.csv`. Every
command takes `--log` beside its own options.
"""

import contextlib
import functools
import inspect
import logging
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from weishang.experiments.console import progress, system_errors
from weishang.experiments.console.exit_codes import (
    BAD_INPUT,
    FAILED,
    INTERRUPTED,
    REQUEUE,
    TERMINATED,
    CheckFailedError,
)
from weishang.experiments.console.progress import Log
from weishang.experiments.console.signals import GracefulExit

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
SeedOption = Annotated[int, typer.Option(help="Seed of the replicate, in [0, 2^64).")]
OutOption = Annotated[Path, typer.Option(help="Folder of results.")]

SAVED = "saved; run the same command again to resume"
WHY = {REQUEUE: SAVED, INTERRUPTED: "interrupted; earlier results are unchanged"}
"""What is reported for codes that stand for no error."""


_NOTES = progress.Notes(logging.WARNING)


def run(experiment: Callable[..., None]) -> NoReturn:
    """Run one experiment as this process: its signature is the command line."""
    app = application()
    app.command()(logged(experiment))
    finish(app)


def application(cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """An empty command line in the style of this program."""
    return typer.Typer(
        cls=cls,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def logged(experiment: Callable[..., None]) -> Callable[..., None]:
    """The experiment with `--log` on its command line too, in effect before it is called."""

    @functools.wraps(experiment)
    def wrapped(log: Log, **options: Any) -> None:
        with _own_errors():
            experiment(**options)

    signature = inspect.signature(experiment, eval_str=True)
    log = inspect.Parameter(
        "log", inspect.Parameter.KEYWORD_ONLY, default=Log.AUTO, annotation=_LogOption
    )
    parameters = [*signature.parameters.values(), log]
    vars(wrapped)["__signature__"] = signature.replace(parameters=parameters)
    wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
    return wrapped


def finish(app: typer.Typer) -> NoReturn:
    """Run an application and exit; everything but a defect of the program is reported in one line.

    The exit code is 0 or one of `exit_codes`. Where nobody reads stdout any more it is FAILED, and
    there is no line.
    """
    progress.use(None)
    logging.getLogger("weishang").addHandler(_NOTES)
    signal.signal(signal.SIGTERM, _terminate)
    code = _exit_code(app)
    sys.exit(_written_out(code))


def _use(log: Log) -> Log:
    progress.use(log)
    return log


_LogOption = Annotated[
    Log,
    typer.Option(
        "--log",
        help="How progress is shown; auto: bars on a terminal, else a line per minute.",
        envvar=progress.VARIABLE,
        callback=_use,
        is_eager=True,
    ),
]


@contextmanager
def _own_errors() -> Iterator[None]:
    """Keep from Typer what it would take for its own: the end of an input, a broken pipe."""
    try:
        yield
    except EOFError as error:
        raise ValueError(f"a file ends too early ({error}); give a whole one") from error
    except BrokenPipeError as error:
        if _nobody_reads():
            raise SystemExit(_written_out(FAILED)) from None
        raise OSError(f"a process that this one works with has ended ({error})") from error


def _exit_code(app: typer.Typer) -> int:
    try:
        code = typer.main.get_command(app)(standalone_mode=False)
        return _reported(code) if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return _reported(INTERRUPTED)
    except GracefulExit as error:
        return _reported(error.code, SAVED)
    except SystemExit as error:
        return _reported(error.code) if isinstance(error.code, int) else 0
    except CheckFailedError as error:
        return _reported(FAILED, str(error))
    except ValueError as error:
        why = system_errors.message_of(error)
        return _reported(BAD_INPUT, str(error)) if why is None else _reported(FAILED, why)
    except Exception as error:
        # Typer brings its own copy of click or uses the installed one, by version: a usage
        # error is known by its method.
        if hasattr(error, "format_message"):
            return _reported(BAD_INPUT, error.format_message())
        why = system_errors.message_of(error)
        if why is None:
            raise
        return _reported(FAILED, why)


def _reported(code: int, why: str | None = None) -> int:
    """The code, after the one line that goes with it is printed."""
    why = WHY.get(code) if why is None else why
    if why is not None:
        progress.error(why, code)
    return code


def _written_out(code: int) -> int:
    """Flush stdout here, where a full disk or a closed pipe can be reported."""
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python would try to write it again as it ends, and complain.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            _reported(FAILED, system_errors.message_of(error))
        return code or FAILED
    return code


def _nobody_reads() -> bool:
    """Whether stdout is a pipe that nobody reads any more."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return False


def _terminate(signum: int, frame: object) -> NoReturn:
    """End as an exception, so that unfinished folders are removed."""
    sys.exit(TERMINATED)
