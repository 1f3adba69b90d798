"""Who told whom: found fast and in plain loops alike."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.core.campaigns import Tool
from weishang.model.core.lineage import NOBODY, events_with_tool, parent_positions, parents_by_loops

FRIEND, FURTHER = 1, 3


def test_parents_are_found_in_their_own_campaign(offers_of, events_of):
    """Node 7 tells node 8 in both campaigns; node 9 was told by 7 in the second alone."""
    campaigns = offers_of(Tool.NONE, Tool.NONE)
    events = events_of(
        campaigns,
        (0, 1, 7, 0, FRIEND, "vs"),
        (0, 2, 8, 7, FURTHER, ""),
        (1, 1, 7, 0, FRIEND, "vs"),
        (1, 2, 8, 7, FURTHER, ""),
        (1, 2, 9, 7, FURTHER, ""),
    )
    found = parent_positions(events.row, events.node, events.parent)
    assert found.tolist() == [NOBODY, 0, NOBODY, 2, 2]


def test_a_seed_is_nobody_even_where_it_was_reached_in_another_campaign(offers_of, events_of):
    campaigns = offers_of(Tool.NONE, Tool.NONE)
    events = events_of(
        campaigns,
        (0, 1, 5, 0, FRIEND, "vs"),
        (1, 1, 6, 5, FRIEND, "vs"),
    )
    assert parent_positions(events.row, events.node, events.parent).tolist() == [NOBODY, NOBODY]


def test_no_events_have_no_parents(offers_of, events_of):
    events = events_of(offers_of(Tool.TEAM))
    assert parent_positions(events.row, events.node, events.parent).size == 0
    assert events_with_tool(events, offers_of(Tool.TEAM), Tool.TEAM).size == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_fast_and_in_loops_alike(small_world, seed):
    events = small_world(seed).events
    found = parent_positions(events.row, events.node, events.parent).tolist()
    assert [None if place == NOBODY else place for place in found] == parents_by_loops(events)


def test_the_small_worlds_have_parents_of_both_kinds(small_world):
    found = parents_by_loops(small_world(0).events)
    assert 20 < found.count(None) < len(found) - 20


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_events_with_a_tool_are_those_of_its_campaigns(small_world, seed):
    day = small_world(seed)
    chosen = events_with_tool(day.events, day.campaigns, Tool.BARGAIN)
    rows = np.flatnonzero(day.campaigns.tool == Tool.BARGAIN).tolist()
    assert chosen.tolist() == [i for i, row in enumerate(day.events.row.tolist()) if row in rows]
