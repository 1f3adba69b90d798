"""What both ways of running searches look up: shops ranked, their draw, chances of buying there."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.graph.arrays import offsets
from weishang.kernels.rng import threshold
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.decision import SELLER_TRUST, STRANGER_TRUST, DecisionRule
from weishang.model.core.shops import Shops
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.society.society import Society

NO_SHOP = -1

TRUST = (STRANGER_TRUST, SELLER_TRUST)
"""Trust in the owner of a shop: nobody's friend, a friend of the searcher's."""


class SearchTables(NamedTuple):
    """What both ways look up.

    Attributes:
        score: float64 [M], of the ranking, without the part for place.
        place_score: what a shop of the searcher's place gets on top.
        attraction: float64 [M], what the price does to the chance of being opened.
        near: factor on it for a shop of the searcher's place.
        bias: float64 [results], what the rank does to it.
        buy: uint64 [M, 2, budgets], thresholds of buying there, from a stranger or a friend.
        place: int16 [M], of the shops.
        shop_of: int32 [N], the shop of each person, or NO_SHOP.
        order: int32 [P, M], shops by category and, inside, from the first to the last, by place
            of the searcher.
        position: int32 [P, M], the place of each shop in that order.
        bounds: int64 [I + 1], where each category begins in it.
    """

    score: NDArray[np.float64]
    place_score: float
    attraction: NDArray[np.float64]
    near: float
    bias: NDArray[np.float64]
    buy: NDArray[np.uint64]
    place: NDArray[np.int16]
    shop_of: NDArray[np.int32]
    order: NDArray[np.int32]
    position: NDArray[np.int32]
    bounds: NDArray[np.int64]


def tabulate(
    society: Society,
    shops: Shops,
    parameters: SearchParameters,
    rule: DecisionRule,
    friends_first: bool,
) -> SearchTables:
    """Look up once what the searches of a day share; arguments as of `search`.

    Raises:
        ValueError: a shop's owner or category is not one of the society's.
    """
    num_interests, num_places = society.parameters.num_interests, society.parameters.num_places
    _check_shops(shops, society.num_users, num_interests)
    log_price = np.log(shops.price)
    score = parameters.rank_popularity * np.log1p(shops.popularity)
    place_score = parameters.rank_place
    if friends_first:
        score = score - parameters.rank_price * log_price
    else:
        place_score = 0.0
    place = society.place[shops.node]
    shop_of = np.full(society.num_users, NO_SHOP, dtype=np.int32)
    shop_of[shops.node] = np.arange(len(shops), dtype=np.int32)
    order, position = _rank(shops, score, place, place_score, num_places)
    return SearchTables(
        score,
        place_score,
        np.exp(-parameters.price_comparison * log_price),
        math.exp(parameters.near),
        np.arange(1.0, parameters.results + 1.0) ** -parameters.position_bias,
        _buying_thresholds(shops, rule),
        place,
        shop_of,
        order,
        position,
        offsets(np.bincount(shops.category, minlength=num_interests)),
    )


def _check_shops(shops: Shops, num_users: int, num_interests: int) -> None:
    for name, limit in (("node", num_users), ("category", num_interests)):
        array = getattr(shops, name)
        if array.size and not 0 <= int(array.min()) <= int(array.max()) < limit:
            raise ValueError(
                f"{name} of shops goes from {array.min()} to {array.max()}; it lies in [0, {limit})"
            )


def _rank(
    shops: Shops,
    score: NDArray[np.float64],
    place: NDArray[np.int16],
    place_score: float,
    num_places: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Shops in order by place of the searcher, and the place of each in that order."""
    order = np.empty((num_places, len(shops)), dtype=np.int32)
    position = np.empty_like(order)
    for where in range(num_places):
        total = score + np.where(place == where, place_score, 0.0)
        order[where] = np.lexsort((-total, shops.category))
        position[where, order[where]] = np.arange(len(shops), dtype=np.int32)
    return order, position


def _buying_thresholds(shops: Shops, rule: DecisionRule) -> NDArray[np.uint64]:
    """Thresholds of the decision rule by shop, trust in its owner and budget class."""
    shape = (len(shops), len(TRUST), len(rule.budgets.relative))
    row, trust, budget_class = (axis.ravel() for axis in np.indices(shape))
    zeros = np.zeros(len(shops))
    offers = Campaigns(
        campaign=zeros.astype(np.uint64),
        seller=shops.node,
        category=shops.category.astype(np.int32),
        price=shops.price,
        rich=shops.rich,
        shareability=zeros,
        channel=zeros.astype(np.int8),
        tool=zeros.astype(np.int8),
        external=zeros.astype(np.bool_),
        induced=zeros.astype(np.bool_),
    )
    chance = rule.chance_of_buying(
        offers,
        TRUST,
        row=row,
        distance=trust + 1,
        interest=shops.category[row],
        budget_class=budget_class,
    )
    return threshold(chance, "chance of buying").reshape(shape)
