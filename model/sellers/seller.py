"""Sellers as Mesa agents: people with friends, who decide what to offer and learn what it earns."""

import math
from typing import TYPE_CHECKING

import mesa

from weishang.kernels.rng import child, derive
from weishang.model.core.campaigns import Channel, Offer, Tool
from weishang.model.core.streams import MarketPurpose, fraction, standard_normal
from weishang.model.sellers.learning import (
    PLAIN,
    YES_OR_NO,
    Allowed,
    Decision,
    Learner,
    LearningParameters,
    draw,
)
from weishang.model.sellers.parameters import CHANNELS, TOOLS, NamedSeller, SellerParameters

if TYPE_CHECKING:
    from weishang.model.market.market import Market


class Seller(mesa.Agent):
    """A person who sells to friends, in the category of their own interest.

    Without learning, prices are lognormal and drawn anew for each campaign, and all else by fixed
    shares. With learning, a seller keeps the price level of the day it came, and moves in steps
    around it; before the first result it chooses as one that does not learn.

    Attributes:
        node: place in the friend network.
        category: interest that the goods serve.
        offer: what is offered today; None before the first day and on days without a campaign.
        price: of the shop: that of the last campaign, at the start what it would ask on that day.
        orders: buyers so far.
        revenue: so far, in usual prices.
        profit: so far, in usual prices.
        learner: what the seller learnt; None for one that does not learn.
    """

    model: "Market"

    def __init__(
        self,
        model: "Market",
        node: int,
        learning: LearningParameters | None = None,
        named: NamedSeller | None = None,
    ) -> None:
        """Come to the market.

        Args:
            model: the market, whose society, parameters and world are known.
            node: the person.
            learning: how the seller learns; None for choices at random.
            named: what a scenario says of this seller, if anything.
        """
        super().__init__(model)
        self.node = node
        own = None if named is None else named.category
        self.category = int(model.society.interest[node]) if own is None else own
        self._level = None if named is None else named.price
        self.offer: Offer | None = None
        self.orders = 0
        self.revenue = 0.0
        self.profit = 0.0
        self.learner = None if learning is None else Learner(learning)
        level = self._draw_price()
        self._prices = None if learning is None else [level * step for step in learning.price_steps]
        self.price = level if self._prices is None else self._prices[0]
        self._actions: list[int] = []

    def choose_offer(self, allowed: Allowed = PLAIN) -> Offer | None:
        """Decide whether to sell today, and what to offer; how the idea is received is luck.

        Args:
            allowed: what the platform's rules and the seller's own means leave.

        Returns:
            Today's offer; None on a day without a campaign.
        """
        self.offer = self._make_offer(allowed) if self._has_campaign() else None
        return self.offer

    def count_orders(
        self, orders: int, items: int | None = None, revenue: float | None = None
    ) -> float:
        """See how many ordered today and what they paid, from the campaign or in the shop.

        Args:
            orders: that were not refunded.
            items: sold with them; None: one an order.
            revenue: all that was paid, in usual prices; None: the shop's price an item.

        Returns:
            What is left after paying for the goods.
        """
        items = orders if items is None else items
        revenue = items * self.price if revenue is None else revenue
        margin = revenue - items * self.model.parameters.sellers.unit_cost
        self.orders += orders
        self.revenue += revenue
        self.profit += margin
        return margin

    def pay_costs(self, shown: int = 0, sharers: int = 0) -> float:
        """Pay for today's campaign: content, livestream, advert, rewards.

        Args:
            shown: people who saw the offer as an advert.
            sharers: people who passed it on.

        Returns:
            The costs, in usual prices; 0 on a day without a campaign.
        """
        if self.offer is None:
            return 0.0
        costs = cost(self.offer, shown, sharers, self.model.parameters.sellers)
        self.profit -= costs
        return costs

    def learn(self, profit: float) -> None:
        """Remember what today's campaign brought; nothing to learn on a day without one.

        Args:
            profit: of the campaign, after costs.
        """
        if self.learner is not None and self.offer is not None:
            self.learner.learn(self._actions, profit)

    def _has_campaign(self) -> bool:
        return fraction(self._luck(MarketPurpose.ACTIVITY)) < self.model.parameters.sellers.activity

    def _make_offer(self, allowed: Allowed) -> Offer:
        self._actions = self._choose_actions(allowed)
        step, rich, channel, tool, external, induced = self._actions
        self.price = self._draw_price() if self._prices is None else self._prices[step]
        return Offer(
            campaign=self.model.campaign_id(self.node),
            seller=self.node,
            category=self.category,
            price=self.price,
            rich=bool(rich),
            appeal=standard_normal(self._luck(MarketPurpose.APPEAL)),
            channel=CHANNELS[channel],
            tool=TOOLS[tool],
            external=bool(external),
            induced=bool(induced),
        )

    def _choose_actions(self, allowed: Allowed) -> list[int]:
        """One action a decision, in the order of Decision."""
        luck = self._luck(MarketPurpose.EXPLORE)
        if self.learner is None or not self.learner.campaigns:
            return self._choose_by_shares(allowed, luck)
        options = (
            range(len(self.learner.values[Decision.PRICE])),
            YES_OR_NO,
            allowed.channels,
            allowed.tools,
            allowed.external,
            allowed.induced,
        )
        return [
            self.learner.choose(decision, actions, child(luck, decision))
            for decision, actions in zip(Decision, options, strict=True)
        ]

    def _choose_by_shares(self, allowed: Allowed, luck: int) -> list[int]:
        shares = self.model.parameters.sellers
        return [
            0,
            fraction(self._luck(MarketPurpose.CONTENT)) < shares.rich_content,
            draw(shares.channels, allowed.channels, child(luck, Decision.CHANNEL)),
            draw(shares.tools, allowed.tools, child(luck, Decision.TOOL)),
            draw(_no_or_yes(shares.external), allowed.external, child(luck, Decision.EXTERNAL)),
            draw(_no_or_yes(shares.induced), allowed.induced, child(luck, Decision.INDUCED)),
        ]

    def _draw_price(self) -> float:
        if self._level is not None:
            return self._level
        spread = self.model.parameters.sellers.price_log_sd
        return math.exp(spread * standard_normal(self._luck(MarketPurpose.PRICE)))

    def _luck(self, purpose: MarketPurpose) -> int:
        return derive(self.model.world, purpose, self.model.campaign_id(self.node))


def cost(offer: Offer, shown: int, sharers: int, parameters: SellerParameters) -> float:
    """What a campaign costs besides the goods, in usual prices.

    Args:
        offer: what was offered.
        shown: people who saw it as an advert.
        sharers: people who passed it on.
        parameters: what content, livestreams, adverts and rewards cost.
    """
    costs = 0.0
    if offer.rich:
        costs += parameters.content_cost
    if offer.tool == Tool.LIVESTREAM:
        costs += parameters.livestream_cost
    if offer.channel == Channel.ADVERT:
        costs += parameters.advert_cost * shown / 1000.0
    if offer.induced:
        costs += parameters.reward_cost * sharers
    return costs


def _no_or_yes(share: float) -> tuple[float, float]:
    return (1.0 - share, share)
