"""Graphs and timing that all benchmarks share."""
