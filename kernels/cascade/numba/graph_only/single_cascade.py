"""One cascade on several cores: a large frontier is cut into pieces, each posted by one thread.

For batches of fewer cascades than cores. A hop has two halves. In the first, pieces post, and seen
bits are only read. In the second, each thread has a range of nodes to itself: it marks those who
are hit there and lets them decide. So no two threads write near each other. (To mark with atomic
operations, in one go, was no faster on two threads than one thread alone: the seen bits of a
million people are few cache lines, and each was wanted by both.)
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade.numba.common.batch import (
    MOST_HITS,
    MOST_REPLICAS,
    Batch,
    Bundle,
    Scratch,
    goes_on,
    list_with_room,
    make_scratch,
    with_room,
)
from weishang.kernels.cascade.numba.common.rng import ONE
from weishang.kernels.cascade.numba.graph_only.count import COLUMNS, NO_LINES
from weishang.kernels.cascade.numba.graph_only.decide import (
    COUNTED,
    REACH,
    all_act,
    count_reach,
    decide,
    is_plain,
)
from weishang.kernels.cascade.numba.graph_only.exposures import mark, next_hits, start_posts
from weishang.kernels.runtime.jit import jit_entry, jit_internal

LEAST_POSTS = 1 << 15
"""A frontier that is shared out: a millisecond of work, against some tenths to share it. Ranges
follow each other in it, and to put it in order all through costs more than is saved."""

PIECE_POSTS = 1 << 14

RANGES_PER_THREAD = 1
LINE_BITS = 9
"""A range is a power of two of nodes, at least 1 << 9, whose seen bits are a cache line."""

LIST_BYTES = 24
"""A node reached: its place in a frontier and the next one; of those who hit it, in pieces and in
ranges, those who came before it was marked; room that a list of a small frontier has to spare."""


class Memory(NamedTuple):
    """One thread's arrays.

    Attributes:
        scratch: Scratch.
        counts: int64 [4, 256], of which a cascade uses the first column.
        hits: uint32, room for the hits of most pieces: fresh memory is slow when it is first used.
    """

    scratch: Scratch
    counts: Any
    hits: Any


Share = Callable[[int, Callable[[int, Memory], Any]], list[Any]]
"""(parts, (part, memory) -> result) -> results, in order, of parts done on several threads."""


def make_memory() -> Memory:
    """Fresh arrays."""
    counts = np.zeros((COUNTED, MOST_REPLICAS), dtype=np.int64)
    return Memory(make_scratch(), counts, np.empty(MOST_HITS + 4 * PIECE_POSTS, dtype=np.uint32))


def memory_bytes(num_nodes: int, reach: float, threads: int) -> int:
    """What `count_cascade` takes at most where `reach` nodes are reached."""
    memory = make_memory()
    each = sum(array.nbytes for array in (memory.counts, memory.hits, *memory.scratch))
    return _seen_bytes(num_nodes) + (threads + 1) * each + round(LIST_BYTES * reach)


def count_cascade(
    row: int, batch: Batch, num_nodes: int, threads: int, share: Share
) -> NDArray[np.int64]:
    """Spread one cascade and count it by level.

    Args:
        row: of the batch.
        batch: without doses.
        num_nodes: N.
        threads: that share.
        share: does the pieces of a large frontier, and the ranges of those it hits.

    Returns:
        Lines of counts, as of `count.count_cascades`.
    """
    seen = np.zeros(_seen_bytes(num_nodes), dtype=np.uint8)
    nodes = batch.seed_nodes[batch.seed_start[row] : batch.seed_end[row]]
    np.bitwise_or.at(seen, nodes >> 3, np.left_shift(1, nodes & 7).astype(np.uint8))
    frontier, hop = nodes.astype(np.uint32), 1
    memory, parts = make_memory(), [NO_LINES]
    bits = max(LINE_BITS, (num_nodes // (RANGES_PER_THREAD * threads)).bit_length() - 1)
    while frontier.size and (batch.max_hops < 0 or hop <= batch.max_hops):
        if frontier.size < LEAST_POSTS:
            frontier, hop, lines = spread_small(
                row, hop, frontier, batch, seen, memory, LEAST_POSTS
            )
            parts.append(lines)
            continue
        hits = _post_in_pieces(row, hop, frontier, batch, seen, bits, share)
        frontier, counts = _decide_in_ranges(row, hop, hits, batch, seen, share)
        parts.append(np.array([[row, hop, *counts]])[: counts[REACH]])
        hop += 1
    return np.concatenate(parts)


def _seen_bytes(num_nodes: int) -> int:
    """Of a bit a node, in whole cache lines."""
    return (num_nodes // (1 << LINE_BITS) + 1) << LINE_BITS - 3


def _post_in_pieces(
    row: int,
    hop: int,
    frontier: NDArray[np.uint32],
    batch: Batch,
    seen: NDArray[np.uint8],
    bits: int,
    share: Share,
) -> list[NDArray[np.uint32]]:
    """The hits of a large frontier, by ranges of 1 << bits nodes."""
    ranges = (8 * seen.size - 1 >> bits) + 1

    def post(piece: int, memory: Memory) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        posts = frontier[piece * PIECE_POSTS : (piece + 1) * PIECE_POSTS]
        return post_piece(row, hop, posts, batch, seen, memory, bits, ranges)

    found = share(-(-frontier.size // PIECE_POSTS), post)
    return [
        np.concatenate([hits[starts[one] : starts[one + 1]] for hits, starts in found])
        for one in range(ranges)
    ]


def _decide_in_ranges(
    row: int,
    hop: int,
    hits: list[NDArray[np.uint32]],
    batch: Batch,
    seen: NDArray[np.uint8],
    share: Share,
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Those hit who are new decide; the sharers, and the hop's counts."""

    def decide_those_in(one: int, memory: Memory) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        return decide_range(row, hop, hits[one], batch, seen, memory)

    found = share(len(hits), decide_those_in)
    counts = np.sum([counts for _, counts in found], axis=0)
    return np.concatenate([sharers for sharers, _ in found]), counts


@jit_internal
def _hits_of(row, hop, posts, batch, seen, memory):
    """All hits of posts that are not marked as seen, uint32."""
    bundle, scratch = Bundle(row, 1, 0), memory.scratch
    hits = memory.hits
    end, size = np.int64(0), np.int64(posts.size)
    start_posts(scratch.cursor)
    found = next_hits(batch, bundle, hop, posts, size, scratch, seen, hits, end, False)
    while found >= 0:
        end += found
        hits = list_with_room(hits, end + MOST_HITS)
        found = next_hits(batch, bundle, hop, posts, size, scratch, seen, hits, end, False)
    return hits[:end]


@jit_internal
def _decide_new(row, hop, hits, batch, seen, memory):
    """Mark hits, and let the new ones decide; the sharers, uint32. Counts are in the memory's."""
    bundle, counts = Bundle(row, 1, 0), memory.counts
    for column in range(COUNTED):
        counts[column, 0] = 0
    sharers, none = np.empty(hits.size + 1, dtype=np.uint32), np.empty(0, dtype=np.uint64)
    new = np.int64(mark(hits, np.uint64(hits.size), seen, sharers, np.uint64(0)))
    if is_plain(batch, bundle, hop):
        count_reach(sharers[:new], 0, counts)
        all_act(counts, 1)
        return sharers[:new]
    # Those who share take the places of those before them who do not.
    end = decide(batch, bundle, hop, sharers[:new], counts, sharers, np.int64(0), none, False)
    return sharers[:end]


@jit_entry
def post_piece(row, hop, posts, batch, seen, memory, bits, ranges):
    """Post a piece of a frontier.

    Args:
        row, hop: where the cascade is.
        posts: uint32, nodes.
        batch: Batch.
        seen: uint8, a bit a node; only read.
        memory: Memory.
        bits, ranges: a range is 1 << bits nodes; the number of ranges.

    Returns:
        Hits by range, uint32, and where each range begins, int64 [ranges + 1].
    """
    hits = _hits_of(row, hop, posts, batch, seen, memory)
    starts, width = np.zeros(ranges + 1, dtype=np.int64), np.uint32(bits)
    for i in range(np.uint64(hits.size)):
        starts[np.uint64(hits[i] >> width) + ONE] += 1
    for one in range(ranges):
        starts[one + 1] += starts[one]
    places, by_range = starts.copy(), np.empty_like(hits)
    for i in range(np.uint64(hits.size)):
        one = np.uint64(hits[i] >> width)
        by_range[np.uint64(places[one])] = hits[i]
        places[one] += 1
    return by_range, starts


@jit_entry
def decide_range(row, hop, hits, batch, seen, memory):
    """Mark who is hit in a range that no other thread marks; the new ones decide.

    Args:
        row, hop, batch, seen, memory: as of `post_piece`.
        hits: uint32, nodes, as often as they are hit.

    Returns:
        The sharers, uint32, and the range's counts, int64 [4].
    """
    # A copy has no room to spare.
    sharers = _decide_new(row, hop, hits, batch, seen, memory).copy()
    return sharers, memory.counts[:, 0].copy()


@jit_entry
def spread_small(row, hop, frontier, batch, seen, memory, least):
    """Spread on as long as a frontier is small.

    Args:
        row, hop, batch, seen, memory: as of `post_piece`.
        frontier: uint32, of this hop.
        least: a frontier of at least this many is large.

    Returns:
        The frontier that is large or empty, its hop, and lines of counts.
    """
    lines, used = np.empty((16, COLUMNS), dtype=np.int64), 0
    while 0 < frontier.size < least and goes_on(batch, hop):
        hits = _hits_of(row, hop, frontier, batch, seen, memory)
        frontier = _decide_new(row, hop, hits, batch, seen, memory)
        if memory.counts[REACH, 0]:
            lines = with_room(lines, used + 1)
            lines[used, 0], lines[used, 1] = row, hop
            for column in range(COUNTED):
                lines[used, 2 + column] = memory.counts[column, 0]
            used += 1
        hop += 1
    return frontier, hop, lines[:used]
