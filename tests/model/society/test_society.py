"""A society: its arrays fit each other, and its fingerprint sees all of them."""

from dataclasses import replace

import numpy as np
import pytest

from weishang.kernels import Graph
from weishang.model.society.society import Society

NUM_USERS = 50_000


def test_fingerprint_sees_every_attribute(society):
    changed = {
        name: getattr(society, name).copy()
        for name in ("interest", "budget_class", "wanted_friends", "place")
    }
    prints = {society.fingerprint()}
    for name, array in changed.items():
        array[7] = 1 if array[7] == 0 else 0
        prints.add(replace(society, **{name: array}).fingerprint())
    assert len(prints) == 5


def test_without_places_all_live_in_one():
    pair = Graph.from_edges([0], [1], directed=False)
    people = np.zeros(2, dtype=np.int8)
    society = Society(pair, people, people, pair.degrees)
    assert society.place.tolist() == [0, 0]
    assert replace(society, place=np.array([0, 3], dtype=np.int16)).place.tolist() == [0, 3]


def test_segment_tells_interest_and_budget_apart(society):
    people = np.stack([society.interest, society.budget_class, society.segment])
    classes = np.unique(people, axis=1)
    assert np.array_equal(classes[2], np.arange(8 * 5))


def test_arrays_must_fit_the_graph(society):
    with pytest.raises(ValueError, match=r"^interest has shape \(3,\); give \(50000,\)"):
        replace(society, interest=np.zeros(3, dtype=np.int8))
    with pytest.raises(ValueError, match=r"^budget_class goes from 9 to 9; it lies in"):
        replace(society, budget_class=np.full(NUM_USERS, 9, dtype=np.int8))
    with pytest.raises(ValueError, match=r"^place goes from 16 to 16; it lies in \[0, 16\)"):
        replace(society, place=np.full(NUM_USERS, 16, dtype=np.int16))
