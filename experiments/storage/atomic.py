"""Files and folders that appear whole or not at all, whenever a run or the machine stops.

What is under way has a hidden name, `.NAME.new-...`, and its writer's lock. Before it gets its
name it is on the disk, and before a block ends well its name is too.
"""

import contextlib
import ctypes
import errno
import glob
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weishang.experiments.storage import lock
from weishang.experiments.storage.lock import Lock

UNDER_WAY = ".*.new-*"
"""Names of what is under way, or was when a run was killed."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What no choice of a folder mends."""
AT_CWD, RENAME_EXCHANGE = -100, 2
"""Of Linux's renameat2, which Python does not offer."""
NEVER_SYNCED = (errno.EINVAL, errno.ENOTSUP)
"""What fsync says where a file system has none for folders; nothing is wrong then."""


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
        _sync_tree(staging)
        with lock.exclusive(target.parent):
            _swap(staging, target)
        for folder in created:
            sync(folder.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        mine.release()
        for folder in created:
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextmanager
def staged_file(target: Path, *, clean_first: bool = True) -> Iterator[Path]:
    """Give a hidden, empty file beside `target` that takes its place when the block ends well.

    When the block raises, nothing is left and the old `target` stays. A killed run leaves its
    hidden file.

    Args:
        target: the file; the folder that holds it is there.
        clean_first: remove what killed runs left of this target, by a look at every name in the
            folder; False where the folder is large and `clean` is called now and then.
    """
    if clean_first:
        _remove_leftovers(target.parent, _hidden_names(target))
    staging, mine = _open_file(target)
    try:
        yield staging
        sync(staging)
        staging.replace(target)
        sync(target.parent)
    finally:
        staging.unlink(missing_ok=True)
        mine.release()


def clean(folder: Path) -> None:
    """Remove what killed runs left in a folder; what living ones are writing stays.

    Takes the folder's lock for that time. On a file system without locks nothing is removed,
    since nobody can tell there who lives.
    """
    with lock.exclusive(folder):
        for old in filter(Path.is_dir, folder.glob(".*.old")):
            _recover(old.with_name(old.name.removeprefix(".").removesuffix(".old")))
        _remove_leftovers(folder, UNDER_WAY)


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NEVER_SYNCED:
            raise
    finally:
        os.close(descriptor)


def refuse_links(root: Path, path: Path) -> None:
    """Refuse to write through a link: what is written below `root` stays below it.

    Args:
        root: the folder of results; may be a link itself.
        path: below it; it and its last folders may be missing.

    Raises:
        ValueError: a folder on the way, or `path` itself, is a symbolic link, or `path` is not
            below `root`.
    """
    if not path.is_relative_to(root) or ".." in path.relative_to(root).parts:
        raise ValueError(f"{path}: is not below {root}; give a name without ..")
    for step in (path, *path.parents):
        if step == root:
            return
        if step.is_symlink():
            raise ValueError(f"{step}: is a link, and results are not written through links")


def make_writable(folder: Path) -> None:
    """Make a folder that results go to.

    Raises:
        ValueError: it cannot be made or written.
        OSError: the disk is full or fails.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise ValueError(f"out is {folder}: {error.strerror}; give a folder to write to") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"out is {folder}: it cannot be written; give another folder")


def _make_folder(folder: Path) -> list[Path]:
    """Make the folder; the ones that were missing, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    make_writable(folder)
    return missing


def _open_staging(target: Path) -> tuple[Path, Lock]:
    """A new hidden folder and the lock that tells others that its run is alive."""
    with lock.exclusive(target.parent):
        _recover(target)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.new-", dir=target.parent))
        staging.chmod(0o777 & ~_umask())
        return staging, Lock(os.open(staging, os.O_RDONLY))


def _open_file(target: Path) -> tuple[Path, Lock]:
    """A new hidden file and the lock that tells others that its writer is alive."""
    while True:
        name = f".{target.name}.new-{os.getpid()}-{secrets.token_hex(4)}"
        staging = target.with_name(name)
        mine = Lock(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), wait=True)
        # A process that cleans up may have come between making the file and locking it.
        if staging.exists():
            return staging, mine
        mine.release()


def _sync_tree(folder: Path) -> None:
    for place, _, names in os.walk(folder, topdown=False):
        for path in (Path(place, name) for name in names):
            if path.is_file() and not path.is_symlink():
                sync(path)
        sync(Path(place))


def _swap(staging: Path, target: Path) -> None:
    """Old away, new in; where the system can, in one step, and there is a result at any moment.

    Elsewhere there is none for a moment. Killed in it, `_recover` finds the old one under its
    other name.
    """
    old = _set_aside(target)
    if target.exists() and _exchange(staging, target):
        sync(target.parent)
        return
    try:
        if target.exists():
            target.rename(old)
        staging.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    try:
        sync(target.parent)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change names in one step; whether the system and the disk can.

    Raises:
        OSError: they can, and it failed.
    """
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if not rename(AT_CWD, os.fsencode(one), AT_CWD, os.fsencode(other), RENAME_EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(number, os.strerror(number), str(other))


def _recover(target: Path) -> None:
    """Undo what a killed run left: give the old folder its name back, remove hidden ones."""
    old = _set_aside(target)
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    _remove_leftovers(target.parent, _hidden_names(target))


def _hidden_names(target: Path) -> str:
    """The pattern of what is under way to become the target."""
    return f".{glob.escape(target.name)}.new-*"


def _set_aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _remove_leftovers(folder: Path, pattern: str) -> None:
    """Remove hidden files and folders whose writers are gone: a killed one lost its lock."""
    for leftover in folder.glob(pattern):
        with contextlib.suppress(OSError):
            descriptor = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with Lock(descriptor) as found:
                if not found.held:
                    continue
                if leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)
                else:
                    leftover.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
