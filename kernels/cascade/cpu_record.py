"""Recording cascades on a CPU: events with parents, and repeated exposure by doses."""

import numpy as np
from numba import njit

from weishang.kernels.cascade.cpu_count import COLUMNS as LINE_COLUMNS
from weishang.kernels.cascade.cpu_count import with_room
from weishang.kernels.cascade.cpu_exposures import BLOCK_BATCH, LANE_BITS, expose, make_scratch
from weishang.kernels.cascade.cpu_words import uniform

COLUMNS = 8
"""Columns of a person: node, level, parent, dose, visited, bought, shared hop, last hit."""
NODE, LEVEL, PARENT, DOSE, VISITED, BOUGHT, SHARED, LAST_HIT = range(COLUMNS)

UNSEEN, CLOSED = -1, -2
"""A closed node is a seed, or has decided at the highest dose: no hit can change it any more."""


@njit(cache=True, nogil=True)
def record_cascades(
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
    doses,
    keep,
):
    """Spread cascades first .. last - 1 with parents and doses.

    Args:
        doses: exposures that are told apart.
        keep: whether people are kept, or only counted.
        the others: as in `cpu_count.count_cascades`.

    Returns:
        Lines of counts as `cpu_count.count_cascades` gives them; people int32 [reached, 8],
        cascade after cascade; and their cascades' rows, int64 [reached].
    """
    num_nodes = segment.size
    scratch = make_scratch()
    targets = np.empty(BLOCK_BATCH * LANE_BITS, dtype=np.int32)
    place = np.full(num_nodes, UNSEEN, dtype=np.int32)
    people = np.empty((1024, COLUMNS), dtype=np.int32)
    rows = np.empty(0, dtype=np.int64)
    lines = np.empty((16 * (last - first) + 16, LINE_COLUMNS), dtype=np.int64)
    used = used_lines = 0
    for row in range(first, last):
        base = used
        seeds = seed_nodes[seed_start[row] : seed_end[row]]
        for node in seeds:
            place[node] = CLOSED
        frontier, hop = seeds, 1
        while frontier.size and (max_hops < 0 or hop <= max_hops):
            hit = np.empty(0, dtype=np.int32)
            num_hit = 0
            for number in range(len(layers)):
                indptr, indices = layers[number]
                entry = row if view.shape[0] > 1 else 0
                threshold = view[entry, number, min(hop, view.shape[2]) - 1]
                node_at = block_at = 0
                while node_at < frontier.size and threshold:
                    count, node_at, block_at = expose(
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
                        True,
                        targets,
                    )
                    people = with_room(people, used + count)
                    hit = _with_room_1d(hit, num_hit + count)
                    used, num_hit = _hit(
                        targets,
                        scratch[6],
                        count,
                        hop,
                        doses,
                        place,
                        people,
                        base,
                        used,
                        hit,
                        num_hit,
                    )
            sharers = _decide(
                row,
                hop,
                doses,
                visit,
                buy,
                share,
                visit_keys[row],
                buy_keys[row],
                share_keys[row],
                segment,
                people[base:used],
                hit[:num_hit],
                place,
            )
            frontier, hop = hit[:sharers], hop + 1
        for node in seeds:
            place[node] = UNSEEN
        for person in people[base:used]:
            place[person[NODE]] = UNSEEN
        lines = with_room(lines, used_lines + hop)
        used_lines = _tally(row, people[base:used], lines, used_lines)
        if keep:
            rows = _with_room_1d(rows, used)
            rows[base:used] = row
        else:
            used = base
    return lines[:used_lines], people[:used], rows[:used]


@njit(cache=True, nogil=True)
def _hit(targets, sources, count, hop, doses, place, people, base, used, hit, num_hit):
    """Meet the targets: new people join, each live slot adds a dose, parents are the smallest."""
    for i in range(count):
        node = targets[i]
        at = place[node]
        if at == CLOSED:
            continue
        if at == UNSEEN:
            at = used - base
            place[node] = at
            person = people[used]
            used += 1
            person[:] = 0
            person[NODE] = node
            person[LEVEL] = hop
            person[PARENT] = sources[i]
        person = people[base + at]
        if person[LEVEL] == hop:
            person[PARENT] = min(person[PARENT], sources[i])
        person[DOSE] = min(person[DOSE] + 1, doses)
        if person[LAST_HIT] < hop:
            person[LAST_HIT] = hop
            hit[num_hit] = at
            num_hit += 1
    return used, num_hit


@njit(cache=True, nogil=True)
def _decide(
    row, hop, doses, visit, buy, share, visit_key, buy_key, share_key, segment, people, hit, place
):
    """Let everyone hit decide what is open; `hit` becomes the ids of the new sharers."""
    visit = visit[row if visit.shape[0] > 1 else 0]
    buy = buy[row if buy.shape[0] > 1 else 0]
    share = share[row if share.shape[0] > 1 else 0]
    sharers = 0
    for at in hit:
        person = people[at]
        if person[DOSE] == doses:
            place[person[NODE]] = CLOSED
        word, kind = np.uint64(person[NODE]), segment[person[NODE]]
        level, dose = person[LEVEL], person[DOSE]
        if not person[VISITED]:
            chance = visit[min(level, visit.shape[0]) - 1, kind, min(dose, visit.shape[2]) - 1]
            person[VISITED] = uniform(visit_key, word) < chance
        if person[VISITED] and not person[BOUGHT]:
            chance = buy[min(level, buy.shape[0]) - 1, kind, min(dose, buy.shape[2]) - 1]
            person[BOUGHT] = uniform(buy_key, word) < chance
        if not person[SHARED]:
            outcome = person[VISITED] + person[BOUGHT]
            of_level = share[min(level, share.shape[0]) - 1, outcome, kind]
            if uniform(share_key, word) < of_level[min(dose, of_level.size) - 1]:
                person[SHARED] = hop
                hit[sharers] = person[NODE]
                sharers += 1
    return sharers


@njit(cache=True, nogil=True)
def _tally(row, people, lines, used):
    """Count a cascade's people by level, in which order they stand."""
    level = 0
    for person in people:
        if person[LEVEL] > level:
            level = person[LEVEL]
            lines[used] = 0
            lines[used, 0] = row
            lines[used, 1] = level
            used += 1
        lines[used - 1, 2] += 1
        lines[used - 1, 3] += person[VISITED]
        lines[used - 1, 4] += person[BOUGHT]
        lines[used - 1, 5] += person[SHARED] > 0
    return used


@njit(cache=True, nogil=True)
def _with_room_1d(array, needed):
    if needed <= array.size:
        return array
    grown = np.empty(max(needed, 2 * array.size), dtype=array.dtype)
    grown[: array.size] = array
    return grown
