"""Where people live: communities dealt to places, or regions grown along the ties of a graph."""

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.kernels.runtime.jit import jit_entry

NOWHERE = -1
"""The place of a person who has not been settled yet."""
MAX_SWEEPS = 10
SMALL_GAIN = 1e-3
"""A sweep in which a smaller share of people moves is the last."""


def settle_communities(
    members: NDArray[np.int32],
    bounds: NDArray[np.int64],
    num_places: int,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """Let the people of a community live in one place, which other communities may share.

    Places get equally many communities, up to one; fewer communities than places leave some
    places empty.

    Args:
        members: int32 [N], everyone once, as `form_circles` returns them.
        bounds: int64 [C + 1], likewise.
        num_places: P, at least 1.
        rng: deals the communities.

    Returns:
        int16 [N], in [0, P).
    """
    dealt = rng.permutation(np.arange(bounds.size - 1) % num_places).astype(np.int16)
    place = np.empty(members.size, dtype=np.int16)
    place[members] = np.repeat(dealt, np.diff(bounds))
    return place


def grow_regions(graph: Graph, num_places: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """Grow places of equal size along ties from random centres; then people move to friends.

    Places take turns. In its turn a place settles one person: a friend of the resident who came
    first and still has friends without a place. A place whose residents have no such friend goes
    on from another random person. Afterwards people who have more friends in another place
    exchange places in pairs, as long as many find a partner: a graph that is no map, where regions
    soon meet everywhere, gets places of friends that way too.

    Args:
        graph: undirected and simple, N nodes.
        num_places: P, at least 1; 4 P^2 bytes are taken.
        rng: draws the centres and the order of asking.

    Returns:
        int16 [N], in [0, P); places differ by one person at most.

    Source: balanced label propagation, Ugander and Backstrom (2013), WSDM.
    """
    centres = rng.permutation(graph.num_nodes).astype(np.int32)
    place = _grow(graph.indptr, graph.indices, centres, num_places)
    for _ in range(MAX_SWEEPS):
        asked = rng.permutation(graph.num_nodes).astype(np.int32)
        moved = _exchange(graph.indptr, graph.indices, place, asked, num_places)
        if moved <= SMALL_GAIN * graph.num_nodes:
            break
    return place


@jit_entry
def _grow(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    centres: NDArray[np.int32],
    num_places: int,
) -> NDArray[np.int16]:
    place = np.full(centres.size, NOWHERE, dtype=np.int16)
    # A place's residents stand in line in the order of their coming; hosts are asked in turn.
    successor = np.full(centres.size, -1, dtype=np.int32)
    host, newest = np.full(num_places, -1, dtype=np.int32), np.full(num_places, -1, dtype=np.int32)
    slot = np.zeros(num_places, dtype=np.int64)
    unused = 0
    for turn in range(centres.size):
        at = turn % num_places
        person = _friend_without_place(indptr, indices, place, successor, host, slot, at)
        while person < 0:
            if place[centres[unused]] == NOWHERE:
                person = centres[unused]
            unused += 1
        place[person] = at
        if host[at] < 0:
            host[at], slot[at] = person, indptr[person]
        else:
            successor[newest[at]] = person
        newest[at] = person
    return place


@jit_entry
def _friend_without_place(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    place: NDArray[np.int16],
    successor: NDArray[np.int32],
    host: NDArray[np.int32],
    slot: NDArray[np.int64],
    at: int,
) -> int:
    """The next friend of a place's residents who lives nowhere yet; -1 when there is none."""
    while host[at] >= 0:
        while slot[at] < indptr[host[at] + 1]:
            friend = indices[slot[at]]
            slot[at] += 1
            if place[friend] == NOWHERE:
                return friend
        host[at] = successor[host[at]]
        if host[at] >= 0:
            slot[at] = indptr[host[at]]
    return -1


@jit_entry
def _exchange(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    place: NDArray[np.int16],
    asked: NDArray[np.int32],
    num_places: int,
) -> int:
    """Let people change places in pairs where that brings them to friends; how many moved."""
    # Who last wanted to move from one place to another, and has found no partner.
    waiting = np.full((num_places, num_places), -1, dtype=np.int32)
    friends = np.zeros(num_places, dtype=np.int32)
    moved = 0
    for person in asked:
        home = place[person]
        _count_friends(indptr, indices, place, person, friends)
        away = np.argmax(friends)
        gain = friends[away] - friends[home]
        if gain <= 0:
            continue
        partner = waiting[away, home]
        if partner >= 0 and place[partner] == away:
            _count_friends(indptr, indices, place, partner, friends)
            # Two who are friends of each other each count a gain that the exchange undoes.
            if gain + friends[home] - friends[away] > 2:
                place[person], place[partner] = away, home
                waiting[away, home] = -1
                moved += 2
                continue
        waiting[home, away] = person
    return moved


@jit_entry
def _count_friends(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    place: NDArray[np.int16],
    person: int,
    friends: NDArray[np.int32],
) -> None:
    """Count a person's friends by place into `friends`."""
    friends[:] = 0
    for slot in range(indptr[person], indptr[person + 1]):
        friends[place[indices[slot]]] += 1
