"""Livestreams: rooms that people choose to watch."""
