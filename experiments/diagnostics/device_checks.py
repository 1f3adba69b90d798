"""Cases that a device's cascades are held to: known answers, random small ones, large ones.

Small cases are held to the reference, large ones to numba, event by event. They are made here, by
another generator than the tests', so that a machine without the tests can be looked at.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import CascadeRule, Cascades, Graph
from weishang.kernels.cascade.core.rule import OUTCOMES

Spread = Callable[..., Cascades]
"""What takes a case's arguments: `propagate` on a backend."""

HUB, HUB_SLOTS, KNOWN_SEED, KNOWN_CASCADE = 17, 74, 2026, 3
KNOWN_MASKS = (
    (0.02, 0, 64, 0x0000000100000000),
    (0.127, 0, 64, 0x0808000100002102),
    (0.5, 0, 64, 0x8A1A8B6572CFFFCE),
    (0.5, 1, 10, 0x35B),
)
"""p, block, lanes, mask: docs/contract.md, section 5."""
KNOWN_SUMS = {
    (0, 1): (14, 5, 5, 3, 2070, 1161, 3),
    (0, 2): (13, 7, 2, 0, 1931, 1755, 0),
    (2, 1): (15, 9, 3, 5, 2389, 2655, 8),
    (2, 2): (7, 2, 1, 2, 883, 921, 4),
    (2, 3): (12, 2, 1, 2, 1369, 1810, 7),
    (2, 4): (3, 2, 0, 1, 314, 469, 4),
}
"""Row and level: reach, visitors, buyers, sharers, sums of nodes, parents and hops of sharing:
docs/contract.md, section 13, "Layers, weights and exposure counts"."""
KNOWN_NODES = 300

WORDS = (0, 1, 2026, 2**32, 2**63, 2**64 - 1)
"""Seeds and ids where arithmetic could go wrong."""
LIKELY = (0.0, 1.0, 0.5, 2.0**-32, 1.0 - 2.0**-32)
"""Probabilities where a comparison could go wrong."""
MOST_NODES, MOST_SLOTS = 48, 160


@dataclass(frozen=True)
class Case:
    """One call of `propagate`.

    Attributes:
        name: what a table calls it.
        arguments: of the call, backend and its options aside.
        cut: whether the working memory is bounded, so that the batch goes in parts.
    """

    name: str
    arguments: dict[str, Any]
    cut: bool = False

    def run(self, spread: Spread) -> Cascades:
        """What an engine answers."""
        return spread(**self.arguments)


def knows_masks(spread: Spread) -> bool:
    """Whether the contract's known live slots are hit."""
    friends = np.delete(np.arange(HUB_SLOTS + 1), HUB)
    graph = Graph.from_edges(np.full(HUB_SLOTS, HUB), friends)
    for p, block, lanes, mask in KNOWN_MASKS:
        rule = CascadeRule(view=[p])
        events = spread(
            graph, rule, [HUB], [KNOWN_CASCADE], KNOWN_SEED, max_hops=1, record="events"
        ).events
        assert events is not None
        slots = np.searchsorted(friends, events.node) - 64 * block
        if sum(1 << int(slot) for slot in slots if 0 <= slot < lanes) != mask:
            return False
    return True


def knows_layers_weights_and_doses(spread: Spread) -> bool:
    """Whether the contract's worked result comes out."""
    nodes = np.arange(KNOWN_NODES)
    result = spread(
        _known_layers(),
        _known_rule(),
        [[4, 89, 89], [], [177]],
        [0, 1, 2**64 - 1],
        KNOWN_SEED,
        max_hops=4,
        segment=nodes % 3,
        record="events",
    )
    return _sums(result) == KNOWN_SUMS


KNOWN = (knows_masks, knows_layers_weights_and_doses)


def small_case(rng: np.random.Generator) -> Case:
    """Random layers, rule, seeds and ids; nobody at all is a case too."""
    num_nodes = int(rng.integers(1, MOST_NODES))
    num_layers = int(rng.integers(1, 4))
    cascades, segments = int(rng.integers(0, 6)), int(rng.integers(1, 4))
    own = cascades if rng.random() < 0.5 else None
    arguments = {
        "graph": [_small_graph(rng, num_nodes) for _ in range(num_layers)],
        "rule": _random_rule(rng, num_layers, segments, own),
        "seeds": [rng.integers(0, num_nodes, rng.integers(0, 4)).tolist() for _ in range(cascades)],
        "cascades": [int(rng.choice(np.array(WORDS, np.uint64))) for _ in range(cascades)],
        "seed": int(rng.choice(np.array(WORDS, np.uint64))),
        "max_hops": [1, 3, None, None][rng.integers(4)],
        "segment": rng.integers(0, segments, num_nodes),
        "record": "events" if rng.random() < 0.7 else "counts",
    }
    return Case("random", arguments)


def large_cases(graph: Graph, cascades: int, seed: int) -> Iterator[Case]:
    """Every way that a backend has, on a graph that fills the caches.

    Args:
        graph: N nodes.
        cascades: C of those that only count; events get one in eight.
        seed: of the replicate and of the rules.
    """
    rng = np.random.default_rng(seed)
    num_nodes, few = graph.num_nodes, max(cascades // 8, 2)
    hubs = np.argsort(-graph.degrees, kind="stable")[:10].tolist()
    kinds = rng.integers(0, 3, num_nodes)
    everyone = np.ones((1, OUTCOMES, 1))
    simple = {"graph": graph, "seeds": hubs, "seed": seed}
    social = {**simple, "rule": _social_rule(), "segment": kinds}

    def independent(p: float) -> dict[str, Any]:
        return {**simple, "rule": CascadeRule(view=[p], share=everyone)}

    yield Case("counts", {**independent(0.05), "cascades": range(cascades)})
    yield Case("counts in parts", {**independent(0.05), "cascades": range(cascades)}, cut=True)
    yield Case("counts by segment", {**social, "cascades": range(cascades)})
    yield Case("events", {**independent(0.1), "cascades": range(few), "record": "events"})
    yield Case("events by segment", {**social, "cascades": range(few), "record": "events"})
    weighted = _weighted(graph)
    for record, size in (("counts", cascades), ("events", few)):
        told = {"cascades": range(size), "record": record}
        yield Case(f"weights, {record}", {**independent(1.0), "graph": weighted, **told})
        layers = {"graph": [graph, _ring(num_nodes)], "rule": _layered_rule()}
        yield Case(f"layers, {record}", {**simple, **layers, **told})
        yield Case(f"doses, {record}", {**simple, "rule": _dosed_rule(), **told})
        own = {"rule": _own_rule(rng, size), "seeds": rng.integers(0, num_nodes, (size, 20))}
        yield Case(f"rules of their own, {record}", {**simple, **own, **told})
    star = {"graph": _star(num_nodes), "seeds": [0, 1]}
    yield Case("a hub of all, events", {**independent(0.3), **star, "record": "events"})


def _known_layers() -> list[Graph]:
    nodes = range(KNOWN_NODES)
    ends = [(u, (7 * u + 13 * j + j * j) % KNOWN_NODES) for u in nodes for j in range(u % 90)]
    crowd = Graph.from_edges(*zip(*ends, strict=True), num_nodes=KNOWN_NODES)
    ties = [(u, (3 * u + 17 * j) % KNOWN_NODES, (u + j) % 5 / 4) for u in nodes for j in range(4)]
    source, target, weights = zip(*ties, strict=True)
    circle = Graph.from_edges(source, target, np.array(weights), num_nodes=KNOWN_NODES)
    return [crowd, circle]


def _known_rule() -> CascadeRule:
    by_outcome = np.array([[0.25, 0.5, 1.0], [0.5, 0.75, 1.0]])
    by_segment, by_dose = np.array([1.0, 0.5, 0.75]), np.array([0.25, 1.0, 0.5])
    return CascadeRule(
        view=[[0.1875, 0.0625], [0.75, 1.0]],
        visit=[[[0.5, 0.75, 0.875], [0.25, 0.5, 1.0], [0.125, 0.0, 0.5]]],
        buy=[[0.25, 0.5, 0.75], [0.2, 0.4, 0.6], [0.1, 0.2, 0.3]],
        share=by_outcome[:, :, None, None] * by_segment[:, None] * by_dose,
        doses=3,
    )


def _sums(result: Cascades) -> dict[tuple[int, int], tuple[int, ...]]:
    """Counts, and sums of events, of the rows and levels where anyone is."""
    events, found = result.events, {}
    assert events is not None
    for row, level in np.argwhere(result.reach > 0).tolist():
        there = (events.row == row) & (events.hop == level + 1)
        counts = (result.reach, result.visitors, result.buyers, result.sharers)
        columns = (events.node, events.parent, events.shared_hop)
        found[row, level + 1] = (
            *(int(table[row, level]) for table in counts),
            *(int(column[there].sum(dtype=np.int64)) for column in columns),
        )
    return found


def _small_graph(rng: np.random.Generator, num_nodes: int) -> Graph:
    """Parallel edges, self-loops, empty rows, now and then a row of several blocks, weights."""
    degrees = rng.integers(0, 9, num_nodes) * (rng.random(num_nodes) < 0.8)
    if rng.random() < 0.4:
        degrees[rng.integers(num_nodes)] = rng.integers(60, MOST_SLOTS)
    size = int(degrees.sum())
    weights = _chances(rng, size) if rng.random() < 0.4 else None
    return Graph.from_csr(
        np.concatenate(([0], np.cumsum(degrees))), rng.integers(0, num_nodes, size), weights
    )


def _chances(rng: np.random.Generator, *shape: int) -> NDArray[np.float64]:
    """Uniform numbers, with certainty, impossibility and their neighbours among them."""
    return np.where(rng.random(shape) < 0.3, rng.choice(LIKELY, shape), rng.random(shape))


def _random_rule(
    rng: np.random.Generator, layers: int, segments: int, own: int | None
) -> CascadeRule:
    """Tables of random lengths; `own` gives each of so many cascades its own."""
    doses = int(rng.integers(1, 4))
    first = () if own is None else (own,)

    def table(*middle: int) -> NDArray[np.float64]:
        last = (doses,) if doses > 1 and rng.random() < 0.7 else ()
        return _chances(rng, *first, int(rng.integers(1, 4)), *middle, segments, *last)

    return CascadeRule(
        view=_chances(rng, *first, layers, int(rng.integers(1, 4))),
        visit=table() if rng.random() < 0.6 else None,
        buy=table() if rng.random() < 0.6 else None,
        share=table(OUTCOMES) if rng.random() < 0.9 else None,
        doses=doses,
        per_cascade=own is not None,
    )


def _social_rule() -> CascadeRule:
    """Visits, purchases and shares that fall with level and differ by segment."""
    share = np.array([[0.0, 0.3, 0.9], [0.0, 0.2, 0.8]])[:, :, None] * [1.0, 0.5, 0.75]
    return CascadeRule(
        view=[0.9, 0.5], visit=[[0.7, 0.6, 0.5]], buy=[[0.3, 0.2, 0.1], [0.1] * 3], share=share
    )


def _layered_rule() -> CascadeRule:
    return CascadeRule(view=[[0.15, 0.06], [0.6, 0.4]], share=np.full((1, OUTCOMES, 1), 0.8))


def _dosed_rule() -> CascadeRule:
    """A second exposure is what convinces."""
    by_dose = np.array([0.2, 0.9, 1.0])
    share = np.broadcast_to(by_dose, (1, OUTCOMES, 1, by_dose.size))
    return CascadeRule(view=[0.2], buy=[[0.3]], share=share, doses=by_dose.size)


def _own_rule(rng: np.random.Generator, cascades: int) -> CascadeRule:
    return CascadeRule(
        view=rng.uniform(0.0, 0.15, (cascades, 2)),
        visit=rng.random((cascades, 1, 1)),
        share=rng.uniform(0.5, 1.0, (cascades, 2, OUTCOMES, 1)),
        per_cascade=True,
    )


def _weighted(graph: Graph) -> Graph:
    """The weighted cascade model: an edge's weight is 1 / in-degree of its target."""
    in_degrees = np.bincount(graph.indices, minlength=graph.num_nodes)
    return Graph.from_csr(graph.indptr, graph.indices, 1.0 / in_degrees[graph.indices])


def _ring(num_nodes: int) -> Graph:
    nodes = np.arange(num_nodes)
    return Graph.from_edges(nodes, (nodes + 1) % num_nodes, num_nodes=num_nodes, directed=False)


def _star(num_nodes: int) -> Graph:
    """Node 0 knows all others, in one row of many blocks."""
    others = np.arange(1, num_nodes)
    return Graph.from_edges(np.zeros_like(others), others, num_nodes=num_nodes, directed=False)
