"""Recording cascades on a CPU: events with parents, and repeated exposure by doses."""

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade.numba.common.batch import (
    Bundle,
    goes_on,
    list_with_room,
    seeds_of,
    tables_of,
    with_room,
    words_of,
)
from weishang.kernels.cascade.numba.common.decide import decide_one, dose_places
from weishang.kernels.cascade.numba.graph_only.count import COLUMNS as LINE_COLUMNS
from weishang.kernels.cascade.numba.graph_only.exposures import next_hits, start_posts
from weishang.kernels.runtime.jit import jit_entry, jit_internal, jit_no_nrt

COLUMNS = 8
"""Columns of a person: node, level, parent, dose, visited, bought, shared hop, last hit."""
NODE, LEVEL, PARENT, DOSE, VISITED, BOUGHT, SHARED, LAST_HIT = range(COLUMNS)

UNSEEN, CLOSED = -1, -2
"""A closed node is a seed, or has decided at the highest dose: no hit can change it any more."""


def make_places(num_nodes: int) -> NDArray[np.int32]:
    """Where each node stands among the people; a cascade leaves all unseen."""
    return np.full(num_nodes, UNSEEN, dtype=np.int32)


@jit_internal
def _hop(batch, row, hop, frontier, scratch, place, people, base, used, hit):
    """One hop's exposures: new people join `people`, all who are hit are listed in `hit`."""
    num_hit, bundle = 0, Bundle(row, 1, 0)
    none = np.empty(0, dtype=np.uint8)
    end, at = np.int64(frontier.size), np.int64(0)
    start_posts(scratch.cursor)
    count = next_hits(batch, bundle, hop, frontier, end, scratch, none, scratch.hits, at)
    while count >= 0:
        people = with_room(people, used + count)
        hit = list_with_room(hit, num_hit + count)
        used, num_hit = _meet(
            scratch, count, hop, batch.doses, place, people, base, used, hit, num_hit
        )
        count = next_hits(batch, bundle, hop, frontier, end, scratch, none, scratch.hits, at)
    return people, used, hit, num_hit


@jit_no_nrt
def _meet(scratch, count, hop, doses, place, people, base, used, hit, num_hit):
    """Meet the targets: each live slot adds a dose, and the smallest source is the parent."""
    hits, sources = scratch.hits, scratch.sources
    for i in range(count):
        node = hits[i]
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


@jit_no_nrt
def _decide(batch, row, hop, people, hit, place):
    """Let everyone hit decide what is open; `hit` becomes the ids of the new sharers."""
    words, tables, segment = words_of(batch, row), tables_of(batch, row), batch.segment
    sharers = 0
    for at in hit:
        person = people[at]
        if person[DOSE] == batch.doses:
            place[person[NODE]] = CLOSED
        node, kind = np.uint64(person[NODE]), segment[person[NODE]]
        level, doses = np.int64(person[LEVEL]), dose_places(tables, np.int64(person[DOSE]))
        visited, bought = np.int64(person[VISITED]), np.int64(person[BOUGHT])
        person[VISITED], person[BOUGHT], shares = decide_one(
            words, tables, node, kind, level, doses, visited, bought
        )
        if shares and not person[SHARED]:
            person[SHARED] = hop
            hit[sharers] = person[NODE]
            sharers += 1
    return sharers


@jit_no_nrt
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


@jit_entry
def record_cascades(first, last, batch, place, scratch, keep):
    """Spread cascades first .. last - 1 of a Batch, with parents and doses.

    Args:
        first, last: rows.
        batch: Batch.
        place: from `make_places`.
        scratch: from `batch.make_scratch`.
        keep: whether people are kept, or only counted.

    Returns:
        Lines of counts as `count.count_cascades` gives them; people int32 [reached, 8],
        cascade after cascade; and their cascades' rows, int64 [reached].
    """
    people = np.empty((1024, COLUMNS), dtype=np.int32)
    hit = np.empty(1024, dtype=np.int32)
    rows = np.empty(0, dtype=np.int64)
    lines = np.empty((16 * (last - first) + 16, LINE_COLUMNS), dtype=np.int64)
    used = used_lines = 0
    for row in range(first, last):
        base = used
        seeds = seeds_of(batch, row)
        for node in seeds:
            place[node] = CLOSED
        frontier, hop = seeds.astype(np.uint32), 1
        while frontier.size and goes_on(batch, hop):
            people, used, hit, num_hit = _hop(
                batch, row, hop, frontier, scratch, place, people, base, used, hit
            )
            sharers = _decide(batch, row, hop, people[base:used], hit[:num_hit], place)
            frontier, hop = hit[:sharers].astype(np.uint32), hop + 1
        for node in seeds:
            place[node] = UNSEEN
        for person in people[base:used]:
            place[person[NODE]] = UNSEEN
        lines = with_room(lines, used_lines + hop)
        used_lines = _tally(row, people[base:used], lines, used_lines)
        if keep:
            rows = list_with_room(rows, used)
            rows[base:used] = row
        else:
            used = base
    return lines[:used_lines], people[:used], rows[:used]
