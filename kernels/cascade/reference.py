"""The cascade in plain loops: the contract as code, which every other backend must equal."""

from collections.abc import Iterator

import numpy as np

from weishang.kernels.cascade.result import COUNTS, Cascades, Events
from weishang.kernels.cascade.task import Task
from weishang.kernels.rng import UNIFORM_BITS, WORD_BITS, Purpose, child, derive, uniform

PASSED_BY, VISITED, BOUGHT = 0, 1, 2


class _Person:
    """What one cascade knows of a reached node."""

    def __init__(self, level: int, parent: int) -> None:
        self.level = level
        self.parent = parent
        self.dose = 0
        self.visited = False
        self.bought = False
        self.shared_hop = 0


def run(task: Task) -> Cascades:
    """Spread every cascade of the batch, one after the other."""
    people = [_spread(task, row) for row in range(task.num_cascades)]
    deepest = max((one.level for reached in people for one in reached.values()), default=0)
    width = deepest if task.max_hops is None else task.max_hops
    counts = {name: np.zeros((task.num_cascades, width), dtype=np.int64) for name in COUNTS}
    for row, reached in enumerate(people):
        for person in reached.values():
            at = row, person.level - 1
            counts["reach"][at] += 1
            counts["visitors"][at] += person.visited
            counts["buyers"][at] += person.bought
            counts["sharers"][at] += person.shared_hop > 0
    return Cascades(**counts, events=_events(task, people) if task.events else None)


def _spread(task: Task, row: int) -> dict[int, _Person]:
    """One cascade: reached nodes by id."""
    seeds = set(task.seed_nodes[task.seed_start[row] : task.seed_end[row]].tolist())
    reached: dict[int, _Person] = {}
    frontier = sorted(seeds)
    hop = 1
    while frontier and (task.max_hops is None or hop <= task.max_hops):
        hit = set()
        for node in frontier:
            for target in _exposures(task, row, node, hop):
                if target in seeds:
                    continue
                person = reached.setdefault(target, _Person(hop, node))
                if person.level == hop:
                    person.parent = min(person.parent, node)
                person.dose += 1
                hit.add(target)
        frontier = [node for node in sorted(hit) if _decide(task, row, node, reached[node], hop)]
        hop += 1
    return reached


def _exposures(task: Task, row: int, node: int, hop: int) -> Iterator[int]:
    """The targets of the node's live slots in every layer, one entry a slot."""
    cascade = int(task.cascades[row])
    for number, graph in enumerate(task.layers):
        view = _entry(task.tables.view, row)[number]
        threshold = int(view[min(hop, len(view)) - 1])
        row_key = derive(task.seed, Purpose.VIEW, number, cascade, node)
        weights = graph.weight_thresholds()
        start, end = int(graph.indptr[node]), int(graph.indptr[node + 1])
        for slot, luck in enumerate(_lane_uniforms(row_key, end - start)):
            if luck >= threshold:
                continue
            if weights is not None:
                luck = uniform(task.seed, Purpose.WEIGHT, number, cascade, node, slot)
                if luck >= int(weights[start + slot]):
                    continue
            yield int(graph.indices[start + slot])


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


def _decide(task: Task, row: int, node: int, person: _Person, hop: int) -> bool:
    """Visit, buy and share, each for good; whether the node shares now for the first time."""
    cascade = int(task.cascades[row])

    def happens(purpose: Purpose, table: np.ndarray, *outcome: int) -> bool:
        of_level = _entry(table, row)[min(person.level, table.shape[1]) - 1]
        entry = of_level[outcome][task.segment[node]]
        chance = int(entry[min(person.dose, len(entry)) - 1])
        return uniform(task.seed, purpose, cascade, node) < chance

    if not person.visited:
        person.visited = happens(Purpose.VISIT, task.tables.visit)
    if person.visited and not person.bought:
        person.bought = happens(Purpose.BUY, task.tables.buy)
    outcome = BOUGHT if person.bought else VISITED if person.visited else PASSED_BY
    if person.shared_hop or not happens(Purpose.SHARE, task.tables.share, outcome):
        return False
    person.shared_hop = hop
    return True


def _entry(table: np.ndarray, row: int) -> np.ndarray:
    """The cascade's own part of a table, or the one that all share."""
    return table[row if len(table) > 1 else 0]


def _events(task: Task, people: list[dict[int, _Person]]) -> Events:
    entries = [
        (row, node, one.level, one.parent, one.visited, one.bought, one.shared_hop)
        for row, reached in enumerate(people)
        for node, one in reached.items()
    ]
    columns = np.array(entries, dtype=np.int64).reshape(-1, 7).T
    return Events.from_columns(task.cascades, *columns)
