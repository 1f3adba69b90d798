"""Orders: what was bought, by whom, from whom, and what it was worth."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events
from weishang.kernels.graph.arrays import check_columns
from weishang.model.core.campaigns import Campaigns, Tool
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.shops import Shops, Visits

NO_CAMPAIGN = 0
"""Campaign of an order from search."""
NO_DISTANCE = 0
"""Distance of an order from search: nobody showed the offer."""


class OrderChannel(IntEnum):
    """How a buyer came to the offer; the first are those of campaigns, see Channel."""

    MOMENTS = 0
    OFFICIAL = 1
    ADVERT = 2
    SEARCH = 3


@dataclass(frozen=True)
class MoneyParameters:
    """What the model's prices are in money.

    Raises:
        ValueError: reference_price is no number in [0.01, 1000000].
    """

    reference_price: float = parameter(
        265.07,
        unit="CNY",
        source="fitted to t1_moments_aov by `channels`: the unit of money, which no decision "
        "depends on",
        role="fitted",
        low=50.0,
        high=1000.0,
    )

    def __post_init__(self) -> None:
        """Check the range."""
        check_number("reference_price", self.reference_price, 0.01, 1e6, integer=False)


@dataclass(frozen=True, eq=False)
class Orders:
    """O orders side by side.

    Attributes:
        day: int32 [O].
        channel: int8 [O], values of OrderChannel.
        tool: int8 [O], values of Tool.
        campaign: uint64 [O], id; NO_CAMPAIGN from search.
        seller, buyer: int32 [O], nodes.
        distance: int8 [O], SocialDistance of the buyer in the campaign; NO_DISTANCE from search.
        price: float64 [O], of one item, in units of the category's reference price.
        items: int32 [O], at least 1.
        refunded: bool [O].

    Raises:
        ValueError: an array has another length.
    """

    day: NDArray[np.int32]
    channel: NDArray[np.int8]
    tool: NDArray[np.int8]
    campaign: NDArray[np.uint64]
    seller: NDArray[np.int32]
    buyer: NDArray[np.int32]
    distance: NDArray[np.int8]
    price: NDArray[np.float64]
    items: NDArray[np.int32]
    refunded: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check that the arrays speak of the same orders."""
        check_columns(self)

    def __len__(self) -> int:
        """O."""
        return self.day.size

    @classmethod
    def from_events(
        cls,
        events: Events,
        campaigns: Campaigns,
        day: int,
        *,
        bought: NDArray[np.bool_] | None = None,
        price_factor: NDArray[np.float64] | None = None,
        items: NDArray[np.int32] | None = None,
        refunded: NDArray[np.bool_] | None = None,
    ) -> "Orders":
        """The orders of a day's campaigns, in the order of their events.

        Args:
            events: of the cascades of these campaigns, E.
            campaigns: what was offered.
            day: number of the day.
            bought: who ordered, [E]; None as in the events.
            price_factor: on the campaign's price, [E]; None for the full price.
            items: of each order, [E], read for buyers alone; None for one.
            refunded: [E]; None for nobody.

        Raises:
            ValueError: one of the arrays has not one entry an event.
        """
        settled: dict[str, NDArray[Any]] = {
            "bought": events.bought if bought is None else bought,
            "price_factor": np.ones(len(events)) if price_factor is None else price_factor,
            "items": np.ones(len(events), dtype=np.int32) if items is None else items,
            "refunded": np.zeros(len(events), dtype=np.bool_) if refunded is None else refunded,
        }
        for name, array in settled.items():
            if array.shape != (len(events),):
                raise ValueError(f"{name} has shape {array.shape}; give ({len(events)},)")
        at = np.flatnonzero(settled["bought"])
        row = events.row[at]
        return cls(
            day=np.full(at.size, day, dtype=np.int32),
            channel=campaigns.channel[row],
            tool=campaigns.tool[row],
            campaign=campaigns.campaign[row],
            seller=campaigns.seller[row],
            buyer=events.node[at],
            distance=events.level[at].astype(np.int8),
            price=campaigns.price[row] * settled["price_factor"][at],
            items=settled["items"][at].astype(np.int32),
            refunded=settled["refunded"][at],
        )

    @classmethod
    def from_visits(cls, visits: Visits, shops: Shops, day: int) -> "Orders":
        """The orders of a day's searches, one item each, in the order of the visits."""
        at = np.flatnonzero(visits.bought)
        shop = visits.shop[at]
        return cls(
            day=np.full(at.size, day, dtype=np.int32),
            channel=np.full(at.size, OrderChannel.SEARCH, dtype=np.int8),
            tool=np.full(at.size, Tool.NONE, dtype=np.int8),
            campaign=np.full(at.size, NO_CAMPAIGN, dtype=np.uint64),
            seller=shops.node[shop],
            buyer=visits.visitor[at],
            distance=np.full(at.size, NO_DISTANCE, dtype=np.int8),
            price=shops.price[shop],
            items=np.ones(at.size, dtype=np.int32),
            refunded=np.zeros(at.size, dtype=np.bool_),
        )

    @classmethod
    def none(cls) -> "Orders":
        """No orders."""
        kinds = {
            "day": np.int32,
            "channel": np.int8,
            "tool": np.int8,
            "campaign": np.uint64,
            "seller": np.int32,
            "buyer": np.int32,
            "distance": np.int8,
            "price": np.float64,
            "items": np.int32,
            "refunded": np.bool_,
        }
        return cls(**{name: np.empty(0, dtype=kind) for name, kind in kinds.items()})

    @classmethod
    def joined(cls, parts: Sequence["Orders"]) -> "Orders":
        """All orders of at least one part, in order."""
        columns = {
            item.name: np.concatenate([getattr(part, item.name) for part in parts])
            for item in fields(cls)
        }
        return cls(**columns)

    def where(self, chosen: NDArray[np.bool_]) -> "Orders":
        """The chosen orders, bool [O], in order."""
        return Orders(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})

    def value(self, reference_price: float) -> NDArray[np.float64]:
        """What was ordered, refunded or not, in CNY, [O]."""
        return self.price * self.items * reference_price
