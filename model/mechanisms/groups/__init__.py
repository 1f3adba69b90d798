"""Group chats: posts that members see, and the groups of customers that sellers found."""

from weishang.model.mechanisms.groups.formation import form_groups, found_sellers_groups
from weishang.model.mechanisms.groups.groups import GroupPosts
from weishang.model.mechanisms.groups.parameters import GroupParameters

__all__ = ["GroupParameters", "GroupPosts", "form_groups", "found_sellers_groups"]
