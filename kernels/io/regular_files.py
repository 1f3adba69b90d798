"""Paths that are no regular file, refused before they are opened.

Opening a pipe that nobody writes to waits for ever, and a device such as /dev/zero has no end.
"""

import os
import stat
from pathlib import Path


def check(path: Path, wanted: str) -> int:
    """Check that a path is a regular file, or a link to one.

    Args:
        path: to look at; it is not opened.
        wanted: what should be there, for the message, such as "a file of edges".

    Returns:
        Its size in bytes.

    Raises:
        ValueError: it is missing, a folder, a pipe, a device or a socket, or cannot be looked at.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}; give {wanted}") from None
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}; give {wanted}") from None
    if stat.S_ISDIR(status.st_mode):
        raise ValueError(f"{path}: is a folder; give {wanted}")
    if not stat.S_ISREG(status.st_mode):
        kind = "a device"
        if stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode):
            kind = "a pipe" if stat.S_ISFIFO(status.st_mode) else "a socket"
        raise ValueError(f"{path}: no regular file but {kind}; give {wanted}")
    return status.st_size
