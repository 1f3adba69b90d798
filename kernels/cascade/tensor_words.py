"""The contract's random words on int64 tensors, and the live lanes of blocks of 64 slots.

Tensor libraries have no unsigned 64-bit product on every device, so a word is kept as its two's
complement: sums and products wrap alike, and only a right shift must clear the sign's copies.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from weishang.kernels import rng

GOLDEN = rng.GOLDEN - (1 << rng.WORD_BITS)
MIX_1 = rng.MIX_1 - (1 << rng.WORD_BITS)
MIX_2 = rng.MIX_2 - (1 << rng.WORD_BITS)

WORDS_BEFORE_LOOK = (7, 11, 16)
"""Words after which blocks without an undecided lane are set aside: a word halves the undecided
lanes, and looking costs about as much as two words (measured on a CPU)."""

_FLOAT_FRACTION_BITS = 23
_FLOAT_EXPONENT_MASK = 255
_FLOAT_EXPONENT_BIAS = 127


def signed(word: int) -> int:
    """The two's complement of an unsigned 64-bit word, in [-2^63, 2^63)."""
    word &= rng.WORD_MASK
    return word - (1 << rng.WORD_BITS) if word >> (rng.WORD_BITS - 1) else word


def child(state: Tensor | int, index: Tensor) -> Tensor:
    """`rng.child` of words and indices, elementwise.

    Args:
        state: int64 words, or one word in [0, 2^64) for all.
        index: int64, of a shape that fits `state`.

    Returns:
        int64 words.
    """
    base = signed(state + rng.GOLDEN) if isinstance(state, int) else state + GOLDEN
    words = index * GOLDEN
    words += base
    return _mix(words, words, torch.empty_like(words))


def uniforms(words: Tensor) -> Tensor:
    """The 32-bit uniforms of words: their upper halves, int64 in [0, 2^32)."""
    return (words >> rng.UNIFORM_BITS) & (rng.CERTAIN - 1)


def live_lanes(keys: Tensor, blocks: Tensor, lanes: Tensor, threshold: Tensor | int) -> Tensor:
    """Which lanes of each block are live: those whose uniform is below the threshold.

    Args:
        keys: int64 [B], the words K_u of the blocks' rows.
        blocks: int64 [B], numbers of the blocks in their rows.
        lanes: int64 [B], a bit for each lane that holds a slot.
        threshold: in [0, 2^32], one for all or int64 [B].

    Returns:
        int64 [B], a bit for each live lane.
    """
    if isinstance(threshold, int) and threshold in (0, rng.CERTAIN):
        return lanes.clone() if threshold else torch.zeros_like(lanes)
    state = blocks * signed(rng.GOLDEN * rng.UNIFORM_BITS)
    state += keys
    if isinstance(threshold, int):
        live, undecided = torch.zeros_like(lanes), lanes.clone()
    else:
        live = torch.where(threshold == rng.CERTAIN, lanes, 0)
        undecided = lanes ^ live
    _compare(state, undecided, live, threshold, 0)
    return live


def list_lanes(masks: Tensor, limit: int) -> Iterator[Tensor]:
    """List the set bits of masks as block * 64 + lane, by peeling off the lowest of each block.

    Args:
        masks: int64 [B].
        limit: a batch is handed out once it has so many bits, so none is longer than limit + B.

    Yields:
        int64 codes, each bit once, ordered only within a round of peeling.
    """
    batch: list[Tensor] = []
    size = 0
    index = masks.nonzero().view(-1)
    rest, first = masks.index_select(0, index), index << 6
    while index.numel():
        lowest = rest & -rest
        batch.append(first + _bit_number(lowest))
        size += index.numel()
        if size >= limit:
            yield _joined(batch)
            batch, size = [], 0
        rest ^= lowest
        index = rest.nonzero().view(-1)
        if index.numel() < rest.numel():
            rest, first = rest.index_select(0, index), first.index_select(0, index)
    if size:
        yield _joined(batch)


def slots_mask(counts: Tensor) -> Tensor:
    """The lanes that hold a slot, for blocks of so many slots (64 when it is more).

    Args:
        counts: int64 [B], at least 1.

    Returns:
        int64 [B], the lowest min(count, 64) bits.
    """
    partial = torch.ones_like(counts) << counts.clamp(max=rng.WORD_BITS - 1)
    partial -= 1
    return partial.masked_fill_(counts >= rng.WORD_BITS, -1)


def _compare(
    state: Tensor, undecided: Tensor, live: Tensor, threshold: Tensor | int, first: int
) -> None:
    """Decide lanes from word `first` on, most significant bit first; `live` gains lanes."""
    end = _words_needed(threshold)
    stop = min([end, *(look for look in WORDS_BEFORE_LOOK if look > first)])
    word, spare = torch.empty_like(state), torch.empty_like(state)
    for number in range(first, stop):
        state += GOLDEN
        _mix(state, word, spare)
        if isinstance(threshold, int):
            undecided = _decide(undecided, live, word, threshold >> (31 - number) & 1)
        else:
            _decide_each(undecided, live, word, -(threshold >> (31 - number) & 1))
    if stop == end:
        return
    left = undecided.nonzero().view(-1)
    if left.numel():
        more = torch.zeros_like(left)
        if not isinstance(threshold, int):
            threshold = threshold.index_select(0, left)
        _compare(
            state.index_select(0, left), undecided.index_select(0, left), more, threshold, stop
        )
        live.index_add_(0, left, more)


def _decide(undecided: Tensor, live: Tensor, word: Tensor, bit: int) -> Tensor:
    """One bit of every lane against the threshold's; returns the lanes still undecided."""
    word &= undecided
    undecided ^= word
    if not bit:
        return undecided
    live |= undecided
    return undecided.copy_(word)


def _decide_each(undecided: Tensor, live: Tensor, word: Tensor, bits: Tensor) -> None:
    """As `_decide`, with a threshold a block: its bit is 0 or, when set, -1."""
    word ^= bits
    word &= undecided
    undecided ^= word
    word &= bits
    live |= word


def _words_needed(threshold: Tensor | int) -> int:
    """Words up to the threshold's last set bit: behind it every undecided lane is dead."""
    if isinstance(threshold, int):
        return rng.UNIFORM_BITS + 1 - (threshold & -threshold).bit_length()
    return rng.UNIFORM_BITS


def _mix(state: Tensor, out: Tensor, spare: Tensor) -> Tensor:
    """SplitMix64's finaliser of `state`, into `out` (which may be `state`)."""
    _shifted(state, 30, spare)
    torch.bitwise_xor(state, spare, out=out)
    out *= MIX_1
    out ^= _shifted(out, 27, spare)
    out *= MIX_2
    out ^= _shifted(out, 31, spare)
    return out


def _shifted(words: Tensor, bits: int, out: Tensor) -> Tensor:
    """Right shift as of unsigned words, into `out`."""
    torch.bitwise_right_shift(words, bits, out=out)
    out &= (1 << (rng.WORD_BITS - bits)) - 1
    return out


def _bit_number(powers: Tensor) -> Tensor:
    """The place of the only set bit, int32: a float32 holds a power of two as its exponent."""
    exponent = powers.to(torch.float32).view(torch.int32) >> _FLOAT_FRACTION_BITS
    return (exponent & _FLOAT_EXPONENT_MASK) - _FLOAT_EXPONENT_BIAS


def _joined(batch: list[Tensor]) -> Tensor:
    return batch[0] if len(batch) == 1 else torch.cat(batch)
