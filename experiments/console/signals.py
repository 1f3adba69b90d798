"""Signals that ask a run to leave: it saves first, and leaves with the code to be put back by.

Slurm sends SIGTERM before it takes a machine back, and SIGUSR1 where a job asks for it
(`--signal`); a person sends SIGINT. SIGKILL cannot be answered: see `checkpoints`.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from weishang.experiments.console.exit_codes import INTERRUPTED, REQUEUE

PREEMPTIONS = (signal.SIGTERM, signal.SIGUSR1)


class Leave(SystemExit):
    """The process leaves because a signal asked it to, and nothing that was saved is lost.

    Attributes:
        signal: that asked.
        code: of the process: REQUEUE, or INTERRUPTED where a person asked.
    """

    code: int

    def __init__(self, signum: int) -> None:
        """Take the code that goes with a signal."""
        self.signal = signal.Signals(signum)
        super().__init__(INTERRUPTED if self.signal == signal.SIGINT else REQUEUE)


class Asked:
    """Whether a signal has asked the process to leave; called, it says so.

    Attributes:
        signal: the first that asked; None so far.
    """

    def __init__(self) -> None:
        """Nobody asked yet."""
        self.signal: int | None = None

    def __call__(self) -> bool:
        """Whether one asked."""
        return self.signal is not None

    def leave(self) -> NoReturn:
        """Leave as the signal wants.

        Raises:
            Leave: always, if a signal asked.
            RuntimeError: none did.
        """
        if self.signal is None:
            raise RuntimeError("no signal asked to leave; ask first")
        raise Leave(self.signal)

    def note(self, signum: int, frame: FrameType | None) -> None:
        """Take a signal in; a second SIGINT does not wait."""
        if self.signal is not None and signum == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is None:
            self.signal = signum


@contextmanager
def saving() -> Iterator[Asked]:
    """Within the block, signals to leave are only noted, so that the work can save itself.

    Ask often, save, and call `leave()`. A signal that was not answered when the block ends well is
    sent again: the handlers from before decide, so blocks may stand within blocks. A second SIGINT
    ends the work at once. In other threads than the main one no signal arrives, and none is noted.

    Example:
        >>> with saving() as asked:
        ...     for day in days:
        ...         work(day)
        ...         if asked():
        ...             save()
        ...             asked.leave()
    """
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before: dict[signal.Signals, Any] = {}
    try:
        for signum in (*PREEMPTIONS, signal.SIGINT):
            before[signum] = signal.signal(signum, asked.note)
        yield asked
    finally:
        for caught, handler in before.items():
            signal.signal(caught, signal.SIG_DFL if handler is None else handler)
    if asked.signal is not None:
        signal.raise_signal(asked.signal)


def requeue_on_signals() -> None:
    """From here on SIGTERM and SIGUSR1 end the process with REQUEUE, outside of `saving` at once.

    For commands that lose nothing then, since they go on from what is saved. Folders under way
    are removed, as the signal comes as an exception.
    """
    for signum in PREEMPTIONS:
        signal.signal(signum, _leave)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    raise Leave(signum)
