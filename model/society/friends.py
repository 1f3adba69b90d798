"""How many friends people have, and the ties that chance makes between them."""

from math import erf, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.runtime.jit import jit_entry
from weishang.model.society.ties import Ties

BUCKET_STUBS = 1 << 16
"""Stubs shuffled at once: 256 KiB, so that the shuffle stays in a core's cache."""
MAX_BUCKETS = 1 << 16
"""Buckets are numbered in 16 bits."""


def draw_friend_counts(
    mean: float, log_sd: float, maximum: int, num_users: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """How many friends each user wants: lognormal, rounded, within [1, maximum].

    The location makes the mean of the clipped law equal `mean`. Fewer than `maximum` + 1 users
    clip it again at N - 1, which nobody can exceed, and have fewer friends on average.

    Args:
        mean: friends, in (1, maximum).
        log_sd: standard deviation of the logarithm, above 0.
        maximum: largest number of friends.
        num_users: N.
        rng: draws the counts.

    Returns:
        int32 [N].
    """
    location = _log_location(mean, log_sd, maximum)
    counts = rng.normal(location, log_sd, num_users)
    np.exp(counts, out=counts)
    np.clip(counts, 1, maximum, out=counts)
    return np.minimum(np.rint(counts).astype(np.int32), num_users - 1)


def match_by_chance(
    wanted: NDArray[np.int32],
    interest: NDArray[np.int8],
    homophily: float,
    rng: np.random.Generator,
) -> list[Ties]:
    """Tie stubs in pairs: some among people of one interest, the rest among all.

    Each user holds out as many stubs as ties are wanted; a stub goes into the pool of its
    owner's interest with probability `homophily` and otherwise into the common pool, and each
    pool is matched at random. Self-loops and repeats can occur.

    Args:
        wanted: int32 [N], ties wanted, at least 0.
        interest: int8 [N].
        homophily: probability, in [0, 1].
        rng: draws pools and pairs.

    Returns:
        Ties of each pool.

    Source: Molloy and Reed (1995), the configuration model.
    """
    inside = rng.binomial(wanted, homophily).astype(np.int32)
    everyone = np.arange(wanted.size, dtype=np.int32)
    pools = [(everyone, wanted - inside)]
    for one in range(int(interest.max(initial=-1)) + 1):
        members = np.flatnonzero(interest == one).astype(np.int32)
        pools.append((members, inside[members]))
    ties = []
    for members, counts in pools:
        stubs = _shuffled_stubs(members, counts, rng)
        half = stubs.size // 2
        ties.append(Ties(stubs[:half], stubs[half : 2 * half]))
    return ties


def _log_location(mean: float, log_sd: float, maximum: int) -> float:
    """The location at which the lognormal clipped to [1, maximum] has this mean."""
    low, high = -10.0 * log_sd, log(maximum) + 10.0 * log_sd
    for _ in range(100):
        middle = (low + high) / 2.0
        if _clipped_mean(middle, log_sd, maximum) < mean:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _clipped_mean(location: float, log_sd: float, maximum: int) -> float:
    """Mean of exp(location + log_sd Z) clipped to [1, maximum], Z standard normal."""
    floor, ceiling = -location / log_sd, (log(maximum) - location) / log_sd
    between = _normal_cdf(ceiling - log_sd) - _normal_cdf(floor - log_sd)
    inside = exp(location + log_sd**2 / 2.0) * between if between > 0.0 else 0.0
    return _normal_cdf(floor) + inside + maximum * _normal_cdf(-ceiling)


def _normal_cdf(z: float) -> float:
    return (1.0 + erf(z / sqrt(2.0))) / 2.0


def _shuffled_stubs(
    members: NDArray[np.int32], counts: NDArray[np.int32], rng: np.random.Generator
) -> NDArray[np.int32]:
    """Each member repeated `counts` times, in uniformly random order."""
    total = int(counts.sum(dtype=np.int64))
    num_buckets = min(max(total // BUCKET_STUBS, 1), MAX_BUCKETS)
    return _deal_and_shuffle(members, counts, total, num_buckets, rng)


@jit_entry
def _deal_and_shuffle(
    members: NDArray[np.int32],
    counts: NDArray[np.int32],
    total: int,
    num_buckets: int,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    # A shuffle of the whole array waits for memory at every step. Dealing the stubs to buckets
    # at random and shuffling inside each gives the same law several times faster.
    bucket = np.empty(total, dtype=np.uint16)
    start = np.zeros(num_buckets + 1, dtype=np.int64)
    for stub in range(total):
        b = int(rng.random() * num_buckets)
        bucket[stub] = b
        start[b + 1] += 1
    start = np.cumsum(start)
    cursor = start[:-1].copy()
    stubs = np.empty(total, dtype=np.int32)
    stub = 0
    for i in range(members.size):
        for _ in range(counts[i]):
            b = bucket[stub]
            stubs[cursor[b]] = members[i]
            cursor[b] += 1
            stub += 1
    for b in range(num_buckets):
        for last in range(start[b + 1] - 1, start[b], -1):
            other = start[b] + int(rng.random() * (last - start[b] + 1))
            stubs[last], stubs[other] = stubs[other], stubs[last]
    return stubs
