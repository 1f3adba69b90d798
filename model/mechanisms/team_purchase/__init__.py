"""Team purchases: a lower price for people who buy together."""
