"""Interests for people whose friends are known already: friends tend to share them."""

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.kernels.runtime.jit import jit_entry
from weishang.model.society.measures import count_within

MAX_SWEEPS = 200
"""Sweeps, of one proposed exchange a user, before the search gives up."""
SMALL_GAIN = 1e-4
"""A sweep that wins fewer of all ties than this is the last: the search has come to its end."""
NEAR_RANKS = 0.05
"""People exchange interests with others this near in rank by number of friends (of N)."""


def impute_interests(
    graph: Graph, num_interests: int, homophily: float, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Random interests, exchanged between people until friends share them often enough.

    Interests begin at random. Then a person takes the interest of one of their friends from
    someone else who has it, and gives their own in exchange, whenever this does not lower the
    number of ties within an interest; it stops when the share of such ties reaches
    h + (1 - h) c, where c is its value by chance. Exchanges are between people with about as many
    friends, so that every interest keeps its share of people and, nearly, of ends of ties. A
    graph with little clustering may not allow that many: then the search ends near its best.

    Args:
        graph: undirected and simple, N nodes.
        num_interests: I, in [1, 127].
        homophily: h, in [0, 1].
        rng: draws the first interests and the exchanges.

    Returns:
        int8 [N], in [0, I).
    """
    interest = rng.integers(num_interests, size=graph.num_nodes, dtype=np.int8)
    if homophily == 0.0 or not graph.num_edges:
        return interest
    chance = share_by_chance(graph, interest)
    wanted = int((homophily + (1.0 - homophily) * chance) * graph.num_edges)
    missing = wanted - count_within(graph, interest)
    by_degree = np.argsort(graph.degrees, kind="stable").astype(np.int32)
    rank = np.empty_like(by_degree)
    rank[by_degree] = np.arange(by_degree.size, dtype=np.int32)
    for _ in range(MAX_SWEEPS):
        if missing <= 0:
            break
        won = _sweep(graph.indptr, graph.indices, interest, by_degree, rank, missing, rng)
        missing -= won
        if won < SMALL_GAIN * graph.num_edges:
            break
    return interest


def share_by_chance(graph: Graph, interest: NDArray[np.int8]) -> float:
    """Share of ties within an interest if ends met at random: the sum of squared shares of ends."""
    if not graph.num_edges:
        return float("nan")
    ends = np.bincount(interest, weights=graph.degrees)
    return float(((ends / graph.num_edges) ** 2).sum())


@jit_entry
def _sweep(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    interest: NDArray[np.int8],
    by_degree: NDArray[np.int32],
    rank: NDArray[np.int32],
    missing: int,
    rng: np.random.Generator,
) -> int:
    """Propose N exchanges, until `missing` directed edges within an interest are won; how many."""
    num_users = interest.size
    near = max(int(NEAR_RANKS * num_users), 10)
    won = 0
    for _ in range(num_users):
        taker = int(rng.random() * num_users)
        degree = indptr[taker + 1] - indptr[taker]
        place = rank[taker] - near + int(rng.random() * (2 * near + 1))
        if degree == 0 or place < 0 or place >= num_users:
            continue
        friend = indices[indptr[taker] + int(rng.random() * degree)]
        giver = by_degree[place]
        old, new = interest[taker], interest[friend]
        if old == new or interest[giver] != new:
            continue
        gain = _gain(indptr, indices, interest, taker, giver, old, new)
        gain += _gain(indptr, indices, interest, giver, taker, new, old)
        if gain >= 0:
            interest[taker], interest[giver] = new, old
            won += 2 * gain
            if won >= missing:
                break
    return won


@jit_entry
def _gain(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    interest: NDArray[np.int8],
    user: int,
    other: int,
    old: int,
    new: int,
) -> int:
    """Ties within an interest that the user wins by the exchange; one with `other` stays mixed."""
    gain = 0
    for slot in range(indptr[user], indptr[user + 1]):
        friend = indices[slot]
        if friend != other:
            gain += int(interest[friend] == new) - int(interest[friend] == old)
    return gain
