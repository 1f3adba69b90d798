"""Searches person by person: the same visits as from arrays."""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.model.core.decision import LogisticRule
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.mechanisms.search.by_agents import search_by_agents
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.searches import run_searches

RULE = LogisticRule(DecisionWeights(buy_intercept=-1.0), Budgets())
DAY = 3


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(0, 60),
    replicate=st.integers(0, 2**64 - 1),
    results=st.integers(1, 6),
    own_interest=st.sampled_from([0.0, 0.5, 1.0]),
    friends_first=st.booleans(),
)
def test_both_ways_give_the_same_visits(
    townspeople,
    shops_of,
    seed,
    count,
    replicate,
    results,
    own_interest,
    friends_first,
):
    people = townspeople(300, seed)
    parameters = SearchParameters(rate=0.5, results=results, own_interest=own_interest)
    shops = shops_of(people, count, seed)
    arrays, agents = (
        way(people, shops, parameters, RULE, replicate, DAY, friends_first=friends_first)
        for way in (run_searches, search_by_agents)
    )
    assert arrays.equals(agents)
    for item in fields(arrays):
        assert getattr(arrays, item.name).dtype == getattr(agents, item.name).dtype
