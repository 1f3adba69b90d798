"""The market: sellers offer, campaigns spread, orders come back. A step is a day."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any, Self

import mesa
import numpy as np
from mesa.agent import AgentSet

from weishang.kernels import Cascades
from weishang.model.agents.consumers import Consumer
from weishang.model.core.campaigns import Campaigns, Channel, campaign_id
from weishang.model.core.choices import PLAIN, Options
from weishang.model.core.decision import DecisionRule, LogisticRule
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.market import indicators
from weishang.model.market.checks import (
    check_made_of,
    check_parts,
    check_seed,
    check_switches,
    draft_fault,
    grants_of,
)
from weishang.model.market.spread import Population, chances, open_day, spread
from weishang.model.mechanisms import default_mechanisms, for_engine
from weishang.model.mechanisms.mechanism import (
    VECTORIZED,
    Day,
    DayRecord,
    Draft,
    Mechanism,
    World,
)
from weishang.model.scenario import BaseScenario
from weishang.model.sellers.choose import choose_sellers
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.sellers.seller import Seller
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society


class Market(mesa.Model):
    """Sellers, their friends and customers, and the platform, day by day.

    A day reads as `step` does: sellers choose, campaigns spread, every mechanism settles what came
    of it, sellers count, and every mechanism ends its day.

    Attributes:
        society: who knows whom, who likes what.
        parameters: every parameter, a scenario (Mesa has a `scenario` of its own).
        seed: of the replicate's random streams; two scenarios with one seed meet the same luck.
        day: number of days that have passed.
        sellers: Mesa agents, in the order of their choice.
        world: what the market is made of, as mechanisms see it.
        mechanisms: all, in their order; those that are off are asked nothing.
        active: those that are on.
        states: what each active mechanism keeps, by its name.
        today: what happened on the last day.
        datacollector: Mesa's, a row per day; see `weishang.model.market.indicators`.
        seconds: time that each stage took over all days so far, by stage: those of the market, and
            what each mechanism does at the end of cascades and of days.

    Example:
        >>> import numpy as np
        >>> from weishang.model import Market, Scenario, form_groups, generate
        >>> scenario = Scenario()
        >>> people = generate(scenario.society, 2_000, np.random.default_rng(1))
        >>> chats = form_groups(people, scenario.groups, np.random.default_rng(2))
        >>> with Market(people, scenario, 7, 40, chats=chats) as market:
        ...     market.step()
        ...     market.day
        1
    """

    day: int
    sellers: AgentSet
    states: dict[str, Any]
    today: DayRecord

    def __init__(
        self,
        society: Society,
        scenario: BaseScenario,
        seed: int,
        num_sellers: int,
        *,
        chats: GroupChats | None = None,
        named: Sequence[NamedSeller] = (),
        engine: str = VECTORIZED,
        mechanisms: Iterable[Mechanism] | None = None,
        seller: type[Seller] = Seller,
        consumer: type[Consumer] | None = None,
        rule: type[DecisionRule] = LogisticRule,
    ) -> None:
        """Choose the sellers, and let every mechanism start.

        Args:
            society: the people.
            scenario: the parameters.
            seed: of the random streams, in [0, 2^64).
            num_sellers: sellers, each with at most one campaign per day.
            chats: groups of these people; needed where the mechanism is on.
            named: sellers whom the scenario names; they come first, others after them.
            engine: "vectorized", or "agents" where consumers act one by one (small societies).
            mechanisms: in their order; None for those of this package. Yours come after
                `default_mechanisms()`.
            seller: class of the sellers, on both engines.
            consumer: class of the consumers, on the agents' engine alone; None for its own.
            rule: class of the decision rule, on both engines, such as ThresholdRule.

        Raises:
            ValueError: an argument is not of its kind or out of range, more sellers are named or
                asked for than there are people with friends, the groups are missing or of other
                people, a mechanism is not one or takes what belongs to another, one that the
                scenario switches on is missing, one lacks a reference while agents are asked for,
                or a part of yours is of a class that the engine cannot use.
        """
        check_seed(seed)
        seed = int(seed)
        super().__init__(rng=seed)
        check_parts(engine, seller, consumer, rule)
        self.mechanisms = for_engine(
            default_mechanisms() if mechanisms is None else mechanisms, engine
        )
        check_made_of(society, scenario, num_sellers)
        if chats is not None and chats.num_people != society.num_users:
            raise ValueError(
                f"chats are of {chats.num_people} people, the society has {society.num_users}"
            )
        check_switches(scenario, self.mechanisms)
        if len(named) > num_sellers:
            raise ValueError(
                f"num_sellers is {num_sellers}, but {len(named)} are named; give at least as many"
            )
        self.society = society
        self.parameters = scenario
        self.seed = seed
        self.day = 0
        self._consumer = consumer
        self._closed = False
        chosen = choose_sellers(society, scenario.sellers.by_ties, seed, num_sellers)
        first = [one.node for one in named]
        nodes = [*first, *(node for node in chosen if node not in set(first))][:num_sellers]
        facts = [*named, *[None] * (num_sellers - len(named))]
        self.sellers = seller.create_agents(self, num_sellers, nodes, facts)
        every = list(self.sellers)
        self._place = np.full(society.num_users, -1, dtype=np.int32)
        self._place[nodes] = np.arange(num_sellers)
        self.world = World(
            society, scenario, seed, every, rule(scenario.weights, scenario.budgets), chats, engine
        )
        self.active = [one for one in self.mechanisms if is_on(one, scenario)]
        self.states = {one.name: one.start(self.world) for one in self.active}
        self._num_layers = 1 + max(
            (layer.number for one in self.mechanisms for layer in one.own_layers), default=0
        )
        self.today = _nothing_yet()
        self.seconds: dict[str, float] = {}
        self._indicators = indicators.indicators(self.mechanisms)
        self.measured: dict[str, float] = {}
        self.datacollector = mesa.DataCollector(
            model_reporters={one.name: partial(_measured, one.name) for one, _ in self._indicators}
        )

    def step(self) -> None:
        """One day.

        Raises:
            ValueError: the market is closed, or a mechanism gives what no day can have.
        """
        if self._closed:
            raise ValueError("the market is closed; make a new one, or restore a state into one")
        with self._timed("sellers choose"):
            day = open_day(self.world, self.day, self.choose_campaigns())
        with self._timed("people and layers"):
            population = Population(self.world, self.active, self.states, day)
        with self._timed("campaigns spread"):
            cascades = spread(
                self.world,
                self.active,
                self.states,
                day,
                population,
                self._num_layers,
                self._consumer,
            )
        self.today = self._settle(day, population, cascades)
        with self._timed("sellers count"):
            self._count_orders()
        for one in self.active:
            with self._timed(f"{one.name}: day ends"):
                self.states[one.name] = one.end_day(self.world, self.states[one.name], self.today)
        self.day += 1
        with self._timed("daily series"):
            self._measure()

    def choose_campaigns(self) -> Campaigns:
        """Let every seller decide what to offer today; no day passes."""
        offers = [
            seller.choose_offer(options)
            for seller, options in zip(self.world.sellers, self._options(), strict=True)
        ]
        return Campaigns.from_offers([offer for offer in offers if offer is not None])

    def campaign_id(self, node: int) -> int:
        """The id of a seller's campaign of today."""
        return campaign_id(self.day, node)

    def close(self) -> None:
        """Free the memory now: Mesa 3.3 refers to every model for which it made agents."""
        self.remove_all_agents()
        self.running, self._closed = False, True
        for name in ("world", "society", "states", "today", "sellers", "_place", "active"):
            self.__dict__.pop(name, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _options(self) -> list[Options]:
        """What each seller may choose today: a plain post, and what active mechanisms add."""
        sellers = len(self.world.sellers)
        grants = [
            grant
            for one in self.active
            for grant in grants_of(one, self.world, self.states[one.name])
        ]
        everyone = PLAIN
        for grant in grants:
            if grant.sellers is None:
                everyone |= grant.options
        some = [grant for grant in grants if grant.sellers is not None]
        # Sellers with the same grants share one Options: there are many sellers and few kinds.
        key = np.zeros(sellers, dtype=np.int64)
        for grant in some:
            key = 2 * key + np.asarray(grant.sellers, dtype=np.int64)
        kinds: dict[int, Options] = {}
        for kind in np.unique(key).tolist():
            kinds[kind] = everyone
            for place, grant in enumerate(reversed(some)):
                if kind >> place & 1:
                    kinds[kind] |= grant.options
        return [kinds[kind] for kind in key.tolist()]

    def _settle(self, day: Day, population: Population, cascades: Cascades) -> DayRecord:
        """Let every mechanism act on the finished cascades, and put the day's orders together."""
        events = cascades.events
        assert events is not None
        draft = Draft(
            events,
            price=population.price_of(events),
            bought=events.bought,
            refunded=np.zeros(len(events), dtype=np.bool_),
            items=np.ones(len(events), dtype=np.int32),
            chance=chances(self.world, self.active, day, population, cascades),
        )
        for one in self.active:
            with self._timed(f"{one.name}: cascades settle"):
                settled = one.settle(self.world, self.states[one.name], day, draft)
                fault = None if settled is draft else draft_fault(settled, draft, day.number)
                if fault is not None:
                    raise ValueError(f"mechanism {one.name!r} settles wrongly: {fault}")
                draft = settled
        with self._timed("orders listed"):
            from_campaigns = Orders.from_events(
                events,
                day.campaigns,
                day.number,
                bought=draft.bought,
                price_factor=draft.price,
                items=draft.items,
                refunded=draft.refunded,
            )
            orders = Orders.joined([from_campaigns, *draft.beside])
        return DayRecord(day.number, day.campaigns, cascades, orders, draft.visits, draft.notes)

    def _count_orders(self) -> None:
        """Tell each seller what came in, from the shop and from the campaign, and what it cost."""
        kept = self.today.orders.where(~self.today.orders.refunded)
        from_search = kept.channel == OrderChannel.SEARCH
        self._tell_sellers(kept.where(from_search))
        margins = self._tell_sellers(kept.where(~from_search))
        shown = self.parameters.channels.advert_audience
        sharers = self.today.cascades.sharers.sum(axis=1).tolist()
        for node, count in zip(self.today.campaigns.seller.tolist(), sharers, strict=True):
            seller = self.world.sellers[self._place[node]]
            assert seller.offer is not None
            advert = seller.offer.channel == Channel.ADVERT
            costs = seller.pay_costs(shown if advert else 0, count)
            seller.earned = margins.get(seller.node, 0.0) - costs

    def _tell_sellers(self, orders: Orders) -> dict[int, float]:
        """What is left to each seller of these orders after paying for the goods, by node."""
        sellers = self.world.sellers
        place, size = self._place[orders.seller], len(sellers)
        counts = np.bincount(place, minlength=size)
        items = np.bincount(place, orders.items, size)
        revenue = np.bincount(place, orders.price * orders.items, size)
        margins = {}
        for at in np.flatnonzero(counts).tolist():
            seller = sellers[at]
            margins[seller.node] = seller.count_orders(
                int(counts[at]), int(items[at]), float(revenue[at])
            )
        return margins

    def _measure(self) -> None:
        """Note the day in the daily series."""
        for indicator, owner in self._indicators:
            if owner is None or owner.name in self.states:
                state = None if owner is None else self.states[owner.name]
                value = indicator.measure(self.world, state, self.today)
            else:
                value = indicator.when_off
            self.measured[indicator.name] = value
        self.datacollector.collect(self)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - started


def is_on(mechanism: Mechanism, scenario: BaseScenario) -> bool:
    """Whether a scenario switches a mechanism on; one that it does not know of is on."""
    return bool(getattr(scenario.mechanisms, mechanism.name, True))


def _measured(name: str, market: Market) -> float:
    return market.measured[name]


def _nothing_yet() -> DayRecord:
    """The record of the day before the first."""
    return DayRecord(
        -1,
        Campaigns.from_offers([]),
        Cascades.from_counts(np.zeros((4, 0, 7), dtype=np.int64)),
        Orders.none(),
        {},
        {},
    )
