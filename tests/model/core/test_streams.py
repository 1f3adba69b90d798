"""The market's random words as numbers: bounds, known values, and the right distribution.

Statistical tests refuse at p < 1e-6: that is the false-alarm rate of each.
"""

import math

import numpy as np
import pytest
from scipy import stats

from weishang.kernels.rng import WORD_MASK, Purpose, derive
from weishang.model.core.streams import MarketPurpose, fraction, pick, standard_normal

RARE = 1e-6
WORDS = [derive(7, MarketPurpose.PRICE, number) for number in range(20_000)]
EXTREMES = (0, 1, WORD_MASK - 1, WORD_MASK)


def test_no_number_is_the_kernels_or_stands_twice():
    numbers = [one.value for one in (*Purpose, *MarketPurpose)]
    names = [*Purpose.__members__, *MarketPurpose.__members__]
    assert len(set(numbers)) == len(numbers) == len(names)


def test_a_fraction_lies_strictly_inside_the_unit_interval():
    assert all(0.0 < fraction(word) < 1.0 for word in EXTREMES)
    assert fraction(0) == 2.0**-53
    assert fraction(WORD_MASK) == 1.0 - 2.0**-53
    assert fraction(1 << 63) == 0.5 + 2.0**-53


def test_an_array_of_words_gives_the_same_fractions():
    words = [*EXTREMES, *WORDS[:100]]
    found = fraction(np.array(words, dtype=np.uint64))
    assert found.dtype == np.float64
    assert found.tolist() == [fraction(word) for word in words]


def test_fractions_are_uniform():
    assert stats.kstest([fraction(word) for word in WORDS], "uniform").pvalue > RARE


def test_normal_numbers_are_finite_and_their_middle_is_zero():
    assert all(math.isfinite(standard_normal(word)) for word in EXTREMES)
    assert standard_normal(0) == -standard_normal(WORD_MASK)
    assert 8.0 < standard_normal(WORD_MASK) < 9.0
    assert abs(standard_normal(1 << 63)) < 1e-15


def test_normal_numbers_are_standard_normal():
    assert stats.kstest([standard_normal(word) for word in WORDS], "norm").pvalue > RARE


@pytest.mark.parametrize("count", [1, 2, 7, 1_000_003, 1 << 63])
def test_a_pick_is_one_of_so_many(count):
    assert pick(0, count) == 0
    assert pick(WORD_MASK, count) == count - 1
    assert pick(1 << 63, count) == count // 2


def test_picks_are_uniform():
    found = np.bincount([pick(word, 7) for word in WORDS], minlength=7)
    assert found.size == 7
    assert stats.chisquare(found).pvalue > RARE
