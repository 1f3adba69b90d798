"""Official accounts and their followers."""

from weishang.model.mechanisms.accounts.accounts import Accounts
from weishang.model.mechanisms.accounts.parameters import FollowerParameters

__all__ = ["Accounts", "FollowerParameters"]
