"""The market: sellers offer, campaigns spread, orders come back. A step is a day."""

from collections.abc import Sequence

import mesa
import numpy as np
from mesa.agent import AgentSet
from numpy.typing import NDArray

from weishang.kernels import Cascades, Events
from weishang.kernels.rng import child, derive
from weishang.model.core.campaigns import Campaigns, Channel, Tool, campaign_id
from weishang.model.core.decision import chance_of_buying
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.shops import Shops, Visits
from weishang.model.core.streams import MarketPurpose, fraction, pick
from weishang.model.market import tools
from weishang.model.market.distribution import Distribution, spread
from weishang.model.market.engines import Engine, hands_of
from weishang.model.market.indicators import indicators
from weishang.model.mechanisms.accounts.followers import Followers
from weishang.model.mechanisms.fatigue.attention import Attention
from weishang.model.mechanisms.groups.groups import GroupChats, found_sellers_groups
from weishang.model.mechanisms.livestream.livestream import Viewing
from weishang.model.scenario import Scenario
from weishang.model.sellers.learning import PLAIN, YES_OR_NO, Allowed
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.sellers.seller import Seller
from weishang.model.society.society import Society


class Market(mesa.Model):
    """Sellers, their friends and customers, and the platform, day by day.

    Attributes:
        society: who knows whom, who likes what.
        parameters: every parameter, a Scenario (Mesa has a `scenario` of its own).
        world: seed of the world's luck; two scenarios in one world meet the same luck.
        day: number of days that have passed.
        sellers: Mesa agents, in the order of their choice.
        campaigns: today's, in the order of the sellers who have one.
        spread: what became of them, a row a campaign.
        orders: today's; None where only friends spread campaigns.
        visits: today's searches; None likewise.
        viewing: who watched today's livestreams; None likewise.
        followers, attention: of tomorrow; None likewise.
        indicators: Mesa's DataCollector, a row a day; see `weishang.model.market.indicators`.
    """

    day: int
    sellers: AgentSet
    campaigns: Campaigns
    followers: Followers
    attention: Attention

    def __init__(
        self,
        society: Society,
        scenario: Scenario,
        world: int,
        num_sellers: int,
        *,
        chats: GroupChats | None = None,
        named: Sequence[NamedSeller] = (),
        engine: Engine = "tensor",
        record: str = "counts",
    ) -> None:
        """Choose the sellers, and give them customers and followers.

        Args:
            society: the people.
            scenario: the parameters.
            world: seed, in [0, 2^64).
            num_sellers: sellers, each with at most one campaign a day.
            chats: groups of these people; needed where the mechanism is on.
            named: sellers whom the scenario names; they come first, others after them.
            engine: "tensor", or "agents" where consumers act one by one (small societies).
            record: "counts" or "events", as in `propagate`, where only friends spread campaigns;
                a market with more keeps events in any case.

        Raises:
            ValueError: the engine is unknown, there are not that many people with friends, more
                sellers are named than there are, or the groups are missing or of other people.
        """
        super().__init__(rng=world)
        self._hands = hands_of(engine)
        self._engine: Engine = engine
        self._record = record
        self.society = society
        self.parameters = scenario
        self.world = world
        self.day = 0
        self.campaigns = Campaigns.from_offers([])
        self.spread: Cascades | None = None
        self.orders: Orders | None = None
        self.visits: Visits | None = None
        self.viewing: Viewing | None = None
        if len(named) > num_sellers:
            raise ValueError(
                f"num_sellers is {num_sellers}, but {len(named)} are named; give at least as many"
            )
        chosen = choose_sellers(society, scenario.sellers.by_ties, world, num_sellers)
        first = [one.node for one in named]
        nodes = [*first, *(node for node in chosen if node not in set(first))][:num_sellers]
        learning = scenario.learning if scenario.mechanisms.learning else None
        told = [*named, *[None] * (num_sellers - len(named))]
        self.sellers = Seller.create_agents(self, num_sellers, nodes, learning, told)
        self._every = list(self.sellers)
        self._place = np.full(society.num_users, -1, dtype=np.int32)
        self._place[nodes] = np.arange(num_sellers)
        self.indicators = mesa.DataCollector(model_reporters=indicators(scenario))
        if not scenario.mechanisms.friends_only:
            self._open(nodes, chats)

    @property
    def friends_only(self) -> bool:
        """Whether campaigns spread by friends' posts alone."""
        return self.parameters.mechanisms.friends_only

    def step(self) -> None:
        """One day: sellers choose, campaigns spread, people search, sellers count and learn."""
        self.choose_offers()
        if self.friends_only:
            self._spread_among_friends()
        else:
            self._spread_by_all_channels()
            self._search()
            self._end_day()
        self.day += 1
        self.indicators.collect(self)

    def choose_offers(self) -> None:
        """Let every seller decide whether and what to offer today."""
        if self.friends_only:
            offers = [seller.choose_offer() for seller in self._every]
        else:
            offers = [
                seller.choose_offer(self._allowed[seller.node in self._with_account])
                for seller in self._every
            ]
        self.campaigns = Campaigns.from_offers([offer for offer in offers if offer is not None])

    def disband(self) -> None:
        """Free the memory now: agents refer to their market, and Mesa 3.3 to every market."""
        getattr(mesa.Agent, "_ids", {}).pop(self, None)
        self.__dict__.clear()

    def campaign_id(self, node: int) -> int:
        """The id of a seller's campaign of today."""
        return campaign_id(self.day, node)

    def _open(self, nodes: list[int], chats: GroupChats | None) -> None:
        """What only a market with more than friends has."""
        scenario, society = self.parameters, self.society
        if chats is None:
            if scenario.mechanisms.groups:
                raise ValueError("chats is None; give form_groups(..) or switch groups off")
            chats = GroupChats.none(society.num_users)
        if chats.num_people != society.num_users:
            raise ValueError(
                f"chats are of {chats.num_people} people, the society has {society.num_users}"
            )
        customers = GroupChats.none(society.num_users)
        if scenario.mechanisms.groups:
            rng = np.random.default_rng(self.world)
            customers = found_sellers_groups(society, scenario.groups, nodes, rng)
        self._distribution = Distribution(society, scenario, chats, customers)
        accounts = nodes if scenario.mechanisms.accounts else []
        self.followers = self._hands.open_accounts(
            society, accounts, scenario.followers, self.world
        )
        self.attention = Attention.fresh(society.num_users, scenario.tiring)
        self._with_account = set(self.followers.accounts.tolist())
        self._allowed = (allowed(scenario, account=False), allowed(scenario, account=True))

    def _spread_among_friends(self) -> None:
        self.spread = spread(
            self.society,
            self.campaigns,
            self.parameters.weights,
            self.parameters.budgets,
            self.world,
            max_hops=self.parameters.sellers.campaign_hops,
            engine=self._engine,
            record=self._record,
        )
        buyers = self.spread.buyers.sum(axis=1).tolist()
        for node, orders in zip(self.campaigns.seller.tolist(), buyers, strict=True):
            self._every[self._place[node]].count_orders(orders)

    def _spread_by_all_channels(self) -> None:
        self._leanings = tools.leanings(self.campaigns, self.parameters.tools)
        self.spread = self._distribution.spread(
            self.campaigns,
            self._leanings,
            self.followers,
            self.attention,
            self.world,
            self._engine,
        )
        events = self.spread.events
        assert events is not None
        end = self._settle(events)
        items = np.ones(len(events), dtype=np.int32)
        at = np.flatnonzero(end.bought)
        items[at] = self._hands.fill_baskets(
            self.campaigns,
            events.row[at],
            events.node[at],
            self._chance(events, at, end.price[at]),
            self.parameters.basket,
            self.world,
        )
        self.orders = Orders.from_events(
            events,
            self.campaigns,
            self.day,
            bought=end.bought,
            price_factor=end.price,
            items=items,
            refunded=end.refunded,
        )
        self.viewing = self._hands.watch(
            self.campaigns, events, self.parameters.livestream, self.world
        )

    def _settle(self, events: Events) -> tools.Settlement:
        """Let tools act on the finished cascades."""
        return tools.settle(
            events,
            self.campaigns,
            self.parameters.tools,
            self._leanings,
            self.world,
            lambda chosen, factor: self._chance(events, chosen, factor),
            by_agents=self._hands.by_agents,
        )

    def _chance(
        self, events: Events, chosen: NDArray[np.int64], price: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How likely those at these places buy at these factors on the price, at first sight."""
        node = events.node[chosen]
        return chance_of_buying(
            self.campaigns,
            self.parameters.weights,
            self.parameters.budgets,
            self._distribution.trust,
            row=events.row[chosen],
            level=events.level[chosen],
            interest=self.society.interest[node],
            budget_class=self.society.budget_class[node],
            dose=1,
            leanings=self._leanings,
            price=price,
        )

    def _search(self) -> None:
        """Let people look for shops; what they order counts with the day's orders."""
        assert self.orders is not None
        if not self.parameters.mechanisms.search:
            return
        shops = self.shops()
        self.visits = self._hands.search(
            self.society,
            shops,
            self.parameters.search,
            self.parameters.weights,
            self.parameters.budgets,
            self.world,
            self.day,
            friends_first=self.parameters.rules.friends_first,
            platform_first=not self.parameters.rules.friends_first,
        )
        found = Orders.from_visits(self.visits, shops, self.day)
        self.orders = Orders.joined([self.orders, found])

    def shops(self) -> Shops:
        """The sellers' mini-programs, which have pictures and text, at their last prices."""
        return Shops(
            node=np.array([seller.node for seller in self._every], dtype=np.int32),
            category=np.array([seller.category for seller in self._every], dtype=np.int8),
            price=np.array([seller.price for seller in self._every]),
            rich=np.ones(len(self._every), dtype=np.bool_),
            popularity=np.array([seller.orders for seller in self._every], dtype=np.int64),
        )

    def _end_day(self) -> None:
        """Sellers count and learn, buyers follow, everyone remembers what was shown."""
        assert self.orders is not None
        assert self.spread is not None
        assert self.spread.events is not None
        self._count_orders(self.orders)
        if self.parameters.mechanisms.accounts:
            self.followers = self._hands.follow(
                self.followers, self.orders, self.parameters.followers, self.world
            )
        self.attention = self._hands.remember(self.attention, self.spread.events.node)

    def _count_orders(self, orders: Orders) -> None:
        """Tell each seller what came in: from the campaign, to learn from, and from search."""
        kept = orders.where(~orders.refunded)
        from_search = kept.channel == OrderChannel.SEARCH
        self._tell_sellers(kept.where(from_search))
        margins = self._tell_sellers(kept.where(~from_search))
        shown = self.parameters.channels.advert_audience
        assert self.spread is not None
        passed_on = self.spread.sharers.sum(axis=1).tolist()
        for node, sharers in zip(self.campaigns.seller.tolist(), passed_on, strict=True):
            seller = self._every[self._place[node]]
            assert seller.offer is not None
            advert = seller.offer.channel == Channel.ADVERT
            costs = seller.pay_costs(shown if advert else 0, sharers)
            seller.learn(margins.get(seller.node, 0.0) - costs)

    def _tell_sellers(self, orders: Orders) -> dict[int, float]:
        """What is left to each seller of these orders after paying for the goods, by node."""
        place, size = self._place[orders.seller], len(self._every)
        counts = np.bincount(place, minlength=size)
        items = np.bincount(place, orders.items, size)
        revenue = np.bincount(place, orders.price * orders.items, size)
        margins = {}
        for at in np.flatnonzero(counts).tolist():
            seller = self._every[at]
            margins[seller.node] = seller.count_orders(
                int(counts[at]), int(items[at]), float(revenue[at])
            )
        return margins


def allowed(scenario: Scenario, *, account: bool) -> Allowed:
    """What rules and mechanisms leave a seller to do.

    Args:
        scenario: the parameters.
        account: whether the seller has an official account.
    """
    on, rules = scenario.mechanisms, scenario.rules
    if on.friends_only:
        return PLAIN
    channels = {Channel.OFFICIAL: on.accounts and account, Channel.ADVERT: on.adverts}
    tools = {
        Tool.DISCOUNT: on.discount,
        Tool.TEAM: on.team_purchase,
        Tool.BARGAIN: on.bargain,
        Tool.LIVESTREAM: on.livestream and rules.livestreams,
    }
    return Allowed(
        channels=tuple(one for one in Channel if channels.get(one, True)),
        tools=tuple(one for one in Tool if tools.get(one, True)),
        external=YES_OR_NO,
        induced=YES_OR_NO if rules.induced_sharing else (False,),
    )


def choose_sellers(society: Society, by_ties: float, world: int, num_sellers: int) -> list[int]:
    """Distinct people who sell, in the order of their choice, so that more sellers only add.

    Args:
        society: the people.
        by_ties: fraction found at the end of a random tie, so in proportion to their friends.
        world: seed.
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
            f"num_sellers is {num_sellers}; {able} people have friends: give 1 to that"
        )
    luck = derive(world, MarketPurpose.SELLER)
    chosen: dict[int, None] = {}
    draw = 0
    while len(chosen) < num_sellers:
        how, where = child(child(luck, draw), 0), child(child(luck, draw), 1)
        draw += 1
        if fraction(how) < by_ties:
            node = int(graph.indices[pick(where, graph.num_edges)])
        else:
            node = pick(where, graph.num_nodes)
        if graph.indptr[node + 1] > graph.indptr[node]:
            chosen[node] = None
    return list(chosen)
