"""Random words, live masks and bit tricks for compiled CPU code.

The same arithmetic as `kernels.rng` on 64-bit registers; the contract's known answers are tested
on the backend that is built from these. Everything is inlined into the kernels that call it.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from weishang.kernels import rng
from weishang.kernels.cascade.cpu_jit import inner

GOLDEN = np.uint64(rng.GOLDEN)
MIX_1 = np.uint64(rng.MIX_1)
MIX_2 = np.uint64(rng.MIX_2)
CERTAIN = np.uint64(rng.CERTAIN)
WORDS = np.uint64(rng.UNIFORM_BITS)
ONE = np.uint64(1)
ZERO = np.uint64(0)
ALL_LANES = np.uint64(rng.WORD_MASK)

VECTOR_WORDS = 8
"""Words compared for every block before the undecided ones are finished one by one: after eight,
a lane is undecided with probability 2^-8, so few blocks are left. Six were slower throughout;
ten were as fast on rows of 18 slots and faster on full blocks (live_masks by itself)."""


@intrinsic
def trailing_zeros(typing_context: Any, word: Any) -> Any:
    """Number of zero bits below the lowest set bit of a uint64; 64 for the word 0."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), build


@intrinsic
def population(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint64."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), build


@njit(inline="always")
def mix(state):
    """SplitMix64's finaliser on uint64."""
    state = (state ^ (state >> np.uint64(30))) * MIX_1
    state = (state ^ (state >> np.uint64(27))) * MIX_2
    return state ^ (state >> np.uint64(31))


@njit(inline="always")
def child(state, index):
    """The index-th word below a state; both uint64."""
    return mix(state + GOLDEN * (index + ONE))


@njit(inline="always")
def uniform(state, index):
    """The 32-bit uniform of a word, as uint64."""
    return child(state, index) >> WORDS


@inner
def live_masks(keys, lanes, count, threshold, masks):
    """Which lanes of each block are live.

    Args:
        keys: uint64 [>= count], the row's word advanced to the block, K + GOLDEN * 32 * block.
        lanes: uint64 [>= count], the block's slots as bits; used up as scratch.
        count: blocks.
        threshold: uint64 in [0, 2^32].
        masks: uint64 [>= count], written.
    """
    if threshold == ZERO or threshold >= CERTAIN:
        for i in range(count):
            masks[i] = lanes[i] if threshold else ZERO
        return
    needed = WORDS - trailing_zeros(threshold)
    vector_words = min(np.uint64(VECTOR_WORDS), needed)
    for i in range(count):
        masks[i] = ZERO
    for word in range(vector_words):
        step = GOLDEN * (np.uint64(word) + ONE)
        if (threshold >> (WORDS - ONE - np.uint64(word))) & ONE:
            for i in range(count):
                bits = mix(keys[i] + step)
                masks[i] |= lanes[i] & ~bits
                lanes[i] &= bits
        else:
            for i in range(count):
                lanes[i] &= ~mix(keys[i] + step)
    if vector_words == needed:
        return
    for i in range(count):
        if lanes[i]:
            masks[i] |= _finish(keys[i], lanes[i], threshold, vector_words, needed)


@inner
def live_masks_of_each(keys, lanes, count, thresholds, masks):
    """As `live_masks`, with a threshold a block.

    Args:
        keys, lanes, count, masks: as in `live_masks`.
        thresholds: uint64 [>= count], in [0, 2^32].
    """
    for i in range(count):
        masks[i] = lanes[i] if thresholds[i] >= CERTAIN else ZERO
        lanes[i] = ZERO if thresholds[i] >= CERTAIN else lanes[i]
    for word in range(VECTOR_WORDS):
        step = GOLDEN * (np.uint64(word) + ONE)
        place = WORDS - ONE - np.uint64(word)
        for i in range(count):
            bits = mix(keys[i] + step)
            # All ones where the threshold's bit is set, where a lane below it is live.
            side = ZERO - ((thresholds[i] >> place) & ONE)
            masks[i] |= lanes[i] & ~bits & side
            lanes[i] &= ~(bits ^ side)
    for i in range(count):
        if lanes[i]:
            needed = WORDS - min(trailing_zeros(thresholds[i]), WORDS)
            masks[i] |= _finish(keys[i], lanes[i], thresholds[i], VECTOR_WORDS, needed)


@njit(inline="always")
def _finish(key, undecided, threshold, first, needed):
    live = ZERO
    word = np.uint64(first)
    while undecided and word < needed:
        bits = mix(key + GOLDEN * (word + ONE))
        if (threshold >> (WORDS - ONE - word)) & ONE:
            live |= undecided & ~bits
            undecided &= bits
        else:
            undecided &= ~bits
        word += ONE
    return live
