"""Livestreams: a room with a host, whom viewers choose to watch.

Acts through the rule's tables. Strangers see the room's card by a layer of their own, friends see
the post as always. To enter is the decision to visit, with an intercept of the room's: watching
costs minutes, and more so where the goods are of no interest. So those who enter are those who are
interested; nothing but this selection, and a host who answers questions, lets viewers buy. A
traditional livestream stands beside it: its audience is sent there and does not choose, and to
order means to leave for another shop.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from weishang.kernels import Strangers
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Tool
from weishang.model.core.choices import Options
from weishang.model.core.orders import OrderChannel
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters
from weishang.model.mechanisms.livestream.viewing import ROOM, viewing
from weishang.model.mechanisms.mechanism import (
    Day,
    DayRecord,
    Draft,
    Grant,
    Indicator,
    LayerView,
    Mechanism,
    World,
)

ROOM_CARD = LayerSpec(3, "room", SocialDistance.STRANGER)
"""Random contacts who are shown a livestream."""


class Livestream(Mechanism):
    """Livestreams: rooms that people choose to watch. The day's note is Viewing: who came when."""

    name = "livestream"
    about = "livestreams"
    parameters = LivestreamParameters
    streams = (ROOM,)
    own_layers = (ROOM_CARD,)
    reference = "weishang.model.mechanisms.livestream.by_agents:LivestreamByAgents"

    def start(self, world: World) -> Strangers:
        """Who is shown the room."""
        own, society = self.own(world), world.society
        return Strangers(society.num_users, own.slots, own.near, society.interest_and_place)

    def options(self, world: World, state: Strangers) -> Sequence[Grant]:
        """Every seller may host one, if the platform's rules allow it."""
        allowed = world.scenario.rules.livestreams
        return [Grant(Options(tools=(Tool.NONE, Tool.LIVESTREAM)))] if allowed else []

    def layers(self, world: World, state: Strangers, day: Day) -> Mapping[LayerSpec, LayerView]:
        """Strangers see the room's card at the first hop."""
        view = np.zeros_like(day.visible)
        view[day.campaigns.tool == Tool.LIVESTREAM, 0] = self.own(world).seen
        return {ROOM_CARD: LayerView(state, view)}

    def adjust(self, world: World, state: Strangers, day: Day) -> Adjustments:
        """What it takes to enter the room, at all distances, and what the room does to buying."""
        parameters, added = self.own(world), Adjustments.none(len(day.campaigns))
        live = day.campaigns.tool == Tool.LIVESTREAM
        added.buy[live] = parameters.answers
        if parameters.traditional:
            added.buy[live] -= parameters.friction
        else:
            added.visit[live] = -(parameters.watch_cost + parameters.boredom)
            added.visit_match[live] = parameters.boredom
        return added

    def settle(self, world: World, state: Strangers, day: Day, draft: Draft) -> Draft:
        """Note who watched when."""
        seen = viewing(day.campaigns, draft.events, self.own(world), world.seed)
        return draft.noting(self.name, seen)

    def indicators(self) -> Sequence[Indicator]:
        """Visits, orders and sales of livestreams in all channels."""
        return [
            Indicator("visits_live", "people", "who chose to watch a livestream", _visits),
            Indicator("orders_live", "orders", "from livestreams, not refunded", _orders),
            Indicator(
                "sales_live", "CNY", "value of orders from livestreams", _sales, when_off=0.0
            ),
        ]


def _visits(world: World, state: Any, record: DayRecord) -> int:
    return int(record.cascades.visitors[record.campaigns.tool == Tool.LIVESTREAM].sum())


def _orders(world: World, state: Any, record: DayRecord) -> int:
    return len(record.kept(live=True))


def _sales(world: World, state: Any, record: DayRecord) -> float:
    price = world.scenario.money.reference_price
    return sum(float(record.kept(one, live=True).value(price).sum()) for one in OrderChannel)
