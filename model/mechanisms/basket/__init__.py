"""Baskets: buyers in a mall add further items."""

from weishang.model.mechanisms.basket.basket import Basket, BasketParameters

__all__ = ["Basket", "BasketParameters"]
