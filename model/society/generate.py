"""A society that is generated: numbers of friends, ties in circles, ties by chance."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.model.core.parameters import check_number
from weishang.model.society.circles import form_circles, tie_within
from weishang.model.society.friends import draw_friend_counts, match_by_chance
from weishang.model.society.parameters import MAX_USERS, SocietyParameters
from weishang.model.society.places import settle_communities
from weishang.model.society.society import Society
from weishang.model.society.ties import Ties, count_ends, join

Progress = Callable[[str, float], None]
"""Called with what begins now and the share of the work that is done, in [0, 1]."""

SHORTFALL = 0.01
"""Share of the wanted ties that may stay unmade; more and the missing stubs are matched again."""
MAX_ROUNDS = 10


def generate(
    parameters: SocietyParameters,
    num_users: int,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Society:
    """Make a society: numbers of friends, then ties in circles, then ties by chance.

    Everyone wants a lognormal number of friends and belongs to a family, a school, a workplace
    and a community (town, university, large firm), which people of like interest gather in and
    which lies in one place.
    Members of a circle are tied with probabilities that grow with the ties they want there; what
    is left of the wanted ties is matched by chance, partly within an interest. So clustering
    falls with the number of friends, and the homophily (Coleman's index) of all ties is near
    `parameters.homophily`.

    Args:
        parameters: see SocietyParameters.
        num_users: N, at least 1. Among fewer than some 10^5 people the sociable meet each other
            twice: both the friends and the homophily fall short of what is wanted.
        rng: the only source of randomness: its state decides the society.
        progress: called as stages begin, and with 1.0 at the end.

    Returns:
        Society of N users; about 8 bytes a friendship and 16 a user.

    Raises:
        ValueError: num_users is no integer in [1, 2^31).

    Source: Watts, Dodds and Newman (2002), Science 296, for ties from several kinds of circle;
    Ugander et al. (2011), arXiv:1111.4503, for the figures it is held to; Coleman (1958), Human
    Organization 17, for the index of homophily.
    """
    check_number("num_users", num_users, 1, MAX_USERS, integer=True)
    tell = progress or (lambda stage, done: None)
    tell("people", 0.0)
    wanted = draw_friend_counts(
        parameters.mean_friends, parameters.friends_log_sd, parameters.max_friends, num_users, rng
    )
    interest = rng.integers(parameters.num_interests, size=num_users, dtype=np.int8)
    budget_class = draw_budgets(parameters, num_users, rng)
    parts, communities = _tie_circles(parameters, wanted, interest, rng, tell)
    graph = _tie_the_rest(parts, wanted, interest, parameters.homophily, rng, tell)
    # Drawn last, so that a society has the ties it had before there were places.
    place = settle_communities(*communities, parameters.num_places, rng)
    tell("society", 1.0)
    return Society(graph, interest, budget_class, wanted, parameters, place)


def _tie_circles(
    parameters: SocietyParameters,
    wanted: NDArray[np.int32],
    interest: NDArray[np.int8],
    rng: np.random.Generator,
    tell: Progress,
) -> tuple[list[Ties], tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """The ties of each kind of circle, and the circles of the last kind, the communities."""
    kinds = (
        (parameters.family_share, parameters.family_size),
        (parameters.school_share, parameters.school_size),
        (parameters.work_share, parameters.work_size),
        (parameters.community_share, parameters.community_size),
    )
    parts: list[Ties] = []
    missing = wanted
    for number, (share, size) in enumerate(kinds):
        tell("circles", 0.27 * number / len(kinds))
        members, bounds = form_circles(
            interest, parameters.num_interests, size, parameters.homophily, rng
        )
        parts.append(tie_within(members, bounds, share * missing, rng))
        missing = np.maximum(missing - count_ends(parts[-1], wanted.size), 0)
    return parts, (members, bounds)


def _tie_the_rest(
    parts: list[Ties],
    wanted: NDArray[np.int32],
    interest: NDArray[np.int8],
    homophily: float,
    rng: np.random.Generator,
    tell: Progress,
) -> Graph:
    """Match what is wanted beyond the circles; again where loops and repeats took much of it."""
    missing = wanted.copy()
    for part in parts:
        missing -= count_ends(part, wanted.size)
    tell("chance ties", 0.27)
    for _ in range(MAX_ROUNDS):
        chance = match_by_chance(np.maximum(missing, 0), interest, homophily, rng)
        ties = join([*parts, *chance])
        parts = [ties]
        tell("graph", 0.45)
        graph = Graph.from_edges(*ties, num_nodes=wanted.size, directed=False, simple=True)
        missing = wanted - graph.degrees.astype(np.int32)
        if np.maximum(missing, 0).sum() <= SHORTFALL * wanted.sum():
            break
    return graph


def draw_budgets(
    parameters: SocietyParameters, num_users: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Budget classes of equal size, in random order, independent of friends and interests."""
    classes = np.arange(num_users, dtype=np.int64) * parameters.num_budgets // num_users
    return rng.permutation(classes.astype(np.int8))
