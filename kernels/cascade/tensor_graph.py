"""A graph's layers on a device, and the exposures that a frontier's posts make there."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from weishang.kernels.cascade import tensor_words as words
from weishang.kernels.graph import Graph
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
        nodes: int64.
        first_keys: int64, what a target's id is added to for its key: row * N.
        view_words, weight_words: int64, K_u of VIEW and of WEIGHT; None without weights.
        threshold: of view in this hop, one for all or int64.
    """

    nodes: Tensor
    first_keys: Tensor
    view_words: Tensor
    weight_words: Tensor | None
    threshold: Tensor | int


class _Blocks(NamedTuple):
    """Blocks of the posts' rows, all int64 of one length.

    Attributes:
        post: whose row it is, a position in Posts.
        number: the block's number in the row.
        lanes: a bit for each lane that holds a slot.
        slots: place of the block's first slot in the layer's indices.
    """

    post: Tensor
    number: Tensor
    lanes: Tensor
    slots: Tensor


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
        posts: who posts.
        max_blocks: blocks of slots worked on at once; LISTED times as many live slots.
        name_sources: whether to give the nodes that exposed the targets.

    Yields:
        Keys of the targets and nodes that exposed them (or None), int64, one entry a live slot.
    """
    for blocks in _blocks(layer, posts, max_blocks):
        threshold = posts.threshold
        if not isinstance(threshold, int):
            threshold = threshold.index_select(0, blocks.post)
        live = words.live_lanes(
            posts.view_words.index_select(0, blocks.post), blocks.number, blocks.lanes, threshold
        )
        first_keys = posts.first_keys.index_select(0, blocks.post)
        for block, lane in words.list_lanes(live, LISTED * max_blocks):
            block, slots = _passed(layer, posts, blocks, block, lane)
            keys = first_keys.index_select(0, block)
            keys += layer.indices.index_select(0, slots)
            if name_sources:
                yield keys, posts.nodes.index_select(0, blocks.post.index_select(0, block))
            else:
                yield keys, None


def _blocks(layer: Layer, posts: Posts, max_blocks: int) -> Iterator[_Blocks]:
    """The blocks of all rows in order, at most `max_blocks` at once."""
    starts = layer.indptr.index_select(0, posts.nodes)
    last_slots = layer.indptr.index_select(0, posts.nodes + 1)
    last_slots -= 1
    counts = (last_slots - starts + WORD_BITS) >> LOG_WORD_BITS
    for post, number in words.unfold(counts, max_blocks):
        slots = number << LOG_WORD_BITS
        slots += starts.index_select(0, post)
        lanes = words.first_lanes(last_slots.index_select(0, post).sub_(slots))
        yield _Blocks(post, number, lanes, slots)


def _passed(
    layer: Layer, posts: Posts, blocks: _Blocks, block: Tensor, lane: Tensor
) -> tuple[Tensor, Tensor]:
    """Blocks and slots of the live lanes that the layer's weights let through."""
    slots = blocks.slots.index_select(0, block)
    slots += lane
    if layer.weights is None or posts.weight_words is None:
        return block, slots
    rows = posts.weight_words.index_select(0, blocks.post.index_select(0, block))
    slots_in_rows = (blocks.number.index_select(0, block) << LOG_WORD_BITS).add_(lane)
    luck = words.uniforms(words.child(rows, slots_in_rows))
    passed = (luck < layer.weights.index_select(0, slots)).nonzero().view(-1)
    return block.index_select(0, passed), slots.index_select(0, passed)
