"""The cascade by agents: one Mesa agent a node, the same result as the kernels' `propagate`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet
from numpy.typing import ArrayLike, NDArray

from weishang.kernels import CascadeRule, Cascades, Events, Graph, Groups, Purpose, Strangers
from weishang.kernels.cascade.core.result import COUNTS
from weishang.kernels.cascade.core.task import Layer, Task, check
from weishang.kernels.graph.layers import row_length
from weishang.kernels.rng import CERTAIN, UNIFORM_BITS, WORD_BITS, child, derive, live_lanes
from weishang.model.agents.consumers import Consumer, GroupChat

DECISIONS = {Purpose.VISIT: "visit", Purpose.BUY: "buy", Purpose.SHARE: "share"}
"""Which table decides what."""


def propagate_by_agents(
    graph: Layer | Sequence[Layer],
    rule: CascadeRule,
    seeds: Sequence[int] | Sequence[Sequence[int]] | NDArray[Any],
    cascades: Iterable[int] = range(1),
    seed: int = 0,
    *,
    max_hops: int | None = None,
    segment: ArrayLike | None = None,
    record: str = "counts",
    consumer: type[Consumer] = Consumer,
) -> Cascades:
    """Spread cascades with every consumer an agent of its own.

    Args:
        graph, rule, seeds, cascades, seed: as in `weishang.kernels.propagate`.
        max_hops, segment, record: likewise.
        consumer: class of the consumers; a subclass may act in its own way.

    Returns:
        Cascades, equal to those of `propagate` in every count and event.

    Raises:
        ValueError: an argument is out of range or does not fit the others.

    Cost: some microseconds a node to create the agents and as much a neighbour hit; meant for
    up to about 10^5 nodes.
    """
    task = check(graph, rule, seeds, cascades, seed, max_hops, segment, record)
    model = WordOfMouth(task, consumer)
    people = []
    for row in range(task.num_cascades):
        model.spread(row)
        people += [_remembered(row, consumer) for consumer in model.reached]
    model.close()
    columns: list[NDArray[Any]] = list(np.array(people, dtype=np.int64).reshape(-1, 8).T)
    if task.tables.paths is None:
        del columns[-1]
    events = Events.from_columns(task.cascades, *columns)
    deepest = int(events.level.max(initial=0))
    width = deepest if task.num_levels is None else task.num_levels
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
        groups: group chats by the number of their layer.
        groups_posted: those in which it was first posted in this hop.
    """

    def __init__(self, task: Task, consumer: type[Consumer] = Consumer) -> None:
        super().__init__(rng=task.seed)
        self._task = task
        nodes, segments = list(range(task.num_nodes)), task.segment.tolist()
        self.people = list(consumer.create_agents(self, task.num_nodes, nodes, segments))
        self.groups = {
            number: list(
                GroupChat.create_agents(
                    self, layer.num_groups, number, list(range(layer.num_groups))
                )
            )
            for number, layer in enumerate(task.layers)
            if isinstance(layer, Groups)
        }
        self.reached: list[Consumer] = []
        self.sharers: list[Consumer] = []
        self.groups_posted: list[GroupChat] = []
        self._told: list[GroupChat] = []
        self._seeds: list[Consumer] = []

    def spread(self, row: int) -> None:
        """Let the post of one cascade of the batch go round until it stops."""
        self._begin(row)
        last = self._task.max_hops
        while self.sharers and (last is None or self.hop < last):
            self.step()

    def step(self) -> None:
        """One hop: sharers post, groups show, others see it, and all who saw it decide."""
        self.hop += 1
        posters, self.sharers = self.sharers, []
        self.audience = AgentSet([], random=self.random)
        for consumer in posters:
            consumer.post()
        for group in self.groups_posted:
            group.show()
        self._told += self.groups_posted
        self.groups_posted = []
        self.audience.do("decide")

    def onlookers(self, poster: Consumer) -> Iterator[tuple[Consumer, int]]:
        """Those who see what the poster shows in this hop, groups aside, one entry a live slot.

        Yields:
            The person, and the level that it would be reached at.
        """
        for number, layer in enumerate(self._task.layers):
            if isinstance(layer, Groups):
                continue
            level = self._level_from(number, poster)
            for slot in self._live_slots(number, poster.node, row_length(layer, poster.node)):
                if isinstance(layer, Strangers):
                    yield self._stranger(layer, number, poster.node, slot), level
                elif self._tie_carries(layer, number, poster.node, slot):
                    yield self.people[layer.indices[layer.indptr[poster.node] + slot]], level

    def groups_of(self, poster: Consumer) -> Iterator[tuple[GroupChat, int]]:
        """The groups that the poster posts in, and the level that it makes of their members."""
        for number, groups in self.groups.items():
            layer = self._task.layers[number]
            assert isinstance(layer, Groups)
            if not self._view(number):
                continue
            start, end = layer.member_indptr[poster.node : poster.node + 2].tolist()
            row_key = child(self._post_luck[number], poster.node)
            for slot in _live_slots(row_key, end - start, layer.post_threshold):
                yield groups[layer.member_of[start + slot]], self._level_from(number, poster)

    def onlookers_in(self, group: GroupChat) -> Iterator[Consumer]:
        """The members who see what is posted in a group in this hop."""
        layer = self._task.layers[group.layer]
        assert isinstance(layer, Groups)
        start, end = layer.indptr[group.number : group.number + 2].tolist()
        place, limit = self._task.num_nodes + group.number, layer.weight_thresholds()[group.number]
        for slot in self._live_slots(group.layer, place, end - start):
            if self._passes(group.layer, place, slot, int(limit)):
                yield self.people[layer.members[start + slot]]

    def happens(self, purpose: Purpose, consumer: Consumer) -> bool:
        """Whether the consumer does it, now and with the luck that is its own in this cascade."""
        table = self._own(getattr(self._task.tables, DECISIONS[purpose]))
        chances = table[min(consumer.level, len(table)) - 1]
        if purpose is Purpose.SHARE:
            chances = chances[consumer.outcome]
        by_dose = chances[consumer.segment]
        limit = int(by_dose[min(consumer.dose, len(by_dose)) - 1])
        return child(self._luck[purpose], consumer.node) >> UNIFORM_BITS < limit

    def close(self) -> None:
        """Let go of everyone and everything: Mesa 3.3 keeps each model for which it made agents."""
        self.remove_all_agents()
        for name in (
            "people",
            "groups",
            "reached",
            "sharers",
            "audience",
            "_task",
            "_told",
            "_seeds",
        ):
            self.__dict__.pop(name, None)

    def _begin(self, row: int) -> None:
        task = self._task
        seeds = task.seed_nodes[task.seed_start[row] : task.seed_end[row]].tolist()
        cascade = int(task.cascades[row])
        self._row, self.hop = row, 0
        self._luck = {purpose: derive(task.seed, purpose, cascade) for purpose in DECISIONS}
        self._view_luck, self._weight_luck, self._post_luck, self._stranger_luck = (
            [derive(task.seed, purpose, layer, cascade) for layer in range(len(task.layers))]
            for purpose in (Purpose.VIEW, Purpose.WEIGHT, Purpose.POST, Purpose.STRANGER)
        )
        for consumer in [*self.reached, *self._seeds]:
            consumer.forget()
        for group in self._told:
            group.forget()
        self.reached, self.sharers, self._told = [], [], []
        self._seeds = [self.people[node] for node in seeds]
        for consumer in self._seeds:
            consumer.start()

    def _own(self, table: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The part of a rule's table that is for this cascade."""
        return table[self._row if len(table) > 1 else 0]

    def _view(self, number: int) -> int:
        """A layer's threshold in this hop."""
        view = self._own(self._task.tables.view)[number]
        return int(view[min(self.hop, len(view)) - 1])

    def _live_slots(self, number: int, place: int, num_slots: int) -> Iterator[int]:
        """The slots of a row of a layer that see what is posted in this hop."""
        return _live_slots(child(self._view_luck[number], place), num_slots, self._view(number))

    def _level_from(self, number: int, poster: Consumer) -> int:
        """The level of those whom a layer's post by this consumer reaches first."""
        paths = self._task.tables.paths
        return self.hop if paths is None else int(paths[number, poster.level])

    def _passes(self, number: int, place: int, slot: int, limit: int) -> bool:
        luck = child(child(self._weight_luck[number], place), slot) >> UNIFORM_BITS
        return luck < limit

    def _tie_carries(self, graph: Graph, number: int, node: int, slot: int) -> bool:
        weights = graph.weight_thresholds()
        if weights is None:
            return True
        return self._passes(number, node, slot, int(weights[graph.indptr[node] + slot]))

    def _stranger(self, layer: Strangers, number: int, node: int, slot: int) -> Consumer:
        """Whom a slot of a channel to strangers draws: of the sharer's class, or of all."""
        word = child(child(self._stranger_luck[number], node), slot)
        among, luck = word & (CERTAIN - 1), word >> UNIFORM_BITS
        if among >= layer.near_threshold:
            return self.people[luck * len(self.people) >> UNIFORM_BITS]
        start, end = layer.class_indptr[layer.classes[node] :][:2].tolist()
        return self.people[layer.by_class[start + (luck * (end - start) >> UNIFORM_BITS)]]


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
        consumer.hop,
        consumer.parent,
        consumer.visited,
        consumer.bought,
        consumer.shared_hop,
        consumer.level,
    )


def _counts_by_level(events: Events, num_cascades: int, width: int) -> dict[str, NDArray[np.int64]]:
    everyone = np.ones(len(events), dtype=np.bool_)
    happened = (everyone, events.visited, events.bought, events.shared)
    counts = {}
    for name, did in zip(COUNTS, happened, strict=True):
        counts[name] = np.zeros((num_cascades, width), dtype=np.int64)
        np.add.at(counts[name], (events.row, events.level - 1), did)
    return counts
