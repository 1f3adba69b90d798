"""Links that leave the platform."""

from weishang.model.mechanisms.links.links import Links

__all__ = ["Links"]
