"""Mini-program search."""

from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.search import Search

__all__ = ["Search", "SearchParameters"]
