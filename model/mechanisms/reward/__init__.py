"""Rewards for passing an offer on."""

from weishang.model.mechanisms.reward.reward import Reward, RewardParameters

__all__ = ["Reward", "RewardParameters"]
