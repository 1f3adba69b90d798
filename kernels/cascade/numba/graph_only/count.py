"""Counting cascades on a CPU: no events, no doses, nothing that costs O(N) per cascade.

Cascades run side by side in bundles. A code, node << shift | replica, stands for a node in one of
them, so a bundle is one large frontier: the small hops of many cascades are work enough to hide
memory's latency, and a node that several have reached is read once for all.
"""

from typing import Any, NamedTuple

import numpy as np

from weishang.kernels.cascade.numba.common.batch import (
    MOST_HITS,
    MOST_REPLICAS,
    Bundle,
    Scratch,
    goes_on,
    make_scratch,
    seeds_of,
    with_room,
)
from weishang.kernels.cascade.numba.common.rng import ONE, ZERO, trailing_zeros
from weishang.kernels.cascade.numba.graph_only.decide import (
    COUNTED,
    REACH,
    SHARERS,
    all_act,
    append,
    count_reach,
    decide,
    is_plain,
)
from weishang.kernels.cascade.numba.graph_only.exposures import next_hits_inline, start_posts
from weishang.kernels.runtime.jit import jit_entry, jit_inline, jit_no_nrt

COLUMNS = 2 + COUNTED
"""Row, level, reach, visitors, buyers, sharers: one line of counts."""
SEEN_BYTES = 2 << 20
"""Bytes of the seen bits that a bundle is made for: they are read at random, and should be near."""

DENSE_SHARE = 64
"""A frontier larger than one code in this many is kept as bits: sweeping them gives its codes in
order of nodes, so that rows are read as a stream."""

CHUNK = 4096
"""Codes that a sweep takes out of the bits at a time."""

DENSE, REACHED, WORD = range(3)
"""Places of `State.place`."""


class State(NamedTuple):
    """One thread's memory of a bundle, some ten bits a code.

    Attributes:
        seen: uint8, a bit a code that is reached or a seed.
        bits: uint64 [2, codes / 64], a bit a code: a large frontier, and the next one.
        queues: uint32 [2, codes / 64], codes of a small frontier, and of the next one.
        reached: uint32, codes of `seen`, as long as they are few.
        chunk: uint32, codes swept out of a large frontier.
        counts: int64 [4, 256], the hop's reach, visitors, buyers and sharers by replica.
        place: int64 [3]: 1 when the frontier is in the bits, 0 when it is in a queue; number of
            `reached`, or -1 when they are not listed any more; the sweep's next word.
        scratch: Scratch.
    """

    seen: Any
    bits: Any
    queues: Any
    reached: Any
    chunk: Any
    counts: Any
    place: Any
    scratch: Scratch

    def is_for(self, num_nodes: int, replicas: int) -> bool:
        """Whether it serves bundles of this many replicas on this many nodes."""
        return self.seen.size == 8 * _sizes(num_nodes, replicas)[0]


def make_state(num_nodes: int, replicas: int) -> State:
    """Fresh memory for bundles of this many replicas; a bundle leaves it as it found it."""
    words, few = _sizes(num_nodes, replicas)
    return State(
        np.zeros(words * 8, dtype=np.uint8),
        np.zeros((2, words), dtype=np.uint64),
        np.empty((2, few + MOST_HITS), dtype=np.uint32),
        np.empty(few + MOST_HITS, dtype=np.uint32),
        np.empty(CHUNK, dtype=np.uint32),
        np.zeros((COUNTED, MOST_REPLICAS), dtype=np.int64),
        np.zeros(3, dtype=np.int64),
        make_scratch(),
    )


def state_bytes(num_nodes: int, replicas: int) -> int:
    """What `make_state` takes at most: pages that a small bundle does not touch are not taken."""
    state = make_state(1, 1)
    words, few = _sizes(num_nodes, replicas)
    fixed = sum(array.nbytes for array in (*state[:-1], *state.scratch))
    return fixed + 3 * words * 8 + 3 * few * state.queues.itemsize


def _sizes(num_nodes: int, replicas: int) -> tuple[int, int]:
    """Words of a bit a code, and the codes that are few."""
    words = ((num_nodes << (replicas - 1).bit_length()) + 63) // 64
    return words, words * 64 // DENSE_SHARE


def replicas_of(num_nodes: int, num_cascades: int, threads: int) -> int:
    """Replicas of a bundle: as many as their seen bits allow, and no thread without work."""
    near = max(1, 8 * SEEN_BYTES // max(num_nodes, 1))
    return max(1, min(MOST_REPLICAS, 1 << (near.bit_length() - 1), -(-num_cascades // threads)))


@jit_no_nrt
def _plant(batch, bundle, state):
    """Make the seeds the first frontier; returns their number."""
    seen, queue, place = state.seen, state.queues[0], state.place
    size = 0
    for replica in range(bundle.replicas):
        size += seeds_of(batch, bundle.first + replica).size
    place[DENSE] = 2 * size > _few(state)
    place[REACHED] = -1 if place[DENSE] else size
    at = 0
    for replica in range(bundle.replicas):
        for seed in seeds_of(batch, bundle.first + replica):
            code = np.int64(seed) << bundle.shift | replica
            seen[code >> 3] |= np.uint8(1 << (code & 7))
            if place[DENSE]:
                _join(state.bits[0], np.uint64(code))
            else:
                queue[at] = state.reached[at] = code
                at += 1
    return size


@jit_inline
def _few(state):
    """Codes that a frontier is listed up to half of."""
    return state.reached.size - MOST_HITS


@jit_inline
def _join(bits, code):
    bits[code >> np.uint64(6)] |= ONE << (code & np.uint64(63))


@jit_no_nrt
def _hop(batch, bundle, hop, size, state):
    """One hop: the frontier posts, new nodes decide, sharers are the next frontier.

    Returns:
        The number of sharers; `state.counts` are the hop's.
    """
    now = np.int64(hop - 1 & 1)
    counts = state.counts
    for replica in range(bundle.replicas):
        for column in range(COUNTED):
            counts[column, replica] = 0
    plain = is_plain(batch, bundle, hop)
    to_bits = 2 * size > _few(state)
    posting, joining = state.bits[now], state.bits[1 - now]
    queue = state.queues[1 - now]
    end = np.int64(0)
    posts, count = state.queues[now], size
    if state.place[DENSE]:
        state.place[WORD] = 0
        posts = state.chunk
        count = _sweep(posting, state.place, posts)
    while count:
        end, to_bits = _post(
            batch, bundle, hop, posts, count, state, queue, joining, end, to_bits, plain
        )
        count = _sweep(posting, state.place, posts) if state.place[DENSE] else 0
    if plain:
        all_act(counts, bundle.replicas)
    size = np.int64(0)
    for replica in range(bundle.replicas):
        size += counts[SHARERS, replica]
    state.place[DENSE] = 0
    if to_bits:
        # The frontier stands in the bits: it is listed if it is small.
        state.place[WORD] = 0
        state.place[DENSE] = 2 * size > _few(state)
        if not state.place[DENSE]:
            _sweep(state.bits[1 - now], state.place, state.queues[1 - now])
    return size


@jit_inline
def _post(batch, bundle, hop, posts, last, state, queue, joining, end, to_bits, plain):
    """Spread some posts; the sharers join the queue at `end`, or the bits.

    Returns:
        The queue's new end, and whether sharers go to the bits: they do for the rest of the hop
        once the queue is full.
    """
    counts, scratch = state.counts, state.scratch
    start_posts(scratch.cursor)
    while True:
        at = _room(state.place, state.reached)
        found = next_hits_inline(
            batch, bundle, hop, posts, last, scratch, state.seen, state.reached, at
        )
        if found < 0:
            break
        fresh = state.reached[at : at + found]
        if state.place[REACHED] >= 0:
            state.place[REACHED] += found
        if not to_bits and end + found > queue.size:
            _join_all(joining, queue[:end])
            to_bits = True
        if plain:
            count_reach(fresh, bundle.shift, counts)
            if to_bits:
                _join_all(joining, fresh)
            else:
                end = append(queue, end, fresh)
        else:
            end = decide(batch, bundle, hop, fresh, counts, queue, end, joining, to_bits)
    return end, to_bits


@jit_no_nrt
def _room(place, reached):
    """Where fresh codes are written: behind the others, or over them when there is no room."""
    if place[REACHED] + MOST_HITS > reached.size:
        place[REACHED] = -1
    return max(place[REACHED], 0)


@jit_no_nrt
def _join_all(bits, codes):
    for i in range(np.uint64(codes.size)):
        _join(bits, np.uint64(codes[i]))


@jit_no_nrt
def _sweep(bits, place, codes):
    """Take codes out of the bits, in order, from the word that the last call ended with.

    Returns:
        How many were taken: as many as fit, up to a word less; 0 when none is left.
    """
    at, word_at, size = ZERO, np.uint64(place[WORD]), np.uint64(bits.size)
    most = np.uint64(codes.size - 64)
    while word_at < size and at <= most:
        word = bits[word_at]
        bits[word_at] = ZERO
        while word != ZERO:
            codes[at] = word_at << np.uint64(6) | trailing_zeros(word)
            at += ONE
            word &= word - ONE
        word_at += ONE
    place[WORD] = word_at
    return np.int64(at)


@jit_no_nrt
def _note(bundle, hop, counts, lines, used):
    """Write a line for each replica that reached someone."""
    for replica in range(bundle.replicas):
        if counts[REACH, replica]:
            lines[used, 0], lines[used, 1] = bundle.first + replica, hop
            for column in range(COUNTED):
                lines[used, 2 + column] = counts[column, replica]
            used += 1
    return used


@jit_no_nrt
def _clear(state, size):
    """Forget the bundle, of which `size` codes may still stand in the frontier."""
    if state.place[REACHED] < 0:
        state.seen[:] = 0
        state.bits[:] = ZERO
    else:
        for code in state.reached[: state.place[REACHED]]:
            state.seen[code >> 3] = 0
        if state.place[DENSE]:
            state.bits[:] = ZERO


@jit_entry
def count_cascades(first, last, replicas, batch, state):
    """Spread cascades first .. last - 1 of a Batch and count them by level.

    Args:
        first, last: rows.
        replicas: of a bundle, as `state` was made for.
        batch: Batch.
        state: State.

    Returns:
        int64 [lines, 6]: row, level, reach, visitors, buyers, sharers of each non-empty level.
    """
    shift = 0
    while 1 << shift < replicas:
        shift += 1
    lines = np.empty((16 * (last - first) + 16, COLUMNS), dtype=np.int64)
    used = 0
    for row in range(first, last, replicas):
        bundle = Bundle(row, min(replicas, last - row), shift)
        size = _plant(batch, bundle, state)
        hop = 1
        while size and goes_on(batch, hop):
            size = _hop(batch, bundle, hop, size, state)
            lines = with_room(lines, used + bundle.replicas)
            used = _note(bundle, hop, state.counts, lines, used)
            hop += 1
        _clear(state, size)
    return lines[:used]


@jit_entry
def tabulate(lines, num_cascades, width):
    """Lay lines of counts out as int64 [4, width, num_cascades]; a width of -1 is the deepest."""
    deepest = width
    if width < 0:
        deepest = 0
        for line in range(lines.shape[0]):
            deepest = max(deepest, lines[line, 1])
    counts = np.zeros((COUNTED, deepest, num_cascades), dtype=np.int64)
    for line in range(lines.shape[0]):
        row, level = lines[line, 0], lines[line, 1] - 1
        for column in range(COUNTED):
            counts[column, level, row] = lines[line, 2 + column]
    return counts


NO_LINES = np.empty((0, COLUMNS), dtype=np.int64)
