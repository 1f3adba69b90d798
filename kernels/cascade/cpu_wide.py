"""One cascade on several cores: a large frontier is cut into pieces, each posted by one thread.

For batches of fewer cascades than cores. Threads mark the same seen bits; whoever is first has the
hit, and since decisions depend on words alone it does not matter who.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from weishang.kernels.cascade.cpu_batch import (
    MOST_HITS,
    MOST_STRANDS,
    Batch,
    Bundle,
    Scratch,
    goes_on,
    list_with_room,
    make_scratch,
    with_room,
)
from weishang.kernels.cascade.cpu_count import COLUMNS, NO_LINES
from weishang.kernels.cascade.cpu_decide import (
    COUNTED,
    REACH,
    all_act,
    append,
    count_reach,
    decide,
    is_plain,
)
from weishang.kernels.cascade.cpu_exposures import next_hits, start_posts
from weishang.kernels.cascade.cpu_jit import STAMP, inner

LEAST_POSTS = 1 << 15
"""A frontier that is shared out: some milliseconds of work, against tenths to share it."""

PIECE_POSTS = 1 << 12

LIST_BYTES = 16
"""A node reached: its place in a frontier, in a piece of the next one, and in all of that; as much
again where a list of a small frontier has doubled."""

ORDERED_SHARE = 64
"""A frontier of more than one node in so many is put in order, so that rows are read in order."""


class Memory(NamedTuple):
    """One thread's arrays.

    Attributes:
        scratch: Scratch.
        counts: int64 [4, 256], of which a cascade uses the first column.
    """

    scratch: Scratch
    counts: Any


Share = Callable[[int, Callable[[int, Memory], Any]], list[Any]]
"""(parts, (part, memory) -> result) -> results, in order, of parts done on several threads."""


def make_memory() -> Memory:
    """Fresh arrays."""
    return Memory(make_scratch(), np.zeros((COUNTED, MOST_STRANDS), dtype=np.int64))


def memory_bytes(num_nodes: int, reach: float, threads: int) -> int:
    """What `count_cascade` takes at most where so many are reached."""
    memory = make_memory()
    each = memory.counts.nbytes + sum(array.nbytes for array in memory.scratch)
    return num_nodes // 8 + 1 + threads * each + round(LIST_BYTES * reach)


def count_cascade(row: int, batch: Batch, num_nodes: int, share: Share) -> NDArray[np.int64]:
    """Spread one cascade and count it by level.

    Args:
        row: of the batch.
        batch: without doses.
        num_nodes: N.
        share: does the pieces of a large frontier.

    Returns:
        Lines of counts, as of `cpu_count.count_cascades`.
    """
    seen = np.zeros(num_nodes // 8 + 1, dtype=np.uint8)
    nodes = batch.seed_nodes[batch.seed_start[row] : batch.seed_end[row]]
    np.bitwise_or.at(seen, nodes >> 3, np.left_shift(1, nodes & 7).astype(np.uint8))
    frontier, hop = nodes.astype(np.uint32), 1
    memory, parts = make_memory(), [NO_LINES]
    while frontier.size and (batch.max_hops < 0 or hop <= batch.max_hops):
        if frontier.size < LEAST_POSTS:
            frontier, hop, lines = spread_small(row, hop, frontier, batch, seen, memory)
            parts.append(lines)
        else:
            frontier, counts = _post_in_pieces(row, hop, frontier, batch, seen, share)
            parts.append(np.array([[row, hop, *counts]])[: counts[REACH]])
            hop += 1
    return np.concatenate(parts)


def _post_in_pieces(
    row: int,
    hop: int,
    frontier: NDArray[np.uint32],
    batch: Batch,
    seen: NDArray[np.uint8],
    share: Share,
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """One hop of a large frontier; its sharers, and the hop's counts."""
    if ORDERED_SHARE * frontier.size > 8 * seen.size:
        frontier.sort()

    def post(piece: int, memory: Memory) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        posts = frontier[piece * PIECE_POSTS : (piece + 1) * PIECE_POSTS]
        return post_piece(row, hop, posts, batch, seen, memory)

    found = share(-(-frontier.size // PIECE_POSTS), post)
    counts = np.sum([counts for _, counts in found], axis=0)
    return np.concatenate([sharers for sharers, _ in found]), counts


@inner
def _post(row, hop, posts, batch, seen, memory):
    """Post once; the sharers, uint32. The hop's counts are added to the memory's."""
    bundle, scratch, counts = Bundle(row, 1, 0), memory.scratch, memory.counts
    plain = is_plain(batch, bundle, hop)
    sharers, none = np.empty(MOST_HITS, dtype=np.uint32), np.empty(0, dtype=np.uint64)
    end, at, size = np.int64(0), np.int64(0), np.int64(posts.size)
    start_posts(scratch.cursor)
    found = next_hits(batch, bundle, hop, posts, size, scratch, seen, scratch.hits, at, True)
    while found >= 0:
        sharers = list_with_room(sharers, end + found)
        fresh = scratch.hits[:found]
        if plain:
            count_reach(fresh, 0, counts)
            end = append(sharers, end, fresh)
        else:
            end = decide(batch, bundle, hop, fresh, counts, sharers, end, none, False)
        found = next_hits(batch, bundle, hop, posts, size, scratch, seen, scratch.hits, at, True)
    if plain:
        all_act(counts, 1)
    return sharers[:end]


def _compile(stamp: int) -> Any:
    @njit(cache=True, nogil=True)
    def post_piece(row, hop, posts, batch, seen, memory):
        """Spread a piece of a frontier.

        Args:
            row, hop: where the cascade is.
            posts: uint32, nodes.
            batch: Batch.
            seen: uint8, a bit a node; other threads mark it too.
            memory: Memory.

        Returns:
            The sharers, uint32, and the piece's counts, int64 [4].
        """
        assert stamp
        memory.counts[:, 0] = 0
        # A copy has no room to spare, of which a large frontier's pieces would keep much.
        sharers = _post(row, hop, posts, batch, seen, memory).copy()
        return sharers, memory.counts[:, 0].copy()

    @njit(cache=True, nogil=True)
    def spread_small(row, hop, frontier, batch, seen, memory):
        """Spread on as long as a frontier is small.

        Args:
            as of `post_piece`; frontier is of this hop.

        Returns:
            The frontier that is large or empty, its hop, and lines of counts.
        """
        assert stamp
        lines, used = np.empty((16, COLUMNS), dtype=np.int64), 0
        while 0 < frontier.size < LEAST_POSTS and goes_on(batch, hop):
            memory.counts[:, 0] = 0
            frontier = _post(row, hop, frontier, batch, seen, memory)
            if memory.counts[REACH, 0]:
                lines = with_room(lines, used + 1)
                lines[used, 0], lines[used, 1] = row, hop
                for column in range(COUNTED):
                    lines[used, 2 + column] = memory.counts[column, 0]
                used += 1
            hop += 1
        return frontier, hop, lines[:used]

    return post_piece, spread_small


post_piece, spread_small = _compile(STAMP)
