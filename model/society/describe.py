"""The figures that a friendship network is judged by."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.model.society.interests import share_by_chance
from weishang.model.society.measures import (
    count_within,
    local_clustering,
    mean_friends_of_friends,
)
from weishang.model.society.society import Society

AROUND = (90, 110)
"""Users with about 100 friends, the median that Ugander et al. (2011) report clustering for."""
MAX_SAMPLE = 2000


class InterestMixing(NamedTuple):
    """Ties between people of one interest; NaN where there is nothing to divide by.

    Attributes:
        share: of all ties.
        by_chance: the share if ends of ties met at random.
        homophily: Coleman's index, (share - by_chance) / (1 - by_chance).
    """

    share: float
    by_chance: float
    homophily: float


def same_interest_share(society: Society) -> InterestMixing:
    """How often a tie joins two people of one interest, and how often it would by chance.

    Source: Coleman (1958), "Relational analysis", Human Organization 17.
    """
    graph, interest = society.graph, society.interest
    by_chance = share_by_chance(graph, interest)
    share = count_within(graph, interest) / graph.num_edges if graph.num_edges else float("nan")
    homophily = (share - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else float("nan")
    return InterestMixing(share, by_chance, homophily)


def describe(society: Society, rng: np.random.Generator) -> dict[str, float]:
    """The figures that a friendship network is judged by.

    Args:
        society: of at least one user.
        rng: draws at most 2,000 of the users with 90 to 110 friends.

    Returns:
        users; mean, median, p90 and p99 of the number of friends; friends_of_a_friend, the mean
        over ties, <k^2> / <k>; mean_friends_of_friends, the mean over users of their friends'
        mean; clustering_at_100, local, of the drawn users; share of ties of same_interest, the
        same by chance, and homophily. NaN where there is no such user or tie.
    """
    degrees = society.graph.degrees
    around = np.flatnonzero((degrees >= AROUND[0]) & (degrees <= AROUND[1]))
    drawn = rng.choice(around, size=min(around.size, MAX_SAMPLE), replace=False)
    squares = float((degrees.astype(np.float64) ** 2).sum())
    mixing = same_interest_share(society)
    return {
        "users": float(society.num_users),
        "mean_friends": float(degrees.mean()),
        "median_friends": float(np.median(degrees)),
        "p90_friends": float(np.quantile(degrees, 0.9)),
        "p99_friends": float(np.quantile(degrees, 0.99)),
        "friends_of_a_friend": _ratio(squares, float(degrees.sum())),
        "mean_friends_of_friends": _mean(mean_friends_of_friends(society.graph)),
        "clustering_at_100": _mean(local_clustering(society.graph, drawn)),
        "same_interest_share": mixing.share,
        "same_interest_by_chance": mixing.by_chance,
        "homophily": mixing.homophily,
    }


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else float("nan")


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
