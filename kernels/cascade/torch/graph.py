"""A graph's layers on a device, and the exposures that a frontier's posts make there."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from weishang.kernels.cascade.torch import rng as words
from weishang.kernels.cascade.torch.ops import positions
from weishang.kernels.graph.graph import Graph
from weishang.kernels.rng import WORD_BITS

LOG_WORD_BITS = WORD_BITS.bit_length() - 1
LISTED = 2
"""Live slots followed at once, for each block worked on at once."""


@dataclass(frozen=True)
class Layer:
    """A layer's arrays as tensors.

    Attributes:
        indptr: int64 [N + 1].
        indices: int32 [E].
        weights: int64 [E], thresholds of the weights, or None.
    """

    indptr: Tensor
    indices: Tensor
    weights: Tensor | None


class Posts(NamedTuple):
    """Frontier nodes that post on one layer, all of length n.

    Attributes:
        nodes: int64, whose rows are followed.
        sources: int64, what is told of a hit beside its target, such as who posts.
        first_keys: int64, what a target's id is added to for its key: row * N.
        view_words, weight_words: int64, K_u of VIEW and of WEIGHT; None without weights.
        threshold: of view in this hop, one for all or int64.
    """

    nodes: Tensor
    sources: Tensor
    first_keys: Tensor
    view_words: Tensor
    weight_words: Tensor | None
    threshold: Tensor | int


class Blocks(NamedTuple):
    """Blocks of the posts' rows, all int64 of one length.

    Attributes:
        post: whose row it is, a position in Posts; None for a block of each post in order.
        states: the row's word, advanced to the block.
        lanes: a bit for each lane that holds a slot.
        slots: place of the block's first slot, counted from the rows' starts.
    """

    post: Tensor | None
    states: Tensor
    lanes: Tensor
    slots: Tensor

    def posts_of(self, block: Tensor) -> Tensor:
        """The posts that some blocks belong to."""
        return block if self.post is None else self.post.index_select(0, block)

    def slots_of(self, block: Tensor, lane: Tensor) -> Tensor:
        """The places of some blocks' lanes."""
        return self.slots.index_select(0, block).add_(lane)


_on_devices: WeakKeyDictionary[Graph, dict[torch.device, Layer]] = WeakKeyDictionary()


def on_device(graph: Graph, device: torch.device) -> Layer:
    """The graph's tensors, moved once a graph and device; on the CPU they share its memory."""
    copies = _on_devices.setdefault(graph, {})
    if device not in copies:
        weights = graph.weight_thresholds()
        copies[device] = Layer(
            to_device(graph.indptr, device),
            to_device(graph.indices, device),
            None if weights is None else to_device(weights, device),
        )
    return copies[device]


def to_device(array: np.ndarray, device: torch.device) -> Tensor:
    """An array as a tensor, unsigned words as their two's complement; never written to."""
    array = np.ascontiguousarray(array)
    if array.dtype == np.uint64:
        array = array.view(np.int64)
    with warnings.catch_warnings():
        # A graph's arrays are read-only, which torch warns of: nothing here writes to them.
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(array).to(device)


def exposures(
    layer: Layer, posts: Posts, max_blocks: int, *, name_sources: bool
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Follow the live slots of the posts' rows.

    Args:
        layer: where the rows are.
        posts: who posts, at most `max_blocks`.
        max_blocks: blocks of slots worked on at once; LISTED times as many live slots.
        name_sources: whether to give the posts' sources.

    Yields:
        Keys of the targets and sources of their posts (or None), int64, one entry a live slot.
    """
    starts = layer.indptr.index_select(0, posts.nodes)
    last = layer.indptr[1:].index_select(0, posts.nodes)
    last -= starts
    last -= 1
    rows = live_slots(starts, last, posts.view_words, posts.threshold, max_blocks)
    for blocks, block, lane in rows:
        post, slots = _passed(
            layer, posts, starts, blocks.posts_of(block), blocks.slots_of(block, lane)
        )
        keys = posts.first_keys.index_select(0, post)
        keys += layer.indices.index_select(0, slots)
        yield keys, posts.sources.index_select(0, post) if name_sources else None


def live_slots(
    starts: Tensor, last: Tensor, row_words: Tensor, threshold: Tensor | int, max_blocks: int
) -> Iterator[tuple[Blocks, Tensor, Tensor]]:
    """The live slots of rows, some blocks at a time.

    Args:
        starts: int64, place of each row's first slot.
        last: int64, number of its last slot; -1 where it has none.
        row_words: int64, K_u.
        threshold: one for all or int64.
        max_blocks: as of `exposures`.

    Yields:
        Blocks; of each live slot the place of its block among them, and its lane, int64.
    """
    for blocks in _blocks(starts, last, row_words, max_blocks):
        limit = threshold
        if not isinstance(threshold, int) and blocks.post is not None:
            limit = threshold.index_select(0, blocks.post)
        live = words.live_lanes(blocks.states, blocks.lanes, limit)
        for block, lane in words.list_lanes(live, LISTED * max_blocks):
            yield blocks, block, lane


def _blocks(starts: Tensor, last: Tensor, row_words: Tensor, max_blocks: int) -> Iterator[Blocks]:
    """The first blocks of all rows, with the others if they fit, and then these by themselves."""
    first = Blocks(None, row_words, words.first_lanes(last), starts)
    long = positions(last >= WORD_BITS)
    if not long.numel():
        yield first
        return
    starts, last, row_words = (of_all.index_select(0, long) for of_all in (starts, last, row_words))
    counts = last >> LOG_WORD_BITS
    fit = int(counts.sum()) <= max_blocks - first.lanes.numel()
    if not fit:
        yield first
    for row, number in words.unfold(counts, max_blocks):
        number += 1
        states = words.advanced(row_words.index_select(0, row), number)
        slots = number << LOG_WORD_BITS
        lanes = words.first_lanes(last.index_select(0, row).sub_(slots))
        slots += starts.index_select(0, row)
        post = long.index_select(0, row)
        others = Blocks(post, states, lanes, slots)
        if fit:
            posts = torch.arange(first.lanes.numel(), device=lanes.device), post
            rest = (torch.cat(pair) for pair in zip(first[1:], others[1:], strict=True))
            others = Blocks(torch.cat(posts), *rest)
        yield others


def _passed(
    layer: Layer, posts: Posts, starts: Tensor, post: Tensor, slots: Tensor
) -> tuple[Tensor, Tensor]:
    """Posts and places of the live slots that the layer's weights let through."""
    if layer.weights is None or posts.weight_words is None:
        return post, slots
    row_words = posts.weight_words.index_select(0, post)
    luck = words.uniforms(words.child(row_words, slots - starts.index_select(0, post)))
    passed = positions(luck < layer.weights.index_select(0, slots))
    return post.index_select(0, passed), slots.index_select(0, passed)
