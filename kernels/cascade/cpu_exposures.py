"""Stages that turn frontier nodes into exposed targets, a few hundred rows at a time.

Each stage is a loop of independent loads or of pure arithmetic, so that memory accesses overlap:
one loop that does all for a node waits for memory at each step and is several times slower. Loops
touch arrays by local names alone: taking one out of a named tuple counts references, atomically.
"""

import numpy as np
from numba import njit

from weishang.kernels.cascade.cpu_batch import BLOCK_BATCH, LANE_BITS, view_threshold
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


@njit(cache=True, nogil=True)
def next_targets(batch, row, hop, frontier, scratch, with_sources):
    """The next targets that the frontier's posts hit, from all layers one after the other.

    Set `scratch.cursor` to 0 before the first call of a hop.

    Args:
        batch: Batch.
        row: the cascade's.
        hop: number of the hop, from 1.
        frontier: int32, nodes that post.
        scratch: Scratch; `targets` is written, and `sources` when asked for.
        with_sources: whether to tell each target's source.

    Returns:
        Number of targets; -1 when all are done.
    """
    cursor = scratch.cursor
    while cursor[0] < len(batch.layers):
        layer = cursor[0]
        view = view_threshold(batch, row, layer, hop)
        if view and cursor[1] < frontier.size:
            graph = batch.layers[layer]
            blocks = _fill_blocks(graph.indptr, frontier, batch.view_keys[row, layer], scratch)
            live_masks(scratch.keys, scratch.lanes, blocks, view, scratch.masks)
            if with_sources or graph.thresholds.size:
                count = _live_slots_and_sources(blocks, scratch)
            else:
                count = _live_slots(blocks, scratch)
            if graph.thresholds.size:
                count = _pass_weights(graph, batch.weight_keys[row, layer], count, scratch)
            _gather(graph.indices, scratch.slots, count, scratch.targets)
            return count
        cursor[0] += 1
        cursor[1] = cursor[2] = 0
    return -1


@njit(cache=True, nogil=True)
def _fill_blocks(indptr, frontier, view_key, scratch):
    """Lay out the next blocks of the frontier's rows and move the cursor; returns how many."""
    keys, lanes, first_slots, owners = (
        scratch.keys,
        scratch.lanes,
        scratch.first_slots,
        scratch.owners,
    )
    count, node_at, block_at = 0, scratch.cursor[1], scratch.cursor[2]
    while node_at < frontier.size and count < BLOCK_BATCH:
        node = frontier[node_at]
        start = indptr[node] + LANE_BITS * block_at
        left = indptr[node + 1] - start
        key = child(view_key, np.uint64(node)) + GOLDEN * (WORDS * np.uint64(block_at))
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
    scratch.cursor[1], scratch.cursor[2] = node_at, block_at
    return count


@njit(cache=True, nogil=True)
def _live_slots(blocks, scratch):
    """List the slots that the masks mark; returns how many."""
    masks, first_slots, slots = scratch.masks, scratch.first_slots, scratch.slots
    listed = 0
    for block in range(blocks):
        mask = masks[block]
        first = first_slots[block]
        while mask != ZERO:
            slots[listed] = first + np.int64(trailing_zeros(mask))
            listed += 1
            mask &= mask - ONE
    return listed


@njit(cache=True, nogil=True)
def _live_slots_and_sources(blocks, scratch):
    """List the slots that the masks mark and the nodes they belong to; returns how many."""
    masks, first_slots, slots = scratch.masks, scratch.first_slots, scratch.slots
    owners, sources = scratch.owners, scratch.sources
    listed = 0
    for block in range(blocks):
        mask = masks[block]
        first = first_slots[block]
        while mask != ZERO:
            slots[listed] = first + np.int64(trailing_zeros(mask))
            sources[listed] = owners[block]
            listed += 1
            mask &= mask - ONE
    return listed


@njit(cache=True, nogil=True)
def _gather(indices, slots, count, targets):
    for i in range(count):
        targets[i] = indices[slots[i]]


@njit(cache=True, nogil=True)
def _pass_weights(graph, weight_key, count, scratch):
    """Keep the live slots that also pass their edge's weight; returns how many."""
    slots, sources = scratch.slots, scratch.sources
    indptr, thresholds = graph.indptr, graph.thresholds
    kept = 0
    for i in range(count):
        node, slot = sources[i], slots[i]
        row_key = child(weight_key, np.uint64(node))
        luck = uniform(row_key, np.uint64(slot - indptr[node]))
        if luck < thresholds[slot]:
            slots[kept] = slot
            sources[kept] = node
            kept += 1
    return kept
