"""Counting cascades on a CPU: no events, no doses, nothing that costs O(N) per cascade."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from weishang.kernels.cascade.cpu_batch import (
    BLOCK_BATCH,
    LANE_BITS,
    goes_on,
    make_scratch,
    of_cascade,
    of_level,
    seeds_of,
    with_room,
)
from weishang.kernels.cascade.cpu_exposures import next_targets
from weishang.kernels.cascade.cpu_words import CERTAIN, ONE, ZERO, trailing_zeros, uniform

COLUMNS = 6
"""Row, level, reach, visitors, buyers, sharers: one line of counts."""

TOUCHED_SHARE = 64
"""Reached nodes past N / 64 are not listed: clearing all N bits is then as cheap."""

SORT_SHARE = 64
"""A frontier past N / 64 is put in order of ids, so that rows are read as a stream."""


class State(NamedTuple):
    """One thread's memory of a cascade: about 4 bytes a node.

    Attributes:
        seen: uint64 [N / 64], a bit a node that is reached or a seed.
        ordered: uint64 [N / 64], for sorting; clear between uses.
        queue: int32 [N], all who share, in the order of the hops.
        fresh: int32, the nodes that a batch of targets reaches first.
        touched: int32, reached nodes, as long as there are few.
        num_touched: int64 [1], how many; one more than fit when they are not listed any more.
    """

    seen: Any
    ordered: Any
    queue: Any
    fresh: Any
    touched: Any
    num_touched: Any


def make_state(num_nodes: int) -> State:
    """Fresh memory; a cascade leaves it as it found it."""
    return State(
        np.zeros((num_nodes + 63) // 64, dtype=np.uint64),
        np.zeros((num_nodes + 63) // 64, dtype=np.uint64),
        np.empty(num_nodes, dtype=np.int32),
        np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int32),
        np.empty(num_nodes // TOUCHED_SHARE + 64, dtype=np.int32),
        np.zeros(1, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def count_cascades(first, last, batch, state):
    """Spread cascades first .. last - 1 of a Batch and count them by level.

    Returns:
        int64 [lines, 6]: row, level, reach, visitors, buyers, sharers of each non-empty level.
    """
    num_nodes = batch.segment.size
    scratch = make_scratch()
    lines = np.empty((16 * (last - first) + 16, COLUMNS), dtype=np.int64)
    used = 0
    for row in range(first, last):
        seeds = seeds_of(batch, row)
        for node in seeds:
            _mark(state.seen, node)
        frontier, end, hop = seeds, 0, 1
        while frontier.size and goes_on(batch, hop):
            lines = with_room(lines, used + 1)
            begin = end
            end = _hop(batch, row, hop, frontier, begin, scratch, state, lines[used])
            if lines[used, 2] == 0:
                break
            frontier = state.queue[begin:end]
            if frontier.size > num_nodes // SORT_SHARE:
                _sort_ids(frontier, state.ordered)
            used += 1
            hop += 1
        _clear(state, seeds)
    return lines[:used]


@njit(cache=True, nogil=True)
def _hop(batch, row, hop, frontier, end, scratch, state, line):
    """One hop: the frontier posts, new nodes decide, sharers join the queue at `end`.

    Returns:
        The queue's new end; `line` is the hop's line of counts.
    """
    to_visit = of_level(of_cascade(batch.visit_table, row), hop)[:, 0]
    to_buy = of_level(of_cascade(batch.buy_table, row), hop)[:, 0]
    to_share = of_level(of_cascade(batch.share_table, row), hop)[:, :, 0]
    plain = _is_plain(to_visit, to_buy, to_share)
    begin = end
    reach = visitors = buyers = 0
    scratch.cursor[:] = 0
    count = next_targets(batch, row, hop, frontier, scratch, False)
    while count >= 0:
        found = _first_hits(state.seen, scratch.targets, count, state.fresh)
        reach += found
        _note_touched(state, found)
        if plain:
            state.queue[end : end + found] = state.fresh[:found]
            end += found
        else:
            keys = batch.visit_keys[row], batch.buy_keys[row], batch.share_keys[row]
            chances = to_visit, to_buy, to_share
            did_visit, did_buy, end = _decide(batch.segment, found, chances, keys, state, end)
            visitors += did_visit
            buyers += did_buy
        count = next_targets(batch, row, hop, frontier, scratch, False)
    line[0], line[1], line[2] = row, hop, reach
    line[3], line[4], line[5] = reach if plain else visitors, buyers, end - begin
    return end


@njit(inline="always")
def _mark(bits, node):
    bits[node >> 6] |= ONE << np.uint64(node & 63)


@njit(cache=True, nogil=True)
def _is_plain(to_visit, to_buy, to_share):
    """Whether all visit, nobody buys and all share, as in the independent cascade."""
    for segment in range(to_visit.size):
        if to_visit[segment] < CERTAIN or to_buy[segment] or to_share[1, segment] < CERTAIN:
            return False
    return True


@njit(cache=True, nogil=True)
def _first_hits(seen, targets, count, fresh):
    """Keep the targets that were not seen before, and mark them; returns how many."""
    found = 0
    for i in range(count):
        node = targets[i]
        word = seen[node >> 6]
        lane = np.uint64(node & 63)
        seen[node >> 6] = word | (ONE << lane)
        fresh[found] = node
        found += np.int64(((word >> lane) & ONE) ^ ONE)
    return found


@njit(cache=True, nogil=True)
def _decide(segment, count, chances, keys, state, end):
    """Let new nodes visit, buy and share; sharers join the queue."""
    to_visit, to_buy, to_share = chances
    visit_key, buy_key, share_key = keys
    fresh, queue = state.fresh, state.queue
    visitors = buyers = 0
    for i in range(count):
        node = fresh[i]
        word = np.uint64(node)
        kind = segment[node]
        visits = np.int64(uniform(visit_key, word) < to_visit[kind])
        buys = visits & np.int64(uniform(buy_key, word) < to_buy[kind])
        visitors += visits
        buyers += buys
        queue[end] = node
        end += np.int64(uniform(share_key, word) < to_share[visits + buys, kind])
    return visitors, buyers, end


@njit(cache=True, nogil=True)
def _sort_ids(nodes, bits):
    """Sort distinct ids by way of a bitset, left clear."""
    for node in nodes:
        _mark(bits, node)
    at = 0
    for i in range(bits.size):
        word = bits[i]
        while word != ZERO:
            nodes[at] = 64 * i + np.int64(trailing_zeros(word))
            at += 1
            word &= word - ONE
        bits[i] = ZERO


@njit(cache=True, nogil=True)
def _note_touched(state, found):
    """List the fresh nodes among the touched, as long as they fit."""
    used, room = state.num_touched[0], state.touched.size
    if used + found <= room:
        state.touched[used : used + found] = state.fresh[:found]
        state.num_touched[0] = used + found
    else:
        state.num_touched[0] = room + 1


@njit(cache=True, nogil=True)
def _clear(state, seeds):
    """Forget the cascade."""
    if state.num_touched[0] > state.touched.size:
        state.seen[:] = ZERO
    else:
        seen = state.seen
        for node in seeds:
            seen[node >> 6] = ZERO
        for node in state.touched[: state.num_touched[0]]:
            seen[node >> 6] = ZERO
    state.num_touched[0] = 0
