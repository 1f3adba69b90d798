"""How functions are compiled that compiled code alone calls.

They have no door to Python, which would take longer to compile than they do.
"""

from typing import Any

from numba import njit

NO_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

inner = njit(nogil=True, **NO_DOOR)
"""Compile a function that compiled code alone calls."""

NO_REFERENCES: dict[str, Any] = {**NO_DOOR, "_nrt": False}

lean = njit(nogil=True, **NO_REFERENCES)
"""The same for one that makes no array and gives none back: it counts no references. Counting is
atomic, for every array of a tuple that is handed on, and threads wait for each other in it."""

merged = njit(inline="always")
"""Make a function a part of the one that calls it, in one place: compiled by itself, with all that
it calls, each level of calls would take as long again as the one below."""
