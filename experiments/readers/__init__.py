"""Readers of files from strangers, with limits."""
