"""A hop's exposures in one layer: live masks, targets, hits, and the queue of those who decide."""

import triton
import triton.language as tl

from weishang.kernels.cascade.triton.kernels.queues import (
    END,
    LONG,
    MIDDLE,
    MIDDLE_BLOCKS,
    NODE_BITS,
    SHORT,
    TILE_BLOCKS,
    claim,
    node_of,
    row_of,
)
from weishang.kernels.cascade.triton.kernels.rng import (
    ALL_LANES,
    BLOCK_STEP,
    LANES_IN_BLOCK,
    child,
    inline,
    lane_of,
    live_lanes,
    lowest,
    uniform,
)
from weishang.kernels.cascade.triton.kernels.state import meet, see


@triton.jit(
    do_not_specialize=["num_nodes", "capacity", "view_stride", "view_at", "hop", "doses"],
    do_not_specialize_on_alignment=["view_words", "weight_words"],
)
def expose(
    posts,
    tile_posts,
    tile_numbers,
    post_counters,
    indptr,
    indices,
    weights,
    view,
    view_words,
    weight_words,
    state,
    hits,
    counters,
    num_nodes: tl.int64,
    capacity: tl.int64,
    view_stride: tl.int64,
    view_at: tl.int64,
    hop: tl.int32,
    doses: tl.int32,
    RECORDS: tl.constexpr,
    DOSED: tl.constexpr,
    WEIGHTED: tl.constexpr,
    LANES: tl.constexpr,
):
    """Follow the live slots of all rows that post in one layer; list the keys they hit first.

    A lane has one block of 64 slots: a short row, a fourth of a middle row, or a sixteenth of a
    tile. So no program works longer for a longer row, and every random word is drawn once.

    Args:
        posts, tile_posts, tile_numbers, post_counters: as `sort_posts` leaves them.
        indptr: int64 [N + 1].
        indices: int32 [E].
        weights: int64 [E], thresholds of the weights, if WEIGHTED.
        view: int64, thresholds; row r's is at r * view_stride + view_at.
        view_words, weight_words: int64 [rows], words of (seed, purpose, layer, cascade).
        state: int32, bits; records with RECORDS.
        hits: int64, list of the hop's hit entries, each once; written.
        counters: int64, the hop's group; END moves on.
        num_nodes: N.
        capacity: entries that posts has room for.
        hop, doses: the present hop, and doses that are told apart, with DOSED.
    """
    # Neighbouring lanes go to different threads: loads then lie as atomic operations do, and
    # nothing is shuffled between threads on the way from one to the other.
    lane = tl.max_contiguous(tl.arange(0, LANES), 1)
    tiles, middles = tl.load(post_counters + LONG), tl.load(post_counters + MIDDLE)
    shorts = tl.load(post_counters + SHORT)
    middle_from = (tiles + LANES // TILE_BLOCKS - 1) // (LANES // TILE_BLOCKS)
    short_from = middle_from + (middles + LANES // MIDDLE_BLOCKS - 1) // (LANES // MIDDLE_BLOCKS)
    end = short_from + (shorts + LANES - 1) // LANES
    for number in range(tl.program_id(0).to(tl.int64), end, tl.num_programs(0).to(tl.int64)):
        if number < middle_from:
            place = number * (LANES // TILE_BLOCKS) + lane // TILE_BLOCKS
            used = place < tiles
            entry = tl.load(tile_posts + place, mask=used, other=0)
            tile = tl.load(tile_numbers + place, mask=used, other=0)
            block = tile * TILE_BLOCKS + lane % TILE_BLOCKS
        elif number < short_from:
            place = (number - middle_from) * (LANES // MIDDLE_BLOCKS) + lane // MIDDLE_BLOCKS
            used = place < middles
            entry = tl.load(posts + (capacity - 1 - place), mask=used, other=0)
            block = (lane % MIDDLE_BLOCKS).to(tl.int64)
        else:
            place = (number - short_from) * LANES + lane
            used = place < shorts
            entry = tl.load(posts + place, mask=used, other=0)
            block = (lane * 0).to(tl.int64)

        row, node = row_of(entry), node_of(entry)
        first = tl.load(indptr + node, mask=used, other=0) + block * LANES_IN_BLOCK
        slots = tl.load(indptr + node + 1, mask=used, other=0) - first
        limit = tl.load(view + row * view_stride + view_at, mask=used, other=0)
        view_word = child(tl.load(view_words + row, mask=used, other=0), node)
        step = block.to(tl.uint64) * BLOCK_STEP
        live = live_lanes(view_word + step, first_lanes(slots), limit)
        if WEIGHTED:
            weight_word = child(tl.load(weight_words + row, mask=used, other=0), node)
            live = carrying(live, weights + first, weight_word, block * LANES_IN_BLOCK)

        targets = indices + first
        key, source = row * num_nodes, node.to(tl.int32)
        elected, count = hit(targets, live, state, key, source, hop, doses, RECORDS, DOSED)
        list_hits(targets, elected, row, hits, claim(counters + END, count))


@inline
def first_lanes(slots):
    """A bit for each of a block's lanes that has one of the row's next `slots` slots, uint64."""
    some = tl.minimum(tl.maximum(slots, 0), LANES_IN_BLOCK - 1).to(tl.uint64)
    partial = (tl.full(slots.shape, 1, tl.uint64) << some) - 1
    return tl.where(slots >= LANES_IN_BLOCK, ALL_LANES, partial)


@inline
def carrying(live, weights, word, first_slot):
    """The live slots that carry by their weights.

    Args:
        live: uint64, masks of the blocks.
        weights: thresholds of the blocks' first slots, and on from there.
        word: uint64, K_u of WEIGHT.
        first_slot: int64, number of the block's first slot in its row.
    """
    rest = live
    while tl.max((rest != 0).to(tl.int32), axis=0) != 0:
        bit = lowest(rest)
        rest ^= bit
        slot = lane_of(bit)
        limit = tl.load(weights + slot, mask=bit != 0, other=0)
        live ^= tl.where(uniform(word, first_slot + slot) < limit, 0, bit)
    return live


@inline
def hit(targets, live, state, key, source, hop, doses, RECORDS: tl.constexpr, DOSED: tl.constexpr):
    """Hit the targets of the live slots.

    Args:
        targets: int32, target of each block's first slot, and on from there.
        live: uint64, masks of the blocks.
        key: int64, key of node 0 in the cascade.
        source: int32, who posts.

    Returns:
        The slots whose hit is the first at its key, uint64, and their number, int32.
    """
    first, count = live ^ live, source * 0
    while tl.max((live != 0).to(tl.int32), axis=0) != 0:
        bit = lowest(live)
        live ^= bit
        passes = bit != 0
        at = key + tl.load(targets + lane_of(bit), mask=passes, other=0)
        if RECORDS:
            is_first = meet(state, at, source, hop, doses, passes, DOSED)
        else:
            is_first = see(state, at, passes)
        first |= tl.where(is_first, bit, 0)
        count += is_first.to(tl.int32)
    return first, count


@inline
def list_hits(targets, slots, row, hits, place):
    """List the targets of some slots, from each lane's place on.

    They are read again, from the cache, so that one atomic operation can make room for them all.
    """
    while tl.max((slots != 0).to(tl.int32), axis=0) != 0:
        bit = lowest(slots)
        slots ^= bit
        listed = bit != 0
        target = tl.load(targets + lane_of(bit), mask=listed, other=0)
        tl.store(hits + place, (row << NODE_BITS) | target, mask=listed)
        place += listed.to(tl.int64)
