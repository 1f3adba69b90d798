"""Eight words at once are eight words one by one."""

import numpy as np
import pytest
from numba import njit

from weishang.kernels.cascade.numba.common.simd import (
    LANES,
    all_eight,
    any_of_eight,
    load_eight,
    store_eight,
)

WORDS = np.random.default_rng(5).integers(0, 2**64, (2, LANES + 3), dtype=np.uint64)

PLACE = np.uint64(3)
"""No multiple of what a vector load would have it aligned to."""


@njit
def plus(a, b):
    return a + b


@njit
def times(a, b):
    return a * b


@njit
def both(a, b):
    return a & b


@njit
def either(a, b):
    return a | b


@njit
def one_of(a, b):
    return a ^ b


@njit
def shifted(a, b):
    return a >> b


@pytest.mark.parametrize("operation", [plus, times, both, either, one_of, shifted])
def test_operations_are_those_of_each_word(operation):
    @njit
    def on_eight(one, other, result):
        store_eight(
            result, PLACE, operation(load_eight(one, PLACE), load_eight(other, np.uint64(0)))
        )

    one, other = WORDS
    if operation is shifted:
        other = other % np.uint64(64)
    result = np.zeros(LANES + 3, dtype=np.uint64)
    on_eight(one, other, result)
    np.testing.assert_array_equal(result[:3], 0)
    np.testing.assert_array_equal(result[3:], operation.py_func(one[3:], other[:LANES]))


@njit
def fill(word, result):
    store_eight(result, np.uint64(0), all_eight(word))


def test_a_word_in_all_lanes():
    result = np.zeros(LANES, dtype=np.uint64)
    fill(np.uint64(2**64 - 7), result)
    np.testing.assert_array_equal(result, np.full(LANES, 2**64 - 7, dtype=np.uint64))


@njit
def has_any(words):
    return any_of_eight(load_eight(words, np.uint64(0)))


@pytest.mark.parametrize("lane", range(LANES))
def test_any_bit_in_any_lane_is_found(lane):
    words = np.zeros(LANES, dtype=np.uint64)
    assert not has_any(words)
    for bit in (0, 31, 63):
        words[lane] = 1 << bit
        assert has_any(words)
