"""What one person decides, for compiled CPU code: to visit, to buy, to share."""

import numpy as np

from weishang.kernels.cascade.numba.common.rng import uniform
from weishang.kernels.runtime.jit import jit_inline


@jit_inline
def decide_one(words, tables, node, kind, level, doses, visited, bought):
    """Let a person visit, buy and share; what was done before stays done.

    Without a branch on what is decided: a processor foresees none of it. Whoever has decided before
    does so again, which takes nothing back.

    Args:
        words: uint64, the cascade's words of (seed, purpose, cascade) for visit, buy and share.
        tables: uint64, its thresholds: visit and buy [H, S, D], share [H, 3, S, D].
        node: uint64.
        kind: the node's class.
        level: from 1.
        doses: places on the tables' dose axes, as `dose_places` gives them.
        visited, bought: int64, 1 where the person did so before, else 0.

    Returns:
        Whether the person has visited and bought by now, and whether they share, int64.
    """
    visit, buy, share = tables
    limit = visit[place_of(level, visit.shape[0]), kind, doses[0]]
    visited = visited | np.int64(uniform(words[0], node) < limit)
    limit = buy[place_of(level, buy.shape[0]), kind, doses[1]]
    bought = bought | visited & np.int64(uniform(words[1], node) < limit)
    limit = share[place_of(level, share.shape[0]), visited + bought, kind, doses[2]]
    return visited, bought, np.int64(uniform(words[2], node) < limit)


@jit_inline
def dose_places(tables, dose):
    """Where each of a cascade's tables has its entries for a dose, from 1."""
    visit, buy, share = tables
    return (
        place_of(dose, visit.shape[2]),
        place_of(dose, buy.shape[2]),
        place_of(dose, share.shape[3]),
    )


@jit_inline
def place_of(number, size):
    """Where a table has its entry for a level or a dose; the last serves all higher ones."""
    return min(number, size) - 1
