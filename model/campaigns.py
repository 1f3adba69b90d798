"""Campaigns of a day: what sellers offer, as arrays with one entry a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Offer:
    """What a seller puts before friends.

    Attributes:
        campaign: id of its cascade, in [0, 2^64).
        seller: node of the seller.
        category: interest that the goods serve.
        price: in units of the category's usual price.
        rich: pictures and text instead of a plain advertising link.
        appeal: how much it is worth passing on, in standard deviations over campaigns.
    """

    campaign: int
    seller: int
    category: int
    price: float
    rich: bool
    appeal: float


@dataclass(frozen=True, eq=False)
class Campaigns:
    """C offers side by side; see Offer.

    Attributes:
        campaign: uint64 [C].
        seller, category: int32 [C].
        price, appeal: float64 [C].
        rich: bool [C].
    """

    campaign: NDArray[np.uint64]
    seller: NDArray[np.int32]
    category: NDArray[np.int32]
    price: NDArray[np.float64]
    rich: NDArray[np.bool_]
    appeal: NDArray[np.float64]

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
            appeal=np.array([offer.appeal for offer in offers], dtype=np.float64),
        )
