"""Cascades on one plain graph."""
