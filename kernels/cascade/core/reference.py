"""The cascade in plain loops: the contract as code, which every other backend must equal."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.cascade.core.memory import Batch, Work
from weishang.kernels.cascade.core.result import COUNTS, Cascades, Events
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.graph.graph import Graph
from weishang.kernels.graph.layers import Groups, Strangers, row_length
from weishang.kernels.rng import CERTAIN, UNIFORM_BITS, WORD_BITS, Purpose, child, derive, uniform

PERSON_BYTES = 400
"""A reached node as a Python object. Measured: 210, with events 430."""

PASSED_BY, VISITED, BOUGHT = 0, 1, 2


class _Person:
    """What one cascade knows of a reached node."""

    def __init__(self, hop: int, level: int, parent: int) -> None:
        self.hop = hop
        self.level = level
        self.parent = parent
        self.dose = 0
        self.visited = False
        self.bought = False
        self.shared_hop = 0


class _Hit(NamedTuple):
    """A post on someone's screen; `level` is what it would make of someone it reaches first."""

    target: int
    level: int
    poster: int


def missing() -> None:
    """What keeps the reference from running: nothing."""


def estimate(batch: Batch, *, threads: int, device: str, memory: int | None) -> Work:
    """The people of all cascades, until they are counted; the options are ignored."""
    return Work(round(PERSON_BYTES * batch.mean_reach * batch.cascades), batch.cascades)


def run(task: Task) -> Cascades:
    """Spread every cascade of the batch, one after the other."""
    people = [_Cascade(task, row).spread() for row in range(task.num_cascades)]
    deepest = max((one.level for reached in people for one in reached.values()), default=0)
    width = deepest if task.num_levels is None else task.num_levels
    counts = {name: np.zeros((task.num_cascades, width), dtype=np.int64) for name in COUNTS}
    for row, reached in enumerate(people):
        for person in reached.values():
            at = row, person.level - 1
            counts["reach"][at] += 1
            counts["visitors"][at] += person.visited
            counts["buyers"][at] += person.bought
            counts["sharers"][at] += person.shared_hop > 0
    return Cascades(**counts, events=_events(task, people) if task.events else None)


class _Cascade:
    """One cascade on its way."""

    def __init__(self, task: Task, row: int) -> None:
        self.task = task
        self.row = row
        self.cascade = int(task.cascades[row])
        self.seeds = set(task.seed_nodes[task.seed_start[row] : task.seed_end[row]].tolist())
        self.reached: dict[int, _Person] = {}
        self.posted: set[tuple[int, int]] = set()

    def spread(self) -> dict[int, _Person]:
        """Reached nodes by id."""
        frontier, hop = sorted(self.seeds), 1
        while frontier and (self.task.max_hops is None or hop <= self.task.max_hops):
            hit = set()
            for target, level, poster in self.hits(frontier, hop):
                if target in self.seeds:
                    continue
                person = self.reached.setdefault(target, _Person(hop, level, poster))
                if person.hop == hop:
                    person.level, person.parent = min(
                        (person.level, person.parent), (level, poster)
                    )
                person.dose += 1
                hit.add(target)
            decided = [node for node in sorted(hit) if self.decide(node, hop)]
            frontier, hop = decided, hop + 1
        return self.reached

    def hits(self, frontier: list[int], hop: int) -> Iterator[_Hit]:
        """What the frontier's posts put on whose screens, one entry a live slot."""
        for number, layer in enumerate(self.task.layers):
            if isinstance(layer, Groups):
                yield from self.hits_in_groups(layer, number, frontier, hop)
                continue
            for node in frontier:
                level = self.level_from(number, node, hop)
                for slot in self.live_slots(number, node, row_length(layer, node), hop):
                    target = self.target(layer, number, node, slot)
                    if target is not None:
                        yield _Hit(target, level, node)

    def hits_in_groups(
        self, layer: Groups, number: int, frontier: list[int], hop: int
    ) -> Iterator[_Hit]:
        """A group's first poster, by level and id, shows the post to the others in the group."""
        if not self.view(number, hop):
            return
        first: dict[int, tuple[int, int]] = {}
        for node in frontier:
            start, end = layer.member_indptr[node : node + 2].tolist()
            row_key = derive(self.task.seed, Purpose.POST, number, self.cascade, node)
            for slot, luck in enumerate(_lane_uniforms(row_key, end - start)):
                group = int(layer.member_of[start + slot])
                if luck < layer.post_threshold and (number, group) not in self.posted:
                    poster = self.level_from(number, node, hop), node
                    first[group] = min(first.get(group, poster), poster)
        for group, (level, own) in first.items():
            self.posted.add((number, group))
            start, end = layer.indptr[group : group + 2].tolist()
            place = self.task.num_nodes + group
            for slot in self.live_slots(number, place, end - start, hop):
                member = int(layer.members[start + slot])
                if member != own and self.passes(
                    number, place, slot, int(layer.weight_thresholds()[group])
                ):
                    yield _Hit(member, level, own)

    def view(self, number: int, hop: int) -> int:
        """The layer's threshold in this hop."""
        view = _entry(self.task.tables.view, self.row)[number]
        return int(view[min(hop, len(view)) - 1])

    def live_slots(self, number: int, node: int, num_slots: int, hop: int) -> Iterator[int]:
        """The slots of a row that see what is posted."""
        row_key = derive(self.task.seed, Purpose.VIEW, number, self.cascade, node)
        view = self.view(number, hop)
        for slot, luck in enumerate(_lane_uniforms(row_key, num_slots)):
            if luck < view:
                yield slot

    def passes(self, number: int, node: int, slot: int, limit: int) -> bool:
        """Whether a weighted slot carries the post."""
        luck = uniform(self.task.seed, Purpose.WEIGHT, number, self.cascade, node, slot)
        return luck < limit

    def target(self, layer: Graph | Strangers, number: int, node: int, slot: int) -> int | None:
        """Who is at a live slot of the node's row; None where the weight holds the post back."""
        if isinstance(layer, Strangers):
            return self.stranger(layer, number, node, slot)
        at = int(layer.indptr[node]) + slot
        weights = layer.weight_thresholds()
        if weights is not None and not self.passes(number, node, slot, int(weights[at])):
            return None
        return int(layer.indices[at])

    def stranger(self, layer: Strangers, number: int, node: int, slot: int) -> int:
        """Whom a slot draws: its word's lower half says among whom, the upper half who."""
        word = derive(self.task.seed, Purpose.STRANGER, number, self.cascade, node, slot)
        lower, upper = word & (CERTAIN - 1), word >> UNIFORM_BITS
        if lower >= layer.near_threshold:
            return upper * self.task.num_nodes >> UNIFORM_BITS
        start, end = layer.class_indptr[layer.classes[node] :][:2].tolist()
        return int(layer.by_class[start + (upper * (end - start) >> UNIFORM_BITS)])

    def level_from(self, number: int, node: int, hop: int) -> int:
        """The level of those whom a layer's post by this node reaches first."""
        paths = self.task.tables.paths
        if paths is None:
            return hop
        return int(paths[number, 0 if node in self.seeds else self.reached[node].level])

    def decide(self, node: int, hop: int) -> bool:
        """Visit, buy and share, each for good; whether the node shares now for the first time."""
        person, tables = self.reached[node], self.task.tables

        def happens(purpose: Purpose, table: np.ndarray, *outcome: int) -> bool:
            of_level = _entry(table, self.row)[min(person.level, table.shape[1]) - 1]
            entry = of_level[outcome][self.task.segment[node]]
            chance = int(entry[min(person.dose, len(entry)) - 1])
            return uniform(self.task.seed, purpose, self.cascade, node) < chance

        if not person.visited:
            person.visited = happens(Purpose.VISIT, tables.visit)
        if person.visited and not person.bought:
            person.bought = happens(Purpose.BUY, tables.buy)
        outcome = BOUGHT if person.bought else VISITED if person.visited else PASSED_BY
        if person.shared_hop or not happens(Purpose.SHARE, tables.share, outcome):
            return False
        person.shared_hop = hop
        return True


def _lane_uniforms(row_key: int, num_slots: int) -> Iterator[int]:
    """A row's uniforms, slot by slot: bit i from the top is the lane's bit of word i."""
    for first in range(0, num_slots, WORD_BITS):
        block = first // WORD_BITS
        words = [child(row_key, UNIFORM_BITS * block + i) for i in range(UNIFORM_BITS)]
        for lane in range(min(WORD_BITS, num_slots - first)):
            luck = 0
            for word in words:
                luck = luck << 1 | word >> lane & 1
            yield luck


def _entry(table: np.ndarray, row: int) -> np.ndarray:
    """The cascade's own part of a table, or the one that all share."""
    return table[row if len(table) > 1 else 0]


def _events(task: Task, people: list[dict[int, _Person]]) -> Events:
    entries = [
        (row, node, one.hop, one.parent, one.visited, one.bought, one.shared_hop, one.level)
        for row, reached in enumerate(people)
        for node, one in reached.items()
    ]
    columns: list[NDArray[Any]] = list(np.array(entries, dtype=np.int64).reshape(-1, 8).T)
    if task.tables.paths is None:
        del columns[-1]
    return Events.from_columns(task.cascades, *columns)
