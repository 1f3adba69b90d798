"""Adverts: paid posts among strangers."""

from weishang.model.mechanisms.adverts.adverts import Adverts

__all__ = ["Adverts"]
