"""How the CPU's functions are compiled.

Python calls few of them. Those are cached on disk, in a closure over `STAMP`: Numba looks at the
file of the function itself to tell whether its cached code is out of date, not at the files of
the functions that it calls, but a closure's variables are a part of the key. All others have no
door to Python, which would take longer to compile than they do. Rows are copied by loops: Numba's
assignment to a slice brings the text of its errors along.
"""

import hashlib
from pathlib import Path
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


def _stamp() -> int:
    """A number that changes with the source of any function compiled for the CPU."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("cpu*.py")):
        digest.update(source.read_bytes())
    return int.from_bytes(digest.digest()[:7], "little")


STAMP = _stamp()
