"""Work queues of (cascade, node) entries in device memory, and the rows that post, by length.

An entry is row * 2^32 + node, so that it is taken apart without a division. Of the entries that
decided in a hop those who share keep their sign; the others are turned into their complement.
A queue's counters are a line an hop, so that nothing is cleared between hops.
"""

import numpy as np
import triton
import triton.language as tl
from numpy.typing import NDArray

from weishang.kernels.cascade.triton.kernels.rng import LANES_IN_BLOCK, inline

GROUP = 4
"""Counters stand in groups of four: a hop has one group, and one more for each layer."""
BEGIN, END, SHARED = (tl.constexpr(place) for place in range(3))
"""A hop's own group: where its hits begin and end in their list, and how many now share."""
SHORT, MIDDLE, LONG = (tl.constexpr(place) for place in range(3))
"""A layer's group: short rows, middle rows, and tiles of long rows that post in the hop."""

MIDDLE_BLOCKS = tl.constexpr(4)
"""Threads for a row of more than one block, at most."""
TILE_BLOCKS = tl.constexpr(16)
"""Threads for each tile of a longer row: 1,024 slots, whatever the row's length."""

NODE_BITS = tl.constexpr(32)
NODE_MASK = tl.constexpr((1 << 32) - 1)


def count_tiles(degrees: NDArray[np.int64]) -> int:
    """Tiles that all the long ones among rows of these lengths make together."""
    slots = TILE_BLOCKS.value * LANES_IN_BLOCK.value
    long = degrees[degrees > MIDDLE_BLOCKS.value * LANES_IN_BLOCK.value]
    return int((-(-long // slots)).sum())


@inline
def row_of(entry):
    """Place of an entry's cascade in the part, int64."""
    return entry >> NODE_BITS


@inline
def node_of(entry):
    """Node of an entry, int64."""
    return entry & NODE_MASK


@inline
def claim(cursor, wanted):
    """Take room at the end of a queue, with one atomic operation a program.

    Args:
        cursor: int64 counter of the queue.
        wanted: places that each lane asks for, int32 or int64.

    Returns:
        int64, each lane's first place.
    """
    total = tl.sum(wanted, axis=0).to(tl.int64)
    first = tl.atomic_add(cursor, total, mask=total > 0, sem="relaxed")
    return first + (tl.cumsum(wanted, axis=0) - wanted)


@triton.jit(do_not_specialize=["capacity", "view_stride", "view_at"])
def sort_posts(
    hits,
    counters,
    posts,
    tile_posts,
    tile_numbers,
    post_counters,
    indptr,
    view,
    capacity: tl.int64,
    view_stride: tl.int64,
    view_at: tl.int64,
    LANES: tl.constexpr,
):
    """Sort the rows of those who share by length, for one layer.

    Args:
        hits: int64, list with the last hop's entries.
        counters: int64, the last hop's group.
        posts: int64 [capacity], written: short rows from the front, middle rows from the end.
        tile_posts, tile_numbers: int64, written: entry and tile of each tile of the long rows.
        post_counters: int64, the layer's group in this hop, at zero before.
        indptr: int64 [N + 1].
        view: int64, thresholds; row r's is at r * view_stride + view_at.
    """
    lane = tl.arange(0, LANES)
    end = tl.load(counters + END)
    first = tl.load(counters + BEGIN) + tl.program_id(0).to(tl.int64) * LANES
    for at in range(first, end, tl.num_programs(0).to(tl.int64) * LANES):
        entry = tl.load(hits + at + lane, mask=at + lane < end, other=-1)
        node = node_of(entry)
        shares = entry >= 0
        start = tl.load(indptr + node, mask=shares, other=0)
        degree = tl.load(indptr + node + 1, mask=shares, other=0) - start
        limit = tl.load(view + row_of(entry) * view_stride + view_at, mask=shares, other=0)
        degree = tl.where(limit > 0, degree, 0)

        is_short = (degree > 0) & (degree <= LANES_IN_BLOCK)
        place = claim(post_counters + SHORT, is_short.to(tl.int32))
        tl.store(posts + place, entry, mask=is_short)

        is_middle = (degree > LANES_IN_BLOCK) & (degree <= MIDDLE_BLOCKS * LANES_IN_BLOCK)
        place = claim(post_counters + MIDDLE, is_middle.to(tl.int32))
        tl.store(posts + (capacity - 1 - place), entry, mask=is_middle)

        slots: tl.constexpr = TILE_BLOCKS * LANES_IN_BLOCK
        is_long = degree > MIDDLE_BLOCKS * LANES_IN_BLOCK
        tiles = tl.where(is_long, (degree + slots - 1) // slots, 0)
        place = claim(post_counters + LONG, tiles)
        number = tiles * 0
        while tl.max((number < tiles).to(tl.int32), axis=0) != 0:
            tl.store(tile_posts + place + number, entry, mask=number < tiles)
            tl.store(tile_numbers + place + number, number, mask=number < tiles)
            number += 1
