"""Group chats: who is in a group with whom."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Groups
from weishang.kernels.graph.arrays import freeze, offsets
from weishang.model.core.parameters import check_number

NO_FOUNDER = -1
"""The founder of a group from a file."""


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
