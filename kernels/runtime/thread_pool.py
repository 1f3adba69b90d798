"""Threads that share out work on arrays, kept between calls.

To hand work to a pool of the standard library takes longer than many a batch: its futures have
locks of their own. Here a job is put into a queue, and the caller does not wait for a thread that
has not begun by the time all is done.
"""

import math
import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import Any


class _Job:
    """Parts that are taken one after the other, each by whoever is free."""

    def __init__(self, parts: int, make: Callable[[], Any], do: Callable[[int, Any], Any]) -> None:
        self.results: list[Any] = [None] * parts
        self._make, self._do = make, do
        self._places = iter(range(parts))
        self._turn = Lock()
        self._closed = False
        self._helpers = 0
        self._left: SimpleQueue[BaseException | None] = SimpleQueue()

    def help(self) -> None:
        """Take parts as long as there are some, in a thread of the pool."""
        with self._turn:
            if self._closed:
                return
            self._helpers += 1
        error = None
        try:
            self._work()
        except BaseException as caught:
            error = caught
        self._left.put(error)

    def finish(self, ask: Callable[[], None], alone: float) -> None:
        """Take parts in the caller's thread, and wait for the helpers that have begun.

        Args:
            ask: asks for helpers; called once, after a part, when that many seconds are over.
            alone: see above.
        """
        begun = perf_counter()

        def ask_when_long() -> None:
            nonlocal alone
            if perf_counter() - begun >= alone:
                alone = math.inf
                ask()

        try:
            if alone <= 0:
                ask_when_long()
            self._work(ask_when_long)
        except BaseException:
            with self._turn:
                self._places = iter(range(0))
            raise
        finally:
            with self._turn:
                self._closed = True
            errors = [self._left.get() for _ in range(self._helpers)]
        for error in errors:
            if error is not None:
                raise error

    def _work(self, after: Callable[[], None] = lambda: None) -> None:
        memory = None
        while True:
            with self._turn:
                place = next(self._places, None)
            if place is None:
                return
            memory = self._make() if memory is None else memory
            self.results[place] = self._do(place, memory)
            after()


class _ThreadPool:
    """Threads that wait for jobs; started as they are needed."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._threads = 0
        self._turn = Lock()

    def ask(self, job: _Job, helpers: int) -> None:
        """Ask that many threads to help with a job."""
        with self._turn:
            while self._threads < helpers:
                Thread(target=self._serve, name="cascades", daemon=True).start()
                self._threads += 1
        for _ in range(helpers):
            self._jobs.put(job)

    def _serve(self) -> None:
        while True:
            # No name keeps the job: it holds the graph.
            self._jobs.get().help()


_pool = _ThreadPool()


def usable_threads() -> int:
    """One thread per core that this process may use, or as many as NUMBA_NUM_THREADS says.

    The variable tells one of several processes, such as a sweep's worker, its share of the cores.
    """
    # Imported where it is used: Numba takes half a second.
    from numba import config

    return int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # set as it is imported


def share_out(
    parts: int,
    workers: int,
    make: Callable[[], Any],
    do: Callable[[int, Any], Any],
    alone: float = 0.0,
) -> list[Any]:
    """Do all parts, each worker the next one that is left.

    Args:
        parts: how many.
        workers: threads, the caller's among them.
        make: makes a worker's memory, once: a part may be a single bundle that reaches few people.
        do: (place, memory) -> what a part gives.
        alone: seconds that the caller works alone before it asks others, if parts are left then.

    Returns:
        What the parts gave, in order.
    """
    helpers = min(workers, parts) - 1
    try:
        if helpers < 1:
            memory = make() if parts else None
            return [do(place, memory) for place in range(parts)]
        job = _Job(parts, make, do)
        job.finish(lambda: _pool.ask(job, helpers), alone)
    except SystemError as error:
        # A signal that comes while Numba wraps a result sets an exception beside the result, of
        # which Python makes this error, at each level of calls.
        cause: BaseException = error
        while isinstance(cause, SystemError) and cause.__cause__ is not None:
            cause = cause.__cause__
        raise cause from None
    return job.results


def _start_anew() -> None:
    global _pool
    _pool = _ThreadPool()


# A forked process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
