"""Searches person by person: the same visits as from arrays."""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.mechanisms.search.by_agents import search_by_agents
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.searches import run_searches

WEIGHTS = DecisionWeights(buy_intercept=-1.0)
DAY = 3


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(0, 60),
    world=st.integers(0, 2**64 - 1),
    results=st.integers(1, 6),
    own_interest=st.sampled_from([0.0, 0.5, 1.0]),
    friends_first=st.booleans(),
    platform_first=st.booleans(),
)
def test_both_ways_give_the_same_visits(
    townspeople,
    shops_of,
    seed,
    count,
    world,
    results,
    own_interest,
    friends_first,
    platform_first,
):
    people = townspeople(300, seed)
    parameters = SearchParameters(rate=0.5, results=results, own_interest=own_interest)
    rules = {"friends_first": friends_first, "platform_first": platform_first}
    shops = shops_of(people, count, seed)
    arrays, agents = (
        way(people, shops, parameters, WEIGHTS, Budgets(), world, DAY, **rules)
        for way in (run_searches, search_by_agents)
    )
    assert arrays.equals(agents)
    for item in fields(arrays):
        assert getattr(arrays, item.name).dtype == getattr(agents, item.name).dtype
