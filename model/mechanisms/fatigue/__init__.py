"""Attention that tires from day to day."""
