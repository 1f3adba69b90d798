"""The bootstrap, and sums that have the same digits on every processor."""

import math
from fractions import Fraction

import numpy as np
import pytest

from weishang.experiments.analysis.inference import RESAMPLES, bootstrap, interval, ratios


def test_ratios_are_sums_over_sums_and_nought_where_nothing_is_below():
    above = np.array([[1.0, 2.5, 3.0], [2.0, 0.25, 4.0]])
    below = np.array([[4.0, 1.0, 0.0], [8.0, 1.5, 0.0]])
    assert ratios(above, below).tolist() == [0.25, 1.1, 0.0]


def test_resamples_are_ratios_of_the_same_weights():
    rng = np.random.default_rng(4)
    above, below = rng.random((30, 2)), rng.integers(1, 9, (30, 2)).astype(float)
    draws = bootstrap(above, below, np.random.default_rng(7))
    weights = np.random.default_rng(7).poisson(1.0, size=(RESAMPLES, 30))
    assert draws == pytest.approx((weights @ above) / (weights @ below), rel=1e-12)


def test_whole_numbers_are_summed_exactly():
    """Sums of whole numbers below 2^53 are not rounded, in whatever order they are added."""
    rng = np.random.default_rng(5)
    above = rng.integers(0, 1 << 30, (1001, 2)).astype(np.float64)
    below = rng.integers(1, 1 << 20, (1001, 2)).astype(np.float64)
    exact = [
        Fraction(sum(map(int, above[:, one]))) / Fraction(sum(map(int, below[:, one])))
        for one in range(2)
    ]
    assert ratios(above, below).tolist() == [float(one) for one in exact]


@pytest.mark.parametrize("size", [1, 7, 129, 5000])
def test_other_numbers_are_summed_in_an_order_that_no_processor_changes(size):
    """NumPy adds pairwise: eight running sums in blocks of up to 128, halves beyond."""

    def pairwise(numbers):
        if len(numbers) < 8:
            total = 0.0
            for one in numbers:
                total += one
            return total
        if len(numbers) <= 128:
            sums = list(numbers[:8])
            whole = len(numbers) - len(numbers) % 8
            for start in range(8, whole, 8):
                sums = [a + b for a, b in zip(sums, numbers[start : start + 8], strict=True)]
            total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + (
                (sums[4] + sums[5]) + (sums[6] + sums[7])
            )
            for one in numbers[whole:]:
                total += one
            return total
        half = len(numbers) // 2
        half -= half % 8
        return pairwise(numbers[:half]) + pairwise(numbers[half:])

    column = np.random.default_rng(size).lognormal(size=size)
    found = ratios(column[:, np.newaxis], np.full((size, 1), 1.0 / size))
    below = pairwise([1.0 / size] * size)
    assert found.tolist() == [pairwise(column.tolist()) / below]
    assert found[0] == pytest.approx(math.fsum(column), rel=1e-12)


def test_an_interval_is_widened_to_hold_its_value():
    draws = np.linspace(0.0, 1.0, 1001)[:, np.newaxis] + np.array([0.0, 10.0])
    low, high = interval(draws, [0.5, 12.0])
    assert low == pytest.approx([0.025, 10.025])
    assert high == pytest.approx([0.975, 12.0])
