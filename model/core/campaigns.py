"""Campaigns of a day: what sellers offer, as arrays with one entry a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

SELLER_BITS = 32
"""A campaign's id is day * 2^32 + the seller's node: unique, and no one else's changes when a
seller is added."""


class Channel(IntEnum):
    """Where a campaign starts."""

    MOMENTS = 0
    """A post of the seller's own, for friends."""
    OFFICIAL = 1
    """A broadcast of the seller's official account, for its followers."""
    ADVERT = 2
    """A paid post among strangers, beside the seller's own."""


class Tool(IntEnum):
    """What a seller adds to an offer."""

    NONE = 0
    DISCOUNT = 1
    """A lower price for those who come first."""
    TEAM = 2
    """A lower price, if enough people buy together."""
    BARGAIN = 3
    """A price that falls with each helper."""
    LIVESTREAM = 4
    """A room that strangers may choose to watch."""


@dataclass(frozen=True)
class Offer:
    """What a seller puts before people.

    Attributes:
        campaign: id of its cascade, in [0, 2^64).
        seller: node of the seller.
        category: interest that the goods serve.
        price: in units of the category's reference price.
        rich: pictures and text instead of a plain advertising link.
        shareability: how much it is worth passing on, in standard deviations over campaigns.
        channel: where it starts.
        tool: what is added.
        external: a link that leaves the platform, not a mini-program.
        induced: those who pass it on are rewarded.
    """

    campaign: int
    seller: int
    category: int
    price: float
    rich: bool
    shareability: float
    channel: Channel = Channel.MOMENTS
    tool: Tool = Tool.NONE
    external: bool = False
    induced: bool = False


@dataclass(frozen=True, eq=False)
class Campaigns:
    """C offers side by side; see Offer.

    Attributes:
        campaign: uint64 [C].
        seller, category: int32 [C].
        price, shareability: float64 [C].
        rich, external, induced: bool [C].
        channel, tool: int8 [C], values of Channel and Tool.
    """

    campaign: NDArray[np.uint64]
    seller: NDArray[np.int32]
    category: NDArray[np.int32]
    price: NDArray[np.float64]
    rich: NDArray[np.bool_]
    shareability: NDArray[np.float64]
    channel: NDArray[np.int8]
    tool: NDArray[np.int8]
    external: NDArray[np.bool_]
    induced: NDArray[np.bool_]

    def __len__(self) -> int:
        """C."""
        return self.campaign.size

    @classmethod
    def from_offers(cls, offers: Sequence[Offer]) -> "Campaigns":
        """Put offers side by side, in their order."""
        return cls(
            campaign=np.array([offer.campaign for offer in offers], dtype=np.uint64),
            seller=np.array([offer.seller for offer in offers], dtype=np.int32),
            category=np.array([offer.category for offer in offers], dtype=np.int32),
            price=np.array([offer.price for offer in offers], dtype=np.float64),
            rich=np.array([offer.rich for offer in offers], dtype=np.bool_),
            shareability=np.array([offer.shareability for offer in offers], dtype=np.float64),
            channel=np.array([offer.channel for offer in offers], dtype=np.int8),
            tool=np.array([offer.tool for offer in offers], dtype=np.int8),
            external=np.array([offer.external for offer in offers], dtype=np.bool_),
            induced=np.array([offer.induced for offer in offers], dtype=np.bool_),
        )


@overload
def campaign_id(day: int, seller: int) -> int: ...
@overload
def campaign_id(day: NDArray[np.uint64], seller: NDArray[np.uint64]) -> NDArray[np.uint64]: ...
def campaign_id(day: Any, seller: Any) -> Any:
    """The id of a seller's campaign of a day; of arrays, an id each."""
    return day << SELLER_BITS | seller
