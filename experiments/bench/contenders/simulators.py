"""Simulators of others: pynetim, cynetdiff, EoN and NDlib, each as its own pages use it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weishang.experiments.bench.contenders.program import Program, one_by_one
from weishang.kernels import Graph

if TYPE_CHECKING:
    import networkx


def prepare_pynetim(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
    """C++; its means are made on threads, its single runs are not."""
    from pynetim.diffusion_model import IndependentCascadeModel
    from pynetim.graph import IMGraph

    own = IMGraph(_edges(graph), weights=p, directed=False, renumber=False)
    model = IndependentCascadeModel(own, set(seeds))

    def own_mean(cascades: int, seed: int) -> float:
        return model.run_monte_carlo_diffusion(cascades, seed, True, threads) - len(seeds)

    def reaches(cascades: int, seed: int) -> NDArray[np.int64]:
        luck = np.random.default_rng(seed).integers(0, 1 << 31, cascades).tolist()
        reached = [model.run_single_simulation(one) for one in luck]
        return np.array(reached, dtype=np.int64) - len(seeds)

    return Program(reaches, own_mean)


def prepare_cynetdiff(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
    """Cython on one thread."""
    from cynetdiff.models import IndependentCascadeModel

    # Its stub asks for array.array, its code for any buffer of unsigned integers.
    starts: Any = graph.indptr[:-1].astype(np.uint32)
    targets: Any = graph.indices.astype(np.uint32)
    model = IndependentCascadeModel(starts, targets, activation_prob=p)
    model.set_seeds(list(seeds))

    def cascade() -> int:
        model.reset_model()
        model.advance_until_completion()
        return model.get_num_activated_nodes()

    def reaches(cascades: int, seed: int) -> NDArray[np.int64]:
        model.set_rng(seed)
        return one_by_one(cascade, cascades) - len(seeds)

    return Program(reaches)


def prepare_eon(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
    """Python on NetworkX; the independent cascade is its discrete SIR model."""
    from EoN import basic_discrete_SIR

    own = _networkx(graph)

    def reaches(cascades: int, seed: int) -> NDArray[np.int64]:
        rng = np.random.default_rng(seed)

        def cascade() -> int:
            *_, recovered = basic_discrete_SIR(own, p, initial_infecteds=list(seeds), rng=rng)
            return int(recovered[-1])

        return one_by_one(cascade, cascades) - len(seeds)

    return Program(reaches)


def prepare_ndlib(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
    """Python on NetworkX, with a threshold an edge."""
    from ndlib.models.epidemics import IndependentCascadesModel
    from ndlib.models.ModelConfig import Configuration

    own = _networkx(graph)
    configuration = Configuration()
    configuration.add_model_initial_configuration("Infected", list(seeds))
    for edge in own.edges:
        configuration.add_edge_configuration("threshold", edge, p)

    def reaches(cascades: int, seed: int) -> NDArray[np.int64]:
        model = IndependentCascadesModel(own, seed=seed)
        model.set_initial_status(configuration)

        def cascade() -> int:
            model.reset(infected_nodes=list(seeds))
            return _finish_ndlib(model)

        return one_by_one(cascade, cascades) - len(seeds)

    return Program(reaches)


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
