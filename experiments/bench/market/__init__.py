"""Speed of a market day and of a sweep."""
