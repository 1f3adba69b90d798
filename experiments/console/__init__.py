"""Command lines, progress, signals and what is printed."""
