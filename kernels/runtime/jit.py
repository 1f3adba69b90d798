"""How functions are compiled for the CPU.

The machine code of functions that Python calls (`jit_entry`) is kept on disk. Functions that only
compiled code calls (`jit_internal`, `jit_no_nrt`, `jit_inline`) get no wrapper for Python, which
would take longer to compile than they do. Rows are copied by loops: Numba's assignment to a slice
brings the text of its errors along.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

KERNELS = Path(__file__).parents[1]
MODEL = KERNELS.parent / "model"

NO_WRAPPERS: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

jit_internal = njit(nogil=True, **NO_WRAPPERS)
"""Compile a function that only compiled code calls."""

NO_NRT: dict[str, Any] = {**NO_WRAPPERS, "_nrt": False}

jit_no_nrt = njit(nogil=True, **NO_NRT)
"""The same for a function that makes no array and returns none, without Numba's runtime (NRT): it
counts no references. Counting is atomic, for every array of a tuple that is passed on, and threads
wait for each other in it."""

jit_inline = njit(inline="always")
"""Inline a function into its caller: compiled by itself, with all that it calls, each level of
calls would take as long again to compile as the one below."""


def jit_entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls, and keep its machine code on disk.

    The module's numbers are a part of that code: one that a test is to change is an argument, or
    the code that the test leaves behind has the test's.
    """
    compiled: Any = njit(nogil=True)(function)
    # Where no folder can be written to, every process compiles anew.
    with suppress(RuntimeError):
        compiled._cache = MachineCode(function)
    return compiled


class MachineCode(FunctionCache):
    """The machine code of one function, on disk.

    It is out of date when any source of the kernels changes, or of the model for a function of the
    model, or of its own folder for a function from elsewhere: Numba looks at the function's own
    file alone, and machine code holds what the function calls.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        folder = Path(function.__code__.co_filename).parent
        stamps = [_stamp(KERNELS)]
        if folder.is_relative_to(MODEL):
            stamps.append(_stamp(MODEL))
        elif not folder.is_relative_to(KERNELS):
            stamps.append(_stamp(folder))
        self._cache_file = KeyedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=stamps,
        )

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for a signature; a disk that is full keeps none, and that is all."""
        with suppress(OSError):
            super().save_overload(sig, data)


class KeyedFiles(IndexDataCacheFile):
    """Files of machine code that processes may write at the same time.

    Numba's own take the first number that is free: two processes that compile a function for
    different types take the same one, and the index of one may then name the code of the other,
    which is run as if it were for the types asked for. Here a file's number follows from what it
    holds code for, and the file says it.
    """

    def save(self, key: tuple[Any, ...], data: Any) -> None:
        """Keep the code of `key`, the types and processor that it is for."""
        digest = hashlib.sha256(self._dump(key)).digest()
        name = self._data_name(int.from_bytes(digest[:8], "little"))
        self._save_data(name, (self._source_stamp, key, data))
        # What another adds to the index between these two is lost from it, and compiled once more.
        self._save_index({**self._load_index(), key: name})

    def load(self, key: tuple[Any, ...]) -> Any:
        """The code of `key`, or None where there is none that can be read."""
        kept = _if_readable(lambda: super(KeyedFiles, self).load(key))
        if kept is None:
            return None
        stamp, held, data = kept
        return data if (stamp, held) == (self._source_stamp, key) else None

    def _load_index(self) -> dict[tuple[Any, ...], str]:
        return _if_readable(super()._load_index) or {}


def _if_readable(load: Callable[[], Any]) -> Any:
    """What a file holds, or None: a machine that went down may have cut the file short."""
    try:
        return load()
    # Unpickling tells of it in many ways.
    except Exception:
        return None


@cache
def _stamp(folder: Path) -> str:
    """A digest of the sources in a folder."""
    digest = hashlib.sha256()
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
