"""What is known of people from outside, and how the rest is imputed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.kernels.runtime.jit import jit_entry
from weishang.model.society.group_chats import GroupChats

UNKNOWN = -1
"""The class of a person of whom nothing is known."""


@dataclass(frozen=True, eq=False)
class NodeAttributes:
    """What is known of N people: classes, UNKNOWN where a person's is not; None where nobody's is.

    Attributes:
        num_people: N.
        interest: int8 [N] or None.
        budget_class: int8 [N] or None, poorest first.
        place: int16 [N] or None.
        groups: the group chats they are in, or None; complete as they stand.

    Raises:
        ValueError: an array or the groups speak of another number of people.
    """

    num_people: int
    interest: NDArray[np.int8] | None = None
    budget_class: NDArray[np.int8] | None = None
    place: NDArray[np.int16] | None = None
    groups: GroupChats | None = None

    def __post_init__(self) -> None:
        """Check that all speak of the same people."""
        for name in ("interest", "budget_class", "place"):
            array = getattr(self, name)
            if array is not None and array.shape != (self.num_people,):
                raise ValueError(f"{name} has shape {array.shape}; give ({self.num_people},)")
        if self.groups is not None and self.groups.num_people != self.num_people:
            raise ValueError(
                f"groups are of {self.groups.num_people} people; give {self.num_people}"
            )


def take_from_friends(graph: Graph, known: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Fill in unknown classes with those of friends.

    Round by round, everyone who is unknown takes the class of one of the friends whose class is
    known by then, each equally likely; so friends are about as alike as those who are known. Who
    is tied to nobody known, however far, takes the class of a random known person.

    Args:
        graph: undirected, N nodes.
        known: integer classes [N], UNKNOWN for the people to fill in; somebody is known.
        rng: chooses the friends.

    Returns:
        The classes [N], none UNKNOWN.

    Source: donors alike in what is seen of them: the hot deck, Andridge and Little (2010),
    International Statistical Review 78.
    """
    classes = known.copy()
    while True:
        taken = _ask_friends(graph.indptr, graph.indices, classes, rng)
        won = (taken != UNKNOWN) & (classes == UNKNOWN)
        if not won.any():
            break
        classes = taken
    return take_from_anyone(classes, rng)


def take_from_anyone(known: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Fill in unknown classes with those of random known people; somebody is known."""
    classes = known.copy()
    unknown = np.flatnonzero(known == UNKNOWN)
    donors = known[known != UNKNOWN]
    classes[unknown] = donors[rng.integers(donors.size, size=unknown.size)]
    return classes


@jit_entry
def _ask_friends(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    classes: NDArray[Any],
    rng: np.random.Generator,
) -> NDArray[Any]:
    """One round: the classes, with those of friends for the unknown who have known friends."""
    taken = classes.copy()
    for person in range(classes.size):
        if classes[person] != UNKNOWN:
            continue
        heard = 0
        for friend in indices[indptr[person] : indptr[person + 1]]:
            if classes[friend] != UNKNOWN:
                heard += 1
                # Keeping the k-th with probability 1 / k leaves each equally likely.
                if rng.random() * heard < 1.0:
                    taken[person] = classes[friend]
    return taken
