"""A society on a given friendship graph: what is not known of its people is imputed."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.model.society.attributes import (
    UNKNOWN,
    NodeAttributes,
    take_from_anyone,
    take_from_friends,
)
from weishang.model.society.generate import draw_budgets
from weishang.model.society.interests import impute_interests
from weishang.model.society.measures import find_one_way_edge
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.places import grow_regions
from weishang.model.society.society import Society


def from_graph(
    graph: Graph,
    parameters: SocietyParameters,
    rng: np.random.Generator,
    attributes: NodeAttributes | None = None,
) -> Society:
    """Put people on a given friendship graph; what is not known of them is imputed.

    Where nothing is known, budgets are random and equally frequent; interests start at random and
    are exchanged between people until the homophily of the ties (Coleman's index) reaches
    `parameters.homophily`, or as near as the graph allows; places are regions of equal size that
    grow along ties. Where some people are known, the others take interest
    and place from friends, and budgets from anyone: see `attributes`. The parameters on numbers of
    friends and on circles are not used.

    Args:
        graph: undirected and simple, N nodes.
        parameters: see SocietyParameters.
        rng: draws what is imputed.
        attributes: what is known of the N people. Its groups are no part of a society.

    Raises:
        ValueError: the graph has a self-loop, a repeated edge, or an edge without its reverse; the
            attributes are of other people or out of range.
    """
    odd = find_one_way_edge(graph)
    if odd is not None:
        raise ValueError(
            f"graph has edge {odd[0]} {odd[1]}, a self-loop, repeated, or without its reverse; "
            "read it as undirected and simple"
        )
    known = attributes or NodeAttributes(graph.num_nodes)
    if known.num_people != graph.num_nodes:
        raise ValueError(
            f"attributes are of {known.num_people} people; give the graph's {graph.num_nodes}"
        )
    interest = _complete(
        known.interest,
        lambda: impute_interests(graph, parameters.num_interests, parameters.homophily, rng),
        lambda some: take_from_friends(graph, some, rng),
    )
    budget_class = _complete(
        known.budget_class,
        lambda: draw_budgets(parameters, graph.num_nodes, rng),
        lambda some: take_from_anyone(some, rng),
    )
    place = _complete(
        known.place,
        lambda: grow_regions(graph, parameters.num_places, rng),
        lambda some: take_from_friends(graph, some, rng),
    )
    friends = graph.degrees.astype(np.int32)
    return Society(graph, interest, budget_class, friends, parameters, place)


def _complete(
    known: NDArray[Any] | None,
    nothing: Callable[[], NDArray[Any]],
    some: Callable[[NDArray[Any]], NDArray[Any]],
) -> NDArray[Any]:
    """What is known, completed: by `nothing` where nobody is known, by `some` where a part is."""
    if known is None or (known == UNKNOWN).all():
        return nothing()
    return some(known) if (known == UNKNOWN).any() else known
