"""Purposes of the market's own random words; no number is shared with the kernels' purposes."""

from enum import IntEnum
from statistics import NormalDist
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.rng import WORD_BITS

STANDARD_NORMAL = NormalDist()


class MarketPurpose(IntEnum):
    """What a random word of the market decides: one number a mechanism, for good."""

    SELLER = 6
    PRICE = 7
    CONTENT = 8
    APPEAL = 9
    AUDIENCE = 10
    ACTIVITY = 18
    EXPLORE = 19
    SEARCH = 20
    CLICK = 21
    SHOP = 22
    BASKET = 23
    FOLLOW = 24
    ACCOUNT = 25
    ROOM = 26


@overload
def fraction(word: int) -> float: ...
@overload
def fraction(word: NDArray[np.uint64]) -> NDArray[np.float64]: ...
def fraction(word: Any) -> Any:
    """A word as a number strictly between 0 and 1: its upper 52 bits, at the cell's middle.

    An array of words gives an array of numbers, the same.
    """
    return ((word >> 12) + 0.5) * 2.0**-52


def standard_normal(word: int) -> float:
    """A word as a standard normal number, by the inverse distribution function."""
    return STANDARD_NORMAL.inv_cdf(fraction(word))


def pick(word: int, count: int) -> int:
    """A word as an integer in [0, count), by the upper half of their 128-bit product."""
    return (word * count) >> WORD_BITS
