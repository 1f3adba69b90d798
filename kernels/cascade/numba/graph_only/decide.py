"""New people decide whether to visit, buy and share, and are counted by strand."""

import numpy as np

from weishang.kernels.cascade.numba.common.batch import of_cascade, of_level
from weishang.kernels.cascade.numba.common.rng import CERTAIN, uniform
from weishang.kernels.runtime.jit import lean

COUNTED = 4
REACH, VISITORS, BUYERS, SHARERS = range(COUNTED)
"""Rows of a hop's counts."""


@lean
def is_plain(batch, bundle, hop):
    """Whether all visit, nobody buys and all share, as in the independent cascade."""
    own = max(batch.visit_table.shape[0], batch.buy_table.shape[0], batch.share_table.shape[0]) > 1
    rows = bundle.strands if own else 1
    for row in range(bundle.first, bundle.first + rows):
        visit = of_level(of_cascade(batch.visit_table, row), hop)
        buy = of_level(of_cascade(batch.buy_table, row), hop)
        share = of_level(of_cascade(batch.share_table, row), hop)
        for kind in range(visit.shape[0]):
            if visit[kind, 0] < CERTAIN or buy[kind, 0] or share[1, kind, 0] < CERTAIN:
                return False
    return True


@lean
def count_reach(fresh, shift, counts):
    """Count codes by strand; `all_act` does the rest where all visit and share."""
    strand_bits = np.uint64((1 << shift) - 1)
    for i in range(np.uint64(fresh.size)):
        counts[REACH, np.uint64(fresh[i]) & strand_bits] += 1


@lean
def all_act(counts, strands):
    """Complete counts of reach where all visit, nobody buys and all share."""
    for strand in range(strands):
        counts[VISITORS, strand] = counts[SHARERS, strand] = counts[REACH, strand]


@lean
def append(queue, end, codes):
    """Write codes behind the others; returns the new end."""
    first = np.uint64(end)
    for i in range(np.uint64(codes.size)):
        queue[first + i] = codes[i]
    return end + codes.size


@lean
def decide(batch, bundle, hop, fresh, counts, queue, end, joining, to_bits):
    """Let new nodes visit, buy and share; sharers join. Returns the queue's new end."""
    shift, strand_bits = np.uint64(bundle.shift), np.uint64((1 << bundle.shift) - 1)
    last = np.uint64(end)
    segment, own = batch.segment, of_cascade
    visit_keys, buy_keys, share_keys = batch.visit_keys, batch.buy_keys, batch.share_keys
    for i in range(np.uint64(fresh.size)):
        code = np.uint64(fresh[i])
        strand, word = code & strand_bits, code >> shift
        row, kind = bundle.first + np.int64(strand), segment[word]
        visit = of_level(own(batch.visit_table, row), hop)[kind, 0]
        buy = of_level(own(batch.buy_table, row), hop)[kind, 0]
        visits = np.int64(uniform(visit_keys[row], word) < visit)
        buys = visits & np.int64(uniform(buy_keys[row], word) < buy)
        share = of_level(own(batch.share_table, row), hop)[visits + buys, kind, 0]
        shares = np.int64(uniform(share_keys[row], word) < share)
        counts[REACH, strand] += 1
        counts[VISITORS, strand] += visits
        counts[BUYERS, strand] += buys
        counts[SHARERS, strand] += shares
        if to_bits:
            joining[code >> np.uint64(6)] |= np.uint64(shares) << (code & np.uint64(63))
        else:
            queue[last] = code
            last += np.uint64(shares)
    return np.int64(last)
