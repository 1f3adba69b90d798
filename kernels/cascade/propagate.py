"""Spread cascades over a graph: check the arguments, choose a backend, run the batch.

Source: Kempe, Kleinberg and Tardos (2003), "Maximizing the spread of influence through a social
network", for the independent cascade and the linear threshold model; the rest is the project's
own contract, docs/contract.md.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weishang.kernels.cascade import registry
from weishang.kernels.cascade.core.result import Cascades
from weishang.kernels.cascade.core.rule import OUTCOMES, CascadeRule, Tables
from weishang.kernels.cascade.core.task import Layer, check
from weishang.kernels.cascade.resources.batch_splitting import call_fits, run_splitting
from weishang.kernels.graph.graph import Graph
from weishang.kernels.rng import threshold


def propagate(
    graph: Layer | Sequence[Layer],
    rule: CascadeRule,
    seeds: Sequence[int] | Sequence[Sequence[int]] | NDArray[Any],
    cascades: Iterable[int] = range(1),
    seed: int = 0,
    *,
    max_hops: int | None = None,
    segment: ArrayLike | None = None,
    backend: str = "auto",
    record: str = "counts",
    **options: Any,
) -> Cascades:
    """Spread cascades over a graph; the result has one row per cascade.

    Args:
        graph: a Graph of N nodes, or a list of layers on the same nodes: Graph, Groups, Strangers.
        rule: probabilities by hop and segment; see CascadeRule.
        seeds: node ids, one list for all cascades or a list of C lists; duplicates count once.
        cascades: C cascade ids in [0, 2^64); one may occur twice (two policies in one world).
        seed: the world's seed, in [0, 2^64).
        max_hops: last hop; None continues until no one shares.
        segment: integer class of each node, [N]; 0 for all when None.
        backend: "reference" (plain loops), "torch" (tensor operations on any device), "numba"
            (CPU, all cores), "triton" (CUDA), or "auto": triton where it can run, numba elsewhere.
        record: "counts", or "events" for one entry per reached node.
        options: of the backend: torch and triton take `device` (a torch device) and `memory`
            (bytes that their working arrays may take); numba takes `threads`.

    Returns:
        Cascades with reach, visitors, buyers and sharers, int64 [C, max_hops], or as wide as the
        deepest level of the batch when max_hops is None; [C, R] where the rule has paths.

    Raises:
        ValueError: an argument is out of range or does not fit the others, the backend cannot
            run here (what is missing is named), or memory does not hold one cascade. A batch that
            outgrows memory is run in halves.

    Exact: the same on every backend and device, in any batch.

    Example:
        >>> ring = Graph.from_edges([0, 1, 2], [1, 2, 0])
        >>> propagate(ring, CascadeRule(view=[1.0], share=np.ones((1, 3, 1))), [0]).reach
        array([[1, 1]])
    """
    with call_fits():
        task = check(graph, rule, seeds, cascades, seed, max_hops, segment, record)
    name = registry.choose(options) if backend == "auto" else backend
    run = partial(registry.runner(name, options), **options)
    return run_splitting(run, task, partial(registry.estimate, name), name, options)


def independent_cascade(
    graph: Graph | Sequence[Graph],
    seeds: Sequence[int] | Sequence[Sequence[int]] | NDArray[Any],
    p: float,
    replicas: int = 64,
    seed: int = 0,
    **options: Any,
) -> Cascades:
    """The independent cascade: every edge of a reached node passes once with probability p.

    Args:
        graph, seeds, seed: as in `propagate`.
        p: probability, in [0, 1], on every layer.
        replicas: C; the cascades are 0 .. C - 1.
        options: those of `propagate`.

    Returns:
        Cascades, int64 [C, H].

    Raises:
        ValueError: p outside [0, 1], or an argument of `propagate` is wrong.

    Source: Kempe, Kleinberg and Tardos (2003).

    Example:
        >>> pair = Graph.from_edges([0], [1])
        >>> independent_cascade(pair, [0], p=1.0, replicas=2).reach
        array([[1],
               [1]])
    """
    if isinstance(replicas, bool) or not isinstance(replicas, int | np.integer) or replicas < 0:
        raise ValueError(f"replicas is {replicas!r}; give an integer of at least 0")
    if type(p) is not float and threshold(p, "p").ndim:
        raise ValueError(f"p is {p!r}; give one probability")
    rule = _independent(float(p), len(graph) if isinstance(graph, Sequence) else None)
    return propagate(graph, rule, seeds, range(replicas), seed, **options)


class _FixedRule(CascadeRule):
    """A rule without tables of a cascade's own, whose thresholds are made once."""

    def tables(self, num_layers: int | None, num_cascades: int) -> Tables:
        """As of CascadeRule; nobody else holds the arrays that the rule was made from."""
        if "_made" not in self.__dict__:
            object.__setattr__(self, "_made", super().tables(num_layers, num_cascades))
        return self.__dict__["_made"]


@lru_cache(maxsize=64)
def _independent(p: float, num_layers: int | None) -> CascadeRule:
    """The rule of the independent cascade on a graph, or on a list of that many layers."""
    threshold(p, "p")
    view = [p] if num_layers is None else [[p]] * num_layers
    return _FixedRule(view=view, share=np.ones((1, OUTCOMES, 1)))
