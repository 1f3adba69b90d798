"""The cascade by agents: one Mesa agent a node, the same result as the kernels' `propagate`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet
from numpy.typing import ArrayLike, NDArray

from weishang.kernels import CascadeRule, Cascades, Events, Graph, Purpose
from weishang.kernels.cascade.result import COUNTS
from weishang.kernels.cascade.task import Task, check
from weishang.kernels.rng import UNIFORM_BITS, WORD_BITS, child, derive, live_lanes
from weishang.model.agents import Consumer

DECISIONS = {Purpose.VISIT: "visit", Purpose.BUY: "buy", Purpose.SHARE: "share"}
"""Which table decides what."""


def propagate_by_agents(
    graph: Graph | Sequence[Graph],
    rule: CascadeRule,
    seeds: Sequence[int] | Sequence[Sequence[int]] | NDArray[Any],
    cascades: Iterable[int] = range(1),
    seed: int = 0,
    *,
    max_hops: int | None = None,
    segment: ArrayLike | None = None,
    record: str = "counts",
) -> Cascades:
    """Spread cascades with every consumer an agent of its own.

    Args:
        graph, rule, seeds, cascades, seed: as in `weishang.kernels.propagate`.
        max_hops, segment, record: likewise.

    Returns:
        Cascades, equal to those of `propagate` in every count and event.

    Raises:
        ValueError: an argument is out of range or does not fit the others.

    Cost: some microseconds a node to create the agents and as much a neighbour hit; meant for
    up to about 10^5 nodes.
    """
    task = check(graph, rule, seeds, cascades, seed, max_hops, segment, record)
    model = WordOfMouth(task)
    people = []
    for row in range(task.num_cascades):
        model.spread(row)
        people += [_remembered(row, consumer) for consumer in model.reached]
    model.disband()
    columns = np.array(people, dtype=np.int64).reshape(-1, 7).T
    events = Events.from_columns(task.cascades, *columns)
    deepest = int(events.hop.max(initial=0))
    width = deepest if task.max_hops is None else task.max_hops
    counts = _counts_by_level(events, task.num_cascades, width)
    return Cascades(**counts, events=events if task.events else None)


class WordOfMouth(mesa.Model):
    """Consumers who know each other; a step is one hop of the post that goes round.

    Attributes:
        people: consumers in the order of their nodes.
        hop: number of the hop that goes on, from 1.
        sharers: those who show the post in the next hop.
        audience: those to whom it was shown in this hop.
        reached: those to whom it was ever shown, seeds aside.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(rng=task.seed)
        self._task = task
        nodes, segments = list(range(task.num_nodes)), task.segment.tolist()
        self.people = list(Consumer.create_agents(self, task.num_nodes, nodes, segments))
        self.reached: list[Consumer] = []
        self.sharers: list[Consumer] = []
        self._seeds: list[Consumer] = []

    def spread(self, row: int) -> None:
        """Let the post of one cascade of the batch go round until it stops."""
        self._begin(row)
        last = self._task.max_hops
        while self.sharers and (last is None or self.hop < last):
            self.step()

    def step(self) -> None:
        """One hop: the sharers post, their friends see it, and all who saw it decide."""
        self.hop += 1
        posters, self.sharers = self.sharers, []
        self.audience = AgentSet([], random=self.random)
        for consumer in posters:
            consumer.post()
        self.audience.do("decide")

    def onlookers(self, poster: Consumer) -> Iterator[Consumer]:
        """The friends who see what the poster shows in this hop, one entry a live slot."""
        for layer, graph in enumerate(self._task.layers):
            start, end = graph.indptr[poster.node : poster.node + 2].tolist()
            view = self._own(self._task.tables.view)[layer]
            limit = int(view[min(self.hop, len(view)) - 1])
            row_key = child(self._view_luck[layer], poster.node)
            for slot in _live_slots(row_key, end - start, limit):
                if self._tie_carries(graph, layer, poster.node, start, slot):
                    yield self.people[graph.indices[start + slot]]

    def happens(self, purpose: Purpose, consumer: Consumer) -> bool:
        """Whether the consumer does it, now and with the luck that is its own in this cascade."""
        table = self._own(getattr(self._task.tables, DECISIONS[purpose]))
        chances = table[min(consumer.level, len(table)) - 1]
        if purpose is Purpose.SHARE:
            chances = chances[consumer.outcome]
        by_dose = chances[consumer.segment]
        limit = int(by_dose[min(consumer.dose, len(by_dose)) - 1])
        return child(self._luck[purpose], consumer.node) >> UNIFORM_BITS < limit

    def disband(self) -> None:
        """Let go of everyone and everything: Mesa 3.3 keeps each model that it made agents for."""
        self.__dict__.clear()

    def _begin(self, row: int) -> None:
        task = self._task
        seeds = task.seed_nodes[task.seed_start[row] : task.seed_end[row]].tolist()
        cascade = int(task.cascades[row])
        self._row, self.hop = row, 0
        self._luck = {purpose: derive(task.seed, purpose, cascade) for purpose in DECISIONS}
        self._view_luck, self._weight_luck = (
            [derive(task.seed, purpose, layer, cascade) for layer in range(len(task.layers))]
            for purpose in (Purpose.VIEW, Purpose.WEIGHT)
        )
        for consumer in [*self.reached, *self._seeds]:
            consumer.forget()
        self.reached, self.sharers = [], []
        self._seeds = [self.people[node] for node in seeds]
        for consumer in self._seeds:
            consumer.start()

    def _own(self, table: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The part of a rule's table that is for this cascade."""
        return table[self._row if len(table) > 1 else 0]

    def _tie_carries(self, graph: Graph, layer: int, node: int, start: int, slot: int) -> bool:
        weights = graph.weight_thresholds()
        if weights is None:
            return True
        luck = child(child(self._weight_luck[layer], node), slot) >> UNIFORM_BITS
        return luck < int(weights[start + slot])


def _live_slots(row_key: int, num_slots: int, limit: int) -> Iterator[int]:
    """A row's live slots, in order."""
    for first in range(0, num_slots, WORD_BITS):
        there = (1 << min(WORD_BITS, num_slots - first)) - 1
        live = live_lanes(row_key, first // WORD_BITS, limit) & there
        while live:
            lowest = live & -live
            yield first + lowest.bit_length() - 1
            live ^= lowest


def _remembered(row: int, consumer: Consumer) -> tuple[int, ...]:
    """What the events keep of a consumer."""
    return (
        row,
        consumer.node,
        consumer.level,
        consumer.parent,
        consumer.visited,
        consumer.bought,
        consumer.shared_hop,
    )


def _counts_by_level(events: Events, num_cascades: int, width: int) -> dict[str, NDArray[np.int64]]:
    everyone = np.ones(len(events), dtype=np.bool_)
    happened = (everyone, events.visited, events.bought, events.shared)
    counts = {}
    for name, did in zip(COUNTS, happened, strict=True):
        counts[name] = np.zeros((num_cascades, width), dtype=np.int64)
        np.add.at(counts[name], (events.row, events.hop - 1), did)
    return counts
