"""Counting cascades on a CPU: no events, no doses, nothing that costs O(N) per cascade."""

import numpy as np
from numba import njit

from weishang.kernels.cascade.cpu_exposures import BLOCK_BATCH, LANE_BITS, expose, make_scratch
from weishang.kernels.cascade.cpu_words import CERTAIN, ONE, ZERO, trailing_zeros, uniform

COLUMNS = 6
"""Row, level, reach, visitors, buyers, sharers: one line of counts."""

TOUCHED_SHARE = 64
"""Reached nodes past N / 64 are not listed: clearing all N bits is then as cheap."""

SORT_SHARE = 64
"""A frontier past N / 64 is put in order of ids, so that rows are read as a stream."""


@njit(cache=True, nogil=True)
def count_cascades(
    first,
    last,
    layers,
    weighted,
    view,
    visit,
    buy,
    share,
    view_keys,
    weight_keys,
    visit_keys,
    buy_keys,
    share_keys,
    seed_nodes,
    seed_start,
    seed_end,
    segment,
    max_hops,
):
    """Spread cascades first .. last - 1 and count them by level.

    Args:
        layers: tuple of (indptr int64 [N + 1], indices int32 [E]), one a layer.
        weighted: tuple of uint64 [E] or empty, the layers' weight thresholds.
        view, visit, buy, share: `Tables`, dose axis of one entry.
        view_keys, weight_keys: uint64 [C, L], words of (seed, purpose, layer, cascade).
        visit_keys, buy_keys, share_keys: uint64 [C], words of (seed, purpose, cascade).
        seed_nodes, seed_start, seed_end, segment: as in `Task`.
        max_hops: last hop; a negative number for no end.

    Returns:
        int64 [lines, 6]: row, level, reach, visitors, buyers, sharers of each non-empty level.
    """
    num_nodes = segment.size
    scratch = make_scratch()
    targets = np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int32)
    seen = np.zeros((num_nodes + 63) // 64, dtype=np.uint64)
    ordered = np.zeros_like(seen)
    queue = np.empty(num_nodes, dtype=np.int32)
    fresh = np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int32)
    touched = np.empty(num_nodes // TOUCHED_SHARE + 64, dtype=np.int32)
    lines = np.empty((16 * (last - first) + 16, COLUMNS), dtype=np.int64)
    used = 0
    for row in range(first, last):
        seeds = seed_nodes[seed_start[row] : seed_end[row]]
        for node in seeds:
            _mark(seen, node)
        num_touched = 0
        begin, end, hop = 0, 0, 1
        while (seeds.size if hop == 1 else end - begin) and (max_hops < 0 or hop <= max_hops):
            frontier = seeds if hop == 1 else queue[begin:end]
            begin = end
            entry = row if visit.shape[0] > 1 else 0
            to_visit = visit[entry, min(hop, visit.shape[1]) - 1, :, 0]
            entry = row if buy.shape[0] > 1 else 0
            to_buy = buy[entry, min(hop, buy.shape[1]) - 1, :, 0]
            entry = row if share.shape[0] > 1 else 0
            to_share = share[entry, min(hop, share.shape[1]) - 1, :, :, 0]
            plain = _is_plain(to_visit, to_buy, to_share)
            reach = visitors = buyers = 0
            for number in range(len(layers)):
                indptr, indices = layers[number]
                entry = row if view.shape[0] > 1 else 0
                threshold = view[entry, number, min(hop, view.shape[2]) - 1]
                node_at = block_at = 0
                while node_at < frontier.size and threshold:
                    hits, node_at, block_at = expose(
                        indptr,
                        indices,
                        weighted[number],
                        frontier,
                        node_at,
                        block_at,
                        view_keys[row, number],
                        weight_keys[row, number],
                        threshold,
                        scratch,
                        False,
                        targets,
                    )
                    found = _first_hits(seen, targets, hits, fresh)
                    reach += found
                    for i in range(min(found, touched.size - num_touched)):
                        touched[num_touched + i] = fresh[i]
                    num_touched += found
                    if plain:
                        queue[end : end + found] = fresh[:found]
                        end += found
                    else:
                        did_visit, did_buy, end = _decide(
                            fresh,
                            found,
                            segment,
                            to_visit,
                            to_buy,
                            to_share,
                            visit_keys[row],
                            buy_keys[row],
                            share_keys[row],
                            queue,
                            end,
                        )
                        visitors += did_visit
                        buyers += did_buy
                    num_touched = min(num_touched, touched.size + 1)
            if reach == 0:
                break
            lines = with_room(lines, used + 1)
            lines[used, 0] = row
            lines[used, 1] = hop
            lines[used, 2] = reach
            lines[used, 3] = reach if plain else visitors
            lines[used, 4] = buyers
            lines[used, 5] = end - begin
            used += 1
            if end - begin > num_nodes // SORT_SHARE:
                _sort_ids(queue[begin:end], ordered)
            hop += 1
        _clear(seen, seeds, touched, num_touched)
    return lines[:used]


@njit(cache=True, nogil=True)
def with_room(table, needed):
    """The table, or a larger copy of it, with room for so many lines."""
    if needed <= table.shape[0]:
        return table
    grown = np.empty((max(needed, 2 * table.shape[0]), table.shape[1]), dtype=table.dtype)
    grown[: table.shape[0]] = table
    return grown


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
def _decide(
    fresh, count, segment, to_visit, to_buy, to_share, visit_key, buy_key, share_key, queue, end
):
    """Let new nodes visit, buy and share; sharers join the queue."""
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
def _clear(seen, seeds, touched, num_touched):
    if num_touched > touched.size:
        seen[:] = ZERO
        return
    for node in seeds:
        seen[node >> 6] = ZERO
    for i in range(num_touched):
        seen[touched[i] >> 6] = ZERO
