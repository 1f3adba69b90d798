"""Stages that turn frontier nodes into exposed targets, a few hundred rows at a time.

Each stage is a loop of independent loads or of pure arithmetic, so that memory accesses overlap:
one loop that does all for a node waits for memory at each step and is several times slower.
"""

import numpy as np
from numba import njit

from weishang.kernels.cascade.cpu_words import (
    ALL_LANES,
    GOLDEN,
    ONE,
    WORDS,
    ZERO,
    child,
    live_masks,
    trailing_zeros,
    uniform,
)

BLOCK_BATCH = 512
"""Blocks in flight. Measured best of 128 .. 4096: the stages' arrays stay in the first caches."""

LANE_BITS = 64


@njit(inline="always")
def make_scratch():
    """Arrays of one thread's stages: keys, lanes, masks, first slots, owners; slots, sources."""
    return (
        np.empty(BLOCK_BATCH, dtype=np.uint64),
        np.empty(BLOCK_BATCH, dtype=np.uint64),
        np.empty(BLOCK_BATCH, dtype=np.uint64),
        np.empty(BLOCK_BATCH, dtype=np.int64),
        np.empty(BLOCK_BATCH, dtype=np.int32),
        np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int64),
        np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int32),
    )


@njit(cache=True, nogil=True)
def fill_blocks(indptr, frontier, node_at, block_at, view_key, keys, lanes, first_slots, owners):
    """Lay out the next blocks of the frontier's rows.

    Args:
        frontier: int32, nodes that post.
        node_at, block_at: place in the frontier and in that node's row to go on from.
        view_key: uint64, word of (seed, VIEW, layer, cascade).

    Returns:
        Number of blocks laid out, and the new place.
    """
    count = 0
    while node_at < frontier.size and count < BLOCK_BATCH:
        node = frontier[node_at]
        start = indptr[node]
        left = indptr[node + 1] - start - LANE_BITS * block_at
        key = child(view_key, np.uint64(node)) + GOLDEN * (WORDS * np.uint64(block_at))
        start += LANE_BITS * block_at
        while left > 0 and count < BLOCK_BATCH:
            keys[count] = key
            lanes[count] = ALL_LANES if left >= LANE_BITS else (ONE << np.uint64(left)) - ONE
            first_slots[count] = start
            owners[count] = node
            count += 1
            key += GOLDEN * WORDS
            start += LANE_BITS
            left -= LANE_BITS
            block_at += 1
        if left <= 0:
            node_at += 1
            block_at = 0
    return count, node_at, block_at


@njit(cache=True, nogil=True)
def live_slots(masks, first_slots, count, slots):
    """List the slots that the masks mark; returns how many."""
    listed = 0
    for block in range(count):
        mask = masks[block]
        first = first_slots[block]
        while mask != ZERO:
            slots[listed] = first + np.int64(trailing_zeros(mask))
            listed += 1
            mask &= mask - ONE
    return listed


@njit(cache=True, nogil=True)
def live_slots_and_sources(masks, first_slots, owners, count, slots, sources):
    """List the slots that the masks mark and the nodes they belong to; returns how many."""
    listed = 0
    for block in range(count):
        mask = masks[block]
        first = first_slots[block]
        while mask != ZERO:
            slots[listed] = first + np.int64(trailing_zeros(mask))
            sources[listed] = owners[block]
            listed += 1
            mask &= mask - ONE
    return listed


@njit(cache=True, nogil=True)
def pass_weights(indptr, thresholds, weight_key, slots, sources, count):
    """Keep the live slots that also pass their edge's weight; returns how many.

    Args:
        thresholds: uint64 [E], of the weights.
        weight_key: uint64, word of (seed, WEIGHT, layer, cascade).
    """
    kept = 0
    for i in range(count):
        node, slot = sources[i], slots[i]
        row_key = child(weight_key, np.uint64(node))
        if uniform(row_key, np.uint64(slot - indptr[node])) < thresholds[slot]:
            slots[kept] = slot
            sources[kept] = node
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def expose(
    indptr,
    indices,
    thresholds,
    frontier,
    node_at,
    block_at,
    view_key,
    weight_key,
    view,
    scratch,
    with_sources,
    targets,
):
    """One batch of blocks through all stages: the targets that are hit.

    Args:
        thresholds: uint64 [E] of the weights, or empty for a layer without.
        view: uint64, threshold of the hop.
        with_sources: whether scratch's last array shall hold each target's source.
        targets: int32 [>= 64 * BLOCK_BATCH], written.

    Returns:
        Number of targets, and the place in the frontier to go on from.
    """
    keys, lanes, masks, first_slots, owners, slots, sources = scratch
    count, node_at, block_at = fill_blocks(
        indptr, frontier, node_at, block_at, view_key, keys, lanes, first_slots, owners
    )
    live_masks(keys, lanes, count, view, masks)
    if with_sources or thresholds.size:
        listed = live_slots_and_sources(masks, first_slots, owners, count, slots, sources)
    else:
        listed = live_slots(masks, first_slots, count, slots)
    if thresholds.size:
        listed = pass_weights(indptr, thresholds, weight_key, slots, sources, listed)
    for i in range(listed):
        targets[i] = indices[slots[i]]
    return listed, node_at, block_at
