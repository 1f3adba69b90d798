"""The market, day by day."""

from weishang.model.market.market import Market

__all__ = ["Market"]
