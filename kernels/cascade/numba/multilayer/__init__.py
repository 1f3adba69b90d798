"""Cascades on several layers, with groups, random contacts and levels by path."""
