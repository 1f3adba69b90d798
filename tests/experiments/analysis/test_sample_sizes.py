"""Numbers of replicates: known tables, and what simulated replicates make of the answers."""

import doctest

import numpy as np
import pytest
from scipy import stats

from weishang.experiments.analysis import sample_sizes
from weishang.experiments.analysis.sample_sizes import (
    LEAST,
    MOST,
    for_independent,
    for_mean,
    for_pairs,
    upper_sd,
)

TRIALS = 4_000
NEAR = 4.0
"""Standard errors: chance alone leaves so wide a band once in 16,000 times, and seeds are fixed."""


def near(share: float, expected: float) -> bool:
    return abs(share - expected) < NEAR * np.sqrt(expected * (1.0 - expected) / TRIALS)


def test_examples() -> None:
    found = doctest.testmod(sample_sizes)
    assert found.attempted >= 4
    assert found.failed == 0


@pytest.mark.parametrize(
    ("effect", "power", "pairs", "replicates"),
    [
        (0.2, 0.8, 199, 394),
        (0.5, 0.8, 34, 64),
        (0.8, 0.8, 15, 26),
        (0.5, 0.9, 44, 86),
        (0.5, 0.95, 54, 105),
    ],
)
def test_known_sizes_of_t_tests(effect: float, power: float, pairs: int, replicates: int) -> None:
    """G*Power's answers for two-sided tests at 5%."""
    assert for_pairs(1.0, effect, power, 0.95) == pairs
    assert for_independent(1.0, effect, power, 0.95) == replicates


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("margin", [0.05, 0.3, 2.0])
def test_the_interval_is_narrow_enough_and_with_one_replicate_less_it_is_not(
    margin: float, confidence: float
) -> None:
    replicates = int(for_mean(1.0, margin, confidence))
    assert half_width(replicates, confidence) <= margin
    assert replicates == LEAST or half_width(replicates - 1, confidence) > margin


def half_width(replicates: int, confidence: float) -> float:
    _, high = stats.t.interval(confidence, replicates - 1, scale=1.0 / np.sqrt(replicates))
    return float(high)


def test_simulated_pairs_meet_the_power() -> None:
    rng = np.random.default_rng(1)
    effect = 0.6
    pairs = int(for_pairs(2.0, 2.0 * effect, 0.8, 0.95))
    expected = power_of(effect, pairs)
    differences = rng.normal(2.0 * effect, 2.0, (TRIALS, pairs))
    found = stats.ttest_1samp(differences, 0.0, axis=1).pvalue < 0.05
    assert 0.8 <= expected < 0.84
    assert near(found.mean(), expected)
    none = stats.ttest_1samp(differences - 2.0 * effect, 0.0, axis=1).pvalue < 0.05
    assert near(none.mean(), 0.05)


def test_simulated_replicates_without_pairs_meet_the_power() -> None:
    rng = np.random.default_rng(2)
    replicates = int(for_independent(1.0, 0.7, 0.9, 0.95))
    usual, other = rng.normal(0.0, 1.0, (2, TRIALS, replicates))
    found = stats.ttest_ind(usual, other + 0.7, axis=1).pvalue < 0.05
    assert near(found.mean(), 0.9) or found.mean() > 0.9
    fewer = stats.ttest_ind(usual[:, :-4], other[:, :-4] + 0.7, axis=1).pvalue < 0.05
    assert fewer.mean() < 0.9


def power_of(effect: float, pairs: int) -> float:
    critical = stats.t.ppf(0.975, pairs - 1)
    beyond = stats.nct(pairs - 1, effect * np.sqrt(pairs))
    return float(beyond.sf(critical) + beyond.cdf(-critical))


def test_the_upper_limit_is_above_the_true_value_as_often_as_it_says() -> None:
    measured = np.random.default_rng(3).normal(0.0, 3.0, (TRIALS, 6)).std(axis=1, ddof=1)
    above = upper_sd(measured, 6, 0.9) >= 3.0
    assert near(above.mean(), 0.9)
    # What was measured itself is too small more often than not: hence the limit.
    assert (measured >= 3.0).mean() < 0.5


def test_a_pilot_that_is_taken_at_its_upper_limit_leads_to_enough_pairs() -> None:
    rng = np.random.default_rng(4)
    pilots = rng.normal(0.0, 1.0, (TRIALS, 8)).std(axis=1, ddof=1)
    needed = for_pairs(1.0, 0.5, 0.8, 0.95)
    at_face = for_pairs(pilots, 0.5, 0.8, 0.95) >= needed
    sure = for_pairs(upper_sd(pilots, 8, 0.9), 0.5, 0.8, 0.95) >= needed
    assert near(sure.mean(), 0.9) or sure.mean() > 0.9
    assert at_face.mean() < 0.6


def test_nothing_that_varies_takes_the_least() -> None:
    assert for_mean(0.0, 0.1, 0.95) == LEAST
    assert for_pairs(0.0, 0.1, 0.8, 0.95) == LEAST
    assert for_independent(0.0, 0.1, 0.8, 0.95) == LEAST


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan])
def test_no_size_has_no_answer(size: float) -> None:
    assert np.isnan(for_mean(1.0, size, 0.95))
    assert np.isnan(for_pairs([1.0, 1.0], [size, 0.5], 0.8, 0.95)).tolist() == [True, False]
    assert np.isnan(for_independent(1.0, size, 0.8, 0.95))
    assert np.isnan(for_mean(np.nan, 1.0, 0.95))


def test_sizes_beyond_all_reach_are_infinite() -> None:
    assert np.isfinite(for_pairs(1.0, 1e-5, 0.8, 0.95))
    assert for_pairs(1.0, 1e-5, 0.8, 0.95) < MOST
    for tiny in (1e-9, 1e-20):
        assert for_mean(1.0, tiny, 0.95) == np.inf
        assert for_pairs(1.0, tiny, 0.8, 0.95) == np.inf
        assert for_independent(1.0, tiny, 0.8, 0.95) == np.inf


def test_large_effects_are_found_with_few_pairs() -> None:
    """Where SciPy's noncentral t ends, power is still told, and falls with the confidence."""
    found = [for_pairs(1.0, 50.0, 0.8, confidence) for confidence in (0.9, 0.99, 0.9999)]
    assert found == [2, 3, 4]
    assert for_pairs(1.0, 1e6, 0.8, 0.999) == LEAST
