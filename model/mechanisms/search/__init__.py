"""Mini-program search."""
