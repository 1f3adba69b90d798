"""Layers beside stored ties: group chats, and strangers who are computed and not stored."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.graph.arrays import freeze, offsets, rows_by_class
from weishang.kernels.graph.graph import Graph
from weishang.kernels.graph.validation import MAX_NODES, check_num_nodes, integers, node_ids
from weishang.kernels.rng import as_float64, threshold


@dataclass(frozen=True, eq=False)
class Groups:
    """G group chats of N nodes: a sharer posts in them, their members see the post.

    A post reaches a group once a cascade. Arrays are read-only.

    Attributes:
        num_nodes: N.
        indptr: int64 [G + 1], group g's members are members[indptr[g]:indptr[g + 1]].
        members: int32, node ids, rising within a group.
        weights: float64 [G] in [0, 1], the part of the layer's view that a group is left with;
            None for all of it.
        post: probability that a sharer posts in a group of theirs, float in [0, 1].

    Raises:
        ValueError: an offset, an id, a weight or the probability is out of range.
    """

    num_nodes: int
    indptr: NDArray[np.int64]
    members: NDArray[np.int32]
    weights: NDArray[np.float64] | None = None
    post: float = 1.0

    def __post_init__(self) -> None:
        """Check and freeze the arrays, and turn the memberships round."""
        check_num_nodes(self.num_nodes)
        indptr = integers(self.indptr, "indptr").astype(np.int64)
        members = node_ids(self.members, "members", self.num_nodes)
        if not indptr.size or indptr[0] or (np.diff(indptr) < 0).any():
            raise ValueError("indptr must hold G + 1 offsets that begin with 0 and never fall")
        if indptr[-1] != members.size:
            raise ValueError(f"indptr ends with {indptr[-1]}; members has {members.size} entries")
        group = np.repeat(np.arange(indptr.size - 1, dtype=np.int64), np.diff(indptr))
        falling = np.flatnonzero((group[1:] == group[:-1]) & (members[1:] <= members[:-1]))
        if falling.size:
            raise ValueError(f"members of group {group[falling[0]]} do not rise; sort each once")
        weights = np.ones(indptr.size - 1) if self.weights is None else self.weights
        thresholds = threshold(weights, "weights")
        if thresholds.shape != (indptr.size - 1,):
            raise ValueError(
                f"weights has shape {thresholds.shape}; give one per group, ({indptr.size - 1},)"
            )
        # Stable, so that a node's groups rise as well.
        by_node = np.argsort(members, kind="stable")
        arrays: dict[str, NDArray[Any]] = {
            "indptr": indptr,
            "members": members,
            "_member_of": group[by_node],
            "_member_indptr": offsets(np.bincount(members, minlength=self.num_nodes)),
            "_thresholds": thresholds,
        }
        if self.weights is not None:
            arrays["weights"] = as_float64(self.weights, "weights")
        freeze(self, **arrays)
        if threshold(self.post, "post").ndim:
            raise ValueError(f"post is {self.post!r}; give one probability")

    @property
    def num_groups(self) -> int:
        """G."""
        return self.indptr.size - 1

    @property
    def num_edges(self) -> int:
        """Memberships."""
        return self.members.size

    @property
    def member_indptr(self) -> NDArray[np.int64]:
        """Node u is in the groups member_of[member_indptr[u]:member_indptr[u + 1]], [N + 1]."""
        return self.__dict__["_member_indptr"]

    @property
    def member_of(self) -> NDArray[np.int64]:
        """Groups by node, rising within a node."""
        return self.__dict__["_member_of"]

    @property
    def post_threshold(self) -> int:
        """`post` as an integer threshold."""
        return int(threshold(self.post, "post"))

    def weight_thresholds(self) -> NDArray[np.uint64]:
        """The weights as integer thresholds, uint64 [G]; certainty without weights."""
        return self.__dict__["_thresholds"]

    def fingerprint(self) -> str:
        """SHA-256 of groups, members, weights and the probability, as hexadecimal text."""
        digest = hashlib.sha256(f"groups {self.num_nodes} {self.post!r}".encode())
        for array in (self.indptr, self.members, self.weight_thresholds()):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Strangers:
    """A channel to strangers: each sharer's post is shown to people drawn from all N nodes.

    Who they are is computed from the contract's words and not stored.

    Attributes:
        num_nodes: N.
        slots: people drawn for each who shares, at least 0; one may be drawn twice.
        near: probability that a slot draws among the sharer's own class, float in [0, 1].
        klass: integer class of each node (say, interest and place), [N]; needed where near > 0.

    Raises:
        ValueError: a number is out of range, or the classes do not fit.
    """

    num_nodes: int
    slots: int
    near: float = 0.0
    klass: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        """Check, and list the nodes by class."""
        check_num_nodes(self.num_nodes)
        if isinstance(self.slots, bool) or not isinstance(self.slots, int | np.integer):
            raise ValueError(f"slots is {self.slots!r}; give an integer")
        if not 0 <= self.slots < MAX_NODES:
            raise ValueError(f"slots is {self.slots}; give an integer in [0, 2^31)")
        if self.slots and not self.num_nodes:
            raise ValueError(f"slots is {self.slots}, but there are no nodes to draw; give 0")
        if threshold(self.near, "near").ndim:
            raise ValueError(f"near is {self.near!r}; give one probability")
        if self.klass is None and self.near_threshold:
            raise ValueError(f"near is {self.near}, but klass is None; give each node a class")
        klass = np.zeros(self.num_nodes, dtype=np.int32)
        if self.klass is not None:
            given = integers(self.klass, "klass")
            if given.shape != klass.shape or (given.size and int(given.min()) < 0):
                raise ValueError(
                    f"klass has shape {given.shape}; give {klass.shape} integers of at least 0"
                )
            klass = given.astype(np.int32)
        class_indptr, by_class = rows_by_class(klass, 1)
        freeze(self, _classes=klass, _by_class=by_class, _class_indptr=class_indptr)

    @property
    def num_edges(self) -> int:
        """Stored ties: none."""
        return 0

    @property
    def near_threshold(self) -> int:
        """`near` as an integer threshold."""
        return int(threshold(self.near, "near"))

    @property
    def classes(self) -> NDArray[np.int32]:
        """Class of each node, int32 [N]; 0 for all where none are given."""
        return self.__dict__["_classes"]

    @property
    def by_class(self) -> NDArray[np.int32]:
        """Nodes by class, rising within a class, [N]."""
        return self.__dict__["_by_class"]

    @property
    def class_indptr(self) -> NDArray[np.int64]:
        """Class k holds by_class[class_indptr[k]:class_indptr[k + 1]]."""
        return self.__dict__["_class_indptr"]

    def fingerprint(self) -> str:
        """SHA-256 of classes and numbers, as hexadecimal text."""
        told = f"strangers {self.num_nodes} {self.slots} {self.near!r}"
        digest = hashlib.sha256(told.encode())
        digest.update(np.ascontiguousarray(self.classes).data)
        return digest.hexdigest()


def row_length(layer: Graph | Strangers, node: int) -> int:
    """Slots that a node's post has in a layer of ties or strangers."""
    if isinstance(layer, Strangers):
        return int(layer.slots)
    return int(layer.indptr[node + 1] - layer.indptr[node])
