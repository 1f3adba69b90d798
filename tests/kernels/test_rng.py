"""The contract's words and thresholds against its known answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.kernels.rng import (
    CERTAIN,
    UNIFORM_BITS,
    WORD_BITS,
    WORD_MASK,
    Purpose,
    child,
    derive,
    derive_many,
    live_lanes,
    threshold,
    uniform,
)

HUB_KEY = 0x7B2A124706263C9E
words = st.integers(0, WORD_MASK)


@pytest.mark.parametrize(
    ("state", "index", "word"),
    [
        (0, 0, 0xE220A8397B1DCDAF),
        (0, 1, 0x6E789E6AA1B965F4),
        (0, 2, 0x06C45D188009454F),
        (0, 3, 0xF88BB8A8724C81EC),
        (42, 0, 0xBDD732262FEB6E95),
        (child(7, 1), 5, 0x7F0008EB0F350C7E),
    ],
)
def test_child_gives_the_known_words(state: int, index: int, word: int) -> None:
    assert child(state, index) == word


def test_derive_walks_down_to_the_known_row_key() -> None:
    assert derive(2026, Purpose.VIEW, 0, 3, 17) == HUB_KEY
    assert derive(9) == 9


@pytest.mark.parametrize(
    ("probability", "block", "lanes", "mask"),
    [
        (0.02, 0, 64, 0x0000000100000000),
        (0.127, 0, 64, 0x0808000100002102),
        (0.5, 0, 64, 0x8A1A8B6572CFFFCE),
        (0.5, 1, 10, 0x35B),
    ],
)
def test_live_lanes_gives_the_known_masks(
    probability: float, block: int, lanes: int, mask: int
) -> None:
    live = live_lanes(HUB_KEY, block, int(threshold(probability)))
    assert live & ((1 << lanes) - 1) == mask


@given(row_key=words, block=st.integers(0, 2**40), limit=st.integers(0, CERTAIN))
def test_live_lanes_are_those_with_a_uniform_below_the_limit(
    row_key: int, block: int, limit: int
) -> None:
    live = live_lanes(row_key, block, limit)
    drawn = [child(row_key, UNIFORM_BITS * block + i) for i in range(UNIFORM_BITS)]
    for lane in range(WORD_BITS):
        bits = "".join(str(word >> lane & 1) for word in drawn)
        assert live >> lane & 1 == (int(bits, base=2) < limit)


@given(row_key=words, low=st.integers(0, CERTAIN), high=st.integers(0, CERTAIN))
def test_a_higher_limit_keeps_every_live_lane(row_key: int, low: int, high: int) -> None:
    low, high = sorted((low, high))
    assert live_lanes(row_key, 0, low) & ~live_lanes(row_key, 0, high) == 0


def test_live_lanes_at_the_ends() -> None:
    assert live_lanes(HUB_KEY, 0, 0) == 0
    assert live_lanes(HUB_KEY, 0, CERTAIN) == WORD_MASK


@given(state=words, path=st.lists(words, max_size=4))
def test_a_uniform_is_the_upper_half_of_its_word(state: int, path: list[int]) -> None:
    word = derive(state, *path)
    assert 0 <= word <= WORD_MASK
    assert uniform(state, *path) == word // 2**32


@given(seed=words, first=st.lists(words, max_size=3), number=st.integers(0, 2**31 - 1))
def test_arrays_in_a_path_give_the_word_of_each(seed: int, first: list[int], number: int) -> None:
    nodes = np.array([number, 0], dtype=np.int32)
    found = derive_many(
        seed, Purpose.BUY, np.array(first, dtype=np.uint64)[:, np.newaxis], nodes, WORD_MASK
    )
    expected = [
        [derive(seed, Purpose.BUY, index, node, WORD_MASK) for node in nodes.tolist()]
        for index in first
    ]
    assert found.dtype == np.uint64
    assert found.shape == (len(first), 2)
    assert found.tolist() == expected


def test_purposes_keep_their_numbers() -> None:
    known = {"VIEW": 1, "BUY": 2, "SHARE": 3, "WEIGHT": 4, "VISIT": 5}
    assert known.items() <= {purpose.name: purpose.value for purpose in Purpose}.items()
    assert len({purpose.value for purpose in Purpose}) == len(Purpose.__members__)


@pytest.mark.parametrize(
    ("probability", "limit"),
    [
        (0.0, 0),
        (1.0, 2**32),
        (0.5, 2**31),
        (2.0**-33, 1),
        (2.0**-33 * (1 - 2.0**-50), 0),
        (1.0 - 2.0**-33, 2**32),
        (math.nextafter(1.0 - 2.0**-33, 0.0), 2**32 - 1),
        (0.02, 85899346),
        (0.05, 214748365),
        (-0.0, 0),
    ],
)
def test_threshold_rounds_half_up(probability: float, limit: int) -> None:
    assert int(threshold(probability)) == limit


@given(st.floats(0.0, 1.0))
def test_threshold_is_floor_of_the_scaled_probability(probability: float) -> None:
    limit = int(threshold(probability))
    assert limit == math.floor(probability * 2**32 + 0.5)
    assert 0 <= limit <= CERTAIN


def test_threshold_keeps_the_shape() -> None:
    limits = threshold([[0, 1], [1, 0]])
    assert limits.tolist() == [[0, CERTAIN], [CERTAIN, 0]]
    assert limits.dtype == np.uint64
    assert threshold(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.float32(0.05), "odds has dtype float32"),
        (np.float16([0.5]), "odds has dtype float16"),
        ([0.1, math.nan], r"odds\[1\] is .*nan"),
        ([[0.1], [1.5]], r"odds\[1, 0\] is .*1\.5"),
        (-1e-300, "odds is .*-1e-300"),
        (math.inf, "odds is .*inf"),
        (["a"], "odds has dtype"),
        ([True], "odds has dtype bool"),
        ([[0.1], [0.1, 0.2]], "odds is not a rectangular array"),
        (None, "odds has dtype object"),
        (0.5 + 0j, "odds has dtype complex128"),
    ],
)
def test_threshold_refuses_what_is_no_probability(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        threshold(values, "odds")
