"""Files and folders that appear whole or not at all, whenever a run is stopped."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Give a hidden folder beside `target` that takes its place when the block ends well.

    When the block raises, nothing is left and the old `target` stays. A killed run leaves its
    hidden folder (never a half `target`); the next run of the same target removes it.

    Raises:
        ValueError: `target` is a file, or the folder that holds it cannot be made or written.
    """
    if target.exists() and not target.is_dir():
        raise ValueError(f"{target}: is a file where a folder of results goes; move it away")
    created = _make_folder(target.parent)
    staging, mine = _open_staging(target)
    try:
        yield staging
        with locked(target.parent):
            _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(mine)
        _remove_empty(created)


@contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """Give a hidden path beside `target` whose file takes its place when the block ends well."""
    staging = target.with_name(f".{target.name}.new")
    try:
        yield staging
        staging.replace(target)
    finally:
        staging.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that runs at the same time take turns to change what is in it.

    File systems without locks (some network ones) are used without.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def make_writable(folder: Path) -> None:
    """Make a folder that results go to.

    Raises:
        ValueError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"out is {folder}: {error.strerror}; give a folder to write to") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"out is {folder}: it cannot be written; give another folder")


def _make_folder(folder: Path) -> list[Path]:
    """Make the folder; the ones that were missing, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    make_writable(folder)
    return missing


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _open_staging(target: Path) -> tuple[Path, int]:
    """A new hidden folder and the lock that tells others that its run is alive."""
    with locked(target.parent):
        _recover(target)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.new-", dir=target.parent))
        staging.chmod(0o777 & ~_umask())
        descriptor = os.open(staging, os.O_RDONLY)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return staging, descriptor


def _swap(staging: Path, target: Path) -> None:
    """Old away, new in. Killed in between, `_recover` finds the old one under its other name."""
    old = _set_aside(target)
    try:
        if target.exists():
            target.rename(old)
        staging.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _recover(target: Path) -> None:
    """Undo what a killed run left: give the old folder its name back, remove hidden ones."""
    old = _set_aside(target)
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    for leftover in target.parent.glob(f".{target.name}.new-*"):
        if not _in_use(leftover):
            shutil.rmtree(leftover, ignore_errors=True)


def _set_aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _in_use(staging: Path) -> bool:
    """Whether the run that made the hidden folder still lives: a killed one lost its lock."""
    try:
        descriptor = os.open(staging, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
