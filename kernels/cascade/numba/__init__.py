"""The CPU backend, compiled by Numba."""
