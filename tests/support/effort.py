"""Processor time as a multiple of what something harmless takes in the same run.

A bound in seconds says as much about the machine as about the code. A ratio to work of the same
kind holds on a slow machine too, and still fails where a cost is quadratic or something hangs.
"""

import time
from collections.abc import Callable
from statistics import median

TIMES = 3
"""Measurements of the harmless work. The median counts: what the first call alone pays does not."""
ATTEMPTS = 3
"""A neighbour can make work look dearer than it is, but never cheaper: the best ratio counts."""


def ratio(work: Callable[[], object], harmless: Callable[[], object], most: float) -> float:
    """Processor time of some work as a multiple of that of harmless work of the same kind.

    Both are measured in turns, again if the ratio comes out above what is allowed.

    Args:
        work: what is bounded; it has to be repeatable.
        harmless: of the same kind and about the same size, run before and after it.
        most: a ratio that is good enough to stop.

    Returns:
        The smallest ratio of up to ATTEMPTS.
    """
    best = float("inf")
    for _ in range(ATTEMPTS):
        beside = [_seconds(harmless)]
        spent = _seconds(work)
        beside += [_seconds(harmless) for _ in range(1, TIMES)]
        best = min(best, spent / median(beside))
        if best <= most:
            break
    return best


def _seconds(work: Callable[[], object]) -> float:
    """Processor seconds of all threads of this process."""
    begun = time.process_time()
    work()
    return max(time.process_time() - begun, time.get_clock_info("process_time").resolution)
