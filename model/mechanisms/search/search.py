"""Mini-program search in a market: what sellers' shops are found and what is ordered there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.shops import Shops, Visits
from weishang.model.mechanisms.mechanism import Day, Draft, Mechanism, World
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.searches import CLICK, SEARCH, SHOP, run_searches


class Search(Mechanism):
    """Mini-program search. The day's note is Visits.

    Acts beside cascades: people who look for something open one of the shops that are listed, and
    buy by the decision rule. Their orders count with the day's.
    """

    name = "search"
    about = "mini-program search"
    parameters = SearchParameters
    streams = (SEARCH, CLICK, SHOP)
    reference = "weishang.model.mechanisms.search.by_agents:SearchByAgents"

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Let people look for shops."""
        return settle_with(run_searches, world, day, draft, self.own(world))


def settle_with(
    search: Callable[..., Visits],
    world: World,
    day: Day,
    draft: Draft,
    parameters: SearchParameters,
) -> Draft:
    """A draft with a day's searches.

    Args:
        search: `run_searches`, or the same searcher by searcher.
        world, day, draft: as in `Mechanism.settle`.
        parameters: see SearchParameters.
    """
    shops = Shops.of(world.sellers)
    visits = search(
        world.society,
        shops,
        parameters,
        world.rule,
        world.seed,
        day.number,
        friends_first=world.scenario.rules.friends_first,
    )
    return replace(
        draft,
        beside=(*draft.beside, Orders.from_visits(visits, shops, day.number)),
        visits={**draft.visits, OrderChannel.SEARCH: len(visits)},
    ).noting("search", visits)
