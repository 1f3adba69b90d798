"""Baskets: buyers in a mall add further items."""
