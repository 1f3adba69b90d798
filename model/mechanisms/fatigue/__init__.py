"""Attention that tires from day to day."""

from weishang.model.mechanisms.fatigue.fatigue import Fatigue
from weishang.model.mechanisms.fatigue.parameters import AttentionParameters

__all__ = ["AttentionParameters", "Fatigue"]
