"""Who knows whom, who likes what and lives where."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.kernels.graph.arrays import freeze
from weishang.model.society.parameters import SocietyParameters

ALL_IN_ONE_PLACE = np.zeros(0, dtype=np.int16)
"""Stands for place 0 for everyone, where a society is made without places."""


@dataclass(frozen=True, eq=False)
class Society:
    """N people: their friends, interests, budgets and places. The arrays are read-only.

    Attributes:
        graph: undirected and simple, every tie in both directions.
        interest: int8 [N], in [0, num_interests).
        budget_class: int8 [N], in [0, num_budgets), poorest first; equally many of each, unless a
            file says otherwise.
        wanted_friends: int32 [N], the friends that each wanted; the graph may fall short.
        parameters: what it was made from.
        place: int16 [N], where each lives, in [0, num_places); 0 for everyone when left out.
    """

    graph: Graph
    interest: NDArray[np.int8]
    budget_class: NDArray[np.int8]
    wanted_friends: NDArray[np.int32]
    parameters: SocietyParameters = field(default_factory=SocietyParameters)
    place: NDArray[np.int16] = field(default_factory=lambda: ALL_IN_ONE_PLACE)

    def __post_init__(self) -> None:
        """Check that all arrays speak of the same people, and freeze them."""
        if self.place is ALL_IN_ONE_PLACE:
            object.__setattr__(self, "place", np.zeros(self.num_users, dtype=np.int16))
        limits = {
            "interest": self.parameters.num_interests,
            "budget_class": self.parameters.num_budgets,
            "wanted_friends": 1 << 31,
            "place": self.parameters.num_places,
        }
        for name, limit in limits.items():
            array = getattr(self, name)
            if array.shape != (self.num_users,):
                raise ValueError(f"{name} has shape {array.shape}; give ({self.num_users},)")
            if array.size and not 0 <= int(array.min()) <= int(array.max()) < limit:
                raise ValueError(
                    f"{name} goes from {array.min()} to {array.max()}; it lies in [0, {limit})"
                )
            freeze(self, **{name: array})

    @property
    def num_users(self) -> int:
        """N."""
        return self.graph.num_nodes

    @property
    def segment(self) -> NDArray[np.int32]:
        """Class of each person for the rule of decision: interest and budget, int32 [N]."""
        return self.interest.astype(np.int32) * self.parameters.num_budgets + self.budget_class

    @property
    def interest_and_place(self) -> NDArray[np.int32]:
        """Class of each person for whoever looks for people alike, and near: int32 [N]."""
        return self.interest.astype(np.int32) * self.parameters.num_places + self.place

    def fingerprint(self) -> str:
        """SHA-256 of graph and attributes, as hexadecimal text."""
        digest = hashlib.sha256(self.graph.fingerprint().encode())
        for array in (self.interest, self.budget_class, self.wanted_friends, self.place):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
