"""Posts become hits, a unit of a few dozen rows at a time.

A post is a code: a node of a bundle's frontier and the replica, the cascade of the bundle, that it
belongs to. Each stage is a loop of independent loads or of pure arithmetic, and memory is asked
for one unit ahead of its use: row offsets while the unit before is compared, targets while the
next unit is. One loop that does all for a post waits for memory at each step and is several times
slower. Stages take arrays by themselves: taking one out of a named tuple, or handing a tuple on,
counts references, atomically, for each array in it. They are functions of their own, so that each
has the registers to itself, and their indices are unsigned: a signed one may count from the end,
which is asked at every access.
"""

import numpy as np

from weishang.kernels.cascade.numba.common.batch import (
    BLOCK_LIMITS,
    FIRSTS,
    KEYS,
    LANE_BITS,
    LANES,
    LEFT,
    MASKS,
    MOST_HITS,
    NODES,
    PLACES,
    SLOTS,
    STATES,
    STEPS,
    UNIT_BLOCKS,
    UNIT_SLOTS,
    view_threshold,
)
from weishang.kernels.cascade.numba.common.intrinsics import prefetch
from weishang.kernels.cascade.numba.common.rng import (
    ALL_LANES,
    GOLDEN,
    ONE,
    WORDS,
    ZERO,
    child,
    live_masks,
    live_masks_of_each,
    mix_keys,
    trailing_zeros,
    uniform,
)
from weishang.kernels.runtime.jit import jit_inline, jit_no_nrt

LAYER, POST, BLOCK, WAITING, UNIT, PENDING = range(PLACES)
"""Places of the cursor: where to continue; slots whose targets are on their way, or `NONE_WAITING`;
the unit that comes next, 0 or 1, and with it the half of the arrays for two; codes whose seen bits
are on their way."""
NONE_WAITING = -1

REPLICA_AT, SLOT_AT = np.uint64(8), np.uint64(16)
BLOCK_MASK, REPLICA_MASK = np.uint64((1 << 8) - 1), np.uint64((1 << 8) - 1)
"""A listed slot is slot << 16 | replica << 8 | block, block being its place among those of two
units."""

FAR_BYTES = 1 << 20
"""Arrays of fewer bytes are in a core's own cache, and nothing of them is asked for ahead."""


@jit_no_nrt
def start_posts(cursor):
    """Put the cursor before the first post of a hop."""
    cursor[LAYER] = cursor[POST] = cursor[BLOCK] = cursor[UNIT] = cursor[PENDING] = 0
    cursor[WAITING] = NONE_WAITING


@jit_no_nrt
def next_hits(batch, bundle, hop, posts, end, scratch, seen, hits, at, marks=True):
    """The next hits that posts make, in all layers one after the other.

    Call `start_posts` before the first call of a hop.

    Args:
        batch: Batch.
        bundle: Bundle of the posts.
        hop: number of the hop, from 1.
        posts: uint32 [>= end], codes, node << bundle.shift | replica.
        end: number of posts.
        scratch: Scratch; without `seen`, its `sources` are written: the node of each hit's post.
        seen: uint8, a bit a code: a hit that is marked here is passed over, and others are marked.
            Empty for all hits, as often as they occur.
        hits: uint32 [>= at + MOST_HITS], codes that are hit, written from `at` on.
        at: int64.
        marks: whether hits are marked; else `seen` is only read, and a hit may come again.

    Returns:
        Number of hits; -1 when all are done.
    """
    return next_hits_inline(batch, bundle, hop, posts, end, scratch, seen, hits, at, marks)


@jit_inline
def next_hits_inline(batch, bundle, hop, posts, end, scratch, seen, hits, at, marks=True):
    """`next_hits` as a part of its caller: one level of calls less to compile."""
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
                scratch.work,
                scratch.codes,
                scratch.sources,
                seen,
                hits,
                at,
                marks,
            )
        cursor[LAYER] += 1
        cursor[POST] = cursor[BLOCK] = 0
    return -1


@jit_no_nrt
def _limits(batch, bundle, layer, hop, limits):
    """List each replica's threshold of view, unless a table is common to all.

    Returns:
        The largest, and whether all have it.
    """
    if batch.view_table.shape[0] == 1:
        return view_threshold(batch, bundle.first, layer, hop), True
    top, alike = ZERO, True
    for replica in range(bundle.replicas):
        limits[replica] = view_threshold(batch, bundle.first + replica, layer, hop)
        top = max(top, limits[replica])
        alike &= limits[replica] == limits[0]
    return top, alike


@jit_no_nrt
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
    work,
    codes,
    sources,
    seen,
    hits,
    at,
    marks,
):
    """Hits in one layer, as many as are sure to fit; see `next_hits`, Layer and Scratch."""
    weighted, bits = thresholds.size > 0, np.uint64(shift)
    named = weighted or seen.size == 0
    begin = np.uint64(at)
    found = begin
    while found - begin + np.uint64(UNIT_SLOTS) <= np.uint64(MOST_HITS):
        unit, pending = np.uint64(cursor[UNIT]), np.uint64(cursor[PENDING])
        waiting = cursor[WAITING]
        if waiting == NONE_WAITING and not pending and cursor[POST] == end:
            break
        arrived = np.uint64(max(waiting, 0))
        old_slots = SLOTS + (ONE - unit) * np.uint64(UNIT_SLOTS)
        cursor[WAITING], cursor[UNIT] = NONE_WAITING, ONE - unit
        if cursor[POST] < end:
            count = _lay_out(
                rows,
                view_keys,
                bits,
                posts,
                np.uint64(end),
                cursor,
                indices,
                work,
                old_slots,
                arrived,
                unit * np.uint64(UNIT_BLOCKS),
                named,
            )
            mix_keys(work[STATES:], work[STEPS:], count, work[KEYS:])
            for i in range(STEPS, STEPS + count):
                work[i] = ZERO
            if limit:
                live_masks(work[KEYS:], work[LANES:], count, limit, work[MASKS:])
            else:
                for i in range(count):
                    replica = work[FIRSTS + i] >> REPLICA_AT & REPLICA_MASK
                    work[BLOCK_LIMITS + i] = limits[replica]
                live_masks_of_each(
                    work[KEYS:], work[LANES:], count, work[BLOCK_LIMITS:], work[MASKS:]
                )
            new_slots = SLOTS + unit * np.uint64(UNIT_SLOTS)
            live = _list_slots(work, count, new_slots)
            if weighted:
                for i in range(new_slots, new_slots + live):
                    prefetch(thresholds, np.int64(work[i] >> SLOT_AT))
            cursor[WAITING] = live
        else:
            _ask_for_targets(indices, work, old_slots, old_slots + arrived)
        if marks:
            found = mark(codes, pending, seen, hits, found)
        else:
            found = _pass_over(codes, pending, seen, hits, found)
        if weighted:
            arrived = _pass_weights(rows, thresholds, weight_keys, work, old_slots, arrived)
        if seen.size:
            _read_targets(indices, work, old_slots, arrived, bits, codes)
            if seen.size >= FAR_BYTES:
                for i in range(arrived):
                    prefetch(seen, np.int64(codes[i] >> np.uint32(3)))
            cursor[PENDING] = arrived
        else:
            _read_targets(indices, work, old_slots, arrived, bits, hits[found:])
            for i in range(arrived):
                sources[found - begin + i] = work[NODES + (work[old_slots + i] & BLOCK_MASK)]
            found += arrived
    return np.int64(found - begin)


@jit_no_nrt
def _lay_out(
    rows,
    view_keys,
    bits,
    posts,
    end,
    cursor,
    indices,
    work,
    old_slots,
    arrived,
    first_block,
    named,
):
    """Lay out the next blocks of rows, and move the cursor; returns how many, a uint64.

    The targets of the slots that wait are asked for on the way, one a post: asked for all at once
    they would be more than a core can have under way, and it would stand still.
    """
    replica_bits = (ONE << bits) - ONE
    post, block = np.uint64(cursor[POST]), np.uint64(cursor[BLOCK])
    count, asked, last_slot = ZERO, old_slots, old_slots + arrived
    far_rows, far_targets = rows.nbytes >= FAR_BYTES, indices.nbytes >= FAR_BYTES
    most, width, last = np.uint64(UNIT_BLOCKS), np.uint64(LANE_BITS), end - ONE
    while post < end and count < most:
        if far_rows:
            ahead = np.uint64(posts[min(post + most, last)]) >> bits
            prefetch(rows, np.int64(ahead))
        if far_targets and asked < last_slot:
            prefetch(indices, np.int64(work[asked] >> SLOT_AT))
            asked += ONE
        code = np.uint64(posts[post])
        node, replica = code >> bits, code & replica_bits
        first = np.uint64(rows[node])
        size = np.uint64(rows[node + ONE]) - first
        state = view_keys[replica] + GOLDEN * (node + ONE)
        mark = replica << REPLICA_AT | first_block
        if size <= width:
            work[STATES + count] = state
            work[LANES + count] = size
            work[FIRSTS + count] = first << SLOT_AT | mark + count
            if named:
                work[NODES + first_block + count] = node
            count += np.uint64(size != ZERO)
            post += ONE
            continue
        done = width * block
        while done < size and count < most:
            work[STATES + count] = state
            work[STEPS + count] = GOLDEN * WORDS * block
            work[LANES + count] = min(size - done, width)
            work[FIRSTS + count] = (first + done) << SLOT_AT | mark + count
            if named:
                work[NODES + first_block + count] = node
            count += ONE
            block += ONE
            done += width
        if done >= size:
            post += ONE
            block = ZERO
    cursor[POST], cursor[BLOCK] = post, block
    if far_targets:
        _ask_for_targets(indices, work, asked, last_slot)
    for i in range(LANES, LANES + count):
        work[i] = ALL_LANES if work[i] >= width else (ONE << work[i]) - ONE
    return count


@jit_no_nrt
def _ask_for_targets(indices, work, first, last):
    """Ask for the targets of the slots listed in work[first:last]."""
    for i in range(first, last):
        prefetch(indices, np.int64(work[i] >> SLOT_AT))


@jit_no_nrt
def _list_slots(work, count, begin):
    """List the slots that the masks mark, from work[begin] on; returns how many.

    The first of every block, then the second of those that have one, and so on: a processor cannot
    foresee how many a block has, and it is not asked to. A block that has none writes one that is
    written over. The masks are used up.
    """
    at, many = begin, ZERO
    for i in range(count):
        mask = work[MASKS + i]
        work[at] = work[FIRSTS + i] + (trailing_zeros(mask) << SLOT_AT)
        at += np.uint64(mask != ZERO)
        mask &= mask - ONE
        work[MASKS + i] = mask
        work[LEFT + many] = i
        many += np.uint64(mask != ZERO)
    while many:
        more = ZERO
        for k in range(many):
            i = work[LEFT + k]
            mask = work[MASKS + i]
            work[at] = work[FIRSTS + i] + (trailing_zeros(mask) << SLOT_AT)
            at += ONE
            mask &= mask - ONE
            work[MASKS + i] = mask
            work[LEFT + more] = i
            more += np.uint64(mask != ZERO)
        many = more
    return at - begin


@jit_no_nrt
def _read_targets(indices, work, begin, count, bits, codes):
    """The codes that the slots of work[begin:begin + count] lead to."""
    for i in range(count):
        slot = work[begin + i]
        replica = slot >> REPLICA_AT & REPLICA_MASK
        codes[i] = np.uint64(indices[slot >> SLOT_AT]) << bits | replica


@jit_no_nrt
def mark(codes, count, seen, hits, found):
    """Mark codes as seen, and write those that were not; returns the end of what is written."""
    for i in range(count):
        code = np.uint64(codes[i])
        byte, bit = code >> np.uint64(3), np.uint8(ONE << (code & np.uint64(7)))
        before = seen[byte]
        seen[byte] = before | bit
        hits[found] = code
        found += np.uint64((before & bit) == 0)
    return found


@jit_no_nrt
def _pass_over(codes, count, seen, hits, found):
    """Write the codes that are not marked, and mark none; returns the end of what is written."""
    for i in range(count):
        code = np.uint64(codes[i])
        hits[found] = code
        found += np.uint64((seen[code >> np.uint64(3)] >> (code & np.uint64(7)) & np.uint8(1)) == 0)
    return found


@jit_no_nrt
def _pass_weights(rows, thresholds, weight_keys, work, begin, count):
    """Keep the slots that also pass their edge's weight; returns how many."""
    kept = ZERO
    for i in range(count):
        slot = work[begin + i]
        node, place = work[NODES + (slot & BLOCK_MASK)], slot >> SLOT_AT
        row_key = child(weight_keys[slot >> REPLICA_AT & REPLICA_MASK], node)
        work[begin + kept] = slot
        passes = uniform(row_key, place - np.uint64(rows[node])) < thresholds[place]
        kept += np.uint64(passes)
    return kept
