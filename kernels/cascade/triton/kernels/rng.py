"""Random words and live lanes for compiled GPU code, in tiles of one number a lane.

The same arithmetic as `kernels.rng` on unsigned 64-bit registers. Words lie in memory as int64
with the same bits, since tensors have no unsigned sums.
"""

from collections.abc import Callable
from typing import Any

import triton
import triton.language as tl

from weishang.kernels import rng

INTERPRETED: bool = triton.knobs.runtime.interpret
"""Whether kernels run in Triton's interpreter, on the CPU: TRITON_INTERPRET=1 before the import."""

GOLDEN = tl.constexpr(rng.GOLDEN)
MIX_1 = tl.constexpr(rng.MIX_1)
MIX_2 = tl.constexpr(rng.MIX_2)
CERTAIN = tl.constexpr(rng.CERTAIN)
ALL_LANES = tl.constexpr(rng.WORD_MASK)
LANES_IN_BLOCK = tl.constexpr(rng.WORD_BITS)
BLOCK_STEP = tl.constexpr(rng.GOLDEN * rng.UNIFORM_BITS & rng.WORD_MASK)
"""From a block's words to those of the next."""
SIGN_SHIFT = tl.constexpr(rng.UNIFORM_BITS - 1)

WORDS_BEFORE_LOOK = tl.constexpr(4)
"""Words between two looks at whether a tile has an undecided lane left."""

FLOAT_MANTISSA_BITS = tl.constexpr(23)
FLOAT_BIAS = tl.constexpr(127)


def inline(function: Callable[..., Any]) -> Any:
    """Mark what kernels call: compiled into them, or called as it is when interpreted.

    The interpreter prepares its language anew at each call of a decorated function, which takes
    longer than the calls here themselves.
    """
    return function if INTERPRETED else triton.jit(function)


@inline
def mix(state):
    """SplitMix64's finaliser on uint64."""
    state = (state ^ (state >> 30)) * MIX_1
    state = (state ^ (state >> 27)) * MIX_2
    return state ^ (state >> 31)


@inline
def child(state, index):
    """The index-th word below each state, uint64; `state` and `index` are any 64-bit integers."""
    return mix(state.to(tl.uint64) + (index.to(tl.uint64) + 1) * GOLDEN)


@inline
def uniform(state, index):
    """The 32-bit uniform of the index-th word below each state, as int64."""
    return (child(state, index) >> 32).to(tl.int64)


@inline
def live_lanes(state, lanes, threshold):
    """Which lanes of each block are live.

    Args:
        state: uint64, the row's word advanced to the block: K + GOLDEN * 32 * block.
        lanes: uint64, a bit for each lane that holds a slot; 0 where a tile has no block.
        threshold: int64 in [0, 2^32].

    Returns:
        uint64, a bit for each live lane.
    """
    live = tl.where(threshold >= CERTAIN, lanes, 0)
    rest = threshold.to(tl.int32)
    undecided = tl.where(rest != 0, lanes, 0)
    while tl.max((undecided != 0).to(tl.int32), axis=0) != 0:
        for _ in tl.static_range(WORDS_BEFORE_LOOK):
            state += GOLDEN
            word = mix(state)
            bit = (rest >> SIGN_SHIFT).to(tl.int64).to(tl.uint64)
            equal = undecided & (word ^ bit ^ ALL_LANES)
            live |= (undecided ^ equal) & bit
            undecided = equal
            rest = rest << 1
        undecided = tl.where(rest != 0, undecided, 0)
    return live


@inline
def lowest(mask):
    """The lowest set bit of each uint64, alone; 0 of 0."""
    return mask & (0 - mask)


@inline
def lane_of(bit):
    """The lane of a bit that stands alone, int32; below 0 where there is none.

    A power of two is exact as a float, and its exponent is the lane.
    """
    exponent = bit.to(tl.float32).to(tl.int32, bitcast=True) >> FLOAT_MANTISSA_BITS
    return exponent - FLOAT_BIAS
