"""The supply side: sellers, what they choose and what it costs them.

`Seller` stays in its module: it is a Mesa agent, which who reads a scenario does not wait for.
"""

from weishang.model.sellers.parameters import NamedSeller, SellerParameters

__all__ = ["NamedSeller", "SellerParameters"]
