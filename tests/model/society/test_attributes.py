"""What is known of people: it stays, and the unknown take it from friends or from anyone."""

import numpy as np
import pytest

from weishang.kernels import Graph
from weishang.model.society.attributes import (
    UNKNOWN,
    NodeAttributes,
    take_from_anyone,
    take_from_friends,
)
from weishang.model.society.group_chats import GroupChats

PATH = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4], directed=False, num_nodes=6)
"""0 - 1 - 2 - 3 - 4, and 5 alone."""


def test_the_unknown_take_from_the_nearest_known():
    known = np.array([7, -1, -1, -1, 3, -1], dtype=np.int8)
    for seed in range(20):
        classes = take_from_friends(PATH, known, np.random.default_rng(seed))
        assert classes.dtype == np.int8
        assert classes[[0, 1, 3, 4]].tolist() == [7, 7, 3, 3]
        assert set(classes[[2, 5]].tolist()) <= {3, 7}
    assert known.tolist() == [7, -1, -1, -1, 3, -1]


def test_each_known_friend_is_taken_equally_often():
    """A person with three known friends, 3,000 times; 5 standard deviations, 6e-7 for each."""
    star = Graph.from_edges([0, 0, 0, 0], [1, 2, 3, 4], directed=False)
    known = np.array([-1, 0, 1, 2, -1], dtype=np.int8)
    rng = np.random.default_rng(1)
    taken = [take_from_friends(star, known, rng)[0] for _ in range(3000)]
    assert np.bincount(taken) == pytest.approx(1000, abs=5 * np.sqrt(3000 * 2 / 9))


def test_friends_stay_about_as_alike_as_the_known_are():
    """Two circles of 30, each of one class, one person in three known."""
    pairs = np.array(np.triu_indices(30, k=1))
    graph = Graph.from_edges(*np.concatenate([pairs, pairs + 30], axis=1), directed=False)
    known = np.full(60, UNKNOWN, dtype=np.int16)
    known[0:30:3], known[30:60:3] = 1, 2
    classes = take_from_friends(graph, known, np.random.default_rng(1))
    assert classes.tolist() == [1] * 30 + [2] * 30


def test_anyone_gives_what_is_frequent():
    """Three in four known are of class 2; 10,000 draws, 5 standard deviations."""
    known = np.concatenate([np.full(30, 2), np.full(10, 0), np.full(10_000, UNKNOWN)])
    filled = take_from_anyone(known, np.random.default_rng(1))
    assert np.array_equal(filled[:40], known[:40])
    assert (filled[40:] == 2).mean() == pytest.approx(0.75, abs=5 * np.sqrt(0.1875 / 10_000))
    assert set(filled.tolist()) == {0, 2}


def test_attributes_are_of_as_many_people():
    with pytest.raises(ValueError, match=r"^place has shape \(2,\); give \(3,\)"):
        NodeAttributes(3, place=np.zeros(2, dtype=np.int16))
    nobody = GroupChats(2, np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
    with pytest.raises(ValueError, match=r"^groups are of 2 people; give 3"):
        NodeAttributes(3, groups=nobody)
