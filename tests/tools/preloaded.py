"""Libraries that are put before the system's, so that its calls can be made to fail."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMPILERS = ("gcc", "cc")
VARIABLE = "FAILING_LIBRARY"
"""Where a program that was started with one finds it."""


def compiler() -> str | None:
    """The C compiler that is here; None if there is none."""
    return next((found for found in map(shutil.which, COMPILERS) if found), None)


def run_with(source: Path, folder: Path, environment: Mapping[str, str]) -> int:
    """Run this program once more with a library before the system's; its exit code.

    Args:
        source: of the library, in C.
        folder: for the library.
        environment: more variables.

    Raises:
        ValueError: there is no compiler.
    """
    library = compiled(source, folder)
    variables = {**os.environ, **environment, VARIABLE: str(library)}
    variables["LD_PRELOAD"] = str(library)
    return subprocess.run([sys.executable, *sys.argv], env=variables, check=False).returncode


def loaded() -> ctypes.CDLL | None:
    """The library that this program was started with; its own children begin without."""
    if VARIABLE not in os.environ:
        return None
    os.environ.pop("LD_PRELOAD", None)
    library = ctypes.CDLL(os.environ[VARIABLE])
    library.calls.restype = ctypes.c_long
    return library


def compiled(source: Path, folder: Path) -> Path:
    """Compile a library into a folder.

    Raises:
        ValueError: there is no compiler.
    """
    found = compiler()
    if found is None:
        raise ValueError(f"no C compiler for {source.name}; install gcc")
    library = folder / f"{source.stem}.so"
    words = [found, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([*words, "-o", str(library), str(source), "-ldl", "-pthread"], check=True)
    return library
