"""Circles: everyone has one, and ties stay inside."""

from itertools import pairwise

import numpy as np
import pytest

from weishang.model.society.circles import SIZE_CLASSES, form_circles, tie_within

FIVE_SD = 5.0
"""Two-sided false-alarm rate of one comparison: 6e-7."""


def _interest(num_users, num_interests=4):
    return (np.arange(num_users) % num_interests).astype(np.int8)


@pytest.mark.parametrize("num_users", [1, 2, 5, 1000])
def test_everyone_is_in_one_circle_of_a_size_class(num_users):
    members, bounds = form_circles(_interest(num_users), 4, 20.0, 0.5, np.random.default_rng(1))
    assert np.array_equal(np.sort(members), np.arange(num_users))
    assert (bounds[0], bounds[-1]) == (0, num_users)
    sizes = np.diff(bounds)
    assert set(sizes[:-1].tolist()) <= {round(20.0 * part) for part in SIZE_CLASSES}
    assert 0 < sizes[-1] <= 28


@pytest.mark.parametrize("homophily", [0.0, 0.3, 1.0])
def test_members_share_an_interest_as_often_as_asked(homophily):
    """Share of pairs of one interest within circles of 10 against h + (1 - h) / 4.

    Pairs of one circle depend on each other, so the error is taken over circles; false-alarm
    rate 6e-7 a case. Circles across the border of two interests lower the share by below .002.
    """
    interest = _interest(80_000)
    members, bounds = form_circles(interest, 4, 10.0, homophily, np.random.default_rng(1))
    shares = []
    for first, last in pairwise(bounds):
        counts = np.bincount(interest[members[first:last]], minlength=4)
        size = last - first
        if size > 1:
            shares.append((counts * (counts - 1)).sum() / (size * (size - 1)))
    expected = homophily + (1.0 - homophily) / 4.0
    error = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) == pytest.approx(expected, abs=FIVE_SD * error + 0.002)


def test_ties_stay_inside_circles_and_are_simple():
    rng = np.random.default_rng(1)
    members, bounds = form_circles(_interest(3000), 4, 30.0, 0.5, rng)
    ties = tie_within(members, bounds, rng.uniform(0.0, 60.0, 3000), rng)
    circle = np.empty(3000, dtype=np.int64)
    circle[members] = np.repeat(np.arange(bounds.size - 1), np.diff(bounds))
    assert ties.source.size > 1000
    assert np.array_equal(circle[ties.source], circle[ties.target])
    low, high = np.minimum(*ties), np.maximum(*ties)
    assert (low < high).all()
    assert np.unique(low * 3000 + high).size == low.size


def test_number_of_ties_is_that_of_chung_and_lu():
    """Unequal wants in circles of 40, against the sum of min(1, d_u d_v / sum d).

    False-alarm rate 6e-7.
    """
    wanted = np.tile([1.0, 5.0, 20.0, 100.0], 10_000)
    members = np.arange(wanted.size, dtype=np.int32)
    bounds = np.arange(0, wanted.size + 1, 40)
    ties = tie_within(members, bounds, wanted, np.random.default_rng(1))
    cut = np.minimum(wanted[:40], 39.0)
    chance = np.triu(np.minimum(np.outer(cut, cut) / cut.sum(), 1.0), k=1)
    circles = wanted.size // 40
    error = np.sqrt(circles * (chance * (1.0 - chance)).sum())
    assert ties.source.size == pytest.approx(circles * chance.sum(), abs=FIVE_SD * error)


def test_nothing_wanted_gives_no_ties():
    members, bounds = form_circles(_interest(100), 4, 7.0, 0.5, np.random.default_rng(1))
    assert tie_within(members, bounds, np.zeros(100), np.random.default_rng(1)).source.size == 0
