"""The agents' engine: what its people do, hop by hop. Its equality with the kernels is tested
with theirs, in tests/kernels/cascade, where it is one of the engines.
"""

import gc
import inspect
import weakref
from typing import Any

import mesa
import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.kernels.cascade.core.task import Task, check
from weishang.model.agents.consumers import Consumer
from weishang.model.agents.engine import WordOfMouth, propagate_by_agents

CHAIN = Graph.from_edges([0, 1, 0, 3, 1], [1, 2, 3, 2, 4])
CERTAIN_SHARE = np.ones((1, 3, 1))


def task(rule: CascadeRule, seeds: list[int], graph: Graph = CHAIN, **options: Any) -> Task:
    arguments = {"cascades": range(1), "seed": 0, "max_hops": None, "segment": None}
    return check(graph, rule, seeds, **{**arguments, **options}, record="events")


def test_every_node_is_a_mesa_agent() -> None:
    model = WordOfMouth(task(CascadeRule(view=[1.0]), [0], segment=[4, 3, 2, 1, 0]))
    assert isinstance(model, mesa.Model)
    assert len(model.agents) == CHAIN.num_nodes
    assert all(isinstance(agent, Consumer) for agent in model.agents)
    assert [consumer.node for consumer in model.people] == [0, 1, 2, 3, 4]


def test_segments_come_with_the_people() -> None:
    rule = CascadeRule(view=[1.0], buy=[[0.0, 1.0]])
    model = WordOfMouth(task(rule, [0], segment=[0, 1, 0, 1, 0]))
    assert [consumer.segment for consumer in model.people] == [0, 1, 0, 1, 0]


def test_a_step_is_a_hop() -> None:
    rule = CascadeRule(view=[1.0], buy=[[1.0]], share=CERTAIN_SHARE)
    model = WordOfMouth(task(rule, [0], max_hops=0))
    model.spread(0)
    model.step()
    assert model.hop == 1
    assert sorted(person.node for person in model.audience) == [1, 3]
    assert sorted(person.node for person in model.sharers) == [1, 3]
    model.step()
    assert sorted(person.node for person in model.audience) == [2, 4]
    of_two = model.people[2]
    assert (of_two.level, of_two.parent, of_two.dose) == (2, 1, 2)
    assert (of_two.visited, of_two.bought, of_two.shared_hop) == (True, True, 2)


def test_nobody_visits_buys_or_shares_unasked() -> None:
    rule = CascadeRule(view=[1.0], visit=[[0.0]], buy=[[1.0]], share=np.zeros((1, 3, 1)))
    model = WordOfMouth(task(rule, [0]))
    model.spread(0)
    seen = [model.people[node] for node in (1, 3)]
    assert all(person.level == 1 and person.dose == 1 for person in seen)
    assert not any(person.visited or person.bought or person.shared_hop for person in seen)
    assert model.people[2].level == 0


@pytest.mark.parametrize(
    ("visited", "bought", "outcome"), [(False, False, 0), (True, False, 1), (True, True, 2)]
)
def test_outcome_is_the_furthest_that_it_came(visited: bool, bought: bool, outcome: int) -> None:
    consumer = WordOfMouth(task(CascadeRule(view=[1.0]), [0])).people[1]
    consumer.visited, consumer.bought = visited, bought
    assert consumer.outcome == outcome


def test_one_shows_the_post_once_and_never_to_a_seed() -> None:
    both = Graph.from_edges([0, 1, 1], [1, 0, 1])
    model = WordOfMouth(task(CascadeRule(view=[1.0], share=CERTAIN_SHARE), [0], graph=both))
    model.spread(0)
    assert model.people[0].level == 0
    assert model.people[1].dose == 2
    assert model.hop == 2


def test_the_next_cascade_starts_with_fresh_people() -> None:
    rule = CascadeRule(view=[1.0], buy=[[1.0]], share=CERTAIN_SHARE)
    model = WordOfMouth(task(rule, [[0], [4]], cascades=range(2)))
    model.spread(0)
    model.spread(1)
    assert model.reached == []
    assert [person.is_seed for person in model.people] == [False] * 4 + [True]
    assert not any(person.level or person.dose or person.bought for person in model.people)


def test_people_are_let_go_after_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    born: list[weakref.ref[Consumer]] = []
    create = Consumer.__init__

    def remember(self: Consumer, *arguments: Any) -> None:
        create(self, *arguments)
        born.append(weakref.ref(self))

    monkeypatch.setattr(Consumer, "__init__", remember)
    propagate_by_agents(CHAIN, CascadeRule(view=[1.0], share=CERTAIN_SHARE), [0])
    gc.collect()
    assert len(born) == CHAIN.num_nodes
    assert not any(person() for person in born)


def test_luck_is_the_contracts_and_not_the_librarys() -> None:
    rng = np.random.default_rng(4)
    graph = Graph.from_edges(*rng.integers(0, 60, (2, 400)))
    rule = CascadeRule(view=[0.5], buy=[[0.5]], share=np.full((1, 3, 1), 0.8))

    def reached(seed: int, library_seed: int) -> list[tuple[int, int, bool]]:
        model = WordOfMouth(task(rule, [0], graph=graph, seed=seed))
        model.random.seed(library_seed)
        model.rng = np.random.default_rng(library_seed)
        model.spread(0)
        return [(person.node, person.level, person.bought) for person in model.reached]

    assert len(reached(5, 1)) > 20
    assert reached(5, 1) == reached(5, 2)
    assert reached(5, 1) != reached(6, 1)


def test_the_call_is_that_of_the_kernels_without_backend() -> None:
    ours, theirs = (inspect.signature(call).parameters for call in (propagate_by_agents, propagate))
    shared = [name for name in theirs if name not in ("backend", "options")]
    assert list(ours) == [*shared, "consumer"]
    assert ours["consumer"].default is Consumer
    assert ours["consumer"].kind == inspect.Parameter.KEYWORD_ONLY
    assert all(ours[name].default == theirs[name].default for name in shared)
    assert all(ours[name].kind == theirs[name].kind for name in shared)
