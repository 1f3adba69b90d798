"""The contract's random words: SplitMix64 read as a tree, and integer thresholds.

Every draw is a pure function of (seed, purpose, layer, cascade, node, slot), so the luck of a
world does not depend on schedule, batch, device or partition. The functions here are the
definition on Python integers; the backends carry their own arithmetic, held to these by tests.

Source: Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators", OOPSLA;
mixing constants of Stafford's variant 13.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

WORD_BITS = 64
WORD_MASK = (1 << WORD_BITS) - 1
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB

UNIFORM_BITS = 32
"""Bits of the uniforms that probabilities are compared with."""
CERTAIN = 1 << UNIFORM_BITS
"""The threshold of probability 1: above every 32-bit uniform."""


class Purpose(IntEnum):
    """What a random word decides: one number for each decision of the contract.

    A mechanism outside the kernels takes numbers of its own.
    """

    VIEW = 1
    BUY = 2
    SHARE = 3
    WEIGHT = 4
    VISIT = 5
    POST = 16
    STRANGER = 17


def mix(state: int) -> int:
    """SplitMix64's finaliser: a bijection of 64-bit words."""
    state &= WORD_MASK
    state = ((state ^ (state >> 30)) * MIX_1) & WORD_MASK
    state = ((state ^ (state >> 27)) * MIX_2) & WORD_MASK
    return state ^ (state >> 31)


def child(state: int, index: int) -> int:
    """The `index`-th output of SplitMix64 seeded with `state`, as an unsigned 64-bit word."""
    return mix(state + GOLDEN * (index + 1))


def derive(seed: int, *path: int) -> int:
    """Walk down the tree of words: ``child(child(seed, path[0]), path[1])`` and so on."""
    for index in path:
        seed = child(seed, index)
    return seed


def uniform(seed: int, *path: int) -> int:
    """The 32-bit uniform at the end of a path: the upper half of its word."""
    return derive(seed, *path) >> UNIFORM_BITS


def children(states: NDArray[np.uint64], indices: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`child` of arrays: one word for each pair, of any shapes that fit each other."""
    # NumPy warns of what overflows in single numbers, and not in arrays: here it is meant.
    with np.errstate(over="ignore"):
        words = np.asarray(states + np.uint64(GOLDEN) * (indices + np.uint64(1)))
    mix_many(words, np.empty_like(words))
    return words[()]


def mix_many(words: NDArray[np.uint64], spare: NDArray[np.uint64]) -> None:
    """`mix` of each word, in its place; `spare` is memory of the same shape."""
    for shift, factor in ((30, MIX_1), (27, MIX_2)):
        np.right_shift(words, np.uint64(shift), out=spare)
        words ^= spare
        words *= np.uint64(factor)
    np.right_shift(words, np.uint64(31), out=spare)
    words ^= spare


def derive_many(seed: int, *path: int | NDArray[np.integer[Any]]) -> NDArray[np.uint64]:
    """`derive` with arrays in the path, of any shapes that fit each other."""
    words = np.array([seed], dtype=np.uint64)
    for index in path:
        words = children(words, np.asarray(index, dtype=np.uint64))
    return words


def word_tree(states: list[int], indices: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The children of each state at each index: uint64 [states, indices]."""
    return children(np.array(states, dtype=np.uint64)[:, np.newaxis], indices)


def live_lanes(row_key: int, block: int, limit: int) -> int:
    """Which of a block's 64 lanes are live: bit j of the mask is slot 64 * block + j.

    Bit i, from the most significant, of lane j's uniform is bit j of word ``32 * block + i``. So
    one word compares one bit of 64 uniforms with the limit's, and most lanes are decided early.

    Args:
        row_key: the row's word, ``derive(seed, VIEW, layer, cascade, node)``.
        block: number of the block in the row.
        limit: threshold in [0, 2^32]; a lane is live when its uniform is below it.
    """
    if limit >= CERTAIN:
        return WORD_MASK
    live, undecided = 0, WORD_MASK
    for i in range(UNIFORM_BITS):
        rest = limit & ((1 << (UNIFORM_BITS - i)) - 1)
        if not undecided or not rest:
            break
        word = child(row_key, UNIFORM_BITS * block + i)
        if rest >> (UNIFORM_BITS - 1 - i):
            live |= undecided & ~word
            undecided &= word
        else:
            undecided &= ~word
    return live


def threshold(probability: ArrayLike, name: str = "probability") -> NDArray[np.uint64]:
    """Turn probabilities into the integers that uniforms are compared with.

    Args:
        probability: float64 of any shape, in [0, 1].
        name: what an error calls it.

    Returns:
        uint64 of the same shape, floor(p * 2^32 + 0.5), in [0, 2^32]; 2^32 is certainty.

    Raises:
        ValueError: a probability is NaN or outside [0, 1], or the numbers are no float64 (.05 as
            float32 is another number).
    """
    values = as_float64(probability, name)
    bad = ~((values >= 0.0) & (values <= 1.0))
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        at = f"{name}{list(place)}" if place else name
        raise ValueError(f"{at} is {float(values[place])}; a probability lies in [0, 1]")
    return np.floor(values * float(CERTAIN) + 0.5).astype(np.uint64)


def as_float64(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Read numbers as float64, refusing narrower floats and what is no number.

    Raises:
        ValueError: the dtype is neither float64 nor an integer, or rows differ in length.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is not a rectangular array of numbers: {error}") from None
    if array.dtype == np.float64:
        return array
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    raise ValueError(
        f"{name} has dtype {array.dtype}; give float64, since a narrower float "
        "is another probability"
    )
