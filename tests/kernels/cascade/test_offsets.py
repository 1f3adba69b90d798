"""Rows that begin and slots that lie beyond 2^31 edges, without the memory of such a graph.

The targets are memory that is mapped and not reserved: what is only read stays one page of zeros.
"""

import mmap
import sys
from typing import Any

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Graph, Purpose, propagate
from weishang.kernels.cascade import BACKENDS
from weishang.kernels.rng import derive, live_lanes, threshold

HOLES = 2**31 + 100
"""Edges of the first row, all to node 0."""
NO_RESERVE = 0x4000
"""Linux's MAP_NORESERVE, which mmap names only in later versions of Python."""
NUM_NODES = 200
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is mapped as on Linux")

ON_HOST = [name for name in BACKENDS if name != "triton"]

SEED = 2026
RARE = 2.0**-21
"""Probability at which a row of 2^31 slots has some 1,000 live ones."""
TAIL = 1 << 14
LIVE_CASCADE, LIVE_BLOCK, LIVE_LANE = 63, 2**25 + 194, 12
"""The first cascade with a live slot in node 1's row among the `TAIL` slots from 2^31 on."""


def holes(size: int) -> np.ndarray:
    """So many int32 zeros that take no memory until they are written."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
    return np.frombuffer(mmap.mmap(-1, 4 * size, flags=flags), dtype=np.int32)


@pytest.mark.parametrize("record", ["counts", "events"])
@pytest.mark.parametrize("layered", [False, True])
@pytest.mark.parametrize("backend", ON_HOST)
def test_rows_beyond_2_31_edges_are_read_where_they_are(
    backend: str, layered: bool, record: str
) -> None:
    near = tail_graph()
    far = shifted(near)
    graph: Any = [far] if not layered else [far, ring()]
    expected: Any = [near] if not layered else [near, ring()]
    rule = CascadeRule(view=[[0.4]] * len(graph), buy=[[0.5]], share=np.full((1, 3, 1), 0.9))
    batch = ([1, 2], range(5), SEED)
    result = propagate(graph, rule, *batch, backend=backend, record=record)
    assert result.reach.sum() > NUM_NODES
    assert result.equals(propagate(expected, rule, *batch, backend="reference", record=record))


def tail_graph() -> Graph:
    """Ties among all nodes but node 0, whose row is empty."""
    ends = np.random.default_rng(4).integers(1, NUM_NODES, (2, 6 * NUM_NODES))
    return Graph.from_edges(*ends, num_nodes=NUM_NODES)


def ring() -> Graph:
    """A second layer, with weights."""
    nodes = np.arange(NUM_NODES)
    weights = np.linspace(0, 1, NUM_NODES)
    return Graph.from_edges(nodes, np.roll(nodes, 1), weights, num_nodes=NUM_NODES)


def shifted(graph: Graph) -> Graph:
    """The same rows behind a first one of so many edges that all later offsets pass 2^31."""
    indptr = graph.indptr + HOLES
    indptr[0] = 0
    indices = holes(HOLES + graph.num_edges)
    indices[HOLES:] = graph.indices
    return Graph(indptr, indices)


def test_the_known_slot_is_live_and_the_first() -> None:
    limit = int(threshold(RARE))
    row_key = derive(SEED, Purpose.VIEW, 0, LIVE_CASCADE, 1)
    tail = [live_lanes(row_key, 2**25 + block, limit) for block in range(TAIL // 64)]
    assert {block: mask for block, mask in enumerate(tail) if mask} == {
        LIVE_BLOCK - 2**25: 1 << LIVE_LANE
    }


@pytest.mark.parametrize("backend", [name for name in ON_HOST if name != "reference"])
def test_slots_beyond_2_31_of_a_row_have_their_own_words(backend: str) -> None:
    """Of a row of 2^31 slots and some more, those live lead to node 0, and one to node 3."""
    indices = holes(2**31 + TAIL)
    live = 64 * LIVE_BLOCK + LIVE_LANE
    indices[2**31 :] = 4
    indices[2**31 : live] = 2
    indices[live] = 3
    indptr = np.array([0, 0, *[indices.size] * 4], dtype=np.int64)
    events = propagate(
        Graph(indptr, indices),
        CascadeRule(view=[RARE]),
        [1],
        [LIVE_CASCADE],
        SEED,
        backend=backend,
        record="events",
    ).events
    assert events.node.tolist() == [0, 3]
