"""Bargains: helpers lower the price."""

from weishang.model.mechanisms.bargain.bargain import Bargain, BargainParameters

__all__ = ["Bargain", "BargainParameters"]
