"""Adjustments: how they add up, lie among joint classes, and what is wrong with impossible ones."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest

from weishang.model.core.adjustments import FACTORS, Adjustments

SIZES = (2, 3, 4)
HOPS = 5
NAMES = [item.name for item in fields(Adjustments)]
BY_CLASS = [name for name in NAMES if name != "friends_view"]


def some(seed, shape=SIZES):
    rng = np.random.default_rng(seed)
    drawn = {name: rng.normal(size=shape) for name in BY_CLASS}
    views = rng.random((shape[0], 5))
    return Adjustments(**{**drawn, "price": np.exp(drawn["price"]), "friends_view": views})


def test_none_is_neutral_and_stays_so_added_to_itself():
    none = Adjustments.none(*SIZES)
    twice = none + none
    for name in NAMES:
        neutral = 1.0 if name in FACTORS else 0.0
        assert (getattr(none, name) == neutral).all()
        assert np.array_equal(getattr(twice, name), getattr(none, name))
    assert none.buy.shape == SIZES
    assert none.friends_view.shape == (2, 1)


def test_together_they_add_up_and_factors_multiply():
    one, other = some(4), some(5)
    both = one + other
    for name in NAMES:
        mine, theirs = getattr(one, name), getattr(other, name)
        expected = mine * theirs if name in FACTORS else mine + theirs
        assert np.array_equal(getattr(both, name), expected), name


def test_axes_of_one_stand_for_all():
    wide, narrow = some(4), some(5, (1, 3, 1))
    both = wide + replace(narrow, friends_view=wide.friends_view)
    assert both.visit.shape == SIZES
    assert np.array_equal(both.visit[1, :, 2], wide.visit[1, :, 2] + narrow.visit[0, :, 0])


@pytest.mark.parametrize(("before", "after"), [(1, 1), (3, 1), (1, 2), (3, 2)])
def test_classes_lie_in_the_middle_of_joint_classes(before, after):
    added = some(6)
    joint = added.among(before, after)
    classes = SIZES[-1]
    for name in BY_CLASS:
        mine, theirs = getattr(added, name), getattr(joint, name)
        assert theirs.shape == (*SIZES[:-1], before * classes * after)
        for place in range(theirs.shape[-1]):
            own = place // after % classes
            assert np.array_equal(theirs[..., place], mine[..., own]), name
    assert joint.friends_view is added.friends_view


def test_what_is_alike_for_all_classes_stays_so():
    added = some(6, (2, 3, 1))
    assert added.among(3, 2).visit is added.visit


@pytest.mark.parametrize("shape", [SIZES, (1, 1, 1), (2, 1, 4), (1, 3, 1)])
def test_arrays_that_fit_have_no_fault(shape):
    assert some(7, shape).fault(*SIZES, HOPS) is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("visit", [0.0], "visit is list; give a float64 array"),
        ("buy", np.zeros((1, 1, 1), dtype=np.float32), "buy is ndarray; give a float64 array"),
        ("share", np.zeros((2, 3)), r"share has shape \(2, 3\); give \(2, 3, 4\), or 1"),
        ("buy", np.zeros((2, 3, 3)), r"buy has shape \(2, 3, 3\); give \(2, 3, 4\), or 1"),
        ("visit_match", np.zeros((5, 1, 1)), r"visit_match has shape \(5, 1, 1\)"),
        ("friends_view", np.ones((3, 2)), r"friends_view has shape \(3, 2\); give \(2, 5\)"),
        ("friends_view", np.ones(2), r"friends_view has shape \(2,\); give \(2, 5\)"),
        ("friends_view", np.ones((2, 3)), r"friends_view has shape \(2, 3\); give \(2, 5\)"),
        ("friends_view", np.full((2, 1), 1.5), r"friends_view holds 1.5; give factors in \[0, 1\]"),
        ("friends_view", 1.0, "friends_view is float; give a float64 array"),
        ("friends_view", -np.ones((2, 1)), r"friends_view holds -1.0 to -1.0; .* 0 or more"),
        ("share_of_buyers", np.full((1, 1, 1), np.nan), "share_of_buyers holds nan to nan"),
        ("visit", np.full((1, 1, 1), np.inf), "visit holds inf to inf; give finite numbers"),
        ("price", np.full((1, 1, 1), -0.5), "price holds -0.5 to -0.5; .* 0 or more"),
        ("price", np.zeros((1, 1, 1)), "price holds 0; give factors above 0"),
    ],
)
def test_impossible_arrays_are_named(name, value, said):
    fault = replace(some(7), **{name: value}).fault(*SIZES, HOPS)
    assert fault is not None
    assert re.search(said, fault), fault
