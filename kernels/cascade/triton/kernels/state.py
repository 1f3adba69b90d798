"""What the device remembers of each (cascade, node): a bit, or a record of one memory sector.

A bit is enough where only counts are wanted and one dose is told apart: a node then decides once.
Otherwise a record of eight int32 keeps all that a hit or a decision touches in the 32 bytes that
the memory moves at once.
"""

import triton
import triton.language as tl

from weishang.kernels.cascade.triton.kernels.queues import node_of, row_of
from weishang.kernels.cascade.triton.kernels.rng import inline

LEVEL, LAST_HIT, PARENT, DOSE, FLAGS, SHARED_HOP = (tl.constexpr(place) for place in range(6))
"""A record's entries: hop of the first hit; hop of the last; smallest node of the first hop's
hits; hits so far; what the node has done; the hop in which it shared."""
RECORD = tl.constexpr(8)

SEED_LEVEL = tl.constexpr(-1)
UNREACHED = tl.constexpr(0)
NO_PARENT = tl.constexpr((1 << 31) - 1)

VISITED, BOUGHT, SHARES = (tl.constexpr(flag) for flag in (1, 2, 4))
"""Bits of a node's flags."""

LOG_SEEN_BITS = tl.constexpr(5)
SEEN_BITS = tl.constexpr(32)


@inline
def see(seen, key, passes):
    """Set the bits of hit keys.

    Args:
        seen: int32, 32 keys a word.
        key: int64, row * N + node.
        passes: whether a lane has a hit.

    Returns:
        Whether the lane is the one that set its key's bit: it enters the key into the queue.
    """
    word = seen + (key >> LOG_SEEN_BITS)
    bit = 1 << (key & (SEEN_BITS - 1)).to(tl.int32)
    # A plain load may be late, but a bit once set stays: it spares hubs most atomic operations.
    passes = passes & ((tl.load(word, mask=passes, other=0) & bit) == 0)
    before = tl.atomic_or(word, bit, mask=passes, sem="relaxed")
    return passes & ((before & bit) == 0)


@inline
def meet(records, key, source, hop, doses, passes, DOSED: tl.constexpr):
    """Take hits into records: the smallest source is the parent, each slot adds a dose.

    Args:
        records: int32 [keys, 8].
        key: int64, row * N + node.
        source: int32, who made the hit.
        hop: the present hop.
        doses: D; a node that has decided at the highest dose is closed.
        passes: whether a lane has a hit.

    Returns:
        Whether the lane is the first of this hop at its key: it enters the key into the queue.
    """
    record = records + key * RECORD
    level = tl.load(record + LEVEL, mask=passes, other=SEED_LEVEL)
    # Levels are written when the hop's hits are all in, so this holds for all of its first hits.
    unreached = passes & (level == UNREACHED)
    parent = tl.load(record + PARENT, mask=unreached, other=0)
    tl.atomic_min(record + PARENT, source, mask=unreached & (source < parent), sem="relaxed")
    passes = unreached
    if DOSED:
        # From the second cache, where atomic operations are done: so a dose stops near D.
        dose = tl.load(record + DOSE, mask=level >= 0, other=doses, cache_modifier=".cg")
        passes = dose < doses
        tl.atomic_add(record + DOSE, 1, mask=passes, sem="relaxed")
    before = tl.atomic_max(record + LAST_HIT, hop, mask=passes, sem="relaxed")
    return passes & (before < hop)


@triton.jit(do_not_specialize=["count", "num_nodes"])
def init_seeds(
    entries,
    state,
    count: tl.int64,
    num_nodes: tl.int64,
    RECORDS: tl.constexpr,
    LANES: tl.constexpr,
):
    """Close the seeds' keys to hits.

    Args:
        entries: int64 [count].
        state: int32, bits, or records with RECORDS.
    """
    lane = tl.arange(0, LANES)
    first = tl.program_id(0).to(tl.int64) * LANES
    for at in range(first, count, tl.num_programs(0).to(tl.int64) * LANES):
        used = at + lane < count
        entry = tl.load(entries + at + lane, mask=used, other=0)
        key = row_of(entry) * num_nodes + node_of(entry)
        if RECORDS:
            tl.store(state + key * RECORD + LEVEL, SEED_LEVEL, mask=used)
        else:
            see(state, key, used)


@triton.jit(do_not_specialize=["count", "num_nodes"])
def forget(
    entries,
    state,
    count: tl.int64,
    num_nodes: tl.int64,
    RECORDS: tl.constexpr,
    LANES: tl.constexpr,
):
    """Leave the keys of seeds and reached as if no cascade had touched them.

    Args:
        entries: int64 [count], or their complements.
        state: int32, bits, or records with RECORDS.
    """
    lane = tl.arange(0, LANES)
    first = tl.program_id(0).to(tl.int64) * LANES
    for at in range(first, count, tl.num_programs(0).to(tl.int64) * LANES):
        used = at + lane < count
        entry = tl.load(entries + at + lane, mask=used, other=0)
        entry = tl.where(entry < 0, -1 - entry, entry)
        key = row_of(entry) * num_nodes + node_of(entry)
        if RECORDS:
            record = state + key * RECORD
            tl.store(record + LEVEL, UNREACHED, mask=used)
            tl.store(record + LAST_HIT, 0, mask=used)
            tl.store(record + PARENT, NO_PARENT, mask=used)
            tl.store(record + DOSE, 0, mask=used)
            tl.store(record + FLAGS, 0, mask=used)
            tl.store(record + SHARED_HOP, 0, mask=used)
        else:
            tl.store(state + (key >> LOG_SEEN_BITS), 0, mask=used)
