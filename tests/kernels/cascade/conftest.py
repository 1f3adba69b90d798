"""Every engine under one roof, and random cases for them: graphs, rules, batches.

An engine takes what `propagate` takes, without `backend`. Hypothesis draws the size of a case,
which then shrinks well, and the seed of a generator that fills it, which is quick and, unlike
Hypothesis' own choices, not drawn to what is empty.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from weishang.kernels import CascadeRule, Cascades, Graph, Groups, Strangers, propagate
from weishang.kernels.cascade import BACKENDS
from weishang.kernels.cascade.core.result import COUNTS
from weishang.kernels.runtime.availability import interpreted
from weishang.model.agents.engine import propagate_by_agents

Engine = Callable[..., Cascades]

ENGINES: dict[str, Engine] = {
    **{name: partial(propagate, backend=name) for name in BACKENDS},
    "agents": propagate_by_agents,
}
ONE_IN = 10
"""The share of random cases for interpreted kernels, which take a fifth of a second for what others
do in a millisecond. They get the quick tests' full number in the slow ones."""
LAST_WORD = 2**64 - 1
WORDS = (0, 1, 2, 3, 2026, 2**32, 2**63, LAST_WORD - 1, LAST_WORD)
PROBABILITIES = (0.0, 1.0, 1.0, 0.5, 2.0**-32, 1.0 - 2.0**-32)


@pytest.fixture(scope="session", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each backend in turn, then the agents."""
    return ENGINES[request.param]


@pytest.fixture(scope="session", params=[name for name in ENGINES if name != "reference"])
def other(request: pytest.FixtureRequest) -> Engine:
    """Each engine that the reference is compared with."""
    return ENGINES[request.param]


@pytest.fixture(scope="session")
def reference() -> Engine:
    """The contract as code."""
    return ENGINES["reference"]


@pytest.fixture(scope="session")
def examples() -> Callable[[Engine, int], int]:
    """How many of so many random cases an engine gets: all, or `ONE_IN` where it is interpreted."""

    def share(engine: Engine, number: int) -> int:
        return number // ONE_IN if interpreted() and engine is ENGINES["triton"] else number

    return share


@pytest.fixture
def torch_threads() -> Iterator[Callable[[int], None]]:
    """Sets torch's number of threads, for the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Case:
    """One call of an engine."""

    graph: Graph | list[Any]
    rule: CascadeRule
    seeds: list[Any]
    cascades: list[int]
    seed: int
    max_hops: int | None
    segment: np.ndarray | None
    record: str = "events"

    def run(self, engine: Engine) -> Cascades:
        """The engine's answer."""
        return engine(
            self.graph,
            self.rule,
            self.seeds,
            self.cascades,
            self.seed,
            max_hops=self.max_hops,
            segment=self.segment,
            record=self.record,
        )

    def least_memory(self, without: Engine) -> int:
        """The bytes that an engine which is given none says one cascade takes."""
        with pytest.raises(ValueError, match="memory is 0 bytes") as error:
            self.run(without)
        return int(re.findall(r"[0-9]+", str(error.value))[-1])

    def rows(self, chosen: list[int]) -> "Case":
        """The same call with only these rows of the batch, in this order."""
        rule = self.rule
        if rule.per_cascade:
            tables = {
                name: None if (table := getattr(rule, name)) is None else table[chosen]
                for name in ("view", "visit", "buy", "share")
            }
            rule = replace(rule, **tables)
        nested = bool(self.seeds) and isinstance(self.seeds[0], list)
        return replace(
            self,
            rule=rule,
            seeds=[self.seeds[row] for row in chosen] if nested else self.seeds,
            cascades=[self.cascades[row] for row in chosen],
        )


def random_graph(rng: np.random.Generator, num_nodes: int) -> Graph:
    """A multigraph with self-loops and empty rows; one in three has a row of several blocks."""
    degrees = rng.integers(0, rng.choice([1, 4, 8, 8, 8, 12, 12]), num_nodes)
    degrees[rng.random(num_nodes) < 0.2] = 0
    if rng.random() < 0.33:
        degrees[rng.integers(num_nodes)] = rng.integers(60, 140)
    size = int(degrees.sum())
    indptr = np.concatenate(([0], np.cumsum(degrees)))
    weights = random_probabilities(rng, (size,)) if rng.random() < 0.4 else None
    return Graph.from_csr(indptr, rng.integers(0, num_nodes, size), weights)


def random_probabilities(
    rng: np.random.Generator, shape: tuple[int, ...], low: float = 0.0
) -> np.ndarray:
    """Uniform numbers, among which certainty, impossibility and near misses are common."""
    values = rng.uniform(low, 1.0, shape)
    return np.where(rng.random(shape) < 0.3, rng.choice(PROBABILITIES, shape), values)


def random_rule(
    rng: np.random.Generator, *, layers: int | None, cascades: int | None, segments: int
) -> CascadeRule:
    """A rule of random shapes; `cascades` gives every cascade tables of its own."""
    doses = int(rng.integers(1, 5))
    first = () if cascades is None else (cascades,)

    def rows() -> int:
        return int(rng.integers(1, 5))

    def table(*middle: int) -> np.ndarray:
        last = (doses,) if doses > 1 and rng.random() < 0.7 else ()
        shape = (*first, rows(), *middle, segments, *last)
        values = random_probabilities(rng, shape, low=rng.choice([0.0, 0.4]))
        return np.sort(values, axis=-1) if last and rng.random() < 0.5 else values

    view_shape = (*first, *(() if layers is None else (layers,)), rows())
    return CascadeRule(
        view=random_probabilities(rng, view_shape, low=rng.choice([0.0, 0.5])),
        visit=table() if rng.random() < 0.6 else None,
        buy=table() if rng.random() < 0.6 else None,
        share=table(3) if rng.random() < 0.9 else None,
        doses=doses,
        per_cascade=cascades is not None,
    )


def random_seeds(rng: np.random.Generator, num_nodes: int, num_cascades: int) -> list[Any]:
    """Seeds for all or one list a cascade, with duplicates and, now and then, nobody."""

    def some() -> list[int]:
        return rng.integers(0, num_nodes, rng.choice([0, 1, 1, 2, 3, 3, 5])).tolist()

    return some() if rng.random() < 0.5 else [some() for _ in range(num_cascades)]


@st.composite
def _draw_case(draw: st.DrawFn, min_cascades: int = 0) -> Case:
    num_nodes = draw(st.sampled_from(range(40, 0, -1)))
    # Compiled code knows how many layers there are: each number costs seconds of compilation.
    num_layers = draw(st.sampled_from([None, 1, 2]))
    rng = np.random.default_rng(draw(st.integers(0, LAST_WORD)))
    num_cascades = max(int(rng.choice(6, p=[0.04, 0.12, 0.21, 0.21, 0.21, 0.21])), min_cascades)
    layers = [random_graph(rng, num_nodes) for _ in range(num_layers or 1)]
    segments = int(rng.integers(1, 5))
    rule = random_rule(
        rng,
        layers=num_layers,
        cascades=num_cascades if rng.random() < 0.5 else None,
        segments=segments,
    )
    no_classes = segments == 1 and rng.random() < 0.5
    return Case(
        graph=layers[0] if num_layers is None else layers,
        rule=rule,
        seeds=random_seeds(rng, num_nodes, num_cascades),
        cascades=[int(WORDS[i]) for i in rng.integers(0, len(WORDS), num_cascades)],
        seed=int(rng.choice(np.array([*WORDS, rng.integers(0, 2**63)], dtype=np.uint64))),
        max_hops=[0, 1, 3, None][rng.choice(4, p=[0.04, 0.1, 0.26, 0.6])],
        segment=None if no_classes else rng.integers(0, segments, num_nodes),
    )


def random_groups(rng: np.random.Generator, num_nodes: int) -> Groups:
    """Groups of nobody, of some and of many; a node may be in hundreds."""
    num_groups = int(rng.choice([0, 1, 3, 6, 200], p=[0.1, 0.3, 0.3, 0.2, 0.1]))
    share = rng.choice([0.02, 0.2, 0.5])
    members = [np.flatnonzero(rng.random(num_nodes) < share) for _ in range(num_groups)]
    indptr = np.concatenate(([0], np.cumsum([one.size for one in members], dtype=np.int64)))
    return Groups(
        num_nodes,
        indptr.astype(np.int64),
        np.concatenate([np.empty(0, np.int32), *members]).astype(np.int32),
        random_probabilities(rng, (num_groups,)) if rng.random() < 0.6 else None,
        post=float(random_probabilities(rng, (1,))[0]),
    )


def random_strangers(rng: np.random.Generator, num_nodes: int) -> Strangers:
    """A channel to few or to many, drawn from all or mostly from a class."""
    classes = rng.integers(0, rng.choice([1, 3, 6]), num_nodes) if rng.random() < 0.6 else None
    near = 0.0 if classes is None else float(random_probabilities(rng, (1,))[0])
    return Strangers(num_nodes, int(rng.choice([0, 1, 3, 5, 64, 100])), near, classes)


def random_layer(rng: np.random.Generator, num_nodes: int) -> Graph | Groups | Strangers:
    """A layer of any kind."""
    make = rng.choice([random_graph, random_groups, random_strangers])
    return make(rng, num_nodes)


@st.composite
def _draw_layered_case(draw: st.DrawFn) -> Case:
    case = draw(_draw_case())
    size = (case.graph if isinstance(case.graph, Graph) else case.graph[0]).num_nodes
    num_layers = draw(st.sampled_from([1, 2, 3, 5]))
    rng = np.random.default_rng(draw(st.integers(0, LAST_WORD)))
    layers = [random_layer(rng, size) for _ in range(num_layers)]
    num_levels = int(rng.integers(1, 6))
    own = case.rule.per_cascade
    view_shape = (*((len(case.cascades),) if own else ()), num_layers, int(rng.integers(1, 4)))
    paths = rng.integers(1, num_levels + 1, (num_layers, num_levels + 1))
    rule = replace(
        case.rule,
        view=random_probabilities(rng, view_shape, low=rng.choice([0.0, 0.5])),
        paths=paths if rng.random() < 0.7 else None,
    )
    return replace(case, graph=layers, rule=rule)


@pytest.fixture(scope="session")
def layered_cases() -> Callable[..., st.SearchStrategy[Case]]:
    """Strategy of random calls on layers of all kinds, with levels by path or by hop."""
    return _draw_layered_case


@pytest.fixture(scope="session")
def cases() -> Callable[..., st.SearchStrategy[Case]]:
    """Strategy of random calls: `cases(min_cascades=...)`."""
    return _draw_case


@pytest.fixture(scope="session")
def same_rows() -> Callable[[Cascades, Cascades, list[int]], None]:
    """Asserts that a part's cascades are some rows of a whole."""
    return assert_same_rows


def assert_same_rows(part: Cascades, whole: Cascades, rows: list[int]) -> None:
    """The part's cascades are these rows of the whole; the batch's depth pads the columns."""
    for name in COUNTS:
        mine, theirs = getattr(part, name), getattr(whole, name)[rows]
        width = mine.shape[1]
        assert np.array_equal(mine, theirs[:, :width])
        assert not theirs[:, width:].any()
    names = [
        name for name, values in vars(part.events).items() if name != "row" and values is not None
    ]
    for position, row in enumerate(rows):
        here, there = part.events.row == position, whole.events.row == row
        for name in names:
            mine, theirs = getattr(part.events, name), getattr(whole.events, name)
            assert np.array_equal(mine[here], theirs[there])
