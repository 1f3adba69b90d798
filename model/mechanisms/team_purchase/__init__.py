"""Team purchases: a lower price for people who buy together."""

from weishang.model.mechanisms.team_purchase.team_purchase import TeamParameters, TeamPurchase

__all__ = ["TeamParameters", "TeamPurchase"]
