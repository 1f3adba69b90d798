"""Numbers of friends, and ties by chance."""

import numpy as np
import pytest

from weishang.model.society.friends import BUCKET_STUBS, draw_friend_counts, match_by_chance
from weishang.model.society.ties import count_ends, join

FIVE_SD = 5.0
"""Two-sided false-alarm rate of one comparison: 6e-7."""


@pytest.mark.parametrize(
    ("mean", "log_sd", "maximum"),
    [(155.0, 1.14, 5000), (155.0, 2.0, 300), (2.0, 1.0, 5000), (90.0, 0.01, 100)],
)
def test_mean_is_met_after_clipping(mean, log_sd, maximum):
    """False-alarm rate 6e-7 a case, beside the rounding, which moves a mean of 2 most."""
    counts = draw_friend_counts(mean, log_sd, maximum, 200_000, np.random.default_rng(1))
    error = counts.std() / np.sqrt(counts.size)
    assert counts.mean() == pytest.approx(mean, abs=FIVE_SD * error + 0.02)
    assert counts.min() >= 1
    assert counts.max() <= maximum


def test_nobody_wants_more_friends_than_there_are_others():
    counts = draw_friend_counts(155.0, 1.14, 5000, 100, np.random.default_rng(1))
    assert counts.max() == 99
    assert np.array_equal(
        draw_friend_counts(155.0, 1.14, 5000, 2, np.random.default_rng(1)), [1, 1]
    )
    assert np.array_equal(draw_friend_counts(155.0, 1.14, 5000, 1, np.random.default_rng(1)), [0])


def test_every_stub_is_matched():
    wanted = np.array([3, 0, 5, 2, 7], dtype=np.int32)
    interest = np.zeros(5, dtype=np.int8)
    ties = join(match_by_chance(wanted, interest, 0.0, np.random.default_rng(1)))
    missing = wanted - count_ends(ties, 5)
    assert sorted(missing) == [0, 0, 0, 0, 1]


@pytest.mark.parametrize("homophily", [0.0, 0.4, 1.0])
def test_stubs_meet_inside_an_interest_with_the_stated_probability(homophily):
    """False-alarm rate 6e-7 a case; at homophily 1 the share is exact."""
    wanted = np.full(20_000, 20, dtype=np.int32)
    interest = (np.arange(20_000) % 4).astype(np.int8)
    ties = join(match_by_chance(wanted, interest, homophily, np.random.default_rng(1)))
    same = interest[ties.source] == interest[ties.target]
    expected = homophily + (1.0 - homophily) / 4.0
    error = np.sqrt(expected * (1.0 - expected) / same.size)
    assert same.mean() == pytest.approx(expected, abs=FIVE_SD * error)


def test_partners_are_uniform_over_many_buckets():
    """Who meets user 0 is spread evenly over the others; false-alarm rate below 1e-6.

    User 0 holds 50,000 of 650,000 stubs, so the shuffle works in several buckets. A group's
    number of ties with user 0 is near binomial, and the sum of squared deviations near
    chi-square with 9 degrees of freedom, which passes 50 with probability 1e-7.
    """
    wanted = np.full(1001, 600, dtype=np.int32)
    wanted[0] = 50_000
    assert wanted.sum() > 4 * BUCKET_STUBS
    interest = np.zeros(1001, dtype=np.int8)
    ties = join(match_by_chance(wanted, interest, 0.0, np.random.default_rng(1)))
    partner = np.concatenate([ties.target[ties.source == 0], ties.source[ties.target == 0]])
    groups = np.bincount((partner[partner > 0] - 1) // 100, minlength=10)
    expected = groups.sum() / 10.0
    assert ((groups - expected) ** 2 / expected).sum() < 50.0
    loops = int((ties.source == 0)[ties.target == 0].sum())
    mean = 50_000.0 * 49_999.0 / (2.0 * (wanted.sum() - 1.0))
    assert loops == pytest.approx(mean, abs=FIVE_SD * np.sqrt(mean))
