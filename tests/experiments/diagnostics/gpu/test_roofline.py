"""The roofline's expectations are those of the random words that they are about."""

import numpy as np
import pytest

pytest.importorskip("triton")

from weishang.experiments.diagnostics.gpu.roofline import (
    Costs,
    bytes_a_trial,
    instructions_a_trial,
    longest_block,
    roofline_table,
    words_a_block,
)
from weishang.kernels.cascade.triton.kernels.rng import WORDS_BEFORE_LOOK
from weishang.kernels.cascade.triton.launch import ROW_LANES

PROGRAMS = 4_000


@pytest.mark.parametrize("slots", [1, 4, 18, 64])
def test_words_until_all_lanes_of_a_program_are_decided(slots: int) -> None:
    """A lane is undecided for a geometric number of words; the last of them counts."""
    step = WORDS_BEFORE_LOOK.value
    words = np.random.default_rng(slots).geometric(0.5, (PROGRAMS, ROW_LANES * slots)).max(axis=1)
    drawn = np.minimum(-(-words // step) * step, 32)
    error = drawn.std() / np.sqrt(PROGRAMS)
    assert words_a_block(slots) == pytest.approx(drawn.mean(), abs=5 * error)


@pytest.mark.parametrize(("slots", "p"), [(1, 0.02), (4, 0.1), (18, 0.05), (64, 0.02), (64, 0.5)])
def test_live_slots_of_the_longest_block(slots: int, p: float) -> None:
    rng = np.random.default_rng(slots)
    longest = rng.binomial(slots, p, (PROGRAMS, ROW_LANES)).max(axis=1)
    error = max(longest.std(), 0.05) / np.sqrt(PROGRAMS)
    assert longest_block(slots, p) == pytest.approx(longest.mean(), abs=5 * error)


def test_certain_and_impossible_slots() -> None:
    assert longest_block(64, 1.0) == pytest.approx(64)
    assert longest_block(64, 0.0) == 0
    assert bytes_a_trial(112, 0.0) == pytest.approx(1.0)
    free = Costs(word=0.0, live_slot=0.0, listing=0.0, block=36.0)
    assert instructions_a_trial(free, 18, 0.5) == pytest.approx(2.0)


def test_each_bound_is_the_devices_rate_over_the_cost() -> None:
    costs = Costs(word=30.0, live_slot=50.0, listing=25.0, block=200.0)
    for line in roofline_table(costs).splitlines()[2:]:
        degree, p, size, work, memory, arithmetic = (
            float(cell.replace(",", "")) for cell in line.strip("| ").split(" | ")
        )
        assert size == pytest.approx(bytes_a_trial(int(degree), p), abs=0.05)
        assert work == pytest.approx(instructions_a_trial(costs, int(degree), p), abs=0.05)
        assert memory == pytest.approx(3_350 / size, rel=0.03)
        assert arithmetic == pytest.approx(132 * 64 * 1.98 / work, rel=0.03)
