"""A number for the source of what is compiled for the CPU.

Python calls few of these functions. Those are cached on disk, in a closure over `STAMP`: Numba
looks at the file of the function itself to tell whether its cached code is out of date, not at the
files of the functions that it calls, but a closure's variables are a part of the key. Rows are
copied by loops: Numba's assignment to a slice brings the text of its errors along.
"""

import hashlib
from pathlib import Path

from weishang.kernels import jit


def _stamp() -> int:
    """A number that changes with the source of any function compiled for the CPU."""
    digest = hashlib.sha256()
    for source in (Path(jit.__file__), *sorted(Path(__file__).parent.glob("cpu*.py"))):
        digest.update(source.read_bytes())
    return int.from_bytes(digest.digest()[:7], "little")


STAMP = _stamp()
