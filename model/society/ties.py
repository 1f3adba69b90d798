"""Ties between users as two arrays of ends."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Ties(NamedTuple):
    """Undirected ties, each once; both arrays int32 [T]."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]


def join(parts: Iterable[Ties]) -> Ties:
    """All ties of the parts, in order."""
    parts = [*parts, Ties(np.empty(0, np.int32), np.empty(0, np.int32))]
    return Ties(
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.target for part in parts]),
    )


def count_ends(ties: Ties, num_users: int) -> NDArray[np.int32]:
    """Ties of each user, int32 [N]."""
    ends = np.bincount(ties.source, minlength=num_users)
    ends += np.bincount(ties.target, minlength=num_users)
    return ends.astype(np.int32)
