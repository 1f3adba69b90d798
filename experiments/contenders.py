"""Programs that run the independent cascade, each behind the same two calls.

`prepare` builds a program's own graph and model; what it returns runs so many cascades and gives
their mean reach, the seeds not counted. A program that cannot be imported is told, not hidden.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from weishang.kernels import Graph, independent_cascade

if TYPE_CHECKING:
    import networkx

Run = Callable[[int, int], float]
"""(cascades, seed) -> mean reach."""
Prepare = Callable[[Graph, Sequence[int], float, int], Run]
"""(undirected graph, seed nodes, p, threads) -> Run."""


BYTES_AN_EDGE, BYTES_A_NODE = 8, 16
"""Memory that a backend may take beyond the graph, for each directed edge and node."""
LEAST_MEMORY = 2 << 20
"""Bytes that torch works in at the least: a few blocks of slots, however small the graph."""


@dataclass(frozen=True)
class Contender:
    """A program and what is needed to run it fairly.

    Attributes:
        name: what tables call it.
        prepare: see the module.
        module: what it is imported as; None for the project's own backends.
        package: its distribution.
        parallel: whether it uses the threads it is offered.
        most_nodes: the largest graph that it is asked to run on: it keeps Python objects a node
            and an edge.
    """

    name: str
    prepare: Prepare
    module: str | None = None
    package: str | None = None
    parallel: bool = False
    most_nodes: int | None = None

    @property
    def ours(self) -> bool:
        """Whether it is a backend of this project."""
        return self.module is None

    def absence(self) -> str | None:
        """Why it cannot take part; None when it can."""
        if self.module is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import_module(self.module)
        except ImportError as error:
            return f"absent: {error}"
        return None

    def version(self) -> str:
        """Its version, or why it is absent."""
        return self.absence() or (metadata.version(self.package) if self.package else "this code")


def memory_limit(graph: Graph) -> int:
    """Bytes that a backend may take beyond the graph."""
    return BYTES_AN_EDGE * graph.num_edges + BYTES_A_NODE * graph.num_nodes


def backend_options(backend: str, graph: Graph, threads: int) -> dict[str, Any]:
    """What our backends run with, for time and for memory alike."""
    if backend == "torch":
        memory = max(LEAST_MEMORY, memory_limit(graph))
        return {"backend": backend, "device": "cpu", "memory": memory}
    return {"backend": backend, "threads": threads}


def _prepare_numba(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Run:
    options = backend_options("numba", graph, threads)
    return lambda cascades, seed: _mean_reach(graph, seeds, p, cascades, seed, options)


def _prepare_torch(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Run:
    import torch

    options = backend_options("torch", graph, threads)

    def run(cascades: int, seed: int) -> float:
        torch.set_num_threads(threads)
        return _mean_reach(graph, seeds, p, cascades, seed, options)

    return run


def _mean_reach(
    graph: Graph,
    seeds: Sequence[int],
    p: float,
    cascades: int,
    seed: int,
    options: dict[str, Any],
) -> float:
    result = independent_cascade(graph, seeds, p, cascades, seed, **options)
    return float(result.reach.sum()) / cascades


def _prepare_cynetdiff(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Run:
    from cynetdiff.models import IndependentCascadeModel

    # Its stub asks for array.array, its code for any buffer of unsigned integers.
    starts: Any = graph.indptr[:-1].astype(np.uint32)
    targets: Any = graph.indices.astype(np.uint32)
    model = IndependentCascadeModel(starts, targets, activation_prob=p)
    model.set_seeds(list(seeds))

    def run(cascades: int, seed: int) -> float:
        model.set_rng(seed)
        reached = 0
        for _ in range(cascades):
            model.reset_model()
            model.advance_until_completion()
            reached += model.get_num_activated_nodes()
        return reached / cascades - len(seeds)

    return run


def _prepare_pynetim(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Run:
    from pynetim.diffusion_model import IndependentCascadeModel
    from pynetim.graph import IMGraph

    own = IMGraph(_edges(graph), weights=p, directed=False, renumber=False)
    model = IndependentCascadeModel(own, set(seeds))

    def run(cascades: int, seed: int) -> float:
        return model.run_monte_carlo_diffusion(cascades, seed, True, threads) - len(seeds)

    return run


def _prepare_eon(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Run:
    from EoN import basic_discrete_SIR

    own = _networkx(graph)

    def run(cascades: int, seed: int) -> float:
        rng = np.random.default_rng(seed)
        reached = 0
        for _ in range(cascades):
            *_, recovered = basic_discrete_SIR(own, p, initial_infecteds=list(seeds), rng=rng)
            reached += int(recovered[-1])
        return reached / cascades - len(seeds)

    return run


def _prepare_ndlib(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Run:
    from ndlib.models.epidemics import IndependentCascadesModel
    from ndlib.models.ModelConfig import Configuration

    own = _networkx(graph)
    configuration = Configuration()
    configuration.add_model_initial_configuration("Infected", list(seeds))
    for edge in own.edges:
        configuration.add_edge_configuration("threshold", edge, p)

    def run(cascades: int, seed: int) -> float:
        model = IndependentCascadesModel(own, seed=seed)
        model.set_initial_status(configuration)
        reached = 0
        for _ in range(cascades):
            model.reset(infected_nodes=list(seeds))
            reached += _finish_ndlib(model)
        return reached / cascades - len(seeds)

    return run


def _finish_ndlib(model: Any) -> int:
    """Iterate until nobody is infected; how many are removed, the seeds among them."""
    while True:
        count = model.iteration(node_status=False)["node_count"]
        if count[1] == 0:
            return int(count[2])


def _edges(graph: Graph) -> list[tuple[int, int]]:
    """Each undirected edge once."""
    source = np.repeat(np.arange(graph.num_nodes, dtype=np.int32), graph.degrees)
    once = source < graph.indices
    return list(zip(source[once].tolist(), graph.indices[once].tolist(), strict=True))


def _networkx(graph: Graph) -> "networkx.Graph":
    import networkx

    own = networkx.empty_graph(graph.num_nodes)
    own.add_edges_from(_edges(graph))
    return own


CONTENDERS = (
    Contender("numba", _prepare_numba, parallel=True),
    Contender("torch", _prepare_torch, parallel=True),
    Contender("pynetim", _prepare_pynetim, "pynetim.graph", "pynetim", parallel=True),
    Contender("cynetdiff", _prepare_cynetdiff, "cynetdiff.models", "cynetdiff"),
    Contender("EoN", _prepare_eon, "EoN", "EoN", most_nodes=100_000),
    Contender("NDlib", _prepare_ndlib, "ndlib.models.epidemics", "ndlib", most_nodes=100_000),
)
