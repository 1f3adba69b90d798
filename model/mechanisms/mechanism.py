"""The door for mechanisms: what one may do in a day, what it is given, and what it gives back.

A mechanism is a folder: its parameters, its random streams, what it does with arrays, the same
person by person, and its tests. The market asks every mechanism that is switched on, in the order
of the registry:

    start         what it keeps from day to day
    options       what sellers may choose
    classes       which class of the mechanism each person is in today
    layers        where posts are seen, and how likely
    adjust        what it adds to utilities and prices
    settle        what finished cascades come to: prices, orders, refunds
    end_day       what tomorrow remembers
    indicators    columns of the daily series
    save, restore what a checkpoint holds

A mechanism that is switched off is asked nothing, and since it alone draws from its random streams
and its layers keep their numbers, all others' events stay as they were.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Cascades, Events, Graph, Groups, Strangers
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Offer, Tool
from weishang.model.core.channel_parameters import ChannelParameters
from weishang.model.core.choices import Learner, Options
from weishang.model.core.decision import DecisionRule
from weishang.model.core.orders import MoneyParameters, OrderChannel, Orders
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.core.streams import Stream
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

VECTORIZED, AGENTS = ENGINES = "vectorized", "agents"
"""Consumers as operations on arrays, or one Mesa agent after the other: the same results."""

Layer = Graph | Groups | Strangers
Kind = tuple[tuple[str, ...], tuple[int | None, ...]]
"""Number formats that an array may have, and its shape; None is any length."""


class Settings(Protocol):
    """What mechanisms read of a scenario, beside their own group of parameters."""

    @property
    def mechanisms(self) -> Any:
        """Switches by name."""

    @property
    def rules(self) -> PlatformRules:
        """What the platform allows and demotes."""

    @property
    def weights(self) -> DecisionWeights:
        """Of the decision rule."""

    @property
    def budgets(self) -> Budgets:
        """What people can spend."""

    @property
    def channels(self) -> ChannelParameters:
        """How far channels carry."""

    @property
    def sellers(self) -> Any:
        """What sellers are like."""

    @property
    def money(self) -> MoneyParameters:
        """The unit of money."""


class SellerView(Protocol):
    """What mechanisms see of a seller; see `weishang.model.sellers.seller.Seller`."""

    node: int
    category: int
    offer: Offer | None
    price: float
    orders: int
    profit: float
    learner: Learner | None
    earned: float

    def choose_offer(self, options: Options) -> Offer | None:
        """Decide what to offer today, if anything."""

    def count_orders(self, orders: int, items: int, revenue: float) -> float:
        """See what came in; what is left after paying for the goods."""

    def pay_costs(self, shown: int = 0, sharers: int = 0) -> float:
        """Pay for today's campaign."""

    def equip(self, learner: Learner) -> None:
        """Choose by what this learner has learnt."""

    def learn(self) -> None:
        """Let the learner take in what today's campaign earned."""


class World(NamedTuple):
    """What a market is made of; the same on every day.

    Attributes:
        society: the people, N of them.
        scenario: every parameter.
        seed: of the replicate's random streams.
        sellers: Mesa agents, in the order of their choice.
        rule: the decision rule.
        chats: group chats of the people; None where none were given.
        engine: "vectorized" or "agents".
    """

    society: Society
    scenario: Settings
    seed: int
    sellers: Sequence[SellerView]
    rule: DecisionRule
    chats: GroupChats | None
    engine: str


class Grant(NamedTuple):
    """Options, and the sellers who have them.

    Attributes:
        options: what they may choose.
        sellers: bool [sellers]; None for all.
    """

    options: Options
    sellers: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Day:
    """A day before its campaigns spread.

    Attributes:
        number: days that have passed before.
        campaigns: C offers.
        max_hops: H, rounds of sharing.
        visible: float64 [C, H], the part of a post's view that the platform leaves to its link.
        posts: float64 [C, H], the same for what the seller and those who share post themselves: 0
            at the first hop of campaigns that start elsewhere.
    """

    number: int
    campaigns: Campaigns
    max_hops: int
    visible: NDArray[np.float64]
    posts: NDArray[np.float64]


class LayerView(NamedTuple):
    """A layer today.

    Attributes:
        layer: who is connected.
        view: float64 [C, H], how likely it shows a campaign's post.
    """

    layer: Layer
    view: NDArray[np.float64]


ChanceOfBuying = Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64]]
"""How likely people buy who see the post for the first time: positions of events, int64 [K], and
factors on the campaign's price, float64 [K], to probabilities, float64 [K]."""


@dataclass(frozen=True, eq=False)
class Draft:
    """What a day's finished cascades come to so far: each mechanism gives the next one a new draft.

    Attributes:
        events: of the cascades, E.
        price: factor on the campaign's price that each person is asked, float64 [E].
        bought: who orders, bool [E].
        refunded: whose order is called off, bool [E]; only of those who order.
        items: of each order, int32 [E], read for buyers alone.
        chance: see ChanceOfBuying.
        beside: orders that come from no cascade.
        visits: visits that come from no cascade, by channel.
        notes: what else a mechanism has to say of the day, by its name.
    """

    events: Events
    price: NDArray[np.float64]
    bought: NDArray[np.bool_]
    refunded: NDArray[np.bool_]
    items: NDArray[np.int32]
    chance: ChanceOfBuying
    beside: tuple[Orders, ...] = ()
    visits: Mapping[OrderChannel, int] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    def noting(self, name: str, note: Any) -> "Draft":
        """The same with a mechanism's note."""
        return replace(self, notes={**self.notes, name: note})


@dataclass(frozen=True, eq=False)
class DayRecord:
    """What happened on a day.

    Attributes:
        number: of the day, from 0.
        campaigns: C offers, in the order of the sellers who have one.
        cascades: what became of them, a row per campaign, by social distance, with events.
        orders: all of the day's.
        visits: visits that come from no cascade, by channel.
        notes: what mechanisms say of the day, by name: "search" has Visits, "livestream" Viewing.
    """

    number: int
    campaigns: Campaigns
    cascades: Cascades
    orders: Orders
    visits: Mapping[OrderChannel, int]
    notes: Mapping[str, Any]

    @property
    def events(self) -> Events:
        """Everyone whom a campaign reached, by campaign."""
        assert self.cascades.events is not None
        return self.cascades.events

    def kept(self, channel: OrderChannel | None = None, *, live: bool) -> Orders:
        """Orders that were not refunded.

        Args:
            channel: those through one channel; None for all.
            live: those from livestreams, or those from everything else.
        """
        orders = self.orders
        chosen = ~orders.refunded & ((orders.tool == Tool.LIVESTREAM) == live)
        return orders.where(chosen if channel is None else chosen & (orders.channel == channel))


@dataclass(frozen=True)
class Indicator:
    """A column of the daily series.

    Attributes:
        name: of the column.
        unit: of its values.
        meaning: what is counted, over whom.
        measure: takes the world, the mechanism's state at the end of the day and the day's record.
        adds_up: whether days add up to a run; otherwise the last day stands for it.
        when_off: the value where the mechanism is switched off.
    """

    name: str
    unit: str
    meaning: str
    measure: Callable[[World, Any, DayRecord], float]
    adds_up: bool = True
    when_off: float = 0


class Mechanism:
    """A mechanism of the market; see the page above for what is asked of it and when.

    Everything has a default that does nothing, so a mechanism says only what it does. A new one is
    given to `Market(..., mechanisms=[*default_mechanisms(), Mine()])`; docs/mechanisms.md shows
    one.

    Attributes:
        name: its switch in `scenario.mechanisms`, and the prefix of its arrays in checkpoints.
        about: what the switch turns on, in a few words.
        group: its group of parameters in the scenario; the name unless another is given.
        parameters: a frozen dataclass of `parameter(...)` fields, or None.
        streams: random streams that it draws from, and nobody else.
        own_layers: layers that it brings.
        reference: a subclass that does the same person by person, or its place as "module:class";
            the class itself where it already does. One that overrides `settle` or `end_day` needs
            it for the agents' engine; whatever acts through tables, layers and options does not.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    group: ClassVar[str] = ""
    parameters: ClassVar[type | None] = None
    streams: ClassVar[tuple[Stream, ...]] = ()
    own_layers: ClassVar[tuple[LayerSpec, ...]] = ()
    reference: ClassVar["type[Mechanism] | str | None"] = None

    def own(self, world: World) -> Any:
        """The mechanism's parameters: the scenario's, or their defaults where it has none."""
        assert self.parameters is not None
        return getattr(world.scenario, self.group or self.name, None) or self.parameters()

    def start(self, world: World) -> Any:
        """What the mechanism keeps from day to day: its state before the first day."""
        return None

    def options(self, world: World, state: Any) -> Sequence[Grant]:
        """What sellers may choose because of it, beside a plain post."""
        return ()

    def num_classes(self, world: World) -> int:
        """Classes of people that `adjust` tells apart; at least 1."""
        return 1

    def classes(self, world: World, state: Any) -> NDArray[np.integer[Any]] | None:
        """The class of each person today, [N] in [0, num_classes); None: all in class 0."""
        return None

    def trust(self, world: World) -> Mapping[SocialDistance, float]:
        """Trust in whoever shows a post at the distances that its layers make."""
        return {}

    def layers(self, world: World, state: Any, day: Day) -> Mapping[LayerSpec, LayerView]:
        """Its layers today."""
        return {}

    def adjust(self, world: World, state: Any, day: Day) -> Adjustments | None:
        """What it adds to utilities and prices; None for nothing."""
        return None

    def settle(self, world: World, state: Any, day: Day, draft: Draft) -> Draft:
        """Act on finished cascades."""
        return draft

    def end_day(self, world: World, state: Any, record: DayRecord) -> Any:
        """The state for tomorrow."""
        return state

    def indicators(self) -> Sequence[Indicator]:
        """Its columns of the daily series."""
        return ()

    def save(self, world: World, state: Any) -> Mapping[str, NDArray[Any]]:
        """What a checkpoint has to hold of the state, as arrays by name; nothing by default."""
        return {}

    def kinds(self, world: World) -> Mapping[str, Kind]:
        """The kind of each array that `save` gives; an array of another kind is refused."""
        return {}

    def restore(self, world: World, state: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
        """The state that was saved.

        Args:
            world: as it was.
            state: what `start` gave.
            arrays: as `save` gave them, of the kinds of `kinds`.

        Raises:
            ValueError: the arrays cannot be of such a state; the message begins with the name of
                the array.
        """
        return state
