"""Reach and conversion by level among friends."""
