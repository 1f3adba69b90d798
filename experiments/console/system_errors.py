"""What a command reports where the system refused: a full disk, no memory, a closed folder."""

import errno
from collections.abc import Iterator

REMEDIES = {
    errno.ENOSPC: "free some room",
    errno.EDQUOT: "free some room within the quota",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "wait until fewer files are open",
    errno.EAGAIN: "allow more processes (ulimit -u)",
    errno.EACCES: "give a folder that you may write to",
    errno.EPERM: "give a folder that you may write to",
    errno.EROFS: "give a folder that can be written",
    errno.EIO: "look after the disk",
}
FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EIO)
"""Errors that no input causes."""
OTHERWISE = "resolve this"
LESS_MEMORY = "free some memory or take less at once"
"""Also where a system call found no memory."""

NO_THREAD = "can't start new thread"
"""All that Python's RuntimeError says where the system cannot start a thread."""


def message_of(error: BaseException) -> str | None:
    """What happened and what to do; None where the system is not the cause.

    A library may raise another error while it handles the system's: the first one that can be
    explained counts.

    Args:
        error: of the system, Python, NumPy, Arrow or torch; or a ValueError that came of one.
    """
    for one in _chain(error):
        # Behind bad input there are often files that do not exist: only clear cases count there.
        clear = _is_out_of_memory(one) or (isinstance(one, OSError) and one.errno in FAILURES)
        counts = clear or (one is error and not isinstance(error, ValueError))
        if counts and (line := _line(one)) is not None:
            return line
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it came of; one of the system without a number comes last."""
    one: BaseException | None = error
    seen: set[int] = set()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        if not isinstance(one, OSError) or one.errno is not None:
            yield one
        one = one.__cause__ or one.__context__
    if isinstance(error, OSError):
        yield error


def _line(error: BaseException) -> str | None:
    """The line of one error, whatever it came of."""
    if _is_out_of_memory(error):
        # The first line of what the library says: torch adds pages of advice.
        detail = str(error).strip().partition("\n")[0]
        what, remedy = f"memory ran out{f' ({detail})' if detail else ''}", LESS_MEMORY
    elif isinstance(error, OSError):
        what, remedy = _of_system(error), REMEDIES.get(error.errno or 0, OTHERWISE)
    elif isinstance(error, RuntimeError) and str(error) == NO_THREAD:
        what, remedy = "the system cannot start more threads", REMEDIES[errno.EAGAIN]
    else:
        return None
    return f"{what}; earlier results are intact; {remedy} and run the same command again"


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    from weishang.kernels.cascade.resources.batch_splitting import is_out_of_memory

    return is_out_of_memory(error)


def _of_system(error: OSError) -> str:
    """File and reason."""
    if error.strerror is None:
        return str(error) or type(error).__name__
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
