"""A CPU's cores over independent pieces of a hop, by threads of our own.

torch's threads meet at a barrier after every operation, hundreds of times a hop, and wait there
for a core that may be busy with something else. So each operation gets one thread, and the
pieces of a frontier go to several at once. These meet in Python's lock, between operations: the
fewer and larger those are, the less.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import chain, islice
from threading import Lock
from types import TracebackType
from typing import TypeVar

import torch

Item = TypeVar("Item")
Step = TypeVar("Step")

LEAST = 1 << 14
"""Work that is not worth a piece of its own: an operation of less takes no less time."""
STEPS_AHEAD = 2
"""Results of a piece that may wait to be taken; the rest is worked out as it is taken."""


class _OneThread:
    """Holds torch to one thread an operation while any run on a CPU lasts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._runs = 0
        self._before = 1

    def enter(self) -> None:
        with self._lock:
            if not self._runs:
                self._before = torch.get_num_threads()
                torch.set_num_threads(1)
            self._runs += 1

    def leave(self) -> None:
        with self._lock:
            self._runs -= 1
            if not self._runs:
                torch.set_num_threads(self._before)

    def num_threads(self) -> int:
        """Torch's threads outside of our runs."""
        with self._lock:
            return self._before if self._runs else torch.get_num_threads()


_one_thread = _OneThread()


def pool_size(device: torch.device) -> int:
    """Threads that a device has use for: as many as torch has on a CPU, elsewhere the host's."""
    return _one_thread.num_threads() if device.type == "cpu" else 1


class ThreadPool(AbstractContextManager["ThreadPool"]):
    """Threads that work beside the one that takes their results."""

    def __init__(self, device: torch.device, size: int) -> None:
        """Take `size` threads on a CPU; one means that the taker does the work itself."""
        self._on_cpu = device.type == "cpu"
        self._size = size

    def __enter__(self) -> "ThreadPool":
        if self._on_cpu:
            _one_thread.enter()
        self._executor = ThreadPoolExecutor(self._size - 1) if self._size > 1 else None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
        if self._on_cpu:
            _one_thread.leave()

    def share(self, count: int, most: int) -> int:
        """How much of so much work a piece should be: all threads get some, and not too little."""
        return min(most, max(LEAST, -(-count // self._size)))

    def ahead(
        self, work: Callable[[Item], Iterator[Step]], items: Iterable[Item]
    ) -> Iterator[Step]:
        """The steps of `work` for each item; the taker works too, and takes what others have done.

        Args:
            work: independent of what is done with its steps meanwhile.
            items: pieces of work, asked for by the taker, not by the threads.

        Yields:
            What ``for item in items: yield from work(item)`` does, the items in any order.
        """
        items = iter(items)
        some = list(islice(items, 2))
        executor = self._executor
        if executor is None or len(some) < 2:
            for item in chain(some, items):
                yield from work(item)
            return
        left = chain(some, items)
        begun: deque[Future[tuple[list[Step], Iterator[Step]]]] = deque()

        def begin(most: int) -> None:
            for item in islice(left, max(0, most - len(begun))):
                begun.append(executor.submit(_begin, work, item))

        while True:
            begin(self._size - 1)
            if not begun:
                return
            if begun[0].done() or (own := next(left, None)) is None:
                first, others = begun.popleft().result()
                yield from first
                yield from others
            else:
                # For the thread that is the first to be done with its own.
                begin(self._size)
                yield from work(own)


def _begin(work: Callable[[Item], Iterator[Step]], item: Item) -> tuple[list[Step], Iterator[Step]]:
    """The first steps, and where the others come from."""
    with torch.inference_mode():
        steps = work(item)
        return list(islice(steps, STEPS_AHEAD)), steps
