"""Searches person by person, with searchers as Mesa agents: the reference for `search`."""

from typing import Any

import mesa
import numpy as np

from weishang.kernels.rng import UNIFORM_BITS, child, derive, threshold
from weishang.model.core.decision import DecisionRule
from weishang.model.core.shops import Shops, Visits
from weishang.model.core.streams import Stream, fraction
from weishang.model.mechanisms.mechanism import Day, Draft, World
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.search import Search, settle_with
from weishang.model.mechanisms.search.searches import CLICK, SEARCH, SHOP
from weishang.model.mechanisms.search.tables import SearchTables, tabulate
from weishang.model.society.society import Society


class SearchByAgents(Search):
    """Mini-program search, searcher by searcher."""

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Let people look for shops."""
        return settle_with(search_by_agents, world, day, draft, self.own(world))


def search_by_agents(
    society: Society,
    shops: Shops,
    parameters: SearchParameters,
    rule: DecisionRule,
    seed: int,
    day: int,
    *,
    friends_first: bool,
) -> Visits:
    """Run a day's searches person by person; arguments, result and errors as of `run_searches`."""
    tables = tabulate(society, shops, parameters, rule, friends_first)
    listings = Listings(society, shops, parameters, tables, seed, day, friends_first)
    listings.step()
    columns = np.array(listings.visits, dtype=np.int32).reshape(-1, 5).T
    listings.close()
    return Visits(*columns[:3], *columns[3:].astype(np.bool_))


class Searcher(mesa.Agent):
    """A person on a day, who may look for something.

    Attributes:
        node: of the person.
        interest, budget_class, place: of the person, too.
        friends: nodes.
    """

    model: "Listings"

    def __init__(self, model: "Listings", node: int) -> None:
        super().__init__(model)
        self.node = node
        society = model.society
        self.interest = int(society.interest[node])
        self.budget_class = int(society.budget_class[node])
        self.place = int(society.place[node])
        start, end = society.graph.indptr[node : node + 2].tolist()
        self.friends = set(society.graph.indices[start:end].tolist())

    def search(self) -> None:
        """Look for something, if there is anything; open one of the results and buy or not."""
        if not _happens(self._luck(SEARCH), self.model.parameters.rate):
            return
        results = self.model.results_for(self, self._choose_category())
        if results:
            rank = self._open_one(results)
            shop = results[rank - 1]
            self.model.visits.append((self.node, shop, rank, self.knows(shop), self._buys(shop)))

    def knows(self, shop: int) -> bool:
        """Whether its owner is a friend."""
        return int(self.model.shops.node[shop]) in self.friends

    def is_near(self, shop: int) -> bool:
        """Whether it is in the same place."""
        return int(self.model.tables.place[shop]) == self.place

    def _choose_category(self) -> int:
        luck = self._luck(SEARCH)
        num_interests = self.model.society.parameters.num_interests
        others = num_interests - 1
        if not others or _happens(child(luck, 0), self.model.parameters.own_interest):
            return self.interest
        step = ((child(luck, 1) >> UNIFORM_BITS) * others) >> UNIFORM_BITS
        return (self.interest + 1 + step) % num_interests

    def _open_one(self, results: list[int]) -> int:
        """The rank of the shop that is opened, from 1."""
        tables = self.model.tables
        total, so_far = 0.0, []
        for bias, shop in zip(tables.bias.tolist(), results, strict=False):
            near = tables.near if self.is_near(shop) else 1.0
            total += bias * float(tables.attraction[shop]) * near
            so_far.append(total)
        mark = fraction(self._luck(CLICK)) * total
        return 1 + min(sum(end <= mark for end in so_far), len(results) - 1)

    def _buys(self, shop: int) -> bool:
        limit = int(self.model.tables.buy[shop, int(self.knows(shop)), self.budget_class])
        return self._luck(SHOP) >> UNIFORM_BITS < limit

    def _luck(self, stream: Stream) -> int:
        return derive(self.model.seed, stream, self.model.day, self.node)


class Listings(mesa.Model):
    """The platform's search on one day; a step lets everyone search.

    Attributes:
        society, shops, parameters, tables: what is looked up.
        seed, day: of their random streams.
        visits: node, shop, rank, whether a friend's, whether bought, by searcher.
    """

    def __init__(
        self,
        society: Society,
        shops: Shops,
        parameters: SearchParameters,
        tables: SearchTables,
        seed: int,
        day: int,
        friends_first: bool,
    ) -> None:
        super().__init__(rng=0)
        self.society, self.shops, self.parameters = society, shops, parameters
        self.tables, self.seed, self.day = tables, seed, day
        self.visits: list[tuple[int, int, int, bool, bool]] = []
        self._friends_first = friends_first
        for node in range(society.num_users):
            Searcher(self, node)

    def step(self) -> None:
        """Let everyone search."""
        self.agents.do("search")

    def results_for(self, searcher: Searcher, wanted: int) -> list[int]:
        """The shops that a searcher is shown for a category, the first on top."""
        able = [
            shop
            for shop in range(len(self.shops))
            if self.shops.category[shop] == wanted and self.shops.node[shop] != searcher.node
        ]

        def place_in_line(shop: int) -> tuple[bool, float]:
            last = self._friends_first and not searcher.knows(shop)
            on_top = self.tables.place_score if searcher.is_near(shop) else 0.0
            return last, -(float(self.tables.score[shop]) + on_top)

        return sorted(able, key=place_in_line)[: self.parameters.results]

    def close(self) -> None:
        """Let go of everyone: Mesa 3.3 keeps each model for which it made agents."""
        self.remove_all_agents()
        del self.society, self.shops, self.tables, self.visits


def _happens(word: int, probability: float) -> bool:
    return word >> UNIFORM_BITS < int(threshold(probability))
