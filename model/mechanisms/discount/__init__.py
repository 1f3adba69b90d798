"""Limited-time discounts."""

from weishang.model.mechanisms.discount.discount import Discount, DiscountParameters

__all__ = ["Discount", "DiscountParameters"]
