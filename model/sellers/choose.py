"""Who sells: distinct people, found at the ends of random ties or at random."""

import numpy as np

from weishang.kernels.rng import child, derive
from weishang.model.core.streams import SELLER, fraction, pick
from weishang.model.society.society import Society


def choose_sellers(society: Society, by_ties: float, seed: int, num_sellers: int) -> list[int]:
    """Distinct people who sell, in the order of their choice, so that more sellers only add.

    Args:
        society: the people.
        by_ties: fraction found at the end of a random tie, so in proportion to their friends.
        seed: of the replicate's random streams.
        num_sellers: how many.

    Returns:
        Their nodes.

    Raises:
        ValueError: fewer people have friends than sellers are asked for.
    """
    graph = society.graph
    able = int(np.count_nonzero(graph.degrees))
    if not able:
        raise ValueError("nobody in the society has a friend to sell to; give a graph with edges")
    if not 1 <= num_sellers <= able:
        raise ValueError(
            f"num_sellers is {num_sellers}; {able} people have friends: give 1 to {able}"
        )
    word = derive(seed, SELLER)
    chosen: dict[int, None] = {}
    draw = 0
    while len(chosen) < num_sellers:
        how, where = child(child(word, draw), 0), child(child(word, draw), 1)
        draw += 1
        if fraction(how) < by_ties:
            node = int(graph.indices[pick(where, graph.num_edges)])
        else:
            node = pick(where, graph.num_nodes)
        if graph.indptr[node + 1] > graph.indptr[node]:
            chosen[node] = None
    return list(chosen)
