"""Attention: posts tire, days heal, and both ways of counting agree."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.model.mechanisms.fatigue.attention import class_of
from weishang.model.mechanisms.fatigue.by_agents import after_one_by_one
from weishang.model.mechanisms.fatigue.fatigue import Attention
from weishang.model.mechanisms.fatigue.parameters import AttentionParameters

PARAMETERS = AttentionParameters(half_life=2.0, thresholds=(2.0, 4.0), tired=(0.0, 0.5, 1.0))


def nodes(*people):
    return np.array(people, dtype=np.int32)


def test_nobody_is_tired_at_first():
    attention = Attention.fresh(5, PARAMETERS)
    assert attention.load.tolist() == [0.0] * 5
    assert attention.classes().tolist() == [0] * 5


def test_each_post_counts_one_and_classes_begin_at_their_thresholds():
    attention = Attention.fresh(4, PARAMETERS).after(nodes(0, 2, 2, 3, 3, 3, 3, 3))
    assert attention.load.tolist() == [1.0, 0.0, 2.0, 5.0]
    assert attention.classes().tolist() == [0, 0, 1, 2]
    assert attention.classes().dtype == np.int8


@pytest.mark.parametrize("half_life", [0.5, 1.0, 3.0])
def test_what_is_remembered_halves_in_the_half_life(half_life):
    parameters = AttentionParameters(half_life=half_life)
    attention = Attention.fresh(1, parameters).after(nodes(*[0] * 8))
    days = 6
    for _ in range(days):
        attention = attention.after(nodes())
    assert math.isclose(attention.load[0], 8.0 * 0.5 ** (days / half_life))


def test_a_tired_person_recovers_and_the_days_before_are_left_as_they_were():
    tired = Attention.fresh(1, PARAMETERS).after(nodes(0, 0, 0, 0))
    days = [tired]
    for _ in range(5):
        days.append(days[-1].after(nodes()))
    assert [int(day.classes()[0]) for day in days] == [2, 1, 1, 0, 0, 0]


def test_off_there_is_one_class_whatever_was_shown():
    parameters = AttentionParameters.tireless()
    assert parameters.num_classes == 1
    assert parameters.tired == (0.0,)
    attention = Attention.fresh(3, parameters).after(nodes(*[1] * 1000))
    assert attention.classes().tolist() == [0, 0, 0]


@given(
    st.lists(st.lists(st.integers(0, 6), max_size=30), max_size=5),
    st.floats(0.1, 20.0),
    st.lists(st.floats(0.0, 20.0), unique=True, max_size=4).map(sorted).map(tuple),
)
def test_both_ways_agree_to_the_bit(days, half_life, thresholds):
    tired = tuple(float(number) for number in range(len(thresholds) + 1))
    parameters = AttentionParameters(half_life=half_life, thresholds=thresholds, tired=tired)
    fast = slow = Attention.fresh(7, parameters)
    for day in days:
        fast, slow = fast.after(nodes(*day)), after_one_by_one(slow, nodes(*day))
    assert fast.load.tobytes() == slow.load.tobytes()
    assert fast.classes().tolist() == [class_of(load, thresholds) for load in slow.load]


@given(st.lists(st.integers(0, 6), max_size=30), st.lists(st.integers(0, 6), max_size=30))
def test_more_posts_never_make_anyone_less_tired(some, more):
    fresh = Attention.fresh(7, PARAMETERS)
    few, many = fresh.after(nodes(*some)), fresh.after(nodes(*some, *more))
    assert (many.classes() >= few.classes()).all()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("half_life", {"half_life": 0.0}),
        ("half_life", {"half_life": math.nan}),
        ("thresholds", {"thresholds": (5.0, 2.0)}),
        ("thresholds", {"thresholds": (-1.0, 2.0)}),
        ("thresholds", {"thresholds": 3.0}),
        ("thresholds", {"thresholds": (5.0, 5.0)}),
        ("tired", {"tired": (0.0, 0.5)}),
        ("tired", {"tired": (0.0, 0.5, 0.2)}),
        ("tired", {"tired": (0.0, 0.5, math.inf)}),
        ("tired", {"tired": ()}),
        ("tired", {"thresholds": tuple(map(float, range(40))), "tired": (0.0,) * 41}),
    ],
)
def test_a_parameter_out_of_range_is_named(name, values):
    with pytest.raises(ValueError, match=f"{name} is "):
        AttentionParameters(**values)
