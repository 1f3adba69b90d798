"""Adjustments: what mechanisms add to the decision rule, as log odds and as factors."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTORS = ("price", "friends_view")
"""Fields that multiply; all others add up."""


@dataclass(frozen=True, eq=False)
class Adjustments:
    """What a mechanism adds for C campaigns, R social distances and F classes of people.

    Every array is float64 and fits [C, R, F], `friends_view` [C, H]: an axis on which nothing
    depends has length 1. F are the classes of the mechanism itself; see `Mechanism.classes`.

    Attributes:
        visit: log odds of visiting.
        visit_match: further log odds of visiting of those whose interest matches.
        buy: log odds of buying.
        share: log odds of passing on, of those who visited.
        share_of_buyers: further log odds of those who bought.
        price: factor on the price, above 0.
        friends_view: factor in [0, 1] on the chance that a friend sees a post in Moments, by hop.

    Example:
        >>> from weishang.model.core.adjustments import Adjustments
        >>> cheaper = Adjustments.none(2, 7)
        >>> cheaper.price[0] = 0.8
        >>> (cheaper + cheaper).price[:, 0, 0].round(2).tolist()
        [0.64, 1.0]
    """

    visit: NDArray[np.float64]
    visit_match: NDArray[np.float64]
    buy: NDArray[np.float64]
    share: NDArray[np.float64]
    share_of_buyers: NDArray[np.float64]
    price: NDArray[np.float64]
    friends_view: NDArray[np.float64]

    @classmethod
    def none(
        cls, num_campaigns: int = 1, num_distances: int = 1, num_classes: int = 1
    ) -> "Adjustments":
        """Adjustments that change nothing; the arrays may be written to."""
        shape = (num_campaigns, num_distances, num_classes)
        made: dict[str, Any] = {
            item.name: np.ones(shape) if item.name in FACTORS else np.zeros(shape)
            for item in fields(cls)
        }
        return cls(**made | {"friends_view": np.ones((num_campaigns, 1))})

    def __add__(self, other: "Adjustments") -> "Adjustments":
        """Both: log odds add up, factors multiply."""
        return Adjustments(
            **{
                item.name: getattr(self, item.name) * getattr(other, item.name)
                if item.name in FACTORS
                else getattr(self, item.name) + getattr(other, item.name)
                for item in fields(self)
            }
        )

    def among(self, before: int, after: int) -> "Adjustments":
        """The same with F classes as the middle axis of `before` x F x `after` joint classes."""
        return Adjustments(
            **{
                item.name: getattr(self, item.name)
                if item.name == "friends_view"
                else _among(getattr(self, item.name), before, after)
                for item in fields(self)
            }
        )

    def fault(
        self, num_campaigns: int, num_distances: int, num_classes: int, num_hops: int
    ) -> str | None:
        """What is wrong with the arrays for these sizes, if anything."""
        for item in fields(self):
            array, name = getattr(self, item.name), item.name
            most: tuple[int, ...] = (num_campaigns, num_distances, num_classes)
            if name == "friends_view":
                most = (num_campaigns, num_hops)
            if not isinstance(array, np.ndarray) or array.dtype != np.float64:
                return f"{name} is {type(array).__name__}; give a float64 array"
            if array.ndim != len(most) or any(
                size not in (1, limit) for size, limit in zip(array.shape, most, strict=True)
            ):
                return (
                    f"{name} has shape {array.shape}; give {most}, or 1 where nothing depends on it"
                )
            if not np.isfinite(array).all() or (name in FACTORS and (array < 0.0).any()):
                return f"{name} holds {array.min()} to {array.max()}; give finite numbers" + (
                    ", 0 or more" if name in FACTORS else ""
                )
            if name == "friends_view" and (array > 1.0).any():
                return f"friends_view holds {array.max()}; give factors in [0, 1]"
            if name == "price" and not array.all():
                return "price holds 0; give factors above 0"
        return None


def _among(array: NDArray[np.float64], before: int, after: int) -> NDArray[np.float64]:
    """An array's last axis repeated as the middle one of three that are one; length 1 stays."""
    classes = array.shape[-1]
    if classes == 1:
        return array
    wide = np.broadcast_to(
        array[..., np.newaxis, :, np.newaxis], (*array.shape[:-1], before, classes, after)
    )
    return wide.reshape(*array.shape[:-1], before * classes * after)
