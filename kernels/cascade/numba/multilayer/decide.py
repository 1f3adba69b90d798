"""Those whom a layered cascade reaches on a CPU: they are hit, they decide, they are counted.

Memory that is not near is the cost, so what a hit asks and changes is one 64-bit word a node, and
those who are hit in a hop are bits: a sweep gives them in order of nodes, and nothing is sorted.
"""

import numpy as np

from weishang.kernels.cascade.numba.common.batch import tables_of, with_room, words_of
from weishang.kernels.cascade.numba.common.decide import decide_one, dose_places
from weishang.kernels.cascade.numba.common.intrinsics import prefetch
from weishang.kernels.cascade.numba.common.rng import ONE, ZERO, trailing_zeros
from weishang.kernels.runtime.jit import jit_internal, jit_no_nrt

COLUMNS = 6
"""Columns of a person: node, hop, level, parent, what was done as bits, hop of sharing or 0."""
NODE, HOP, LEVEL, PARENT, DONE, SHARED = range(COLUMNS)
VISITED, BOUGHT = 1, 2
"""Bits of what was done."""
COUNTED = 4
"""Reach, visitors, buyers, sharers."""

AHEAD = 16
"""Entries between asking for memory and reading it: what a core can have under way."""

NODE_BITS = 31
NODE_MASK = (1 << NODE_BITS) - 1
"""A mark is level << 31 | poster: of two marks the smaller one gives level and parent."""
MARK_BITS = NODE_BITS + 7
MARK_MASK = (1 << MARK_BITS) - 1
NEW = 1 << MARK_BITS
DOSE_AT = MARK_BITS + 1
ONE_DOSE = 1 << DOSE_AT
MOST_DOSES = (1 << (63 - DOSE_AT)) - 1
UNSEEN, CLOSED = 0, -1
"""A node's word: 0; or its dose, whether it is new in this hop, and its mark if it is, else its
place among the people. A seed is closed, and who has decided at the highest dose: no hit can change
it any more."""


@jit_no_nrt
def meet(targets, marks, count, doses, state, hit, words):
    """Take hits in: each adds a dose, and the smallest mark counts for those who are new.

    Args:
        targets, marks: int64 [>= count].
        count: hits.
        doses: exposures that are told apart.
        state, hit, words: of `Memory`.

    Returns:
        Nodes that were not hit before in this hop.
    """
    fresh = 0
    for i in range(count):
        node = targets[i]
        known = state[node]
        if known == CLOSED:
            continue
        if known == UNSEEN:
            known = NEW | marks[i]
        elif known & NEW:
            known = known & ~MARK_MASK | min(known & MARK_MASK, marks[i])
        if known >> DOSE_AT < doses:
            known += ONE_DOSE
        state[node] = known
        at, bit = node >> 6, ONE << np.uint64(node & 63)
        fresh += np.int64((hit[at] & bit) == ZERO)
        hit[at] |= bit
        words[at >> 6] |= ONE << np.uint64(at & 63)
    return fresh


@jit_no_nrt
def sweep(hit, words, nodes):
    """Take those who are hit out of the bits.

    Args:
        hit, words: of `Memory`; no one is hit any more afterwards.
        nodes: int64 [>= nodes hit], becomes their ids, rising.

    Returns:
        How many they are.
    """
    count = 0
    for group in range(words.size):
        group_bits = words[group]
        words[group] = ZERO
        while group_bits != ZERO:
            at = 64 * group + np.int64(trailing_zeros(group_bits))
            group_bits &= group_bits - ONE
            bits = hit[at]
            hit[at] = ZERO
            while bits != ZERO:
                nodes[count] = 64 * at + np.int64(trailing_zeros(bits))
                count += 1
                bits &= bits - ONE
    return count


@jit_no_nrt
def decide(batch, row, hop, people, base, used, state, nodes, count):
    """Let everyone hit decide what is open; new ones join the people.

    Args:
        batch: LayeredBatch.
        row, hop: where the cascade is.
        people: int32 [>= used + count, 6].
        base, used: the cascade's people are people[base:used].
        state: of `Memory`.
        nodes: int64 [> count], those who are hit; becomes the marks of the new sharers, at their
            own level.
        count: of nodes.

    Returns:
        The new `used`, and the number of sharers.
    """
    words, tables = words_of(batch, row), tables_of(batch, row)
    segment, doses, by_path = batch.segment, batch.doses, batch.paths.size > 0
    sharers = 0
    for i in range(count):
        ahead = nodes[min(i + AHEAD, count - 1)]
        prefetch(state, ahead)
        prefetch(segment, ahead)
        node = nodes[i]
        known = state[node]
        dose = known >> DOSE_AT
        if known & NEW:
            place = used
            used += 1
            level = (known & MARK_MASK) >> NODE_BITS if by_path else hop
            people[place, NODE], people[place, HOP], people[place, LEVEL] = node, hop, level
            people[place, PARENT] = known & NODE_MASK
            people[place, DONE] = people[place, SHARED] = 0
        else:
            place = base + (known & NODE_MASK)
            level = np.int64(people[place, LEVEL])
        state[node] = CLOSED if dose == doses else dose << DOSE_AT | place - base
        done = np.int64(people[place, DONE])
        doses_at = dose_places(tables, dose)
        visited, bought, shares = decide_one(
            words,
            tables,
            np.uint64(node),
            segment[node],
            level,
            doses_at,
            done & VISITED,
            done >> 1,
        )
        people[place, DONE] = visited | bought << 1
        before = np.int64(people[place, SHARED])
        shares &= np.int64(before == 0)
        people[place, SHARED] = before + shares * hop
        nodes[sharers] = (level if by_path else 0) << NODE_BITS | node
        sharers += shares
    return used, sharers


@jit_internal
def tally(row, people, counts, lines, used):
    """Count a cascade's people by level, a line for each level that someone has.

    Args:
        row: the cascade.
        people: int32 [reached, 6].
        counts: int64 [levels, 4] of zeros, left as such.
        lines: int64 [>= used, 6], row, level, reach, visitors, buyers, sharers.
        used: lines before.

    Returns:
        The arrays, which grow where they must, and the new `used`.
    """
    deepest = 0
    for person in people:
        level = np.int64(person[LEVEL])
        if level > deepest:
            if level > counts.shape[0]:
                counts = _with_zeros(counts, level)
            deepest = level
        line = counts[level - 1]
        line[0] += 1
        line[1] += person[DONE] & VISITED
        line[2] += person[DONE] >> 1
        line[3] += person[SHARED] > 0
    lines = with_room(lines, used + deepest)
    for level in range(deepest):
        if counts[level, 0]:
            lines[used, 0], lines[used, 1] = row, level + 1
            for column in range(COUNTED):
                lines[used, 2 + column] = counts[level, column]
                counts[level, column] = 0
            used += 1
    return counts, lines, used


@jit_internal
def _with_zeros(counts, needed):
    """A larger copy with zeros behind."""
    grown = np.zeros((max(needed, 2 * counts.shape[0]), COUNTED), dtype=np.int64)
    for level in range(counts.shape[0]):
        for column in range(COUNTED):
            grown[level, column] = counts[level, column]
    return grown
