"""The programs that the benchmark sets side by side: our backends, simulators, graph libraries.

`prepare` builds a program's own graph and model. A program that cannot run here is told, not
hidden.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.experiments.bench.contenders.live_edges import (
    prepare_graphblas,
    prepare_igraph,
    prepare_torch_sparse,
)
from weishang.experiments.bench.contenders.program import Prepare, Program
from weishang.experiments.bench.contenders.simulators import (
    prepare_cynetdiff,
    prepare_eon,
    prepare_ndlib,
    prepare_pynetim,
)
from weishang.kernels import Graph, independent_cascade
from weishang.kernels.cascade.registry import BACKENDS, missing
from weishang.kernels.runtime.availability import interpreted

BYTES_AN_EDGE, BYTES_A_NODE = 8, 16
"""Memory that a backend may take beyond the graph, for each directed edge and node."""
LEAST_MEMORY = 2 << 20
"""Bytes that torch works in at the least: a few blocks of slots, however small the graph."""

SLOW_NODES = 100_000
"""The largest graph for programs that take seconds a cascade on a larger one."""


@dataclass(frozen=True)
class Contender:
    """A program and what is needed to run it fairly.

    Attributes:
        name: what tables call it.
        prepare: see contenders_program.
        module: what it is imported as, where that is not its name.
        package: its distribution.
        parallel: whether it uses the threads it is offered.
        most_nodes: the largest graph that it is asked to run on.
        ours: whether it is a backend of this project.
    """

    name: str
    prepare: Prepare
    module: str | None = None
    package: str | None = None
    parallel: bool = False
    most_nodes: int | None = None
    ours: bool = False

    def absence(self) -> str | None:
        """Why it cannot take part; None when it can."""
        if self.ours:
            return _absence_of_ours(self.name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import_module(self.module or self.name)
        except ImportError as error:
            return f"absent: {error}"
        return None

    def takes(self, graph: Graph) -> bool:
        """Whether it can take part on a graph of this size."""
        return graph.num_nodes <= (self.most_nodes or graph.num_nodes) and not self.absence()

    def version(self) -> str:
        """Its version, or why it is absent."""
        if why := self.absence():
            return why
        return "this code" if self.ours or not self.package else metadata.version(self.package)


def memory_limit(graph: Graph) -> int:
    """Bytes that a backend may take beyond the graph."""
    return BYTES_AN_EDGE * graph.num_edges + BYTES_A_NODE * graph.num_nodes


def backend_options(backend: str, graph: Graph, threads: int) -> dict[str, Any]:
    """What our backends run with, for time and for memory alike."""
    if backend == "torch":
        memory = max(LEAST_MEMORY, memory_limit(graph))
        return {"backend": backend, "device": "cpu", "memory": memory}
    if backend == "numba":
        return {"backend": backend, "threads": threads}
    return {"backend": backend}


def our_backends() -> list[str]:
    """Names of the project's backends that can run here."""
    return [one.name for one in CONTENDERS if one.ours and not one.absence()]


def _prepare_ours(backend: str) -> Prepare:
    def prepare(graph: Graph, seeds: Sequence[int], p: float, threads: int) -> Program:
        options = backend_options(backend, graph, threads)

        def reaches(cascades: int, seed: int) -> NDArray[np.int64]:
            if backend == "torch":
                _set_torch_threads(threads)
            return independent_cascade(graph, seeds, p, cascades, seed, **options).reach.sum(axis=1)

        return Program(reaches)

    return prepare


def _set_torch_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def _absence_of_ours(backend: str) -> str | None:
    """Why a backend cannot be timed here, without the advice."""
    if backend not in BACKENDS:
        return "absent: this version has no such backend"
    if backend == "triton" and interpreted():
        return "absent: TRITON_INTERPRET is set, and interpreted kernels are for tests"
    why = missing(backend)
    return None if why is None else f"absent: {why.partition(';')[0]}"


CONTENDERS = (
    Contender("numba", _prepare_ours("numba"), parallel=True, ours=True),
    Contender("torch", _prepare_ours("torch"), parallel=True, ours=True),
    Contender("triton", _prepare_ours("triton"), ours=True),
    Contender("pynetim", prepare_pynetim, "pynetim.graph", "pynetim", parallel=True),
    Contender("cynetdiff", prepare_cynetdiff, "cynetdiff.models", "cynetdiff"),
    Contender("igraph", prepare_igraph, package="igraph", most_nodes=SLOW_NODES),
    Contender("graphblas", prepare_graphblas, package="python-graphblas", parallel=True),
    Contender("torch.sparse", prepare_torch_sparse, "torch", "torch", parallel=True),
    Contender("EoN", prepare_eon, package="EoN", most_nodes=SLOW_NODES),
    Contender("NDlib", prepare_ndlib, "ndlib.models.epidemics", "ndlib", most_nodes=SLOW_NODES),
)
