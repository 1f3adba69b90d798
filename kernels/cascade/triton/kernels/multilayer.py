"""The kernels of layers beside stored ties: who is reached, who posts in groups, who decides.

A hit carries a source: the level that the poster passes on, and below it the poster. The smallest
source of the first hop's hits gives a node its level and its parent. What is only bookkeeping,
such as which blocks there are, is left to tensor operations.
"""

import triton
import triton.language as tl

from weishang.kernels.cascade.torch import layers
from weishang.kernels.cascade.torch import state as torch_state
from weishang.kernels.cascade.triton.kernels.decide import decide_one
from weishang.kernels.cascade.triton.kernels.exposures import carrying, first_lanes
from weishang.kernels.cascade.triton.kernels.queues import NODE_BITS, claim, node_of, row_of
from weishang.kernels.cascade.triton.kernels.rng import (
    BLOCK_STEP,
    CERTAIN,
    LANES_IN_BLOCK,
    child,
    inline,
    lane_of,
    live_lanes,
    lowest,
)
from weishang.kernels.cascade.triton.kernels.state import (
    DOSE,
    FLAGS,
    LAST_HIT,
    LEVEL,
    PARENT,
    RECORD,
    SEED_LEVEL,
    SHARED_HOP,
    UNREACHED,
)

HOP = PARENT
"""Of a record: the hop of the first hit. The parent is in the source."""
SOURCE = tl.constexpr(3)
SOURCES_IN_RECORD = tl.constexpr(4)
"""Of a record as int64: the smallest source of the first hop's hits, and how many there are."""

POSTER_BITS = tl.constexpr(torch_state.POSTER_BITS)
POSTER_MASK = tl.constexpr(torch_state.POSTER_MASK)
NO_SOURCE = tl.constexpr(layers.UNPOSTED)

HALF = tl.constexpr(32)
"""Bits of a word's halves."""


@triton.jit(
    do_not_specialize=[
        "num_blocks",
        "num_nodes",
        "num_slots",
        "near",
        "view_stride",
        "view_at",
        "hop",
        "doses",
    ],
    do_not_specialize_on_alignment=["view_words", "luck_words"],
)
def reach(
    posts,
    numbers,
    entries,
    starts,
    sizes,
    sources,
    indices,
    weights,
    view,
    view_words,
    luck_words,
    state,
    smallest,
    hits,
    end,
    num_blocks: tl.int64,
    num_nodes: tl.int64,
    num_slots: tl.int64,
    near: tl.int64,
    view_stride: tl.int64,
    view_at: tl.int64,
    hop: tl.int32,
    doses: tl.int32,
    GROUPS: tl.constexpr,
    STRANGERS: tl.constexpr,
    WEIGHTED: tl.constexpr,
    LANES: tl.constexpr,
):
    """Follow the live slots of all blocks of some posts in one layer, a block of 64 a lane.

    Args:
        posts, numbers: int64 [blocks], a block's post and its number in the row.
        entries: int64 [posts], cascade and node, or group with GROUPS.
        starts, sizes: int64 [posts], where the row is in `indices`, and its slots; with STRANGERS
            those of the poster's class.
        sources: int64 [posts].
        indices: int32, neighbours, members, or people by class.
        weights: int64, thresholds of the slots, if WEIGHTED.
        view: int64, thresholds; row r's is at r * view_stride + view_at.
        view_words: int64 [rows], words of (seed, VIEW, layer, cascade).
        luck_words: the same of WEIGHT, or with STRANGERS of STRANGER.
        state, smallest: records as int32 and as int64.
        hits: int64, list of the hop's hit entries, each once; written.
        end: int64 [1], its end; moves on.
        num_blocks, num_nodes: of `posts`; N.
        num_slots: people drawn for a post, with STRANGERS.
        near: threshold of drawing within the class, with STRANGERS.
        hop, doses: the present hop; D.
        GROUPS: the rows are groups', in which the poster is passed over.
        STRANGERS: the rows are computed.
    """
    lane = tl.max_contiguous(tl.arange(0, LANES), 1)
    first_at = tl.program_id(0).to(tl.int64) * LANES
    for at in range(first_at, num_blocks, tl.num_programs(0).to(tl.int64) * LANES):
        used = at + lane < num_blocks
        post = tl.load(posts + at + lane, mask=used, other=0)
        block = tl.load(numbers + at + lane, mask=used, other=0)
        entry = tl.load(entries + post, mask=used, other=0)
        row, node = row_of(entry), node_of(entry)
        start = tl.load(starts + post, mask=used, other=0)
        size = tl.load(sizes + post, mask=used, other=0)
        first_slot = block * LANES_IN_BLOCK
        slots = tl.where(used, num_slots if STRANGERS else size, 0) - first_slot
        limit = tl.load(view + row * view_stride + view_at, mask=used, other=0)
        place = node + num_nodes if GROUPS else node
        view_word = child(tl.load(view_words + row, mask=used, other=0), place)
        step = block.to(tl.uint64) * BLOCK_STEP
        live = live_lanes(view_word + step, first_lanes(slots), limit)
        luck_word = view_word
        if WEIGHTED or STRANGERS:
            luck_word = child(tl.load(luck_words + row, mask=used, other=0), place)
        if WEIGHTED:
            live = carrying(live, weights + start + first_slot, luck_word, first_slot)

        source = tl.load(sources + post, mask=used, other=0)
        slot_row = indices, start, size, first_slot, luck_word, near, num_nodes
        elected, count = live ^ live, lane * 0
        while tl.max((live != 0).to(tl.int32), axis=0) != 0:
            bit = lowest(live)
            live ^= bit
            target = target_of(slot_row, bit, STRANGERS)
            passes = bit != 0
            if GROUPS:
                passes = passes & (target != (source & POSTER_MASK))
            key = row * num_nodes + target
            is_first = meet_source(state, smallest, key, source, hop, doses, passes)
            elected |= tl.where(is_first, bit, 0)
            count += is_first.to(tl.int32)
        free = claim(end, count)
        # Targets are found again, so that one atomic operation can make room for them all.
        while tl.max((elected != 0).to(tl.int32), axis=0) != 0:
            bit = lowest(elected)
            elected ^= bit
            target = target_of(slot_row, bit, STRANGERS)
            tl.store(hits + free, (row << NODE_BITS) | target, mask=bit != 0)
            free += (bit != 0).to(tl.int64)


@inline
def target_of(slot_row, bit, STRANGERS: tl.constexpr):
    """Who is at the slot of each block that stands alone in `bit`, int64.

    Args:
        slot_row: indices, start, size, first_slot, near and num_nodes as of `reach`; the row's
            word of STRANGER.
    """
    indices, start, size, first_slot, word, near, num_nodes = slot_row
    passes, slot = bit != 0, first_slot + lane_of(bit)
    if STRANGERS:
        drawn = child(word, slot)
        upper, lower = (drawn >> HALF).to(tl.int64), (drawn & (CERTAIN - 1)).to(tl.int64)
        is_near = passes & (lower < near)
        own = tl.load(indices + start + ((upper * size) >> HALF), mask=is_near, other=0)
        target = tl.where(is_near, own.to(tl.int64), (upper * num_nodes) >> HALF)
    else:
        target = tl.load(indices + start + slot, mask=passes, other=0).to(tl.int64)
    return target


@inline
def meet_source(state, smallest, key, source, hop, doses, passes):
    """Take hits into records: the smallest source stays, each slot adds a dose.

    Args:
        state, smallest: records as int32 and as int64.
        key: int64, row * N + node.
        source: int64, level and poster.
        hop: the present hop.
        doses: D; a node that has decided at the highest dose is closed.
        passes: whether a lane has a hit.

    Returns:
        Whether the lane is the first of this hop at its key: it enters the key into the list.
    """
    record = state + key * RECORD
    level = tl.load(record + LEVEL, mask=passes, other=SEED_LEVEL)
    # Levels are written when the hop's hits are all in, so this holds for all of its first hits.
    unreached = passes & (level == UNREACHED)
    own = smallest + key * SOURCES_IN_RECORD + SOURCE
    before = tl.load(own, mask=unreached, other=0)
    tl.atomic_min(own, source, mask=unreached & (source < before), sem="relaxed")
    # From the second cache, where atomic operations are done: so a dose stops near D.
    dose = tl.load(record + DOSE, mask=level >= 0, other=doses, cache_modifier=".cg")
    open_to_hits = dose < doses
    tl.atomic_add(record + DOSE, 1, mask=open_to_hits, sem="relaxed")
    last = tl.atomic_max(record + LAST_HIT, hop, mask=open_to_hits, sem="relaxed")
    return open_to_hits & (last < hop)


@triton.jit(
    do_not_specialize=["num_blocks", "num_groups", "threshold"],
    do_not_specialize_on_alignment=["post_words"],
)
def reduce_first_posters(
    posts,
    numbers,
    entries,
    starts,
    sizes,
    sources,
    groups,
    post_words,
    first_posters,
    listed,
    end,
    num_blocks: tl.int64,
    num_groups: tl.int64,
    threshold: tl.int64,
    LANES: tl.constexpr,
):
    """Post in the groups of some posters; a group keeps the smallest source.

    Args:
        posts, numbers, entries, sources: as of `reach`.
        starts, sizes: int64 [posts], where the poster's groups are in `groups`.
        groups: int64.
        post_words: int64 [rows], words of (seed, POST, layer, cascade).
        first_posters: int64 [rows, G]; NO_SOURCE before anyone posts, below 0 in later hops.
        listed: int64, list of entries of the groups posted in, each once; written.
        end: int64 [1], its end; moves on.
        num_blocks, num_groups: of `posts`; G.
        threshold: of posting in a group.
    """
    lane = tl.max_contiguous(tl.arange(0, LANES), 1)
    first_at = tl.program_id(0).to(tl.int64) * LANES
    for at in range(first_at, num_blocks, tl.num_programs(0).to(tl.int64) * LANES):
        used = at + lane < num_blocks
        post = tl.load(posts + at + lane, mask=used, other=0)
        block = tl.load(numbers + at + lane, mask=used, other=0)
        entry = tl.load(entries + post, mask=used, other=0)
        row, node = row_of(entry), node_of(entry)
        first_slot = block * LANES_IN_BLOCK
        own_groups = groups + tl.load(starts + post, mask=used, other=0) + first_slot
        slots = tl.load(sizes + post, mask=used, other=0) - first_slot
        word = child(tl.load(post_words + row, mask=used, other=0), node)
        step = block.to(tl.uint64) * BLOCK_STEP
        live = live_lanes(word + step, first_lanes(slots), block * 0 + threshold)

        source = tl.load(sources + post, mask=used, other=0)
        elected, count = live ^ live, lane * 0
        while tl.max((live != 0).to(tl.int32), axis=0) != 0:
            bit = lowest(live)
            live ^= bit
            passes = bit != 0
            group = tl.load(own_groups + lane_of(bit), mask=passes, other=0)
            own = first_posters + row * num_groups + group
            passes = passes & (source < tl.load(own, mask=passes, other=0))
            before = tl.atomic_min(own, source, mask=passes, sem="relaxed")
            is_first = passes & (before == NO_SOURCE)
            elected |= tl.where(is_first, bit, 0)
            count += is_first.to(tl.int32)
        free = claim(end, count)
        while tl.max((elected != 0).to(tl.int32), axis=0) != 0:
            bit = lowest(elected)
            elected ^= bit
            group = tl.load(own_groups + lane_of(bit), mask=bit != 0, other=0)
            tl.store(listed + free, (row << NODE_BITS) | group, mask=bit != 0)
            free += (bit != 0).to(tl.int64)


@triton.jit(do_not_specialize=["count", "num_nodes", "num_rows", "num_segments", "hop"])
def decide_multilayer(
    hits,
    state,
    smallest,
    segment,
    layouts,
    visit,
    buy,
    share,
    words,
    count: tl.int64,
    num_nodes: tl.int64,
    num_rows: tl.int64,
    num_segments: tl.int64,
    hop: tl.int32,
    LANES: tl.constexpr,
):
    """Let everyone hit in a hop decide; those who do not share become complements in the list.

    Args:
        hits: int64 [count], list of the hop's hit entries.
        state, smallest: records as int32 and as int64.
        segment, layouts, visit, buy, share, words: as of `decide`.
        count: hits.
        num_nodes, num_rows, num_segments: N, rows of the part, S.
        hop: the present hop.
    """
    lane = tl.arange(0, LANES)
    first_at = tl.program_id(0).to(tl.int64) * LANES
    for at in range(first_at, count, tl.num_programs(0).to(tl.int64) * LANES):
        used = at + lane < count
        entry = tl.load(hits + at + lane, mask=used, other=0)
        row, node = row_of(entry), node_of(entry)
        key = row * num_nodes + node
        record = state + key * RECORD
        known = tl.load(record + LEVEL, mask=used, other=SEED_LEVEL)
        is_new = used & (known == UNREACHED)
        source = tl.load(smallest + key * SOURCES_IN_RECORD + SOURCE, mask=is_new, other=0)
        level = tl.where(is_new, (source >> POSTER_BITS).to(tl.int32), known)
        before = tl.load(record + FLAGS, mask=used, other=0)
        dose = tl.load(record + DOSE, mask=used, other=1)

        kind = tl.load(segment + node, mask=used & (num_segments > 1), other=0).to(tl.int64)
        draw = layouts, words, num_rows, row, node, level, dose, used
        shares, flags = decide_one(visit, buy, share, kind, num_segments, before, draw)

        tl.store(hits + at + lane, tl.where(shares, entry, -1 - entry), mask=used)
        tl.store(record + LEVEL, level, mask=is_new)
        tl.store(record + HOP, hop, mask=is_new)
        tl.store(record + FLAGS, flags, mask=used)
        tl.store(record + SHARED_HOP, hop, mask=shares)
