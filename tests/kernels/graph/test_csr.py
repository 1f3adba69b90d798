"""Rows from edges against numpy's own stable sort."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from weishang.kernels.graph import csr


def test_no_nodes_and_no_edges() -> None:
    none = np.empty(0, dtype=np.int32)
    for num_nodes in (0, 1, 5):
        indptr, indices, weights = csr.build_rows(num_nodes, none, none, None, directed=False)
        assert indptr.tolist() == [0] * (num_nodes + 1)
        assert indices.size == 0
        assert weights is None


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_rows_are_a_stable_sort_of_the_edges(entropy: int, weighted: bool, directed: bool) -> None:
    rng = np.random.default_rng(entropy)
    num_nodes, num_edges = int(rng.integers(1, 60)), int(rng.integers(0, 900))
    source, target = rng.integers(0, num_nodes, (2, num_edges)).astype(np.int32)
    weights = rng.random(num_edges) if weighted else None
    indptr, indices, row_weights = csr.build_rows(
        num_nodes, source, target, weights, directed=directed
    )
    if not directed:
        source, target = (
            np.column_stack(ends).ravel() for ends in ((source, target), (target, source))
        )
        weights = None if weights is None else np.repeat(weights, 2)
    order = np.lexsort((target, source))
    assert indptr.dtype == np.int64
    assert indices.dtype == np.int32
    assert np.array_equal(np.diff(indptr), np.bincount(source, minlength=num_nodes))
    assert np.array_equal(indices, target[order])
    assert csr.rows_are_sorted(indptr, indices)
    if weights is not None:
        assert np.array_equal(row_weights, weights[order])


def test_a_falling_target_is_seen_only_within_a_row() -> None:
    targets = np.array([1, 2, 0, 1], dtype=np.int32)
    assert csr.rows_are_sorted(np.array([0, 2, 4]), targets)
    assert not csr.rows_are_sorted(np.array([0, 3, 4]), targets)


def test_equal_targets_keep_their_order_in_long_rows() -> None:
    rng = np.random.default_rng(3)
    targets = rng.integers(0, 40, 6_000).astype(np.int32)
    weights = np.arange(6_000, dtype=np.float64)
    indptr = np.array([0, 5_000, 5_000, 6_000])
    expected = np.concatenate(
        [
            start + np.argsort(targets[start:end], kind="stable")
            for start, end in ((0, 5_000), (5_000, 6_000))
        ]
    )
    rows = targets.copy()
    csr.sort_rows(indptr, rows, weights)
    assert np.array_equal(weights, expected)
    assert np.array_equal(rows, targets[expected])
