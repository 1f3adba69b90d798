"""A hop's decisions: those who were hit visit, buy and share, and are counted by level."""

import triton
import triton.language as tl

from weishang.kernels.cascade.triton.kernels.queues import (
    BEGIN,
    END,
    SHARED,
    claim,
    node_of,
    row_of,
)
from weishang.kernels.cascade.triton.kernels.rng import inline, uniform
from weishang.kernels.cascade.triton.kernels.state import (
    BOUGHT,
    DOSE,
    FLAGS,
    LEVEL,
    RECORD,
    SHARED_HOP,
    SHARES,
    UNREACHED,
    VISITED,
)

VISIT, BUY, SHARE = (tl.constexpr(place) for place in range(3))
"""Places of the three purposes in `layouts` and `words`."""
NEVER, ALWAYS, DRAWN = (tl.constexpr(mode) for mode in range(3))
"""What a table comes to: 0 throughout, certainty throughout, or a word for each decision."""
MODE, ROW_STRIDE, LEVELS, PLACES, DOSES = (tl.constexpr(place) for place in range(5))
"""A table's layout: its mode; entries a cascade, 0 when all share them; its axes, where PLACES
are segments, or outcomes times segments."""
LAYOUT = tl.constexpr(8)

TALLIES = tl.constexpr(8)
"""Counters of a level: one for each combination of a node's flags."""


@triton.jit(do_not_specialize=["num_nodes", "num_rows", "num_segments", "hop", "copies"])
def decide(
    hits,
    counters,
    next_counters,
    reached,
    num_reached,
    state,
    segment,
    layouts,
    visit,
    buy,
    share,
    words,
    tally,
    num_nodes: tl.int64,
    num_rows: tl.int64,
    num_segments: tl.int64,
    hop: tl.int32,
    copies: tl.int32,
    RECORDS: tl.constexpr,
    DOSED: tl.constexpr,
    LANES: tl.constexpr,
):
    """Let everyone hit in a hop decide; those who do not share become complements in the list.

    Args:
        hits: int64, list of the hop's hit entries.
        counters, next_counters: int64, the hop's group, whose SHARED is written, and the next
            hop's, whose BEGIN and END are.
        reached, num_reached: int64, list of those ever reached and its end; written if DOSED.
        state: int32, bits, or records with RECORDS.
        segment: int32 [N]; not read where there is one segment.
        layouts: int64 [3, 8], of the three tables.
        visit, buy, share: int64, thresholds.
        words: int64 [3, rows], words of (seed, purpose, cascade).
        tally: int32 [levels, rows, copies, 8], counts of nodes by their flags.
        num_nodes, num_rows, num_segments: N, rows of the part, S.
        hop: the present hop.
        copies: tallies a row, so that few programs wait for the same one.
    """
    program = tl.program_id(0)
    lane = tl.arange(0, LANES)
    end = tl.load(counters + END)
    if program == 0:
        # With doses each hop has a list of its own, else all hops share one.
        next_begin = end * 0 if DOSED else end
        tl.store(next_counters + BEGIN, next_begin)
        tl.store(next_counters + END, next_begin)
    sharers = end * 0
    first = tl.load(counters + BEGIN) + program.to(tl.int64) * LANES
    for at in range(first, end, tl.num_programs(0).to(tl.int64) * LANES):
        used = at + lane < end
        entry = tl.load(hits + at + lane, mask=used, other=0)
        row, node = row_of(entry), node_of(entry)
        record = state + (row * num_nodes + node) * RECORD
        level, dose, before = lane * 0 + hop, lane * 0 + 1, lane * 0
        is_new = used
        if RECORDS:
            known = tl.load(record + LEVEL, mask=used, other=hop)
            is_new = used & (known == UNREACHED)
            level = tl.where(is_new, hop, known)
            before = tl.load(record + FLAGS, mask=used, other=0)
            if DOSED:
                dose = tl.load(record + DOSE, mask=used, other=1)

        kind = tl.load(segment + node, mask=used & (num_segments > 1), other=0).to(tl.int64)
        draw = layouts, words, num_rows, row, node, level, dose, used
        shares, flags = decide_one(visit, buy, share, kind, num_segments, before, draw)

        tl.store(hits + at + lane, tl.where(shares, entry, -1 - entry), mask=used)
        sharers += tl.sum(shares.to(tl.int32), axis=0)
        group = (level - 1).to(tl.int64) * num_rows + row
        counts = tally + (group * copies + program % copies) * TALLIES
        changed = is_new | (used & (flags != before))
        tl.atomic_add(counts + flags, 1, mask=changed, sem="relaxed")
        if RECORDS:
            tl.store(record + LEVEL, level, mask=is_new)
            tl.store(record + FLAGS, flags, mask=used)
            tl.store(record + SHARED_HOP, hop, mask=shares)
        if DOSED:
            tl.atomic_add(counts + before, -1, mask=changed & (is_new == 0), sem="relaxed")
            place = claim(num_reached, is_new.to(tl.int32))
            tl.store(reached + place, entry, mask=is_new)
    tl.atomic_add(counters + SHARED, sharers, mask=sharers > 0, sem="relaxed")


@inline
def decide_one(visit, buy, share, kind, num_segments, before, draw):
    """Let each node visit, buy and share; what was done before stays done.

    Args:
        visit, buy, share: int64, thresholds.
        kind: int64, the nodes' classes.
        num_segments: S.
        before: int32, the nodes' flags.
        draw: as of `happens`.

    Returns:
        Whether each node now shares for the first time, and its flags.
    """
    visited = ((before & VISITED) != 0) | happens(VISIT, visit, kind, draw)
    bought = ((before & BOUGHT) != 0) | (visited & happens(BUY, buy, kind, draw))
    outcome = visited.to(tl.int64) + bought.to(tl.int64)
    shares = happens(SHARE, share, outcome * num_segments + kind, draw)
    shares = draw[-1] & shares & ((before & SHARES) == 0)
    flags = before | visited.to(tl.int32) * VISITED | bought.to(tl.int32) * BOUGHT
    return shares, flags | shares.to(tl.int32) * SHARES


@inline
def happens(purpose, table, place, draw):
    """Whether each node's uniform of a purpose is below its threshold.

    Args:
        purpose: VISIT, BUY or SHARE.
        table: int64, thresholds [row, level, place, dose].
        place: int64, the node's place among PLACES.
        draw: layouts, words and num_rows as of `decide`; row, node, level, dose, and whether a
            lane has a node.
    """
    layouts, words, num_rows, row, node, level, dose, used = draw
    layout = layouts + purpose * LAYOUT
    mode = tl.load(layout + MODE)
    result = used & (mode == ALWAYS)
    if mode == DRAWN:
        at_level = tl.minimum(level, tl.load(layout + LEVELS)) - 1
        doses = tl.load(layout + DOSES)
        at = (at_level * tl.load(layout + PLACES) + place) * doses + tl.minimum(dose, doses) - 1
        at += row * tl.load(layout + ROW_STRIDE)
        limit = tl.load(table + at, mask=used, other=0)
        word = tl.load(words + purpose * num_rows + row, mask=used, other=0)
        result = uniform(word, node) < limit
    return result
