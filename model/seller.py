"""Sellers as Mesa agents: people with friends, who decide what to offer."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mesa

from weishang.kernels.rng import derive
from weishang.model.campaigns import Offer
from weishang.model.parameters import parameter
from weishang.model.purposes import MarketPurpose, fraction, standard_normal

if TYPE_CHECKING:
    from weishang.model.market import Market


@dataclass(frozen=True)
class SellerParameters:
    """Who sells, and what is offered."""

    by_ties: float = parameter(
        1.0,
        unit="fraction of sellers",
        source="assumption, varied: found at the end of a random tie, as people with many friends "
        "are likelier to sell (Hinz et al. 2011: the well connected are likelier to join); the "
        "others are found at random",
        role="set",
        low=0.5,
        high=1.0,
    )
    rich_content: float = parameter(
        0.5,
        unit="fraction of offers",
        source="assumption, varied",
        role="set",
        low=0.2,
        high=0.8,
    )
    price_log_sd: float = parameter(
        0.5,
        unit="log price",
        source="assumption, varied",
        role="set",
        low=0.2,
        high=0.8,
    )
    campaign_hops: int = parameter(
        3,
        unit="hops",
        source="assumption, varied by itself: an offer stays up for three rounds; retweets come "
        "within hours (Sysomos 2010), and 1 to 4% of cascades go past one hop (Goel, Watts and "
        "Goldstein, EC 2012)",
        role="set",
        low=3,
        high=5,
    )

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a field is out of range; it is named.
        """
        for name in ("by_ties", "rich_content"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} is {value!r}; give a fraction in [0, 1]")
        if not 0.0 <= self.price_log_sd <= 3.0:
            raise ValueError(f"price_log_sd is {self.price_log_sd!r}; give a number in [0, 3]")
        if not isinstance(self.campaign_hops, int) or self.campaign_hops < 1:
            raise ValueError(f"campaign_hops is {self.campaign_hops!r}; give at least 1")


class Seller(mesa.Agent):
    """A person who sells to friends, in the category of their own interest.

    Attributes:
        node: place in the friend network.
        category: interest that the goods serve.
        offer: what is offered today; None before the first day.
        orders: buyers so far.
    """

    model: "Market"

    def __init__(self, model: "Market", node: int) -> None:
        super().__init__(model)
        self.node = node
        self.category = int(model.society.interest[node])
        self.offer: Offer | None = None
        self.orders = 0

    def choose_offer(self) -> None:
        """Decide on today's price and content; how the idea is received is luck."""
        self.offer = Offer(
            campaign=self.model.campaign_id(self.node),
            seller=self.node,
            category=self.category,
            price=self._choose_price(),
            rich=self._choose_content(),
            appeal=standard_normal(self._luck(MarketPurpose.APPEAL)),
        )

    def count_orders(self, orders: int) -> None:
        """See how many ordered today."""
        self.orders += orders

    def _choose_price(self) -> float:
        spread = self.model.parameters.sellers.price_log_sd
        return math.exp(spread * standard_normal(self._luck(MarketPurpose.PRICE)))

    def _choose_content(self) -> bool:
        return (
            fraction(self._luck(MarketPurpose.CONTENT)) < self.model.parameters.sellers.rich_content
        )

    def _luck(self, purpose: MarketPurpose) -> int:
        return derive(self.model.world, purpose, self.model.campaign_id(self.node))
