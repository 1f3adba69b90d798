"""What the posts of a hop put on whose screens: by stored ties, in group chats, to strangers.

A channel is a layer in one part of a batch: the layer's arrays on the device, and the words of
the part's rows. All channels look alike from the loop over hops, but that a group chat waits
until it knows who posts there first.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from weishang.kernels.cascade.core.task import Layer, Task
from weishang.kernels.cascade.torch import graph as ties
from weishang.kernels.cascade.torch import rng as words
from weishang.kernels.cascade.torch.graph import Posts, exposures, live_slots, to_device
from weishang.kernels.cascade.torch.ops import chosen, positions, split_keys
from weishang.kernels.cascade.torch.state import POSTER_BITS, POSTER_MASK
from weishang.kernels.graph.graph import Graph
from weishang.kernels.graph.layers import Groups, Strangers
from weishang.kernels.rng import CERTAIN, UNIFORM_BITS, Purpose, derive

UNPOSTED = torch.iinfo(torch.int64).max
POSTED = -1
"""In place of a group's first poster: before the first hop in which anyone posts, and after it."""

Hits = tuple[Tensor, Tensor | None]
"""Keys of the targets, and who posts or None; int64, one entry a live slot."""


class Posters(NamedTuple):
    """Some of those who post in a hop, int64 of one length.

    Attributes:
        keys: row * N + node.
        rows, nodes: the same, taken apart.
        levels: 0 for seeds; None where the level is the hop.
    """

    keys: Tensor
    rows: Tensor
    nodes: Tensor
    levels: Tensor | None

    def some(self, places: Tensor) -> "Posters":
        """Those at some places."""
        levels = None if self.levels is None else self.levels.index_select(0, places)
        keys, rows, nodes = (column.index_select(0, places) for column in self[:3])
        return Posters(keys, rows, nodes, levels)


class GroupPosts(NamedTuple):
    """Posts in group chats, of which each group takes the first; int64 of one length.

    Attributes:
        channel: where they are.
        groups: row * G + group.
        sources: of the posters, see `Naming.sources`.
    """

    channel: "GroupChannel"
    groups: Tensor
    sources: Tensor


class StoredGroups(NamedTuple):
    """Groups as tensors.

    Attributes:
        members: the members of each group as its row.
        of_node: int64 [N + 1] and int64, the groups of each node.
        num_groups: G.
        post: threshold.
    """

    members: ties.Layer
    of_node: tuple[Tensor, Tensor]
    num_groups: int
    post: int


class StoredStrangers(NamedTuple):
    """Strangers as tensors; see Strangers.

    Attributes:
        slots: people drawn for each who posts.
        near: threshold of drawing within the class.
        classes: int32 [N].
        class_indptr: int64.
        by_class: int32 [N].
    """

    slots: int
    near: int
    classes: Tensor
    class_indptr: Tensor
    by_class: Tensor


Stored = ties.Layer | StoredGroups | StoredStrangers

_on_devices: WeakKeyDictionary[
    Groups | Strangers, dict[torch.device, StoredGroups | StoredStrangers]
] = WeakKeyDictionary()


def on_device(layer: Layer, device: torch.device) -> Stored:
    """A layer's tensors, moved once a layer and device."""
    if isinstance(layer, Graph):
        return ties.on_device(layer, device)
    copies = _on_devices.setdefault(layer, {})
    if device not in copies:
        copies[device] = (
            _store_groups(layer, device)
            if isinstance(layer, Groups)
            else _store_strangers(layer, device)
        )
    return copies[device]


def channel(
    task: Task, number: int, stored: Stored, cascades: Tensor, max_blocks: int
) -> "Channel":
    """A layer in a part of a batch.

    Args:
        task: the batch.
        number: the layer's.
        stored: the layer on the device.
        cascades: int64 [R], ids of the part's rows.
        max_blocks: blocks of slots worked on at once.
    """
    if isinstance(stored, StoredGroups):
        return GroupChannel(task, number, stored, cascades, max_blocks)
    if isinstance(stored, StoredStrangers):
        return StrangerChannel(task, number, stored, cascades, max_blocks)
    return TieChannel(task, number, stored, cascades, max_blocks)


class Channel(Protocol):
    """A layer in a part of a batch, seen from the loop over hops."""

    def post(self, posters: Posters, threshold: Tensor | int) -> Iterator[Hits | GroupPosts]:
        """What some of the frontier put on others' screens.

        Args:
            posters: who posts, at most as many as blocks are worked on at once.
            threshold: of view in this hop, not 0: one for all, or int64 [R].
        """


class TieChannel:
    """Stored ties: a post reaches the poster's friends."""

    def __init__(
        self,
        task: Task,
        number: int,
        stored: ties.Layer,
        cascades: Tensor,
        max_blocks: int,
    ) -> None:
        """See `channel`."""
        self._stored, self._max_blocks = stored, max_blocks
        self._naming = Naming(task, number, cascades.device)
        self._view_words = words_of(task, Purpose.VIEW, number, cascades)
        self._weight_words = words_of(task, Purpose.WEIGHT, number, cascades)

    def post(self, posters: Posters, threshold: Tensor | int) -> Iterator[Hits]:
        """See Channel."""
        posts = Posts(
            nodes=posters.nodes,
            sources=self._naming.sources(posters),
            first_keys=posters.keys - posters.nodes,
            view_words=_below(self._view_words, posters),
            weight_words=None
            if self._stored.weights is None
            else _below(self._weight_words, posters),
            threshold=_of_rows(threshold, posters.rows),
        )
        return exposures(self._stored, posts, self._max_blocks, name_sources=self._naming.are_asked)


class StrangerChannel:
    """A channel to strangers: whom a slot reaches is computed."""

    def __init__(
        self, task: Task, number: int, stored: StoredStrangers, cascades: Tensor, max_blocks: int
    ) -> None:
        """See `channel`."""
        self._stored, self._max_blocks, self._num_nodes = stored, max_blocks, task.num_nodes
        self._naming = Naming(task, number, cascades.device)
        self._view_words = words_of(task, Purpose.VIEW, number, cascades)
        self._stranger_words = words_of(task, Purpose.STRANGER, number, cascades)

    def post(self, posters: Posters, threshold: Tensor | int) -> Iterator[Hits]:
        """See Channel."""
        starts = torch.zeros_like(posters.nodes)
        last = torch.full_like(posters.nodes, self._stored.slots - 1)
        view_words = _below(self._view_words, posters)
        stranger_words = _below(self._stranger_words, posters)
        sources = self._naming.sources(posters)
        limit = _of_rows(threshold, posters.rows)
        for blocks, block, lane in live_slots(starts, last, view_words, limit, self._max_blocks):
            post = blocks.posts_of(block)
            slots = blocks.slots_of(block, lane)
            drawn = words.child(stranger_words.index_select(0, post), slots)
            nodes = posters.nodes.index_select(0, post)
            keys = posters.keys.index_select(0, post) - nodes
            keys += self._people(drawn, nodes)
            yield keys, sources.index_select(0, post) if self._naming.are_asked else None

    def _people(self, drawn: Tensor, nodes: Tensor) -> Tensor:
        """Whom words draw for the nodes: the lower half says among whom, the upper half who."""
        stored, upper = self._stored, words.uniforms(drawn)
        people = (upper * self._num_nodes) >> UNIFORM_BITS
        if not stored.near:
            return people
        near = positions((drawn & (CERTAIN - 1)) < stored.near)
        own_class = stored.classes.index_select(0, nodes.index_select(0, near)).long()
        start = stored.class_indptr.index_select(0, own_class)
        size = stored.class_indptr[1:].index_select(0, own_class) - start
        start += (upper.index_select(0, near) * size) >> UNIFORM_BITS
        return people.index_copy_(0, near, stored.by_class.index_select(0, start).long())


class GroupChannel:
    """Group chats: once a cascade a group's first poster shows the post to the members."""

    def __init__(
        self, task: Task, number: int, stored: StoredGroups, cascades: Tensor, max_blocks: int
    ) -> None:
        """See `channel`."""
        self._stored, self._max_blocks, self._num_nodes = stored, max_blocks, task.num_nodes
        self._naming = Naming(task, number, cascades.device)
        self._post_words = words_of(task, Purpose.POST, number, cascades)
        self._view_words = words_of(task, Purpose.VIEW, number, cascades)
        self._weight_words = words_of(task, Purpose.WEIGHT, number, cascades)
        size = cascades.numel() * stored.num_groups
        self._first = torch.full((size,), UNPOSTED, dtype=torch.int64, device=cascades.device)
        self._named: list[Tensor] = []

    def post(self, posters: Posters, threshold: Tensor | int) -> Iterator[GroupPosts]:
        """The groups that some of the frontier post in; where nobody would see it, none."""
        if not isinstance(threshold, int):
            seen = positions(threshold.index_select(0, posters.rows))
            posters = posters.some(seen)
        indptr, groups = self._stored.of_node
        starts = indptr.index_select(0, posters.nodes)
        last = indptr[1:].index_select(0, posters.nodes) - starts - 1
        luck = _below(self._post_words, posters)
        sources = self._naming.sources(posters)
        first_groups = posters.rows * self._stored.num_groups
        for blocks, block, lane in live_slots(
            starts, last, luck, self._stored.post, self._max_blocks
        ):
            post = blocks.posts_of(block)
            taken = groups.index_select(0, blocks.slots_of(block, lane))
            taken += first_groups.index_select(0, post)
            yield GroupPosts(self, taken, sources.index_select(0, post))

    def reduce(self, posts: GroupPosts) -> None:
        """Let groups take the smallest of their posters by level and id."""
        before = self._first.index_select(0, posts.groups)
        self._first.scatter_reduce_(0, posts.groups, posts.sources, "amin")
        # A poster posts in a group once, so that one post for each group is the smallest.
        is_first = self._first.index_select(0, posts.groups) == posts.sources
        is_first &= before == UNPOSTED
        self._named.append(chosen(posts.groups, is_first))

    def posted(self) -> tuple[Tensor, Tensor]:
        """The groups that anyone posted in since the last call, and their first posters."""
        groups = torch.cat([torch.empty_like(self._first[:0]), *self._named])
        sources = self._first.index_select(0, groups)
        self._first.index_fill_(0, groups, POSTED)
        self._named = []
        return groups, sources

    def show(self, groups: Tensor, sources: Tensor, threshold: Tensor | int) -> Iterator[Hits]:
        """The members of some groups who see what is posted there.

        Args:
            groups, sources: part of what `posted` gave, at most `max_blocks`.
            threshold: as of `post`.
        """
        rows, nodes = split_keys(groups, self._stored.num_groups)
        first_keys = rows * self._num_nodes
        own_keys = first_keys + (sources & POSTER_MASK)
        members, places = self._stored.members, nodes + self._num_nodes
        posts = Posts(
            nodes=nodes,
            sources=torch.arange(nodes.numel(), device=nodes.device),
            first_keys=first_keys,
            view_words=words.child(self._view_words.index_select(0, rows), places),
            weight_words=None
            if members.weights is None
            else words.child(self._weight_words.index_select(0, rows), places),
            threshold=_of_rows(threshold, rows),
        )
        for keys, post in exposures(members, posts, self._max_blocks, name_sources=True):
            assert post is not None
            others = positions(keys != own_keys.index_select(0, post))
            keys, post = keys.index_select(0, others), post.index_select(0, others)
            yield keys, sources.index_select(0, post) if self._naming.are_asked else None


class Naming:
    """What a hit tells of its poster, and whether anyone asks."""

    def __init__(self, task: Task, number: int, device: torch.device) -> None:
        """Take a layer's paths."""
        paths = task.tables.paths
        self.are_asked = task.events or paths is not None
        self._paths = None if paths is None else to_device(paths[number].astype(np.int64), device)

    def sources(self, posters: Posters) -> Tensor:
        """Ids of the posters; with paths below the level that they make of those they reach.

        The smallest source is then the one to keep.
        """
        if self._paths is None or posters.levels is None:
            return posters.nodes
        return (self._paths.index_select(0, posters.levels) << POSTER_BITS) | posters.nodes


def _store_groups(layer: Groups, device: torch.device) -> StoredGroups:
    thresholds, weights = layer.weight_thresholds(), None
    if (thresholds < CERTAIN).any():
        weights = to_device(np.repeat(thresholds, np.diff(layer.indptr)), device)
    members = to_device(layer.indptr, device), to_device(layer.members, device)
    of_node = to_device(layer.member_indptr, device), to_device(layer.member_of, device)
    return StoredGroups(
        ties.Layer(*members, weights), of_node, layer.num_groups, layer.post_threshold
    )


def _store_strangers(layer: Strangers, device: torch.device) -> StoredStrangers:
    arrays = (layer.classes, layer.class_indptr, layer.by_class)
    return StoredStrangers(
        layer.slots, layer.near_threshold, *(to_device(array, device) for array in arrays)
    )


def words_of(task: Task, purpose: Purpose, number: int, cascades: Tensor) -> Tensor:
    """Words of (seed, purpose, layer, cascade), int64 [R]."""
    return words.child(derive(task.seed, purpose, number), cascades)


def _below(row_words: Tensor, posters: Posters) -> Tensor:
    """The posters' own words."""
    return words.child(row_words.index_select(0, posters.rows), posters.nodes)


def _of_rows(threshold: Tensor | int, rows: Tensor) -> Tensor | int:
    return threshold if isinstance(threshold, int) else threshold.index_select(0, rows)
