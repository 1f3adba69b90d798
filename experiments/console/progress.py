"""What a command tells of its work as it goes: stages, notes, and why it ends.

In which manner, the command line says (`--log`) or the environment (WEISHANG_LOG); see `displays`.
Stages within stages share one display.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

from weishang.experiments.console.displays import (
    Advance,
    Bars,
    Display,
    Lines,
    Objects,
    Silence,
    as_object,
    one_line,
    write,
)

VARIABLE = "WEISHANG_LOG"
"""Environment variable that names the manner where the command line does not."""

SIMPLE_TERMINALS = ("dumb", "unknown")
"""Values of TERM of terminals that cannot move their cursor, and so show no bars."""


class Log(StrEnum):
    """In which manner a command tells what it does."""

    AUTO = "auto"
    BARS = "bars"
    LINES = "lines"
    JSON = "json"
    QUIET = "quiet"


class Notes(logging.Handler):
    """Tells as notes what is logged in Python's way, as the kernels do."""

    def emit(self, record: logging.LogRecord) -> None:
        """One note a record; who speaks is plain on a command's stderr."""
        note(record.getMessage().removeprefix("weishang: "))


_asked: Log | None = None
_display: ContextVar[Display | None] = ContextVar("display", default=None)


@contextmanager
def stage(description: str, total: int | None = None, done: int = 0) -> Iterator[Advance]:
    """Tell how far a stage of the work is.

    Args:
        description: what is done.
        total: steps; None where nobody knows.
        done: steps that an earlier run has done; they do not count in the estimate of the rest.

    Yields:
        advance(steps=1): tells that steps are done.
    """
    running = _display.get()
    if running is not None:
        with running.task(description, total, done) as advance:
            yield advance
        return
    with _new_display() as started:
        token = _display.set(started)
        try:
            with started.task(description, total, done) as advance:
                yield advance
        finally:
            _display.reset(token)


def note(text: str) -> None:
    """Tell one thing in one line; nothing in the quiet manner."""
    (_display.get() or _new_display()).note(one_line(text))


def error(text: str, code: int) -> None:
    """Tell in one line, in every manner, why the process ends.

    Args:
        text: the reason and what to do.
        code: the exit code.
    """
    line = one_line(text)
    write(as_object("error", text=line, code=code) if manner() is Log.JSON else f"weishang: {line}")


def use(log: Log | None) -> None:
    """Tell everything of this process in one manner; None: as the environment says."""
    global _asked
    _asked = log


def manner() -> Log:
    """The manner in use, with `auto` resolved to bars or lines.

    A word of the environment that is none is taken as `auto`: the command line refuses it.
    """
    asked = _asked
    if asked is None:
        word = os.environ.get(VARIABLE, "")
        asked = Log(word) if word in list(Log) else Log.AUTO
    if asked is Log.AUTO:
        return Log.BARS if _on_terminal() else Log.LINES
    return asked


def _new_display() -> Display:
    kinds: dict[Log, Callable[[], Display]] = {
        Log.BARS: Bars,
        Log.LINES: Lines,
        Log.JSON: Objects,
        Log.QUIET: Silence,
    }
    return kinds[manner()]()


def _on_terminal() -> bool:
    if os.environ.get("TERM", "").lower() in SIMPLE_TERMINALS:
        return False
    return sys.stderr is not None and sys.stderr.isatty()
