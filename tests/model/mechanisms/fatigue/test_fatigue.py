"""Attention: posts tire, days heal, and both ways of counting agree."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.model.mechanisms.fatigue import AttentionParameters, Fatigue
from weishang.model.mechanisms.fatigue.by_agents import FatigueByAgents, after_one_by_one
from weishang.model.mechanisms.fatigue.fatigue import Attention

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


def test_with_one_class_nobody_tires_whatever_was_shown(world_of):
    parameters = AttentionParameters(thresholds=(), tired=(0.0,))
    assert parameters.num_classes == 1
    attention = Attention.fresh(3, parameters).after(nodes(*[1] * 1000))
    assert attention.classes().tolist() == [0, 0, 0]
    assert Fatigue().num_classes(world_of(attention=parameters)) == 1
    added = Fatigue().adjust(world_of(attention=parameters), attention, None)
    assert not added.visit.any()


@pytest.mark.parametrize("kind", [Fatigue, FatigueByAgents])
def test_the_mechanism_remembers_whom_campaigns_reached(kind, world_of):
    world = world_of(attention=PARAMETERS, society=SimpleNamespace(num_users=4))
    fresh = kind().start(world)
    record = SimpleNamespace(events=SimpleNamespace(node=nodes(0, 2, 2, 3, 3, 3, 3, 3)))
    state = kind().end_day(world, fresh, record)
    assert state.load.tolist() == [1.0, 0.0, 2.0, 5.0]
    assert fresh.load.tolist() == [0.0] * 4
    assert kind().num_classes(world) == 3
    assert kind().classes(world, state).tolist() == [0, 0, 1, 2]
    (load,) = kind().indicators()
    assert load.measure(world, state, record) == 2.0
    assert not load.adds_up


def test_the_tired_open_less_and_nothing_else_changes(world_of):
    world = world_of(attention=PARAMETERS, society=SimpleNamespace(num_users=4))
    added = Fatigue().adjust(world, Fatigue().start(world), None)
    assert added.visit.tolist() == [[[0.0, -0.5, -1.0]]]
    for name in ("visit_match", "buy", "share", "share_of_buyers"):
        assert not getattr(added, name).any()
    assert (added.price == 1.0).all()
    assert (added.friends_view == 1.0).all()


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
    assert fast.classes().tolist() == [sum(load >= one for one in thresholds) for load in slow.load]


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
