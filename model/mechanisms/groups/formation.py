"""How group chats form: who founds one, and whom it takes in."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.graph.arrays import rows_by_class
from weishang.kernels.graph.validation import node_ids
from weishang.kernels.runtime.jit import jit_entry, jit_no_nrt
from weishang.model.mechanisms.groups.parameters import MIN_SIZE, GroupParameters
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

TRIES = 20
"""Tries to find a member; a group that fails in them all ends smaller than wanted."""


def form_groups(
    society: Society, parameters: GroupParameters, rng: np.random.Generator
) -> GroupChats:
    """Let people found groups and bring in friends and people of like interest.

    Founders are found at the ends of random ties. A group wants a lognormal number of members and
    takes them one by one: with probability `invited` a friend of a member, who is the founder with
    probability `by_founder` and else any member; otherwise someone of the founder's interest.
    With probability `local` it has to be someone of the founder's place. So groups grow out of
    circles of friends, and who has many friends is in many groups. Groups are founded until their
    wanted members would make `groups_per_person`; one that gets fewer than three is given up.

    Args:
        society: N people.
        parameters: see GroupParameters.
        rng: the only source of randomness.

    Returns:
        GroupChats; 4 bytes a membership and 12 a group.
    """
    wanted = parameters.groups_per_person * society.num_users
    draws = rng.standard_normal(int(wanted / MIN_SIZE) + 1)
    sizes = _sizes(draws, parameters.median_size, parameters.size_log_sd, parameters, society)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), wanted, side="right")]
    graph = society.graph
    if graph.num_edges:
        founders = graph.indices[rng.integers(graph.num_edges, size=sizes.size)]
    else:
        founders = rng.integers(society.num_users, size=sizes.size, dtype=np.int32)
    return _grow(society, parameters, founders, sizes, rng)


def found_sellers_groups(
    society: Society,
    parameters: GroupParameters,
    sellers: NDArray[np.integer] | list[int],
    rng: np.random.Generator,
) -> GroupChats:
    """Let each seller found a group of customers, which grows as other groups do.

    Sizes are lognormal with mean `sellers_size`. Further sellers at the end of the list leave the
    groups of those before them as they are.

    Args:
        society: N people.
        parameters: see GroupParameters.
        sellers: their nodes, in the order of the groups.
        rng: the only source of randomness, not used before.

    Returns:
        GroupChats; `founder` tells whose each is. Who finds fewer than two members has none.

    Raises:
        ValueError: a seller is no node of the society.
    """
    founders = node_ids(sellers, "sellers", society.num_users)
    # Apart from the members' draws, so that both go on where fewer sellers would have ended.
    for_sizes, for_members = rng.spawn(2)
    draws = for_sizes.standard_normal(founders.size)
    median = parameters.sellers_size * float(np.exp(-(parameters.sellers_log_sd**2) / 2.0))
    sizes = _sizes(draws, median, parameters.sellers_log_sd, parameters, society)
    return _grow(society, parameters, founders, sizes, for_members)


class _People(NamedTuple):
    """What the growth of groups looks people up in.

    Attributes:
        indptr, indices: ties.
        place: int16 [N].
        kind: interest and place as one number, int32 [N].
        by_kind: int32 [N], everyone in the order of kind.
        kind_bounds: int64 [I * P + 1], where each kind begins in `by_kind`.
        num_places: P.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    place: NDArray[np.int16]
    kind: NDArray[np.int32]
    by_kind: NDArray[np.int32]
    kind_bounds: NDArray[np.int64]
    num_places: int


def _sizes(
    draws: NDArray[np.float64],
    median: float,
    log_sd: float,
    parameters: GroupParameters,
    society: Society,
) -> NDArray[np.int64]:
    """Lognormal sizes, rounded, between the smallest and the largest group, at most N."""
    sizes = np.clip(np.rint(median * np.exp(log_sd * draws)), MIN_SIZE, parameters.max_size)
    return np.minimum(sizes.astype(np.int64), society.num_users)


def _grow(
    society: Society,
    parameters: GroupParameters,
    founders: NDArray[np.int32],
    sizes: NDArray[np.int64],
    rng: np.random.Generator,
) -> GroupChats:
    chances = (parameters.invited, parameters.by_founder, parameters.local)
    members = np.empty(int(sizes.sum()), dtype=np.int32)
    ends = _gather_members(_look_up(society), founders, sizes, chances, rng, members)
    kept = ends > np.concatenate(([0], ends[:-1]))
    bounds = np.concatenate((np.zeros(1, dtype=np.int64), ends[kept]))
    return GroupChats(society.num_users, bounds, members[: bounds[-1]].copy(), founders[kept])


def _look_up(society: Society) -> _People:
    kind, num_places = society.interest_and_place, society.parameters.num_places
    bounds, by_kind = rows_by_class(kind, society.parameters.num_interests * num_places)
    return _People(
        society.graph.indptr,
        society.graph.indices,
        society.place,
        kind,
        by_kind,
        bounds,
        num_places,
    )


@jit_entry
def _gather_members(
    people: _People,
    founders: NDArray[np.int32],
    sizes: NDArray[np.int64],
    chances: tuple[float, float, float],
    rng: np.random.Generator,
    members: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Fill `members` group by group; where each ends, a group that is given up where it began."""
    last_group = np.full(people.place.size, -1, dtype=np.int32)
    ends = np.empty(founders.size, dtype=np.int64)
    begin = 0
    for group in range(founders.size):
        members[begin] = founders[group]
        last_group[founders[group]] = group
        end = begin + 1
        for _ in range(1, sizes[group]):
            so_far = members[begin:end]
            person = _newcomer(people, so_far, founders[group], chances, rng, last_group, group)
            if person >= 0:
                last_group[person] = group
                members[end] = person
                end += 1
        if end - begin >= MIN_SIZE:
            members[begin:end].sort()
            begin = end
        ends[group] = begin
    return ends


@jit_no_nrt
def _newcomer(
    people: _People,
    so_far: NDArray[np.int32],
    founder: int,
    chances: tuple[float, float, float],
    rng: np.random.Generator,
    last_group: NDArray[np.int32],
    group: int,
) -> int:
    """Someone who is not in the group yet; -1 when nobody is found."""
    invited, by_founder, local = chances
    is_invited, is_near = rng.random() < invited, rng.random() < local
    for _ in range(TRIES):
        if is_invited:
            person = _friend_of_member(people, so_far, founder, by_founder, rng)
        else:
            person = _of_like_interest(people, people.kind[founder], is_near, rng)
        if person < 0 or last_group[person] == group:
            continue
        if not is_near or people.place[person] == people.place[founder]:
            return person
    return -1


@jit_no_nrt
def _friend_of_member(
    people: _People,
    so_far: NDArray[np.int32],
    founder: int,
    by_founder: float,
    rng: np.random.Generator,
) -> int:
    """A friend of the founder or of any member; -1 for one who has none."""
    host = founder
    if rng.random() >= by_founder:
        host = so_far[int(rng.random() * so_far.size)]
    start, end = people.indptr[host], people.indptr[host + 1]
    return people.indices[start + int(rng.random() * (end - start))] if start < end else -1


@jit_no_nrt
def _of_like_interest(people: _People, kind: int, near: bool, rng: np.random.Generator) -> int:
    """Someone of this interest, and of this place if near: there is one, the founder."""
    first, last = kind, kind + 1
    if not near:
        first -= kind % people.num_places
        last = first + people.num_places
    start = people.kind_bounds[first]
    return people.by_kind[start + int(rng.random() * (people.kind_bounds[last] - start))]
