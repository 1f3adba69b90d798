"""Sellers that learn from their profits."""

from weishang.model.mechanisms.learning.learning import Learning, ProfitLearner
from weishang.model.mechanisms.learning.parameters import LearningParameters

__all__ = ["Learning", "LearningParameters", "ProfitLearner"]
