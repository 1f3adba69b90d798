"""Mini-program search: people who look for something, shops ranked for them, one of them opened.

A searcher wants the category, whatever their lasting interest, and compares what is listed. Both
ways of running a day's searches, with arrays and person by person, look the same scores and
chances up and meet the same words.

Sources: Craswell, Zoeter, Taylor and Ramsey (WSDM 2008) for clicks that fall with position;
Joachims, Swaminathan and Schnabel (WSDM 2017) for the form, (1 / rank) ^ bias; McFadden (1974)
for the choice among results.
"""

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.rng import UNIFORM_BITS, children, derive_many, threshold
from weishang.kernels.runtime.jit import jit_entry
from weishang.model.core.decision import DecisionRule
from weishang.model.core.shops import Shops, Visits
from weishang.model.core.streams import Stream, fraction
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.tables import NO_SHOP, SearchTables, tabulate
from weishang.model.society.society import Society

SEARCH = Stream(20, "who searches for what")
CLICK = Stream(21, "which result is opened")
SHOP = Stream(22, "who buys in a shop that was found")


def run_searches(
    society: Society,
    shops: Shops,
    parameters: SearchParameters,
    rule: DecisionRule,
    seed: int,
    day: int,
    *,
    friends_first: bool,
) -> Visits:
    """Run a day's searches.

    Everyone searches with probability `rate`, for one category. Listed are `results` shops of it,
    never the searcher's own, by score: place, price and orders so far. The searcher opens one: the
    chances are in proportion to (1 / rank) ^ position_bias * price ^ -price_comparison, times
    exp(near) for a shop of the searcher's place. They then buy by the rule of decision, for a
    matching interest, an offer of average shareability, and a friend's trust in a friend's shop
    alone. A search for what nobody sells is no visit.

    Args:
        society: N people.
        shops: M shops.
        parameters: see SearchParameters.
        rule: the decision rule.
        seed: of the replicate's random streams.
        day: number of the day.
        friends_first: whether shops of the searcher's friends stand before all others; otherwise
            orders so far alone rank shops, and neither friends nor place nor price do.

    Returns:
        Visits.

    Raises:
        ValueError: a shop's owner or category is not one of the society's.

    Cost: proportional to N, to the searchers' ties and, for ranking, to places times M log M.
    """
    tables = tabulate(society, shops, parameters, rule, friends_first)
    searcher, category = _who_searches(society, parameters, seed, day)
    listed = np.full((searcher.size, parameters.results), NO_SHOP, dtype=np.int32)
    _list_results(
        (society.graph.indptr, society.graph.indices, society.place),
        (tables.shop_of, shops.category, tables.order, tables.position, tables.bounds),
        searcher,
        category,
        friends_first,
        listed,
    )
    found = listed[:, 0] != NO_SHOP
    searcher, listed = searcher[found], listed[found]
    words = derive_many(seed, CLICK, day, searcher)
    opened = _open_one(listed, tables, society.place[searcher], words)
    shop = listed[np.arange(searcher.size), opened]
    friend = _are_tied(society.graph.indptr, society.graph.indices, searcher, shops.node[shop])
    words = derive_many(seed, SHOP, day, searcher)
    limit = tables.buy[shop, friend.astype(np.int8), society.budget_class[searcher]]
    bought = words >> np.uint64(UNIFORM_BITS) < limit
    return Visits(searcher.astype(np.int32), shop, opened.astype(np.int32) + 1, friend, bought)


def _who_searches(
    society: Society, parameters: SearchParameters, seed: int, day: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The searchers and what they look for, int64 both."""
    bits = np.uint64(UNIFORM_BITS)
    words = derive_many(seed, SEARCH, day, np.arange(society.num_users))
    searcher = np.flatnonzero(words >> bits < threshold(parameters.rate))
    category = society.interest[searcher].astype(np.int64)
    others = society.parameters.num_interests - 1
    if others:
        own, which = children(words[searcher], np.arange(2, dtype=np.uint64)[:, np.newaxis]) >> bits
        step = (which * np.uint64(others)) >> bits
        category += np.where(own < threshold(parameters.own_interest), 0, 1 + step.astype(np.int64))
        category %= others + 1
    return searcher, category


def _open_one(
    listed: NDArray[np.int32],
    tables: SearchTables,
    place: NDArray[np.int16],
    words: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """Column of the shop that each searcher opens, int64 [V]; the first column has one for all."""
    # In the order of the ranks, as a person adds them up.
    factor = np.where(tables.place[listed] == place[:, np.newaxis], tables.near, 1.0)
    chance = tables.bias * tables.attraction[listed] * factor
    ends = np.cumsum(np.where(listed == NO_SHOP, 0.0, chance), axis=1)
    mark = fraction(words) * ends[:, -1]
    last = np.count_nonzero(listed != NO_SHOP, axis=1) - 1
    return np.minimum(np.count_nonzero(ends <= mark[:, np.newaxis], axis=1), last)


@jit_entry
def _list_results(
    people: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int16]],
    ranking: tuple[
        NDArray[np.int32],
        NDArray[np.int8],
        NDArray[np.int32],
        NDArray[np.int32],
        NDArray[np.int64],
    ],
    searcher: NDArray[np.int64],
    category: NDArray[np.int64],
    friends_first: bool,
    listed: NDArray[np.int32],
) -> None:
    """Fill each searcher's row of `listed` from the top; what is not filled stays NO_SHOP."""
    indptr, indices, place = people
    shop_of, shop_category, order, position, bounds = ranking
    for row in range(searcher.size):
        person, wanted, results = searcher[row], category[row], listed[row]
        where = place[person]
        friends = 0
        if friends_first:
            for friend in indices[indptr[person] : indptr[person + 1]]:
                shop = shop_of[friend]
                if shop != NO_SHOP and shop_category[shop] == wanted:
                    friends = _insert(results, friends, shop, position[where])
        filled = friends
        for at in range(bounds[wanted], bounds[wanted + 1]):
            if filled == results.size:
                break
            shop = order[where, at]
            if shop != shop_of[person] and not _is_among(results, friends, shop):
                results[filled] = shop
                filled += 1


@jit_entry
def _insert(results: NDArray[np.int32], filled: int, shop: int, position: NDArray[np.int32]) -> int:
    """Put a shop where it belongs among the first `filled`; how many there are then."""
    if filled == results.size:
        if position[shop] > position[results[filled - 1]]:
            return filled
        filled -= 1
    at = filled
    while at > 0 and position[results[at - 1]] > position[shop]:
        results[at] = results[at - 1]
        at -= 1
    results[at] = shop
    return filled + 1


@jit_entry
def _is_among(results: NDArray[np.int32], count: int, shop: int) -> bool:
    return bool(np.any(results[:count] == shop))


@jit_entry
def _are_tied(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    source: NDArray[np.int64],
    target: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Whether each target is in its source's row."""
    tied = np.zeros(source.size, dtype=np.bool_)
    for at in range(source.size):
        row = indices[indptr[source[at]] : indptr[source[at] + 1]]
        slot = np.searchsorted(row, target[at])
        tied[at] = slot < row.size and row[slot] == target[at]
    return tied
