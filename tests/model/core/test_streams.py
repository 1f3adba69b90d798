"""The market's random words as numbers: bounds, known values, and the right distribution.

Statistical tests refuse at p < 1e-6: that is the false-alarm rate of each.
"""

import copy
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from weishang.kernels.rng import WORD_MASK, Purpose, derive
from weishang.model.core.streams import CORE, PRICE, Stream, fraction, pick, standard_normal
from weishang.model.mechanisms import REGISTRY

RARE = 1e-6
WORDS = [derive(7, PRICE, number) for number in range(20_000)]
EXTREMES = (0, 1, WORD_MASK - 1, WORD_MASK)


OWNED = [stream for mechanism in REGISTRY for stream in mechanism.streams]
FROZEN = {
    "who sells": 6,
    "the price of an offer": 7,
    "rich or plain content": 8,
    "how much an offer is worth passing on": 9,
    "whom the platform shows an offer": 10,
    "whether a seller has a campaign today": 18,
    "what a seller chooses": 19,
    "further items in a mall": 23,
    "who follows after an order": 24,
    "who has an account, and its first followers": 25,
    "when viewers come to a livestream and how long they stay": 26,
}
"""Numbers are for good: a stream that gets another draws other words in every old market."""


def test_no_number_is_the_kernels_or_stands_twice():
    numbers = [int(one) for one in (*Purpose, *CORE, *OWNED)]
    words = [one.decides for one in (*CORE, *OWNED)]
    assert len(set(numbers)) == len(numbers)
    assert len(set(words)) == len(words)
    assert all(number < 100 for number in numbers)


def test_numbers_are_for_good():
    numbers = {one.decides: int(one) for one in (*CORE, *OWNED)}
    assert numbers.items() >= FROZEN.items()
    assert sorted(set(numbers.values()) - set(FROZEN.values())) == [20, 21, 22]


def test_a_stream_is_its_number_and_says_what_it_decides():
    stream = Stream(1000, "who gets a voucher")
    assert stream == 1000
    assert derive(7, stream, 3) == derive(7, 1000, 3)
    assert repr(stream) == "Stream(1000, 'who gets a voucher')"
    for copied in (pickle.loads(pickle.dumps(stream)), copy.deepcopy(stream)):
        assert (copied, copied.decides) == (stream, stream.decides)


@pytest.mark.parametrize("number", [0, -1, 1 << 32])
def test_a_stream_has_a_number_in_range(number):
    with pytest.raises(ValueError, match=f"number is {number}; give a stream's number"):
        Stream(number, "nothing")


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
