"""Locks between processes: who may change a folder, and who is still alive.

There are three uses, and all of them end with the process, however it ends:

- `exclusive(folder)` waits for a folder's turn, for the moment in which names in it change;
- `claim(folder, busy)` takes a folder for a long piece of work and refuses a second process;
- `Lock(descriptor)` marks a file or folder as being written; a leftover is one that can be locked.

A claim does not lock the folder itself but a file `.lock` in it, so that turns can be taken in a
claimed folder. File systems without locks (some network ones) are used without.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

NAME = ".lock"
"""The file that a claim locks; a process that was killed leaves it behind, unlocked."""


class Lock:
    """An exclusive lock on an open file or folder.

    Attributes:
        held: False where the file system has no locks.
    """

    def __init__(self, descriptor: int, *, wait: bool = False) -> None:
        """Lock what is open; the descriptor is closed with the lock, or if there is none.

        Args:
            descriptor: of a file or folder; it belongs to the lock from here on.
            wait: until another process lets go.

        Raises:
            BlockingIOError: another process has it, and `wait` is False.
        """
        self._descriptor: int | None = descriptor
        self.held = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise
        except OSError:
            self.held = False
        except BaseException:
            self.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go; a second time does nothing."""
        self.held = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Claim:
    """A folder that this process alone works in; from `claim`."""

    def __init__(self, folder: Path, lock: Lock) -> None:
        """Keep the lock on the folder's file."""
        self._file = folder / NAME
        self._lock: Lock | None = lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def release(self) -> None:
        """Let others have the folder, and remove the file; a second time does nothing."""
        if self._lock is None:
            return
        # First the file: once the lock is gone it may be another's.
        with contextlib.suppress(OSError):
            self._file.unlink()
        self._lock.release()
        self._lock = None


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that processes take turns to change the names in it."""
    with Lock(os.open(folder, os.O_RDONLY), wait=True):
        yield


def claim(folder: Path, busy: str) -> Claim:
    """Take a folder for this process alone, until it is released or the process ends.

    Args:
        folder: is there; anything may be written in it, and its own lock may be taken.
        busy: the reason and the remedy if another process has claimed it.

    Raises:
        ValueError: another process has claimed it, or the folder or its `.lock` is a link.
        FileNotFoundError: the folder is not there, or was removed meanwhile.
    """
    while True:
        descriptor = _open_file(folder)
        try:
            lock = Lock(descriptor)
        except BlockingIOError:
            raise ValueError(f"{folder}: {busy}") from None
        # Whoever had the folder may have removed the file after it was opened here.
        if _is_there(descriptor, folder / NAME):
            return Claim(folder, lock)
        lock.release()


def _open_file(folder: Path) -> int:
    """The folder's file, made if need be; links are not followed, to neither of the two."""
    place = folder
    try:
        parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            place = folder / NAME
            return os.open(NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666, dir_fd=parent)
        finally:
            os.close(parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and place.is_symlink():
            raise ValueError(
                f"{place}: is a link, and results are not written through links"
            ) from None
        raise


def _is_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
