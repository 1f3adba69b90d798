"""Signals that ask a run to stop: it saves first, and exits with a code that says how to resume.

Slurm sends SIGTERM before it takes a machine back, and SIGUSR1 where a job asks for it
(`--signal`); a person sends SIGINT. Nothing can answer SIGKILL: see `storage.checkpoints`.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from weishang.experiments.console.exit_codes import INTERRUPTED, REQUEUE

PREEMPTIONS = (signal.SIGTERM, signal.SIGUSR1)


class GracefulExit(SystemExit):
    """The process exits because a signal asked it to, and nothing that was saved is lost.

    Attributes:
        signal: that asked.
        code: of the process: REQUEUE, or INTERRUPTED where a person asked.
    """

    code: int

    def __init__(self, signum: int) -> None:
        """Take the code that goes with a signal."""
        self.signal = signal.Signals(signum)
        super().__init__(INTERRUPTED if self.signal == signal.SIGINT else REQUEUE)


class StopRequest:
    """Whether a signal has asked the process to stop.

    Attributes:
        signal: the first that asked; None so far.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.signal: int | None = None

    @property
    def requested(self) -> bool:
        """Whether one asked."""
        return self.signal is not None

    def exit(self) -> NoReturn:
        """Exit as the signal wants.

        Raises:
            GracefulExit: always, if a signal asked.
            RuntimeError: none did.
        """
        if self.signal is None:
            raise RuntimeError("no signal has asked to stop; check `requested` first")
        raise GracefulExit(self.signal)

    def receive(self, signum: int, frame: FrameType | None) -> None:
        """Take a signal in, as a handler; a second SIGINT does not wait."""
        if self.signal is not None and signum == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is None:
            self.signal = signum


@contextmanager
def deferred_signals() -> Iterator[StopRequest]:
    """Within the block, signals to stop are only recorded, so that the work can be saved first.

    Check `requested` often, save, and call `exit()`. A signal that was not answered when the block
    ends well is sent again, and the handlers from before decide: blocks can be nested. A second
    SIGINT ends the work at once. No signal arrives in threads other than the main one, and none is
    recorded there.

    Example:
        >>> with deferred_signals() as stop:
        ...     for day in days:
        ...         work(day)
        ...         if stop.requested:
        ...             save()
        ...             stop.exit()
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before: dict[signal.Signals, Any] = {}
    try:
        for signum in (*PREEMPTIONS, signal.SIGINT):
            before[signum] = signal.signal(signum, stop.receive)
        yield stop
    finally:
        for caught, handler in before.items():
            signal.signal(caught, signal.SIG_DFL if handler is None else handler)
    if stop.signal is not None:
        signal.raise_signal(stop.signal)


def requeue_on_signals() -> None:
    """From here on SIGTERM and SIGUSR1 end the process at once with REQUEUE, if not deferred.

    For commands that lose nothing by it, since they resume from what is saved. Unfinished folders
    are removed, as the signal comes as an exception.
    """

    def leave(signum: int, frame: FrameType | None) -> NoReturn:
        raise GracefulExit(signum)

    for signum in PREEMPTIONS:
        signal.signal(signum, leave)
