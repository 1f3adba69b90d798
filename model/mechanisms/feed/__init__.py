"""The feed: offers that the platform shows to people of its own choice."""

from weishang.model.mechanisms.feed.feed import Feed
from weishang.model.mechanisms.feed.parameters import FeedParameters
from weishang.model.mechanisms.feed.recommendation import recommend

__all__ = ["Feed", "FeedParameters", "recommend"]
