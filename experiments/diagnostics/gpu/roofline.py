"""What the memory and the arithmetic of an H100 would let through, on paper.

A trial is one slot of a row that posts. Nothing here is measured: the costs are counted in the
machine code, the rest is how many words, live slots and bytes a trial takes on average.
Source for the device: NVIDIA, H100 Tensor Core GPU Architecture (2022), SXM5; throughput of
instructions: CUDA C++ Programming Guide, "Arithmetic Instructions", compute capability 9.0.
"""

from collections.abc import Sequence
from math import comb, prod
from typing import NamedTuple

from weishang.kernels.cascade.triton.kernels.rng import WORDS_BEFORE_LOOK
from weishang.kernels.cascade.triton.launch import ROW_LANES
from weishang.kernels.rng import UNIFORM_BITS

MEMORY_BYTES_PER_S = 3.35e12
MULTIPROCESSORS = 132
CLOCK_HZ = 1.98e9
INTEGER_LANES = 64
"""Integer operations a clock and multiprocessor; some instructions go to other units beside."""

SECTOR_BYTES = 32
"""What the memory moves at once."""
ENTRY_BYTES = 8

LIVE_SLOT_BYTES = 3 * SECTOR_BYTES
"""The target's sector; the seen bit's, read and written back."""
ROW_BYTES = 2 * SECTOR_BYTES + 6 * ENTRY_BYTES
"""The row's offsets, for sorting and for following it; its entry: listed, decided and written
back, sorted, queued and taken from the queue."""

DEGREES = (4, 18, 64)
"""As in NetHEPT, as in the benchmark's graph, and a block that is full."""
PROBABILITIES = (0.01, 0.02, 0.05, 0.1, 0.5)


class Costs(NamedTuple):
    """Instructions of a thread: a word, a live slot, listing a hit, a block beside all that."""

    word: float
    live_slot: float
    listing: float
    block: float


def words_a_block(slots: int) -> float:
    """Words that a program draws for each of its blocks, on average.

    It looks after every few words whether one of its lanes is undecided; a word leaves half of
    them so.
    """
    lanes = ROW_LANES * slots
    step = WORDS_BEFORE_LOOK.value
    looks = range(0, UNIFORM_BITS, step)
    return step * sum(1.0 - (1.0 - 0.5**words) ** lanes for words in looks)


def longest_block(slots: int, probability: float) -> float:
    """Live slots of the block that has most of them in a program, on average: all wait for it."""
    below, longest = 0.0, 0.0
    for live in range(slots):
        chance = (probability, live), (1.0 - probability, slots - live)
        below += comb(slots, live) * prod(base**power for base, power in chance)
        longest += 1.0 - min(below, 1.0) ** ROW_LANES
    return longest


def bytes_a_trial(degree: int, probability: float) -> float:
    """Bytes that the memory moves, if caches hold nothing and every hit is a node's first."""
    return ROW_BYTES / degree + LIVE_SLOT_BYTES * probability


def instructions_a_trial(costs: Costs, degree: int, probability: float) -> float:
    """Instructions of a thread; rows of at most one block."""
    live = longest_block(degree, probability)
    block = costs.block + costs.word * words_a_block(degree)
    return (block + (costs.live_slot + costs.listing) * live) / degree


def roofline_table(costs: Costs) -> str:
    """Bounds in billions of trials a second, by degree and probability."""
    instructions_per_s = MULTIPROCESSORS * INTEGER_LANES * CLOCK_HZ
    lines = []
    for degree in DEGREES:
        for p in PROBABILITIES:
            size, work = bytes_a_trial(degree, p), instructions_a_trial(costs, degree, p)
            bounds = MEMORY_BYTES_PER_S / size, instructions_per_s / work
            figures = f"{size:.1f}", f"{work:.1f}", *(f"{bound / 1e9:,.0f}" for bound in bounds)
            lines.append([str(degree), f"{p:g}", *figures])
    header = ["slots a row", "p", "bytes", "instructions", "memory allows", "arithmetic allows"]
    return markdown(header, lines)


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table as Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
