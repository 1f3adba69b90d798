"""Group chats: who is in them, and the layer that posts reach their members by."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.graph.arrays import freeze, offsets, rows_by_class
from weishang.kernels.graph.layers import Groups
from weishang.kernels.graph.validation import node_ids
from weishang.kernels.runtime.jit import jit_entry, jit_no_nrt
from weishang.model.core.parameters import check_fields, check_number, parameter
from weishang.model.society.society import Society

MIN_SIZE = 3
"""Members of the smallest group: a chat of two is no group."""
TRIES = 20
"""Tries to find a member; a group that fails in them all ends smaller than wanted."""
NO_FOUNDER = -1
"""The founder of a group from a file."""


@dataclass(frozen=True)
class GroupParameters:
    """Who is in which group chat; each field carries unit, source, role and prior range.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    groups_per_person: float = parameter(
        10.0,
        unit="groups",
        source="assumption, varied: those that people still read; of 2,002 WeChat users 25% were "
        "in fewer than 10 groups and 59% in 10 to 30 (China Youth Daily 2020, by way of the press)",
        role="set",
        low=5.0,
        high=20.0,
    )
    median_size: float = parameter(
        8.0,
        unit="members",
        source="assumption, varied: a family or some colleagues",
        role="set",
        low=5.0,
        high=15.0,
    )
    size_log_sd: float = parameter(
        1.2,
        unit="log members",
        source="assumption, varied: mean 16 members; 2% of groups have more than 100",
        role="set",
        low=0.8,
        high=1.5,
    )
    max_size: int = parameter(
        2000,
        unit="members",
        source="assumption, varied: some large groups of customers are past the platform's cap; "
        "at the lower end none is",
        role="set",
        low=500,
        high=5000,
    )
    invited: float = parameter(
        0.8,
        unit="fraction of members",
        source="assumption, varied: members of WeChat groups are invited by friends who are in "
        "(Qiu et al., WWW 2016, arXiv:1512.07831); the others come for the interest, by a code",
        role="set",
        low=0.5,
        high=1.0,
    )
    by_founder: float = parameter(
        0.5,
        unit="fraction of invitations",
        source="assumption, varied: trees of invitations into WeChat groups are now broad, now "
        "deep (Qiu et al., WWW 2016, arXiv:1512.07831)",
        role="set",
        low=0.2,
        high=0.8,
    )
    local: float = parameter(
        0.5,
        unit="fraction of members",
        source="assumption, varied: live where the founder does; the rest may live anywhere",
        role="set",
        low=0.0,
        high=1.0,
    )
    active: float = parameter(
        0.67,
        unit="fraction of members",
        source="reported figure group_weekly_active; the others see nothing",
        role="set",
        low=0.603,
        high=0.737,
    )
    post: float = parameter(
        0.1,
        unit="probability",
        source="assumption, varied: that a sharer posts in a group of theirs; no study gives it",
        role="set",
        low=0.02,
        high=0.3,
    )
    sellers_size: float = parameter(
        286.0,
        unit="members",
        source="reported figure group_mean_size, which is of the 500 largest groups: an upper end, "
        "varied downwards",
        role="set",
        low=50.0,
        high=286.0,
    )
    sellers_log_sd: float = parameter(
        0.5, unit="log members", source="assumption, varied", role="set", low=0.2, high=0.8
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_fields(self, _RANGES)


_SHARE = (0.0, 1.0)
_SIZE = (MIN_SIZE, 1_000_000)
_LOG_SD = (0.0, 3.0)
_RANGES: dict[str, tuple[float, float]] = {
    "groups_per_person": (0.0, 1000.0),
    "median_size": _SIZE,
    "size_log_sd": _LOG_SD,
    "max_size": _SIZE,
    "invited": _SHARE,
    "by_founder": _SHARE,
    "local": _SHARE,
    "active": _SHARE,
    "post": _SHARE,
    "sellers_size": _SIZE,
    "sellers_log_sd": _LOG_SD,
}
"""What groups can be formed with; the prior ranges lie inside."""


@dataclass(frozen=True, eq=False)
class GroupChats:
    """G group chats of N people. The arrays are read-only.

    Attributes:
        num_people: N.
        bounds: int64 [G + 1]; group g holds members[bounds[g] : bounds[g + 1]].
        members: int32 [M], rising within a group.
        founder: int32 [G], a member, or NO_FOUNDER.
    """

    num_people: int
    bounds: NDArray[np.int64]
    members: NDArray[np.int32]
    founder: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        freeze(self, bounds=self.bounds, members=self.members, founder=self.founder)

    @classmethod
    def none(cls, num_people: int) -> "GroupChats":
        """No groups of so many people."""
        nobody = np.empty(0, dtype=np.int32)
        return cls(num_people, np.zeros(1, dtype=np.int64), nobody, nobody)

    @property
    def num_groups(self) -> int:
        """G."""
        return self.founder.size

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Members of each group, int64 [G]."""
        return np.diff(self.bounds)

    def layer(self, cap: int, demotion: float, active: float, post: float = 1.0) -> Groups:
        """The layer of a cascade: who sees what is posted in groups.

        Args:
            cap: members; larger groups are demoted.
            demotion: what a demoted group is left with, in [0, 1].
            active: fraction of members who see posts, in [0, 1].
            post: probability that a sharer posts in a group of theirs.

        Returns:
            Groups with weights `active`, times `demotion` past the cap.

        Raises:
            ValueError: a number is out of range; it is named.
        """
        check_number("cap", cap, 0, np.iinfo(np.int32).max, integer=True)
        for name, value in (("demotion", demotion), ("active", active), ("post", post)):
            check_number(name, value, 0.0, 1.0, integer=False)
        weights = active * np.where(self.sizes > cap, demotion, 1.0)
        return Groups(self.num_people, self.bounds, self.members, weights, post)

    def fingerprint(self) -> str:
        """SHA-256 of groups, members and founders, as hexadecimal text."""
        digest = hashlib.sha256(str(self.num_people).encode())
        for array in (self.bounds, self.members, self.founder):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


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


def join(parts: Iterable[GroupChats]) -> GroupChats:
    """All groups of the parts, in order; at least one part.

    Raises:
        ValueError: the parts are of different people.
    """
    parts = list(parts)
    people = {part.num_people for part in parts}
    if len(people) != 1:
        raise ValueError(f"parts are groups of {sorted(people)} people; give one society's")
    sizes = np.concatenate([part.sizes for part in parts])
    return GroupChats(
        people.pop(),
        offsets(sizes),
        np.concatenate([part.members for part in parts]),
        np.concatenate([part.founder for part in parts]),
    )


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
