"""The contract's random words on int64 tensors, and the live lanes of blocks of 64 slots.

Tensor libraries have no unsigned 64-bit product on every device, so a word is kept as its two's
complement: sums and products wrap alike, and only a right shift must clear the sign's copies.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from torch import Tensor

from weishang.kernels import rng
from weishang.kernels.cascade.torch.ops import by_numpy, lowest_lanes, positions

GOLDEN = rng.GOLDEN - (1 << rng.WORD_BITS)
# Tensors of one number: torch would wrap a Python number anew at each use, which takes as long
# as a small operation.
MIX_1 = torch.tensor(rng.MIX_1 - (1 << rng.WORD_BITS), device="cpu")
MIX_2 = torch.tensor(rng.MIX_2 - (1 << rng.WORD_BITS), device="cpu")
SHIFTS = {
    bits: torch.tensor([bits, (1 << (rng.WORD_BITS - bits)) - 1], device="cpu").unbind()
    for bits in (27, 30, 31)
}
"""The finaliser's right shifts, each with the bits that it leaves of a word."""

WORDS_BEFORE_LOOK = 6
"""Words after which blocks without an undecided lane are set aside: a word halves the undecided
lanes, and a look costs about as much as a word."""
MORE_WORDS = 4
"""Words from one look to the next."""
FEW_LEFT = 4
"""Where only one block in this many is left, its lanes are decided one by one: most have one."""

WORDS_AT_ONCE = 1 << 16
"""Few blocks take many words in one operation; more than these would leave a CPU's cache."""

FEW_MASKS = 1 << 11
"""Masks that are listed by few operations rather than by little work: then calls take the time."""

_EACH_BYTE = 0x0101010101010101
_BYTE_SIGNS = -0x7F7F7F7F7F7F7F80
_TOP_BYTE = 56


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
    return _mix(words, torch.empty_like(words))


def uniforms(words: Tensor) -> Tensor:
    """The 32-bit uniforms of words: their upper halves, int64 in [0, 2^32)."""
    return (words >> rng.UNIFORM_BITS) & (rng.CERTAIN - 1)


def advanced(row_words: Tensor, number: Tensor) -> Tensor:
    """The words K_u of rows as those of their blocks of such numbers; int64."""
    return (number * signed(rng.GOLDEN * rng.UNIFORM_BITS)).add_(row_words)


def live_lanes(states: Tensor, lanes: Tensor, threshold: Tensor | int) -> Tensor:
    """Which lanes of each block are live: those whose uniform is below the threshold.

    Args:
        states: int64 [B], the words K_u of the blocks' rows, advanced to the blocks.
        lanes: int64 [B], a bit for each lane that holds a slot.
        threshold: in [0, 2^32], one for all or int64 [B].

    Returns:
        int64 [B], a bit for each live lane.
    """
    if isinstance(threshold, int) and threshold in (0, rng.CERTAIN):
        return lanes.clone() if threshold else torch.zeros_like(lanes)
    if isinstance(threshold, int):
        return _below(states, lanes, threshold, 0)
    certain = lanes.masked_fill(threshold != rng.CERTAIN, 0)
    return _below(states, lanes ^ certain, threshold, 0).bitwise_or_(certain)


def list_lanes(masks: Tensor, limit: int) -> Iterator[tuple[Tensor, Tensor]]:
    """List the set bits of masks, each once.

    Args:
        masks: int64 [B].
        limit: bits listed at once, at least B.

    Yields:
        Positions in masks and lanes of the bits, int64.
    """
    pieces = _lowest_first(masks, limit) if by_numpy(masks) else _in_order(masks, limit)
    return _gathered(pieces, limit)


def unfold(counts: Tensor, limit: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Number the members of groups, group after group.

    Args:
        counts: int64 [G], sizes of the groups.
        limit: members numbered at once.

    Yields:
        The members' groups and their numbers in them, from 0; int64.
    """
    ends = counts.cumsum(0)
    firsts = ends - counts
    total = int(ends[-1]) if counts.numel() else 0
    for begin in range(0, total, limit):
        end = min(begin + limit, total)
        if end - begin < total:
            counts = (ends.clamp(max=end) - firsts.clamp(min=begin)).clamp_(min=0)
        group = torch.repeat_interleave(counts, output_size=end - begin)
        number = torch.arange(begin, end, device=counts.device)
        number -= firsts.index_select(0, group)
        yield group, number


def first_lanes(last: Tensor) -> Tensor:
    """Masks of the lanes 0 .. min(last, 63), int64; a last of -1 means none."""
    behind = torch.bitwise_left_shift(-2, last.clamp(0, rng.WORD_BITS - 1))
    behind |= last >> (rng.WORD_BITS - 1)
    return behind.bitwise_not_()


def _in_order(masks: Tensor, limit: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The set bits, mask by mask: a few dozen operations, however many bits a mask has."""
    running = _running_counts(masks)
    for block, rank in unfold(running >> _TOP_BYTE, limit):
        yield block, _select(masks.index_select(0, block), running.index_select(0, block), rank)


def _lowest_first(masks: Tensor, limit: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The lowest bit of every mask, then the next: less work for each bit, while masks are many."""
    block = positions(masks)
    left = masks.index_select(0, block)
    while block.numel() >= FEW_MASKS:
        yield block, lowest_lanes(left)
        left &= left - 1
        more = positions(left)
        block, left = block.index_select(0, more), left.index_select(0, more)
    for some, lane in _in_order(left, limit):
        yield block.index_select(0, some), lane


def _gathered(
    pieces: Iterator[tuple[Tensor, Tensor]], limit: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """The pieces, put together to as few as a limit allows that none is above."""
    held: list[tuple[Tensor, Tensor]] = []
    size = 0
    for piece in pieces:
        count = piece[0].numel()
        if held and size + count > limit:
            yield _together(held)
            held, size = [], 0
        held.append(piece)
        size += count
    if held:
        yield _together(held)


def _together(pieces: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    if len(pieces) == 1:
        return pieces[0]
    blocks, lanes = zip(*pieces, strict=True)
    return torch.cat(blocks), torch.cat(lanes)


def _below(state: Tensor, lanes: Tensor, threshold: Tensor | int, first: int) -> Tensor:
    """The lanes whose bits from word `first` on are below the threshold's, top bit first."""
    end = _words_needed(threshold)
    stop = min(end, first + MORE_WORDS if first else WORDS_BEFORE_LOOK)
    kept, undecided = lanes.clone(), lanes.clone()
    for number, word in _words(state, first, stop):
        shift = rng.UNIFORM_BITS - 1 - number
        if not isinstance(threshold, int):
            # The bit of each block's threshold, 0 or, when set, -1.
            bits = -(threshold >> shift & 1)
            word ^= bits
            word &= undecided
            undecided ^= word
            kept ^= word.bitwise_and_(~bits)
        elif threshold >> shift & 1:
            undecided.bitwise_and_(word)
        else:
            undecided.bitwise_xor_(word.bitwise_and_(undecided))
            kept.bitwise_xor_(word)
    live = kept.bitwise_xor_(undecided)
    left = positions(undecided) if stop < end else undecided[:0]
    if left.numel():
        if not isinstance(threshold, int):
            threshold = threshold.index_select(0, left)
        further = _each_below if FEW_LEFT * left.numel() <= lanes.numel() else _below
        # A lane that is still undecided is not among the live, so that adding sets its bit.
        state, undecided = state.index_select(0, left), undecided.index_select(0, left)
        live.index_add_(0, left, further(state, undecided, threshold, stop))
    return live


def _each_below(state: Tensor, lanes: Tensor, threshold: Tensor | int, first: int) -> Tensor:
    """`_below` lane by lane: of few lanes all further words are taken in one operation each."""
    end = _words_needed(threshold)
    count = end - first
    places = torch.arange(count - 1, -1, -1, device=state.device)
    live = torch.zeros_like(lanes)
    for block, lane in _in_order(lanes, max(1, WORDS_AT_ONCE // count)):
        words = state.index_select(0, block) + _steps(state.device)[first:end]
        _mix(words, torch.empty_like(words))
        bits = words.bitwise_right_shift_(lane).bitwise_and_(1)
        luck = bits.bitwise_left_shift_(places.view(-1, 1)).sum(0)
        limit = threshold if isinstance(threshold, int) else threshold.index_select(0, block)
        below = luck < (limit >> (rng.UNIFORM_BITS - end) & (1 << count) - 1)
        live.index_add_(0, block, below.long().bitwise_left_shift_(lane))
    return live


def _words(state: Tensor, first: int, stop: int) -> Iterator[tuple[int, Tensor]]:
    """Words number `first` .. `stop` - 1 of each block; each may be overwritten."""
    size = max(1, min(stop - first, WORDS_AT_ONCE // max(1, state.numel())))
    words, spare = state.new_empty(2, size, state.numel()).unbind(0)
    for begin in range(first, stop, size):
        count = min(size, stop - begin)
        torch.add(state, _steps(state.device)[begin : begin + count], out=words[:count])
        _mix(words[:count], spare[:count])
        yield from enumerate(words[:count].unbind(0), start=begin)


@cache
def _steps(device: torch.device) -> Tensor:
    """What each word of a block is from its state, int64 [32, 1]."""
    return torch.arange(1, rng.UNIFORM_BITS + 1, device=device).mul_(GOLDEN).view(-1, 1)


def _words_needed(threshold: Tensor | int) -> int:
    """Words up to the threshold's last set bit: behind it every undecided lane is dead."""
    if isinstance(threshold, int):
        return rng.UNIFORM_BITS + 1 - (threshold & -threshold).bit_length()
    return rng.UNIFORM_BITS


def _mix(words: Tensor, spare: Tensor) -> Tensor:
    """SplitMix64's finaliser of words, in their place; `spare` is memory of the same shape."""
    if by_numpy(words):
        rng.mix_many(words.numpy().view(np.uint64), spare.numpy().view(np.uint64))
        return words
    words ^= _shifted(words, 30, spare)
    words *= MIX_1
    words ^= _shifted(words, 27, spare)
    words *= MIX_2
    words ^= _shifted(words, 31, spare)
    return words


def _shifted(words: Tensor, bits: int, out: Tensor) -> Tensor:
    """Right shift as of unsigned words, into `out`."""
    shift, left = SHIFTS[bits]
    torch.bitwise_right_shift(words, shift, out=out)
    out &= left
    return out


def _running_counts(masks: Tensor) -> Tensor:
    """Set bits of each mask up to and with each byte, in that byte of the result."""
    counts = masks - ((masks >> 1) & 0x5555555555555555)
    counts = (counts & 0x3333333333333333).add_((counts >> 2) & 0x3333333333333333)
    counts += counts >> 4
    counts &= 0x0F0F0F0F0F0F0F0F
    counts *= _EACH_BYTE
    return counts


def _select(masks: Tensor, running: Tensor, rank: Tensor) -> Tensor:
    """The lane of each mask's set bit number `rank`, from 0; `running` as of _running_counts.

    Source: Vigna (2008), "Broadword implementation of rank/select queries", WEA.
    """
    passed = (rank * _EACH_BYTE).bitwise_or_(_BYTE_SIGNS).sub_(running).bitwise_and_(_BYTE_SIGNS)
    passed >>= 7
    passed *= _EACH_BYTE
    first_lane = (passed >> _TOP_BYTE) << 3
    before = (running << 8).bitwise_right_shift_(first_lane).bitwise_and_(255)
    place = (masks >> first_lane).bitwise_and_(255)
    place <<= 3
    place += rank
    place -= before
    return first_lane.add_(_places_in_byte(masks.device).index_select(0, place))


@cache
def _places_in_byte(device: torch.device) -> Tensor:
    """Entry byte * 8 + rank is the place of that set bit in the byte; int64 [2048]."""
    places = np.zeros((256, 8), dtype=np.int64)
    for byte in range(256):
        found = [bit for bit in range(8) if byte >> bit & 1]
        places[byte, : len(found)] = found
    return torch.from_numpy(places.ravel()).to(device)
