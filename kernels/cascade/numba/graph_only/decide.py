"""New people decide whether to visit, buy and share, and are counted by replica."""

import numpy as np

from weishang.kernels.cascade.numba.common.batch import of_cascade, of_level, tables_of, words_of
from weishang.kernels.cascade.numba.common.decide import decide_one
from weishang.kernels.cascade.numba.common.rng import CERTAIN
from weishang.kernels.runtime.jit import jit_no_nrt

COUNTED = 4
REACH, VISITORS, BUYERS, SHARERS = range(COUNTED)
"""Rows of a hop's counts."""

ONE_DOSE = (0, 0, 0)
"""Places on the tables' dose axes, which have one entry here: no dose is told from another."""


@jit_no_nrt
def is_plain(batch, bundle, hop):
    """Whether all visit, nobody buys and all share, as in the independent cascade."""
    own = max(batch.visit_table.shape[0], batch.buy_table.shape[0], batch.share_table.shape[0]) > 1
    rows = bundle.replicas if own else 1
    for row in range(bundle.first, bundle.first + rows):
        visit = of_level(of_cascade(batch.visit_table, row), hop)
        buy = of_level(of_cascade(batch.buy_table, row), hop)
        share = of_level(of_cascade(batch.share_table, row), hop)
        for kind in range(visit.shape[0]):
            if visit[kind, 0] < CERTAIN or buy[kind, 0] or share[1, kind, 0] < CERTAIN:
                return False
    return True


@jit_no_nrt
def count_reach(fresh, shift, counts):
    """Count codes by replica; `all_act` does the rest where all visit and share."""
    replica_bits = np.uint64((1 << shift) - 1)
    for i in range(np.uint64(fresh.size)):
        counts[REACH, np.uint64(fresh[i]) & replica_bits] += 1


@jit_no_nrt
def all_act(counts, replicas):
    """Complete counts of reach where all visit, nobody buys and all share."""
    for replica in range(replicas):
        counts[VISITORS, replica] = counts[SHARERS, replica] = counts[REACH, replica]


@jit_no_nrt
def append(queue, end, codes):
    """Write codes behind the others; returns the new end."""
    first = np.uint64(end)
    for i in range(np.uint64(codes.size)):
        queue[first + i] = codes[i]
    return end + codes.size


@jit_no_nrt
def decide(batch, bundle, hop, fresh, counts, queue, end, joining, to_bits):
    """Let new nodes visit, buy and share; sharers join. Returns the queue's new end."""
    shift, replica_bits = np.uint64(bundle.shift), np.uint64((1 << bundle.shift) - 1)
    last = np.uint64(end)
    segment = batch.segment
    for i in range(np.uint64(fresh.size)):
        code = np.uint64(fresh[i])
        replica, node = code & replica_bits, code >> shift
        row, kind = bundle.first + np.int64(replica), segment[node]
        visits, buys, shares = decide_one(
            words_of(batch, row), tables_of(batch, row), node, kind, hop, ONE_DOSE, 0, 0
        )
        counts[REACH, replica] += 1
        counts[VISITORS, replica] += visits
        counts[BUYERS, replica] += buys
        counts[SHARERS, replica] += shares
        if to_bits:
            joining[code >> np.uint64(6)] |= np.uint64(shares) << (code & np.uint64(63))
        else:
            queue[last] = code
            last += np.uint64(shares)
    return np.int64(last)
