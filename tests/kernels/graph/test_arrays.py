"""Arrays made alike everywhere: offsets, nodes by class, read-only views, equal lengths."""

from dataclasses import dataclass

import numpy as np
import pytest

from weishang.kernels.graph.arrays import check_columns, freeze, offsets, rows_by_class


@dataclass(frozen=True)
class Table:
    node: np.ndarray
    price: np.ndarray


@pytest.mark.parametrize("counts", [[], [0], [3, 0, 2]])
def test_offsets_are_running_sums_from_0(counts):
    found = offsets(np.array(counts, dtype=np.int32))
    assert found.tolist() == [sum(counts[:end]) for end in range(len(counts) + 1)]
    assert found.dtype == np.int64


@pytest.mark.parametrize("dtype", [np.int8, np.int32])
def test_every_class_holds_its_nodes_in_order(dtype):
    classes = np.random.default_rng(3).integers(4, size=50).astype(dtype)
    indptr, nodes = rows_by_class(classes, 6)
    assert indptr.size == 7
    for number in range(6):
        mine = nodes[indptr[number] : indptr[number + 1]]
        assert np.array_equal(mine, np.flatnonzero(classes == number))
    assert (indptr.dtype, nodes.dtype) == (np.int64, np.int32)


def test_there_may_be_more_classes_than_told_and_no_nodes():
    assert rows_by_class(np.array([2, 0]), 1)[0].tolist() == [0, 1, 1, 2]
    indptr, nodes = rows_by_class(np.array([], dtype=np.int8), 2)
    assert (indptr.tolist(), nodes.tolist()) == ([0, 0, 0], [])


def test_what_is_frozen_cannot_be_written_to():
    given = np.arange(3)
    table = Table(given, given)
    freeze(table, price=given)
    with pytest.raises(ValueError, match="read-only"):
        table.price[0] = 7
    given[0] = 7
    assert table.price[0] == 7


def test_columns_of_other_shapes_are_refused():
    check_columns(Table(np.arange(3), np.ones(3)))
    with pytest.raises(ValueError, match=r"price has shape \(2,\); give \(3,\)"):
        check_columns(Table(np.arange(3), np.ones(2)))
    with pytest.raises(ValueError, match=r"price has shape \(3, 1\); give \(3,\)"):
        check_columns(Table(np.arange(3), np.ones((3, 1))))
