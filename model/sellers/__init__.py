"""The supply side: sellers, what they choose and what it costs them."""

from weishang.model.sellers.parameters import NamedSeller, SellerParameters
from weishang.model.sellers.seller import Seller

__all__ = ["NamedSeller", "Seller", "SellerParameters"]
