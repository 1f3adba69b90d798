"""Where stages and notes appear: bars on a terminal, a line a minute, JSON objects, or nowhere.

All of it goes to stderr; stdout keeps what was asked for. A log that cannot be written ends no run.

JSON is one object a line with `time` (ISO 8601, UTC) and `event`: `progress` and `done` have
`stage`, `done`, `total` (null where unknown) and `seconds`; `note` has `text`; `error` has `text`
and `code`, the exit code.
"""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from rich.progress import Progress

MINUTE = 60.0
"""Seconds between plain lines, and what a stage lasts whose end is worth one."""
JSON_SECONDS = 10.0
"""Seconds between objects: a program reads them, but a job of days writes them to a file."""

Advance = Callable[..., None]
"""advance(steps=1): tells that steps are done."""


class Display(Protocol):
    """Shows stages while it is entered."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *raised: Any) -> None:
        """End; after an error nothing is left beside its line."""

    def task(
        self, description: str, total: int | None, done: int
    ) -> AbstractContextManager[Advance]:
        """Show one stage within the block."""

    def note(self, text: str) -> None:
        """Tell one line, entered or not."""


class Bars:
    """Rich's bars."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress = _rich_progress()
        self._progress.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        """Leave the last state; after an error leave no bar behind."""
        shown, self._progress = self._progress, None
        if shown is None:
            return
        if raised[0] is not None and shown.console.is_interactive:
            shown.live.transient = True
        elif raised[0] is not None:
            shown.console.quiet = True
        shown.stop()

    @contextmanager
    def task(self, description: str, total: int | None, done: int) -> Iterator[Advance]:
        """A line of the display; its clock stops when the stage ends."""
        shown = self._progress
        if shown is None:
            raise RuntimeError("the bars are not shown; enter them first")
        task = shown.add_task(one_line(description), total=total, completed=done)

        def advance(steps: int = 1) -> None:
            shown.advance(task, steps)

        try:
            yield advance
        finally:
            shown.stop_task(task)

    def note(self, text: str) -> None:
        """Above the bars, if they are shown."""
        if self._progress is None:
            write(text)
        else:
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


@dataclass
class Task:
    """A stage that is told of in words.

    Attributes:
        description: what is done.
        total: steps, or None.
        before: steps that were done when it began.
        done: steps that are done.
        began: time of the monotonic clock, seconds.
    """

    description: str
    total: int | None
    before: int = 0
    done: int = field(init=False)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.description = one_line(self.description)
        self.done = self.before

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self.began

    @property
    def seconds_left(self) -> float | None:
        """How long it may still take at the pace so far; None where nothing tells."""
        if self.total is None or self.done <= self.before:
            return None
        return self.seconds / (self.done - self.before) * max(self.total - self.done, 0)


class Words:
    """Stages told in lines by a thread, at even intervals: a long step does not silence it."""

    every: float

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell_in_turn, daemon=True)

    def __enter__(self) -> Self:
        """Begin to tell."""
        self._thread.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        """End, and wait for a line under way."""
        self._over.set()
        self._thread.join()

    @contextmanager
    def task(self, description: str, total: int | None, done: int) -> Iterator[Advance]:
        """Tell of one stage within the block, and of its end if it ends well."""
        task = Task(description, total, done)

        def advance(steps: int = 1) -> None:
            task.done += steps

        self._tasks.append(task)
        try:
            yield advance
        finally:
            self._tasks.remove(task)
        self.ended(task)

    def running(self, tasks: Sequence[Task]) -> None:
        """Tell of the stages that are under way, outermost first."""
        raise NotImplementedError

    def ended(self, task: Task) -> None:
        """Tell that a stage is done."""
        raise NotImplementedError

    def _tell_in_turn(self) -> None:
        while not self._over.wait(self.every):
            if tasks := list(self._tasks):
                with contextlib.suppress(MemoryError):
                    self.running(tasks)


class Lines(Words):
    """A plain line a minute, and one where a stage ends that lasted longer."""

    every = MINUTE

    def running(self, tasks: Sequence[Task]) -> None:
        """One line for all; the times are the innermost one's."""
        last = tasks[-1]
        line = f"{': '.join(map(_so_far, tasks))}, {in_words(last.seconds)}"
        if last.seconds_left is not None:
            line += f", about {in_words(last.seconds_left)} left"
        self.note(line)

    def ended(self, task: Task) -> None:
        """A line if it lasted longer than the time between two lines."""
        if task.seconds > self.every:
            self.note(f"done: {_so_far(task)}, {in_words(task.seconds)}")

    def note(self, text: str) -> None:
        """The local time, then the text."""
        write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}")


class Objects(Words):
    """One JSON object a line."""

    every = JSON_SECONDS

    def running(self, tasks: Sequence[Task]) -> None:
        """An object a stage."""
        for task in tasks:
            write(as_object("progress", **_facts(task)))

    def ended(self, task: Task) -> None:
        """An object, however short it was."""
        write(as_object("done", **_facts(task)))

    def note(self, text: str) -> None:
        """An object."""
        write(as_object("note", text=text))


class Silence:
    """Nothing at all."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *raised: Any) -> None:
        """End."""

    @contextmanager
    def task(self, description: str, total: int | None, done: int) -> Iterator[Advance]:
        """Show nothing."""
        yield lambda steps=1: None

    def note(self, text: str) -> None:
        """Tell nothing."""


def in_words(seconds: float) -> str:
    """A span of time, to two digits or so.

    Example:
        >>> in_words(65), in_words(754), in_words(11_000)
        ('65 s', '13 min', '3.1 h')
    """
    if seconds < 1.5 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 90 * MINUTE:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / (60 * MINUTE):.1f} h"


def one_line(text: str) -> str:
    r"""A text in one line, and what no terminal should be sent written as escapes.

    Example:
        >>> one_line("a\n  b \x1b[2J")
        'a b \\x1b[2J'
    """
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode()
        for sign in " ".join(text.split())
    )


def as_object(event: str, **facts: Any) -> str:
    """An event as JSON, with its time."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": now, "event": event, **facts}, ensure_ascii=False)


def write(line: str) -> None:
    """Put a line on stderr at once, so that lines of several processes do not mix."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _so_far(task: Task) -> str:
    if task.total is None:
        return task.description + (f" {task.done:,}" if task.done else "")
    return f"{task.description} {task.done:,}/{task.total:,}"


def _facts(task: Task) -> dict[str, Any]:
    return {
        "stage": task.description,
        "done": task.done,
        "total": task.total,
        "seconds": round(task.seconds, 3),
    }


def _rich_progress() -> "Progress":
    """Imported where it is shown: Rich takes a tenth of a second."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
