"""Measures of a friendship graph: clustering, friends of friends, ties within a class."""

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.kernels.runtime.jit import jit_entry


def local_clustering(graph: Graph, users: NDArray[np.integer]) -> NDArray[np.float64]:
    """The share of a user's pairs of friends that are friends of each other.

    Args:
        graph: undirected and simple.
        users: integers [U].

    Returns:
        float64 [U]; NaN for a user with fewer than two friends.

    Source: Watts and Strogatz (1998), Nature 393.
    """
    return _local_clustering(graph.indptr, graph.indices, users.astype(np.int64))


def mean_friends_of_friends(graph: Graph) -> NDArray[np.float64]:
    """How many friends a user's friends have on average, float64 [N]; NaN without friends."""
    return _mean_neighbour_degree(graph.indptr, graph.indices)


def count_within(graph: Graph, classes: NDArray[np.int8]) -> int:
    """Directed edges between users of one class, [N]."""
    return int(_count_within(graph.indptr, graph.indices, classes))


def find_one_way_edge(graph: Graph) -> tuple[int, int] | None:
    """An edge that is a loop, a repeat or lacks its reverse; None in an undirected simple graph."""
    source, target = _find_one_way_edge(graph.indptr, graph.indices)
    return None if source < 0 else (int(source), int(target))


@jit_entry
def _local_clustering(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], users: NDArray[np.int64]
) -> NDArray[np.float64]:
    clustering = np.full(users.size, np.nan)
    is_friend = np.zeros(indptr.size - 1, dtype=np.bool_)
    for i in range(users.size):
        friends = indices[indptr[users[i]] : indptr[users[i] + 1]]
        if friends.size < 2:
            continue
        for friend in friends:
            is_friend[friend] = True
        closed = 0
        for friend in friends:
            for slot in range(indptr[friend], indptr[friend + 1]):
                closed += is_friend[indices[slot]]
        for friend in friends:
            is_friend[friend] = False
        clustering[i] = closed / (friends.size * (friends.size - 1))
    return clustering


@jit_entry
def _mean_neighbour_degree(
    indptr: NDArray[np.int64], indices: NDArray[np.int32]
) -> NDArray[np.float64]:
    mean = np.full(indptr.size - 1, np.nan)
    for user in range(indptr.size - 1):
        total = 0
        for slot in range(indptr[user], indptr[user + 1]):
            total += indptr[indices[slot] + 1] - indptr[indices[slot]]
        if indptr[user + 1] > indptr[user]:
            mean[user] = total / (indptr[user + 1] - indptr[user])
    return mean


@jit_entry
def _count_within(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], classes: NDArray[np.int8]
) -> int:
    within = 0
    for user in range(indptr.size - 1):
        for slot in range(indptr[user], indptr[user + 1]):
            within += classes[indices[slot]] == classes[user]
    return within


@jit_entry
def _find_one_way_edge(indptr: NDArray[np.int64], indices: NDArray[np.int32]) -> tuple[int, int]:
    # Rows are sorted, so walking the sources upwards must meet each target's row in order.
    cursor = indptr[:-1].copy()
    for source in range(indptr.size - 1):
        previous = -1
        for slot in range(indptr[source], indptr[source + 1]):
            target = indices[slot]
            place = cursor[target]
            if target in (source, previous):
                return source, target
            if place == indptr[target + 1] or indices[place] != source:
                return source, target
            cursor[target] += 1
            previous = target
    return -1, -1
