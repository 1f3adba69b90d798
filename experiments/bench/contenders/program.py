"""What the benchmark asks of any program that runs the independent cascade."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph

Mean = Callable[[int, int], float]
"""(cascades, seed) -> mean reach."""
Reaches = Callable[[int, int], NDArray[np.int64]]
"""(cascades, seed) -> people reached by each cascade, [cascades]; the seeds are not counted."""


class Program(NamedTuple):
    """A program with its graph, probability and seed nodes in place.

    Attributes:
        reaches: runs cascades and tells the reach of each.
        own_mean: the program's own way to a mean, where it has one that is faster; it is then
            what is timed, and it is held to the same law as `reaches`.
    """

    reaches: Reaches
    own_mean: Mean | None = None

    def mean(self, cascades: int, seed: int) -> float:
        """Mean reach of so many cascades: what is timed."""
        if self.own_mean is not None:
            return self.own_mean(cascades, seed)
        return float(self.reaches(cascades, seed).mean())


Prepare = Callable[[Graph, Sequence[int], float, int], Program]
"""(undirected graph, seed nodes, p, threads) -> Program."""


def one_by_one(cascade: Callable[[], int], cascades: int) -> NDArray[np.int64]:
    """The reach of each of so many cascades that are run one after the other."""
    return np.array([cascade() for _ in range(cascades)], dtype=np.int64)
