"""Random streams of the market: what a random word decides has a number of its own, for good.

A stream is the second step on a word's path, ``derive(seed, stream, ...)``. Streams that differ
never share a word, so what one mechanism draws leaves all others' draws as they were. Numbers
below 100 belong to this package (the kernels take 1 to 5, 16 and 17), 101 to 199 to its
experiments; a mechanism of your own takes numbers from 1,000 on.
"""

from statistics import NormalDist
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.rng import WORD_BITS

STANDARD_NORMAL = NormalDist()


class Stream(int):
    """A random stream: its number, and in words what it decides.

    Example:
        >>> from weishang.model.core.streams import Stream
        >>> Stream(1000, "who gets a voucher")
        Stream(1000, 'who gets a voucher')
    """

    decides: str

    def __new__(cls, number: int, decides: str) -> "Stream":
        """Name a stream.

        Raises:
            ValueError: the number is not in [1, 2^32).
        """
        if not 1 <= number < 1 << 32:
            raise ValueError(f"number is {number}; give a stream's number in [1, 2^32)")
        stream = super().__new__(cls, number)
        stream.decides = decides
        return stream

    def __reduce__(self) -> Any:
        """What copies are made from."""
        return Stream, (int(self), self.decides)

    def __repr__(self) -> str:
        return f"Stream({int(self)}, {self.decides!r})"


SELLER = Stream(6, "who sells")
PRICE = Stream(7, "the price of an offer")
CONTENT = Stream(8, "rich or plain content")
SHAREABILITY = Stream(9, "how much an offer is worth passing on")
ACTIVITY = Stream(18, "whether a seller has a campaign today")
EXPLORE = Stream(19, "what a seller chooses")
CORE = (SELLER, PRICE, CONTENT, SHAREABILITY, ACTIVITY, EXPLORE)
"""Streams of the sellers, whom no mechanism owns."""


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
