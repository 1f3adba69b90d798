"""Random words, live masks and bit tricks for compiled CPU code.

The same arithmetic as `kernels.rng` on 64-bit registers; the contract's known answers are tested
on the backend that is built from these. Everything is inlined into the kernels that call it.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from weishang.kernels import rng
from weishang.kernels.cascade.numba.common.simd import (
    LANES,
    all_eight,
    any_of_eight,
    load_eight,
    store_eight,
)
from weishang.kernels.runtime.jit import jit_entry, jit_inline, jit_no_nrt

GOLDEN = np.uint64(rng.GOLDEN)
MIX_1 = np.uint64(rng.MIX_1)
MIX_2 = np.uint64(rng.MIX_2)
CERTAIN = np.uint64(rng.CERTAIN)
WORDS = np.uint64(rng.UNIFORM_BITS)
ONE = np.uint64(1)
ZERO = np.uint64(0)
ALL_LANES = np.uint64(rng.WORD_MASK)

LEAST_WORDS = np.uint64(11)
"""Words compared before the first look whether all lanes are decided. After that many a lane is
undecided with probability 2^-11; sixteen rows of 18 slots then mostly are decided, and a look whose
outcome is foreseen costs nothing. Measured from 7 to 13: 11 is best for rows of 18 slots, 13 for
full blocks."""

BLOCKS_AT_ONCE = np.uint64(2 * LANES)
"""Blocks compared together, until all are decided: twice as many words are compared after one look,
whose outcome a processor cannot foresee, and two chains of multiplications overlap."""


@intrinsic
def trailing_zeros(typing_context: Any, word: Any) -> Any:
    """Number of zero bits below the lowest set bit of a uint64; 64 for the word 0."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), build


@jit_inline
def mix(state):
    """SplitMix64's finaliser on uint64."""
    state = (state ^ (state >> np.uint64(30))) * MIX_1
    state = (state ^ (state >> np.uint64(27))) * MIX_2
    return state ^ (state >> np.uint64(31))


@jit_inline
def child(state, index):
    """The index-th word below a state; both uint64."""
    return mix(state + GOLDEN * (index + ONE))


@jit_inline
def uniform(state, index):
    """The 32-bit uniform of a word, as uint64."""
    return child(state, index) >> WORDS


@jit_inline
def mix_eight(states):
    """`mix` of an Eight."""
    states = (states ^ (states >> all_eight(np.uint64(30)))) * all_eight(MIX_1)
    states = (states ^ (states >> all_eight(np.uint64(27)))) * all_eight(MIX_2)
    return states ^ (states >> all_eight(np.uint64(31)))


@jit_no_nrt
def mix_keys(states, steps, count, keys):
    """Keys of blocks: `mix` of the state of a row, advanced to the block.

    Args:
        states, steps: uint64 [>= count + 15].
        count: uint64, blocks.
        keys: uint64 [>= count + 15], written.
    """
    for i in range(ZERO, count, np.uint64(LANES)):
        store_eight(keys, i, mix_eight(load_eight(states, i)) + load_eight(steps, i))


@jit_no_nrt
def live_masks(keys, lanes, count, threshold, masks):
    """Which lanes of each block are live.

    Args:
        keys: uint64 [>= count + 15], the row's word advanced to the block, K + GOLDEN * 32 * block.
        lanes: uint64 [>= count + 15], the block's slots as bits; overwritten from `count` on.
        count: uint64, blocks.
        threshold: uint64 in [0, 2^32].
        masks: uint64 [>= count + 15], written.
    """
    if threshold == ZERO or threshold >= CERTAIN:
        for i in range(count):
            masks[i] = lanes[i] if threshold else ZERO
        return
    _end_with_nothing(lanes, count)
    needed, ones = WORDS - trailing_zeros(threshold), all_eight(ALL_LANES)
    for i in range(ZERO, count, BLOCKS_AT_ONCE):
        j = i + np.uint64(LANES)
        key_i, key_j = load_eight(keys, i), load_eight(keys, j)
        open_i, open_j = load_eight(lanes, i), load_eight(lanes, j)
        live_i = live_j = all_eight(ZERO)
        word = ZERO
        while word < needed:
            step = all_eight(GOLDEN * (word + ONE))
            bits_i, bits_j = mix_eight(key_i + step), mix_eight(key_j + step)
            if (threshold >> (WORDS - ONE - word)) & ONE:
                live_i |= open_i & (bits_i ^ ones)
                live_j |= open_j & (bits_j ^ ones)
                open_i &= bits_i
                open_j &= bits_j
            else:
                open_i &= bits_i ^ ones
                open_j &= bits_j ^ ones
            word += ONE
            if word >= LEAST_WORDS and not any_of_eight(open_i | open_j):
                break
        store_eight(masks, i, live_i)
        store_eight(masks, j, live_j)


@jit_no_nrt
def live_masks_of_each(keys, lanes, count, thresholds, masks):
    """As `live_masks`, with a threshold a block.

    Args:
        keys, lanes, count, masks: as in `live_masks`.
        thresholds: uint64 [>= count + 15], in [0, 2^32].
    """
    _end_with_nothing(lanes, count)
    for i in range(count):
        masks[i] = lanes[i] if thresholds[i] >= CERTAIN else ZERO
        lanes[i] = ZERO if thresholds[i] >= CERTAIN else lanes[i]
    one, ones = all_eight(ONE), all_eight(ALL_LANES)
    for i in range(ZERO, count, np.uint64(LANES)):
        key, undecided, limits = (
            load_eight(keys, i),
            load_eight(lanes, i),
            load_eight(thresholds, i),
        )
        live, word = load_eight(masks, i), ZERO
        while word < WORDS and any_of_eight(undecided):
            bits = mix_eight(key + all_eight(GOLDEN * (word + ONE)))
            # All ones where the threshold's bit is set, where a lane below it is live.
            side = ((limits >> all_eight(WORDS - ONE - word)) & one) * ones
            live |= undecided & (bits ^ ones) & side
            undecided &= bits ^ side ^ ones
            word += ONE
        store_eight(masks, i, live)


@jit_inline
def _end_with_nothing(lanes, count):
    """Fill the blocks up to whole sixteens with empty ones."""
    for i in range(count, count + BLOCKS_AT_ONCE - ONE):
        lanes[i] = ZERO


@jit_entry
def cascade_words(seed, by_layer, others, num_layers, cascades):
    """The words that a batch's cascades have for each purpose.

    Args:
        seed: uint64, the world's.
        by_layer: uint64, purposes with a word a layer.
        others: uint64, purposes with one for all.
        num_layers: L.
        cascades: uint64 [C], ids.

    Returns:
        uint64 [L * by_layer + others, C]: the layers of a purpose stand together.
    """
    count = by_layer.size * num_layers
    words = np.empty((count + others.size, cascades.size), dtype=np.uint64)
    for place in range(words.shape[0]):
        if place < count:
            root = child(child(seed, by_layer[place // num_layers]), np.uint64(place % num_layers))
        else:
            root = child(seed, others[place - count])
        for i in range(cascades.size):
            words[place, i] = child(root, cascades[i])
    return words
