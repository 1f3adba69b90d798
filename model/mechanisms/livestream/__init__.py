"""Livestreams: rooms that people choose to watch."""

from weishang.model.mechanisms.livestream.livestream import Livestream
from weishang.model.mechanisms.livestream.parameters import LivestreamParameters

__all__ = ["Livestream", "LivestreamParameters"]
