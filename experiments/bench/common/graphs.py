"""The graphs that speed is measured on: one with hubs, rings with chance ties, public ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weishang.experiments.storage import manifest
from weishang.kernels import Graph
from weishang.kernels.runtime.jit import jit_entry

TIES = 10
"""Ties drawn a node; repeats and loops go, and some 9.2 edges a node stay."""
NEAR = 20
"""Half of the ties end within so many ids."""
TAIL = 2.5
"""Pareto index of sociability: a node's chance to be an end of a tie."""
NUM_SEEDS = 10

RING_DEGREE = 10
"""Ties of each node of the ring, five near and five by chance."""
RING_STEP = 8
"""The ring's nodes come in groups of so many."""
RING_MOST_NODES = 100_000_000
"""The largest ring that is made: 5 GB of rows."""

PUBLIC_FOLDER = manifest.ROOT.parent / "shared" / "graphs"
PUBLIC_GRAPHS = ("facebook_combined", "nethept")
"""SNAP ego-Facebook (McAuley and Leskovec, 2012); NetHEPT (Chen, Wang and Yang, 2009)."""


def build_graph(num_nodes: int, rng: np.random.Generator) -> Graph:
    """An undirected graph with local ties and hubs: performance depends on both.

    Ties start at nodes drawn by Pareto weights; half end within `NEAR` ids, half at nodes drawn by
    the same weights. Loops and repeats are dropped.

    Args:
        num_nodes: N.
        rng: draws the weights and the ties.
    """
    sociability = np.cumsum(1.0 + rng.pareto(TAIL, num_nodes))
    half = TIES * num_nodes // 2

    def draw_nodes() -> NDArray[np.int64]:
        luck = rng.random(half) * sociability[-1]
        return np.searchsorted(sociability, luck, side="right").clip(max=num_nodes - 1)

    near, far = draw_nodes(), draw_nodes()
    beside = (near + rng.integers(-NEAR, NEAR + 1, half)) % num_nodes
    return Graph.from_edges(
        np.concatenate([near, far]),
        np.concatenate([beside, draw_nodes()]),
        num_nodes=num_nodes,
        directed=False,
        simple=True,
    )


def ring_and_chance(num_nodes: int, rng: np.random.Generator) -> Graph:
    """An undirected graph in which every node has 10 ties: five near on a ring, five by chance.

    Near are the four nodes within two steps and one four steps away. By chance are the node before
    and after in two random permutations, and the partner in a random matching. So rows are of one
    length and need no counting: the graph is built in 48 bytes a node and a permutation. A chance
    tie can repeat another, or in a permutation's fixed point lead back; both stay.

    Args:
        num_nodes: N, a multiple of 8, at least 16.
        rng: draws the permutations.

    Raises:
        ValueError: N is no such number, or above 10^8.
    """
    if num_nodes % RING_STEP or not 2 * RING_STEP <= num_nodes <= RING_MOST_NODES:
        raise ValueError(
            f"num_nodes is {num_nodes}; give a multiple of {RING_STEP}"
            f" in [{2 * RING_STEP}, {RING_MOST_NODES}]"
        )
    indices = np.empty((num_nodes, RING_DEGREE), dtype=np.int32)
    _tie_near(indices)
    for column in (5, 7):
        _tie_permuted(indices, _permutation(num_nodes, rng), column)
    _tie_matched(indices, _permutation(num_nodes, rng), 9)
    _sort_rows(indices)
    indptr = np.arange(0, RING_DEGREE * num_nodes + 1, RING_DEGREE, dtype=np.int64)
    return Graph.from_csr(indptr, indices.reshape(-1))


def largest_hubs(graph: Graph) -> list[int]:
    """The seeds: nodes of the highest degree, smaller ids first among equals."""
    return np.argsort(-graph.degrees, kind="stable")[:NUM_SEEDS].tolist()


def public_files() -> dict[str, Path]:
    """The public graphs that lie beside the checkout, by name."""
    paths = {name: PUBLIC_FOLDER / f"{name}.txt" for name in PUBLIC_GRAPHS}
    return {name: path for name, path in paths.items() if path.is_file()}


def _permutation(num_nodes: int, rng: np.random.Generator) -> NDArray[np.int32]:
    order = np.arange(num_nodes, dtype=np.int32)
    rng.shuffle(order)
    return order


@jit_entry
def _tie_near(indices: NDArray[np.int32]) -> None:
    num_nodes = indices.shape[0]
    for node in range(num_nodes):
        for column, step in enumerate((-2, -1, 1, 2)):
            indices[node, column] = (node + step) % num_nodes
        indices[node, 4] = node ^ 4


@jit_entry
def _tie_permuted(indices: NDArray[np.int32], order: NDArray[np.int32], column: int) -> None:
    for node in range(order.size):
        indices[node, column] = order[node]
        indices[order[node], column + 1] = node


@jit_entry
def _tie_matched(indices: NDArray[np.int32], order: NDArray[np.int32], column: int) -> None:
    for place in range(0, order.size, 2):
        one, other = order[place], order[place + 1]
        indices[one, column] = other
        indices[other, column] = one


@jit_entry
def _sort_rows(indices: NDArray[np.int32]) -> None:
    for node in range(indices.shape[0]):
        indices[node].sort()
