"""Shops that searchers can find, and their visits there."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.graph.arrays import check_columns


class Owner(Protocol):
    """What a shop shows of its owner; see `weishang.model.sellers.seller.Seller`."""

    node: int
    category: int
    price: float
    orders: int


@dataclass(frozen=True, eq=False)
class Shops:
    """M shops that can be found, side by side.

    Attributes:
        node: int32 [M], the owners, each once.
        category: int8 [M], interest that the goods serve.
        price: float64 [M], in units of the category's reference price, above 0.
        rich: bool [M], pictures and text.
        popularity: int64 [M], orders so far.

    Raises:
        ValueError: an array has another length, an owner has two shops, a price is not positive,
            orders are negative.
    """

    node: NDArray[np.int32]
    category: NDArray[np.int8]
    price: NDArray[np.float64]
    rich: NDArray[np.bool_]
    popularity: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check that the arrays speak of the same shops."""
        check_columns(self)
        owners, shops = np.unique(self.node, return_counts=True)
        if (shops > 1).any():
            raise ValueError(f"node {owners[shops > 1][0]} has two shops; give each owner one")
        bad = np.flatnonzero(~((self.price > 0.0) & (self.price < np.inf)))
        if bad.size:
            raise ValueError(f"price[{bad[0]}] is {self.price[bad[0]]}; give a positive number")
        if (self.popularity < 0).any():
            raise ValueError(f"popularity is {self.popularity.min()}; give orders, 0 or more")

    @classmethod
    def of(cls, sellers: Sequence["Owner"]) -> "Shops":
        """The mini-programs of sellers, which have pictures and text, at their last prices."""
        return cls(
            node=np.array([seller.node for seller in sellers], dtype=np.int32),
            category=np.array([seller.category for seller in sellers], dtype=np.int8),
            price=np.array([seller.price for seller in sellers]),
            rich=np.ones(len(sellers), dtype=np.bool_),
            popularity=np.array([seller.orders for seller in sellers], dtype=np.int64),
        )

    def __len__(self) -> int:
        """M."""
        return self.node.size


@dataclass(frozen=True, eq=False)
class Visits:
    """V visits from search, one a search, sorted by visitor.

    Attributes:
        visitor: int32 [V], the searcher's node.
        shop: int32 [V], position in the shops.
        rank: int32 [V], position in the list shown, from 1.
        friend: bool [V], the shop is a friend's.
        bought: bool [V].
    """

    visitor: NDArray[np.int32]
    shop: NDArray[np.int32]
    rank: NDArray[np.int32]
    friend: NDArray[np.bool_]
    bought: NDArray[np.bool_]

    def __len__(self) -> int:
        """V."""
        return self.visitor.size

    def equals(self, other: "Visits") -> bool:
        """Whether every visit is the same."""
        return all(
            np.array_equal(getattr(self, item.name), getattr(other, item.name))
            for item in fields(self)
        )
