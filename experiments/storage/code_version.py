"""What computes, so that no run goes on with, and no sweep mixes, what another version made."""

import functools
import platform
from importlib import metadata
from typing import Any

from weishang.experiments.storage import manifest

PACKAGES = ("numpy", "scipy", "numba", "torch", "mesa", "pandas", "pyarrow")
"""Those that compute or write what a run leaves."""


@functools.cache
def version() -> dict[str, Any]:
    """What computes: the code's hash, and versions of packages and Python.

    Taken once: a process goes on with the code that it has read, whoever edits the files.
    """
    return {
        "code": manifest.source_digest(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "python": ".".join(platform.python_version_tuple()[:2]),
    }
