"""Rows from edges: counting sort, stable row sort and de-duplication, on all cores.

Arrays only; `Graph` is the public face. Loops are compiled by Numba because a billion-edge
`argsort` or `lexsort` needs ten times the memory and time of one counting pass.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.runtime.jit import jit_entry
from weishang.kernels.runtime.thread_pool import share_out, usable_threads

FEW_SLOTS = 1 << 16
"""Below, rows are sorted in tenths of a millisecond, by one thread."""


def build_rows(
    num_nodes: int,
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    weights: NDArray[np.float64] | None,
    *,
    directed: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64] | None]:
    """Sort edges into rows by source; within a row by target, equal targets in input order.

    Args:
        num_nodes: N.
        source, target: int32 [E], ids in [0, N).
        weights: float64 [E] or None.
        directed: False adds each edge's reverse.

    Returns:
        indptr int64 [N + 1], indices int32, weights float64 or None.
    """
    indptr = np.zeros(num_nodes + 1, dtype=np.int64)
    _count_degrees(source, target, directed, indptr)
    np.cumsum(indptr, out=indptr)
    indices = np.empty(indptr[-1], dtype=np.int32)
    row_weights = None if weights is None else np.empty(indptr[-1], dtype=np.float64)
    if weights is None:
        _scatter(source, target, directed, indptr[:-1].copy(), indices)
    else:
        _scatter_weighted(
            source, target, weights, directed, indptr[:-1].copy(), indices, row_weights
        )
    sort_rows(indptr, indices, row_weights)
    return indptr, indices, row_weights


def sort_rows(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: NDArray[np.float64] | None,
) -> None:
    """Sort each row by target in place; weights travel along, equal targets keep their order."""
    if weights is None:
        _over_rows(indptr, lambda first, last: _sort_range(indptr, indices, first, last))
    else:
        _over_rows(
            indptr,
            lambda first, last: _sort_range_weighted(indptr, indices, weights, first, last),
        )


@jit_entry
def rows_are_sorted(indptr: NDArray[np.int64], indices: NDArray[np.int32]) -> bool:
    """Whether every row of [N] rows is in non-decreasing order."""
    for row in range(indptr.size - 1):
        for slot in range(indptr[row] + 1, indptr[row + 1]):
            if indices[slot - 1] > indices[slot]:
                return False
    return True


@jit_entry
def simplify_rows(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], weights: NDArray[np.float64]
) -> tuple[int, int, int, int]:
    """Drop self-loops and repeated targets of sorted rows, in place.

    Args:
        indptr: int64 [N + 1], rewritten to the kept rows.
        indices: int32 [E], the kept ones moved to the front.
        weights: float64 [E], or empty for an unweighted graph.

    Returns:
        Self-loop entries dropped, repeated entries dropped, and the row and target of the first
        repeat whose weights disagree (-1, -1 when all agree).
    """
    loops = repeats = kept = 0
    start = indptr[0]
    for row in range(indptr.size - 1):
        end = indptr[row + 1]
        row_start = kept
        for slot in range(start, end):
            target = indices[slot]
            if target == row:
                loops += 1
            elif kept > row_start and indices[kept - 1] == target:
                repeats += 1
                if weights.size and weights[kept - 1] != weights[slot]:
                    return loops, repeats, row, target
            else:
                indices[kept] = target
                if weights.size:
                    weights[kept] = weights[slot]
                kept += 1
        indptr[row + 1] = kept
        start = end
    return loops, repeats, -1, -1


def _over_rows(indptr: NDArray[np.int64], work: Callable[[int, int], None]) -> None:
    """Run `work` on ranges of rows with about equally many slots, one thread a core."""
    threads = usable_threads() if indptr[-1] >= FEW_SLOTS else 1
    parts = 8 * threads if threads > 1 else 1
    cuts = np.searchsorted(indptr, np.linspace(0, int(indptr[-1]), parts + 1)[1:-1])
    bounds = np.concatenate(([0], cuts, [indptr.size - 1]))
    bounds = np.maximum.accumulate(np.minimum(bounds, indptr.size - 1))
    starts, ends = bounds[:-1].tolist(), bounds[1:].tolist()
    share_out(parts, threads, lambda: None, lambda part, _: work(starts[part], ends[part]))


@jit_entry
def _count_degrees(source, target, directed, indptr):
    for edge in range(source.size):
        indptr[source[edge] + 1] += 1
        if not directed:
            indptr[target[edge] + 1] += 1


@jit_entry
def _scatter(source, target, directed, cursor, indices):
    for edge in range(source.size):
        u, v = source[edge], target[edge]
        indices[cursor[u]] = v
        cursor[u] += 1
        if not directed:
            indices[cursor[v]] = u
            cursor[v] += 1


@jit_entry
def _scatter_weighted(source, target, weights, directed, cursor, indices, row_weights):
    for edge in range(source.size):
        u, v = source[edge], target[edge]
        indices[cursor[u]] = v
        row_weights[cursor[u]] = weights[edge]
        cursor[u] += 1
        if not directed:
            indices[cursor[v]] = u
            row_weights[cursor[v]] = weights[edge]
            cursor[v] += 1


@jit_entry
def _sort_range(indptr, indices, first, last):
    for row in range(first, last):
        indices[indptr[row] : indptr[row + 1]].sort()


@jit_entry
def _sort_range_weighted(indptr, indices, weights, first, last):
    for row in range(first, last):
        a, b = indptr[row], indptr[row + 1]
        order = np.argsort(indices[a:b], kind="mergesort")
        indices[a:b] = indices[a:b][order]
        weights[a:b] = weights[a:b][order]
