"""Who knows whom, who likes what and lives where: generated, or people on a file's graph."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.kernels.graph.arrays import freeze
from weishang.model.core.parameters import check_fields, check_number, parameter
from weishang.model.society.attributes import (
    UNKNOWN,
    NodeAttributes,
    take_from_anyone,
    take_from_friends,
)
from weishang.model.society.circles import form_circles, tie_within
from weishang.model.society.friends import draw_friend_counts, match_by_chance
from weishang.model.society.interests import impute_interests, share_by_chance
from weishang.model.society.measures import (
    count_within,
    find_one_way_edge,
    local_clustering,
    mean_friends_of_friends,
)
from weishang.model.society.places import grow_regions, settle_communities
from weishang.model.society.ties import Ties, count_ends, join

Progress = Callable[[str, float], None]
"""Called with what begins now and the share of the work that is done, in [0, 1]."""

SHORTFALL = 0.01
"""Share of the wanted ties that may stay unmade; more and the missing stubs are matched again."""
MAX_ROUNDS = 10
MAX_CLASSES = int(np.iinfo(np.int8).max)
MAX_PLACES = 1000
"""Regions keep a table of all pairs of places."""
MAX_USERS = int(np.iinfo(np.int32).max)

ALL_IN_ONE_PLACE = np.zeros(0, dtype=np.int16)
"""Stands for place 0 for everyone, where a society is made without places."""

AROUND = (90, 110)
"""Users with about 100 friends, the median that Ugander et al. (2011) report clustering for."""
MAX_SAMPLE = 2000

_FACEBOOK = "Ugander et al. (2011), arXiv:1111.4503"
_ASSUMED = "assumption"
_FOR_CLUSTERING = (
    "assumption; all shares and sizes together are chosen for the local clustering at 100 "
    "friends (.14) and the degeneracy of friends' ties at 100 and 500 friends (15 and 53) of "
    f"{_FACEBOOK}"
)


@dataclass(frozen=True)
class SocietyParameters:
    """What a society is made from; each field carries unit, source, role and prior range.

    The share of a kind of circle is the part that its ties are wanted to be of the friends not
    found in the circles before it: family, school, work, community. The rest are ties by chance.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    mean_friends: float = parameter(
        155.0,
        unit="friends",
        source="Dunbar (2016), doi:10.1098/rsos.150292: about 150 Facebook friends in UK surveys; "
        f"the upper end is Facebook's mean, {_FACEBOOK}",
        role="set",
        low=120.0,
        high=190.0,
    )
    friends_log_sd: float = parameter(
        sqrt(2.0 * log(190.0 / 99.0)),
        unit="log friends",
        source=f"{_FACEBOOK}: mean 190, median 99, read as a lognormal",
        role="set",
        low=0.8,
        high=1.3,
    )
    max_friends: int = parameter(
        5000,
        unit="friends",
        source=f"{_FACEBOOK}: Facebook's limit",
        role="set",
        low=5000,
        high=10000,
    )
    family_share: float = parameter(
        1.0, unit="fraction of friends", source=_FOR_CLUSTERING, role="set", low=0.7, high=1.0
    )
    school_share: float = parameter(
        0.35, unit="fraction of the rest", source=_FOR_CLUSTERING, role="set", low=0.2, high=0.5
    )
    work_share: float = parameter(
        0.25, unit="fraction of the rest", source=_FOR_CLUSTERING, role="set", low=0.1, high=0.4
    )
    community_share: float = parameter(
        0.5, unit="fraction of the rest", source=_FOR_CLUSTERING, role="set", low=0.3, high=0.7
    )
    family_size: float = parameter(
        7.0, unit="members", source=_ASSUMED, role="set", low=5.0, high=9.0
    )
    school_size: float = parameter(
        45.0, unit="members", source=_ASSUMED, role="set", low=30.0, high=60.0
    )
    work_size: float = parameter(
        25.0, unit="members", source=_ASSUMED, role="set", low=15.0, high=40.0
    )
    community_size: float = parameter(
        500.0, unit="members", source=_FOR_CLUSTERING, role="set", low=300.0, high=800.0
    )
    homophily: float = parameter(
        0.3,
        unit="Coleman's index",
        source="assumption; that friends are alike: McPherson, Smith-Lovin and Cook "
        "(2001), Annual Review of Sociology 27",
        role="set",
        low=0.0,
        high=0.6,
    )
    num_interests: int = parameter(8, unit="interests", source=_ASSUMED, role="set", low=4, high=16)
    num_budgets: int = parameter(
        5, unit="classes", source="quintiles of income", role="set", low=5, high=5
    )
    num_places: int = parameter(
        16,
        unit="places",
        source="assumption, varied up to the 31 provincial-level regions of mainland China",
        role="set",
        low=8,
        high=31,
    )

    def __post_init__(self) -> None:
        """Check each field, then the two that must fit each other."""
        check_fields(self, _RANGES)
        if not 1.0 < self.mean_friends < self.max_friends:
            raise ValueError(
                f"mean_friends is {self.mean_friends!r}; give a number above 1 and below "
                f"max_friends, {self.max_friends!r}"
            )


_SHARE = (0.0, 1.0)
_SIZE = (1.0, 10_000.0)
_RANGES: dict[str, tuple[float, float]] = {
    "mean_friends": (1.0, MAX_USERS),
    "friends_log_sd": (1e-3, 3.0),
    "max_friends": (2, MAX_USERS),
    "family_share": _SHARE,
    "school_share": _SHARE,
    "work_share": _SHARE,
    "community_share": _SHARE,
    "family_size": _SIZE,
    "school_size": _SIZE,
    "work_size": _SIZE,
    "community_size": _SIZE,
    "homophily": _SHARE,
    "num_interests": (1, MAX_CLASSES),
    "num_budgets": (1, MAX_CLASSES),
    "num_places": (1, MAX_PLACES),
}
"""What the generator can work with; the prior ranges lie inside."""


@dataclass(frozen=True, eq=False)
class Society:
    """N people: their friends, interests, budgets and places. The arrays are read-only.

    Attributes:
        graph: undirected and simple, every tie in both directions.
        interest: int8 [N], in [0, num_interests).
        budget_class: int8 [N], in [0, num_budgets), poorest first; equally many of each, unless a
            file says otherwise.
        wanted_friends: int32 [N], the friends that each wanted; the graph may fall short.
        parameters: what it was made from.
        place: int16 [N], where each lives, in [0, num_places); 0 for everyone when left out.
    """

    graph: Graph
    interest: NDArray[np.int8]
    budget_class: NDArray[np.int8]
    wanted_friends: NDArray[np.int32]
    parameters: SocietyParameters = field(default_factory=SocietyParameters)
    place: NDArray[np.int16] = field(default_factory=lambda: ALL_IN_ONE_PLACE)

    def __post_init__(self) -> None:
        """Check that all arrays speak of the same people, and freeze them."""
        if self.place is ALL_IN_ONE_PLACE:
            object.__setattr__(self, "place", np.zeros(self.num_users, dtype=np.int16))
        limits = {
            "interest": self.parameters.num_interests,
            "budget_class": self.parameters.num_budgets,
            "wanted_friends": 1 << 31,
            "place": self.parameters.num_places,
        }
        for name, limit in limits.items():
            array = getattr(self, name)
            if array.shape != (self.num_users,):
                raise ValueError(f"{name} has shape {array.shape}; give ({self.num_users},)")
            if array.size and not 0 <= int(array.min()) <= int(array.max()) < limit:
                raise ValueError(
                    f"{name} goes from {array.min()} to {array.max()}; it lies in [0, {limit})"
                )
            freeze(self, **{name: array})

    @property
    def num_users(self) -> int:
        """N."""
        return self.graph.num_nodes

    @property
    def segment(self) -> NDArray[np.int32]:
        """Class of each person for the rule of decision: interest and budget, int32 [N]."""
        return self.interest.astype(np.int32) * self.parameters.num_budgets + self.budget_class

    @property
    def interest_and_place(self) -> NDArray[np.int32]:
        """Class of each person for whoever looks for people alike, and near: int32 [N]."""
        return self.interest.astype(np.int32) * self.parameters.num_places + self.place

    def fingerprint(self) -> str:
        """SHA-256 of graph and attributes, as hexadecimal text."""
        digest = hashlib.sha256(self.graph.fingerprint().encode())
        for array in (self.interest, self.budget_class, self.wanted_friends, self.place):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


class InterestMixing(NamedTuple):
    """Ties between people of one interest; NaN where there is nothing to divide by.

    Attributes:
        share: of all ties.
        by_chance: the share if ends of ties met at random.
        homophily: Coleman's index, (share - by_chance) / (1 - by_chance).
    """

    share: float
    by_chance: float
    homophily: float


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
    tell = progress or _tell_nobody
    tell("people", 0.0)
    wanted = draw_friend_counts(
        parameters.mean_friends, parameters.friends_log_sd, parameters.max_friends, num_users, rng
    )
    interest = rng.integers(parameters.num_interests, size=num_users, dtype=np.int8)
    budget_class = _draw_budgets(parameters, num_users, rng)
    parts, communities = _tie_circles(parameters, wanted, interest, rng, tell)
    graph = _tie_the_rest(parts, wanted, interest, parameters.homophily, rng, tell)
    # Drawn last, so that a society has the ties it had before there were places.
    place = settle_communities(*communities, parameters.num_places, rng)
    tell("society", 1.0)
    return Society(graph, interest, budget_class, wanted, parameters, place)


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
        lambda: _draw_budgets(parameters, graph.num_nodes, rng),
        lambda some: take_from_anyone(some, rng),
    )
    place = _complete(
        known.place,
        lambda: grow_regions(graph, parameters.num_places, rng),
        lambda some: take_from_friends(graph, some, rng),
    )
    friends = graph.degrees.astype(np.int32)
    return Society(graph, interest, budget_class, friends, parameters, place)


def same_interest_share(society: Society) -> InterestMixing:
    """How often a tie joins two people of one interest, and how often it would by chance.

    Source: Coleman (1958), "Relational analysis", Human Organization 17.
    """
    graph, interest = society.graph, society.interest
    by_chance = share_by_chance(graph, interest)
    share = count_within(graph, interest) / graph.num_edges if graph.num_edges else float("nan")
    homophily = (share - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else float("nan")
    return InterestMixing(share, by_chance, homophily)


def describe(society: Society, rng: np.random.Generator) -> dict[str, float]:
    """The figures that a friendship network is judged by.

    Args:
        society: of at least one user.
        rng: draws at most 2,000 of the users with 90 to 110 friends.

    Returns:
        users; mean, median, p90 and p99 of the number of friends; friends_of_a_friend, the mean
        over ties, <k^2> / <k>; mean_friends_of_friends, the mean over users of their friends'
        mean; clustering_at_100, local, of the drawn users; share of ties of same_interest, the
        same by chance, and homophily. NaN where there is no such user or tie.
    """
    degrees = society.graph.degrees
    around = np.flatnonzero((degrees >= AROUND[0]) & (degrees <= AROUND[1]))
    drawn = rng.choice(around, size=min(around.size, MAX_SAMPLE), replace=False)
    squares = float((degrees.astype(np.float64) ** 2).sum())
    mixing = same_interest_share(society)
    return {
        "users": float(society.num_users),
        "mean_friends": float(degrees.mean()),
        "median_friends": float(np.median(degrees)),
        "p90_friends": float(np.quantile(degrees, 0.9)),
        "p99_friends": float(np.quantile(degrees, 0.99)),
        "friends_of_a_friend": _ratio(squares, float(degrees.sum())),
        "mean_friends_of_friends": _mean(mean_friends_of_friends(society.graph)),
        "clustering_at_100": _mean(local_clustering(society.graph, drawn)),
        "same_interest_share": mixing.share,
        "same_interest_by_chance": mixing.by_chance,
        "homophily": mixing.homophily,
    }


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


def _draw_budgets(
    parameters: SocietyParameters, num_users: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Budget classes of equal size, in random order, independent of friends and interests."""
    classes = np.arange(num_users, dtype=np.int64) * parameters.num_budgets // num_users
    return rng.permutation(classes.astype(np.int8))


def _complete(
    known: NDArray[Any] | None,
    nothing: Callable[[], NDArray[Any]],
    some: Callable[[NDArray[Any]], NDArray[Any]],
) -> NDArray[Any]:
    """What is known, completed: by `nothing` where nobody is known, by `some` where a part is."""
    if known is None or (known == UNKNOWN).all():
        return nothing()
    return some(known) if (known == UNKNOWN).any() else known


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else float("nan")


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _tell_nobody(stage: str, done: float) -> None:
    """Stand in for a progress bar."""
