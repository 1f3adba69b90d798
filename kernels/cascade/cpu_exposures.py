"""Posts become hits, a unit of a few dozen rows at a time.

A post is a code: a node of a bundle's frontier and the strand, the cascade of the bundle, that it
belongs to. Each stage is a loop of independent loads or of pure arithmetic, and memory is asked
for one unit ahead of its use: row offsets while the unit before is compared, targets while the
next unit is. One loop that does all for a post waits for memory at each step and is several times
slower. Stages are inlined and take arrays by themselves: taking one out of a named tuple, or
handing a tuple on, counts references, atomically, for each array in it.
"""

import numpy as np
from numba import njit

from weishang.kernels.cascade.cpu_batch import (
    LANE_BITS,
    MOST_HITS,
    OTHER_BUFFER,
    PLACES,
    UNIT_BLOCKS,
    UNIT_SLOTS,
    view_threshold,
)
from weishang.kernels.cascade.cpu_jit import inner, merged
from weishang.kernels.cascade.cpu_prefetch import prefetch
from weishang.kernels.cascade.cpu_words import (
    ALL_LANES,
    GOLDEN,
    ONE,
    WORDS,
    ZERO,
    child,
    live_masks,
    live_masks_of_each,
    mix,
    population,
    trailing_zeros,
    uniform,
)

LAYER, POST, BLOCK, WAITING, BUFFER, COMMON, PENDING = range(PLACES)
"""Places of the cursor: where to go on; slots whose targets are on their way, and in which
buffer; live slots that a block commonly has; codes whose seen bits are on their way."""
NONE_WAITING = -1


@inner
def start_posts(cursor):
    """Put the cursor before the first post of a hop."""
    cursor[LAYER] = cursor[POST] = cursor[BLOCK] = cursor[BUFFER] = cursor[PENDING] = 0
    cursor[WAITING] = NONE_WAITING


@merged
def next_hits(batch, bundle, hop, posts, end, scratch, seen, hits, at):
    """The next hits that posts make, in all layers one after the other.

    Call `start_posts` before the first call of a hop.

    Args:
        batch: Batch.
        bundle: Bundle of the posts.
        hop: number of the hop, from 1.
        posts: uint32 [>= end], codes, node << bundle.shift | strand.
        end: number of posts.
        scratch: Scratch; without `seen`, its `sources` are written: the node of each hit's post.
        seen: uint8, a bit a code: a hit that is marked here is passed over, and others are marked.
            Empty for all hits, as often as they occur.
        hits: uint32 [>= at + MOST_HITS], codes that are hit, written from `at` on.
        at: int64.

    Returns:
        Number of hits; -1 when all are done.
    """
    cursor, limits = scratch.cursor, scratch.limits
    while cursor[LAYER] < len(batch.layers):
        layer = cursor[LAYER]
        limit, alike = _limits(batch, bundle, layer, hop, limits)
        if limit and (cursor[POST] < end or cursor[WAITING] != NONE_WAITING or cursor[PENDING]):
            graph = batch.layers[layer]
            return _hits_of_units(
                graph.rows,
                graph.indices,
                graph.thresholds,
                batch.view_keys[layer, bundle.first :],
                batch.weight_keys[layer, bundle.first :],
                limits,
                limit if alike else ZERO,
                bundle.shift,
                posts,
                end,
                cursor,
                scratch.keys,
                scratch.steps,
                scratch.lanes,
                scratch.masks,
                scratch.block_limits,
                scratch.first_slots,
                scratch.block_strands,
                scratch.block_nodes,
                scratch.slots,
                scratch.slot_strands,
                scratch.slot_nodes,
                scratch.codes,
                scratch.sources,
                seen,
                hits,
                at,
            )
        cursor[LAYER] += 1
        cursor[POST] = cursor[BLOCK] = 0
    return -1


@inner
def _limits(batch, bundle, layer, hop, limits):
    """List each strand's threshold of view, unless a table is common to all.

    Returns:
        The largest, and whether all have it.
    """
    if batch.view_table.shape[0] == 1:
        return view_threshold(batch, bundle.first, layer, hop), True
    top, alike = ZERO, True
    for strand in range(bundle.strands):
        limits[strand] = view_threshold(batch, bundle.first + strand, layer, hop)
        top = max(top, limits[strand])
        alike &= limits[strand] == limits[0]
    return top, alike


@inner
def _hits_of_units(
    rows,
    indices,
    thresholds,
    view_keys,
    weight_keys,
    limits,
    limit,
    shift,
    posts,
    end,
    cursor,
    keys,
    steps,
    lanes,
    masks,
    block_limits,
    first_slots,
    block_strands,
    block_nodes,
    slots,
    slot_strands,
    slot_nodes,
    codes,
    sources,
    seen,
    hits,
    at,
):
    """Hits in one layer, as many as are sure to fit; see `next_hits`, Layer and Scratch."""
    weighted = thresholds.size > 0
    name_nodes = weighted or seen.size == 0
    bits = np.uint64(shift)
    found = 0
    while found + UNIT_SLOTS <= MOST_HITS:
        waiting, old = cursor[WAITING], cursor[BUFFER]
        cursor[WAITING] = NONE_WAITING
        if cursor[POST] < end:
            _ask_for_rows(rows, posts, shift, cursor[POST] + UNIT_BLOCKS, end)
            blocks = min(UNIT_BLOCKS, end - cursor[POST])
            if cursor[BLOCK] == 0 and _short_rows(
                rows,
                view_keys,
                shift,
                posts,
                cursor[POST],
                blocks,
                keys,
                lanes,
                first_slots,
                block_strands,
                block_nodes,
                indices,
                slots,
                old,
                waiting,
            ):
                cursor[POST] += blocks
            else:
                blocks = _long_rows(
                    rows,
                    view_keys,
                    shift,
                    posts,
                    end,
                    cursor,
                    keys,
                    steps,
                    lanes,
                    first_slots,
                    block_strands,
                    block_nodes,
                )
            for i in range(blocks):
                lanes[i] = ALL_LANES if lanes[i] >= LANE_BITS else (ONE << lanes[i]) - ONE
            if limit:
                live_masks(keys, lanes, blocks, limit, masks)
            else:
                for i in range(blocks):
                    block_limits[i] = limits[block_strands[i]]
                live_masks_of_each(keys, lanes, blocks, block_limits, masks)
            new = OTHER_BUFFER - old
            live = _live_slots(
                blocks, new, cursor[COMMON], masks, first_slots, block_strands, slots, slot_strands
            )
            if weighted:
                for i in range(new, new + live):
                    prefetch(thresholds, slots[i])
            if name_nodes:
                _name_slots(blocks, new, masks, block_nodes, slot_nodes)
            cursor[WAITING], cursor[BUFFER] = live, new
            cursor[COMMON] = (3 * live + blocks) // (2 * max(blocks, 1))
        elif waiting == NONE_WAITING and cursor[PENDING] == 0:
            return found
        for i in range(cursor[PENDING]):
            code = np.uint64(codes[i])
            byte = code >> np.uint64(3)
            bit = np.uint8(ONE << (code & np.uint64(7)))
            before = seen[byte]
            seen[byte] = before | bit
            hits[at + found] = code
            found += np.int64((before & bit) == 0)
        for i in range(waiting):
            target = np.uint64(indices[slots[old + i]])
            codes[i] = target << bits | np.uint64(slot_strands[old + i])
        if weighted:
            waiting = _pass_weights(
                rows,
                thresholds,
                weight_keys,
                old,
                waiting,
                slots,
                slot_strands,
                slot_nodes,
                codes,
            )
        if seen.size:
            for i in range(waiting):
                prefetch(seen, np.int64(codes[i]) >> 3)
            cursor[PENDING] = max(waiting, 0)
        else:
            for i in range(waiting):
                hits[at + found + i] = codes[i]
                sources[found + i] = slot_nodes[old + i]
            found += max(waiting, 0)
    return found


@njit(inline="always")
def _ask_for_rows(rows, posts, shift, first, end):
    for i in range(first, min(first + UNIT_BLOCKS, end)):
        prefetch(rows, np.int64(posts[i]) >> shift)


@njit(inline="always")
def _short_rows(
    rows,
    view_keys,
    shift,
    posts,
    post,
    count,
    keys,
    lanes,
    first_slots,
    block_strands,
    block_nodes,
    indices,
    slots,
    old,
    waiting,
):
    """Lay out posts whose rows are a block each; returns whether all were.

    The targets of the waiting slots are asked for on the way, one a post: asked for all at once
    they would be more than a core can have under way, and it would stand still.
    """
    bits, strand_bits = np.uint64(shift), np.uint64((1 << shift) - 1)
    longest = ZERO
    for i in range(count, waiting):
        prefetch(indices, slots[old + i])
    last = max(waiting - 1, 0)
    for i in range(count):
        prefetch(indices, slots[old + min(i, last)])
        code = np.uint64(posts[post + i])
        node, strand = code >> bits, code & strand_bits
        first = np.uint64(rows[node])
        size = np.uint64(rows[node + ONE]) - first
        keys[i] = view_keys[strand] + GOLDEN * (node + ONE)
        lanes[i] = size
        first_slots[i] = first
        block_strands[i] = strand
        block_nodes[i] = node
        longest |= size
    for i in range(count):
        keys[i] = mix(keys[i])
    return longest <= np.uint64(LANE_BITS)


@njit(inline="always")
def _long_rows(
    rows,
    view_keys,
    shift,
    posts,
    end,
    cursor,
    keys,
    steps,
    lanes,
    first_slots,
    block_strands,
    block_nodes,
):
    """Lay out the next blocks of rows of any length, and move the cursor; returns how many."""
    bits, strand_bits = np.uint64(shift), np.uint64((1 << shift) - 1)
    count, post, block = 0, cursor[POST], cursor[BLOCK]
    while post < end and count < UNIT_BLOCKS:
        code = np.uint64(posts[post])
        node, strand = code >> bits, code & strand_bits
        first = np.uint64(rows[node]) + np.uint64(LANE_BITS * block)
        left = np.int64(np.uint64(rows[node + ONE]) - first)
        state = view_keys[strand] + GOLDEN * (node + ONE)
        while left > 0 and count < UNIT_BLOCKS:
            keys[count] = state
            steps[count] = GOLDEN * WORDS * np.uint64(block)
            lanes[count] = np.uint64(left)
            first_slots[count] = first
            block_strands[count] = strand
            block_nodes[count] = node
            count += 1
            block += 1
            first += np.uint64(LANE_BITS)
            left -= LANE_BITS
        if left <= 0:
            post += 1
            block = 0
    cursor[POST], cursor[BLOCK] = post, block
    for i in range(count):
        keys[i] = mix(keys[i]) + steps[i]
    return count


@njit(inline="always")
def _live_slots(blocks, begin, common, masks, first_slots, block_strands, slots, slot_strands):
    """List the slots that the masks mark, from `begin` on; returns how many.

    As many as a block commonly has are taken without asking whether they are there, and written
    over if not: a processor cannot foresee the answers.
    """
    at = begin
    for block in range(blocks):
        mask, first, strand = masks[block], first_slots[block], block_strands[block]
        slots[at] = first + trailing_zeros(mask)
        slot_strands[at] = strand
        at += np.int64(mask != ZERO)
        mask &= mask - ONE
        if common >= 2:
            slots[at] = first + trailing_zeros(mask)
            slot_strands[at] = strand
            at += np.int64(mask != ZERO)
            mask &= mask - ONE
        if common >= 3:
            slots[at] = first + trailing_zeros(mask)
            slot_strands[at] = strand
            at += np.int64(mask != ZERO)
            mask &= mask - ONE
        while mask != ZERO:
            slots[at] = first + trailing_zeros(mask)
            slot_strands[at] = strand
            at += 1
            mask &= mask - ONE
    return at - begin


@njit(inline="always")
def _name_slots(blocks, begin, masks, block_nodes, slot_nodes):
    """Name the node that each live slot belongs to."""
    at = begin
    for block in range(blocks):
        for _ in range(population(masks[block])):
            slot_nodes[at] = block_nodes[block]
            at += 1


@njit(inline="always")
def _pass_weights(
    rows, thresholds, weight_keys, begin, count, slots, slot_strands, slot_nodes, codes
):
    """Keep the codes, and their nodes, that also pass their edge's weight; returns how many."""
    kept = 0
    for i in range(count):
        slot, node = slots[begin + i], slot_nodes[begin + i]
        row_key = child(weight_keys[slot_strands[begin + i]], np.uint64(node))
        if uniform(row_key, slot - np.uint64(rows[node])) < thresholds[slot]:
            codes[kept] = codes[i]
            slot_nodes[begin + kept] = node
            kept += 1
    return kept if count >= 0 else count
