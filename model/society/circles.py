"""Circles that people meet in, such as families and schools, and the ties that arise there."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.runtime.jit import jit_entry
from weishang.model.society.ties import Ties

SIZE_CLASSES = (0.6, 1.0, 1.4)
"""Circles are small, middling or large against the mean size, equally often: an assumption that
gives families of 4, 7 and 10 and school circles of 27, 45 and 63 for mean sizes 7 and 45."""


def form_circles(
    interest: NDArray[np.int8],
    num_interests: int,
    mean_size: float,
    homophily: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Put every user into one circle, next to people of like interest.

    Users line up by their own interest with probability sqrt(homophily) and by a random one
    otherwise, in random order within an interest; the line is cut into circles. Two members
    then share an interest through the line with probability `homophily`.

    Args:
        interest: int8 [N], in [0, num_interests).
        num_interests: I, at least 1.
        mean_size: members, at least 1.
        homophily: probability, in [0, 1].
        rng: draws places and sizes.

    Returns:
        Members int32 [N] and bounds int64 [C + 1]: circle c holds members[bounds[c] :
        bounds[c + 1]]; the last circle takes what is left.
    """
    num_users = interest.size
    by_own = rng.random(num_users) < sqrt(homophily)
    place = np.where(by_own, interest, rng.integers(num_interests, size=num_users, dtype=np.int8))
    line = rng.permutation(num_users).astype(np.int32)
    members = line[np.argsort(place[line], kind="stable")]
    sizes = np.maximum(np.rint(mean_size * np.array(SIZE_CLASSES)), 1.0).astype(np.int64)
    ends = np.cumsum(rng.choice(sizes, size=-(-num_users // int(sizes.min()))))
    bounds = np.concatenate(([0], ends[ends < num_users], [num_users]))
    return members, bounds


def tie_within(
    members: NDArray[np.int32],
    bounds: NDArray[np.int64],
    wanted: NDArray[np.floating],
    rng: np.random.Generator,
) -> Ties:
    """Tie members of a circle, those who want more ties more often.

    Members u and v are tied with probability min(1, d_u d_v / sum d), where d is `wanted` cut
    to the number of others; what the cuts and the 1 take away is not made up for here.

    Args:
        members: int32 [N], as `form_circles` returns them.
        bounds: int64 [C + 1], likewise.
        wanted: floats [N], ties wanted in this kind of circle.
        rng: draws the ties.

    Returns:
        Ties, none twice.

    Source: Chung and Lu (2002), "Connected components in random graphs with given expected
    degree sequences", Annals of Combinatorics 6.
    """
    sizes = np.diff(bounds)
    pairs = int((sizes * (sizes - 1) // 2).sum())
    # At most half the wanted ties are expected; ten standard deviations are room enough.
    expected = wanted.sum() / 2.0
    room = min(pairs, int(expected + 10.0 * sqrt(expected)) + 10)
    source, target = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    tied = _tie_pairs(members, bounds, wanted, rng, source, target)
    return Ties(source[:tied], target[:tied])


@jit_entry
def _tie_pairs(
    members: NDArray[np.int32],
    bounds: NDArray[np.int64],
    wanted: NDArray[np.floating],
    rng: np.random.Generator,
    source: NDArray[np.int32],
    target: NDArray[np.int32],
) -> int:
    tied = 0
    for circle in range(bounds.size - 1):
        people = members[bounds[circle] : bounds[circle + 1]]
        wants = np.minimum(wanted[people], people.size - 1.0)
        total = wants.sum()
        for i in range(people.size):
            for j in range(i + 1, people.size):
                if rng.random() * total < wants[i] * wants[j] and tied < source.size:
                    source[tied] = people[i]
                    target[tied] = people[j]
                    tied += 1
    return tied
