"""Cascades over layers of any kind on a CPU: ties, groups, strangers; levels by paths; doses.

One cascade at a time a thread. What the threads leave is laid out in order of the batch.
"""

import numpy as np

from weishang.kernels.cascade.numba.common.batch import goes_on, list_with_room, seeds_of, with_room
from weishang.kernels.cascade.numba.graph_only.count import COLUMNS as LINE_COLUMNS
from weishang.kernels.cascade.numba.multilayer.batch import NOBODY
from weishang.kernels.cascade.numba.multilayer.decide import (
    CLOSED,
    COLUMNS,
    COUNTED,
    NODE,
    UNSEEN,
    decide,
    sweep,
    tally,
)
from weishang.kernels.cascade.numba.multilayer.exposures import post_all
from weishang.kernels.runtime.jit import jit_entry

FIRST_PEOPLE = 1024
"""People for whom room is made at first."""


@jit_entry
def spread_cascades(first, last, batch, memory, keep):
    """Spread cascades first .. last - 1 of a LayeredBatch.

    Args:
        first, last: rows.
        batch: LayeredBatch.
        memory: from `batch.make_memory`.
        keep: whether people are kept, or only counted.

    Returns:
        Lines of counts as `count.count_cascades` gives them; people int32 [reached, 6],
        cascade after cascade, each by hop and node; and where each cascade's people end, int64
        [last - first].
    """
    state, hit, words, groups = memory.state, memory.hit, memory.words, memory.posted
    people = np.empty((FIRST_PEOPLE, COLUMNS), dtype=np.int32)
    frontier = np.empty(FIRST_PEOPLE, dtype=np.int64)
    counts = np.zeros((16, COUNTED), dtype=np.int64)
    lines = np.empty((16 * (last - first) + 16, LINE_COLUMNS), dtype=np.int64)
    ends = np.empty(last - first, dtype=np.int64)
    used = used_lines = 0
    for row in range(first, last):
        base, seeds = used, seeds_of(batch, row)
        sharers, hop, posted = seeds.size, 1, 0
        frontier = list_with_room(frontier, sharers)
        for i in range(sharers):
            frontier[i] = seeds[i]
            state[seeds[i]] = CLOSED
        while sharers and goes_on(batch, hop):
            fresh, posted = post_all(batch, row, hop, frontier[:sharers], memory, posted)
            people = with_room(people, used + fresh)
            frontier = list_with_room(frontier, fresh + 1)
            hits = sweep(hit, words, frontier)
            used, sharers = decide(batch, row, hop, people, base, used, state, frontier, hits)
            hop += 1
        for node in seeds:
            state[node] = UNSEEN
        for person in people[base:used]:
            state[person[NODE]] = UNSEEN
        for group in groups[:posted]:
            memory.posters[group] = NOBODY
        counts, lines, used_lines = tally(row, people[base:used], counts, lines, used_lines)
        if not keep:
            used = base
        ends[row - first] = used
    return lines[:used_lines], people[:used], ends
