"""Sellers as Mesa agents: people with friends, who decide what to offer and learn what it earns."""

import math
from typing import ClassVar, Protocol

import mesa
import numpy as np

from weishang.kernels.rng import child, derive
from weishang.model.core.campaigns import Channel, Offer, Tool
from weishang.model.core.choices import PLAIN, YES_OR_NO, Decision, Learner, Options, draw
from weishang.model.core.streams import (
    ACTIVITY,
    CONTENT,
    EXPLORE,
    PRICE,
    SHAREABILITY,
    Stream,
    fraction,
    standard_normal,
)
from weishang.model.sellers.parameters import CHANNELS, TOOLS, NamedSeller, SellerParameters
from weishang.model.society.society import Society


class Settings(Protocol):
    """What sellers read of a scenario."""

    @property
    def sellers(self) -> SellerParameters:
        """What sellers are like."""


class Marketplace(Protocol):
    """What sellers see of the market that they sell in; see `weishang.model.Market`."""

    @property
    def society(self) -> Society:
        """The people."""

    @property
    def parameters(self) -> Settings:
        """The scenario."""

    @property
    def seed(self) -> int:
        """Of the replicate's random streams."""

    def campaign_id(self, node: int) -> int:
        """The id of a seller's campaign of today."""


class Seller(mesa.Agent):
    """A person who sells to friends, in the category of their own interest.

    Without a learner, prices are lognormal and drawn anew for each campaign, and all else by fixed
    shares. With one, a seller keeps the price level of the day it came, and moves in steps around
    it; before the first result it chooses as one that does not learn.

    A seller of your own is a subclass that overrides `choose_offer`, or a part of it, and names
    what it remembers from day to day in `kept`; sellers are Mesa agents on both engines.

    Attributes:
        node: place in the friend network.
        category: interest that the goods serve.
        offer: what is offered today; None before the first day and on days without a campaign.
        price: of the shop: that of the last campaign, at the start what it would ask on that day.
        orders: buyers so far.
        revenue: so far, in reference prices.
        profit: so far, in reference prices.
        earned: what today's campaign left after costs, in reference prices.
        learner: what the seller learnt; None for one that does not learn.
    """

    model: Marketplace
    kept: ClassVar[dict[str, type[np.generic]]] = {
        "price": np.float64,
        "orders": np.int64,
        "revenue": np.float64,
        "profit": np.float64,
    }
    """What a checkpoint keeps of a seller, by attribute; a subclass adds its own."""

    def __init__(self, model: Marketplace, node: int, named: NamedSeller | None = None) -> None:
        """Come to the market.

        Args:
            model: the market, whose society, parameters and seed are known.
            node: the person.
            named: what a scenario says of this seller, if anything.
        """
        super().__init__(model)
        self.node = node
        own = None if named is None else named.category
        self.category = int(model.society.interest[node]) if own is None else own
        self.offer: Offer | None = None
        self.orders = 0
        self.revenue = 0.0
        self.profit = 0.0
        self.earned = 0.0
        self.learner: Learner | None = None
        self._level = None if named is None else named.price
        self._prices: list[float] = []
        self._actions: list[int] = []
        self.price = self._draw_price()

    def equip(self, learner: Learner) -> None:
        """Choose by what this learner has learnt, and keep to price steps around today's level."""
        self.learner = learner
        self._prices = [self.price * step for step in learner.price_steps]
        self.price = self._prices[0]

    def choose_offer(self, options: Options = PLAIN) -> Offer | None:
        """Decide whether to sell today, and what to offer.

        Args:
            options: what the platform's rules, the mechanisms and the seller's own means leave.

        Returns:
            Today's offer; None on a day without a campaign.
        """
        self.offer = self._make_offer(options) if self._has_campaign() else None
        return self.offer

    def count_orders(self, orders: int, items: int, revenue: float) -> float:
        """See how many ordered today and what they paid, from the campaign or in the shop.

        Args:
            orders: that were not refunded.
            items: sold with them.
            revenue: all that was paid, in reference prices.

        Returns:
            What is left after paying for the goods.
        """
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
            The costs, in reference prices; 0 on a day without a campaign.
        """
        if self.offer is None:
            return 0.0
        costs = cost(self.offer, shown, sharers, self.model.parameters.sellers)
        self.profit -= costs
        return costs

    def learn(self) -> None:
        """Take in what today's campaign earned, if there was one."""
        if self.learner is not None and self.offer is not None:
            self.learner.learn(self._actions, self.earned)

    def _has_campaign(self) -> bool:
        return fraction(self._word(ACTIVITY)) < self.model.parameters.sellers.activity

    def _make_offer(self, options: Options) -> Offer:
        self._actions = self._choose_actions(options)
        step, rich, channel, tool, external, induced = self._actions
        self.price = self._prices[step] if self._prices else self._draw_price()
        return Offer(
            campaign=self.model.campaign_id(self.node),
            seller=self.node,
            category=self.category,
            price=self.price,
            rich=bool(rich),
            shareability=standard_normal(self._word(SHAREABILITY)),
            channel=CHANNELS[channel],
            tool=TOOLS[tool],
            external=bool(external),
            induced=bool(induced),
        )

    def _choose_actions(self, options: Options) -> list[int]:
        """One action per decision, in the order of Decision."""
        word = self._word(EXPLORE)
        if self.learner is None or not self.learner.campaigns:
            return self._choose_by_shares(options, word)
        actions = (
            range(len(self._prices)),
            YES_OR_NO,
            options.channels,
            options.tools,
            options.external,
            options.induced,
        )
        return [
            self.learner.choose(decision, allowed, child(word, decision))
            for decision, allowed in zip(Decision, actions, strict=True)
        ]

    def _choose_by_shares(self, options: Options, word: int) -> list[int]:
        shares = self.model.parameters.sellers
        return [
            0,
            fraction(self._word(CONTENT)) < shares.rich_content,
            draw(shares.channels, options.channels, child(word, Decision.CHANNEL)),
            draw(shares.tools, options.tools, child(word, Decision.TOOL)),
            draw(_no_or_yes(shares.external), options.external, child(word, Decision.EXTERNAL)),
            draw(_no_or_yes(shares.induced), options.induced, child(word, Decision.INDUCED)),
        ]

    def _draw_price(self) -> float:
        if self._level is not None:
            return self._level
        spread = self.model.parameters.sellers.price_log_sd
        return math.exp(spread * standard_normal(self._word(PRICE)))

    def _word(self, stream: Stream) -> int:
        """The seller's random word of today."""
        return derive(self.model.seed, stream, self.model.campaign_id(self.node))


def cost(offer: Offer, shown: int, sharers: int, parameters: SellerParameters) -> float:
    """What a campaign costs besides the goods, in reference prices.

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
