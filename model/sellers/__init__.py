"""The supply side: sellers, what they choose and what it costs them.

`Seller` is imported from its own module: it is a Mesa agent, and importing Mesa takes half a second
that reading a scenario need not wait for.
"""

from weishang.model.sellers.parameters import NamedSeller, SellerParameters

__all__ = ["NamedSeller", "SellerParameters"]
