"""What a command says where the machine said no: a full disk, no memory, a closed folder."""

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
"""Those that no input can be blamed for."""
OTHERWISE = "see to it"
LESS_MEMORY = "free some memory or take less at once"
"""Also where a system call found no memory."""

NO_THREAD = "can't start new thread"
"""All that Python's RuntimeError says where the system starts no thread."""


def told(error: BaseException) -> str | None:
    """What happened and what to do; None where the machine is not to blame.

    A library may raise another error while it handles the machine's: the first one counts of which
    that can be told.

    Args:
        error: of the system, Python, NumPy, Arrow or torch; or a ValueError that came of one.
    """
    lines = [_told_alone(one) for one in _chain(error) if _is_machines(one, error)]
    return next((line for line in lines if line is not None), None)


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


def _is_machines(one: BaseException, error: BaseException) -> bool:
    """Whether one error of a chain counts; behind bad input lie files that are not there."""
    if one is error and not isinstance(error, ValueError):
        return True
    return _is_out_of_memory(one) or (isinstance(one, OSError) and one.errno in FAILURES)


def _told_alone(error: BaseException) -> str | None:
    """The line of one error, whatever it came of."""
    if _is_out_of_memory(error):
        what, remedy = f"memory ran out{_detail(error)}", LESS_MEMORY
    elif isinstance(error, OSError):
        what, remedy = _of_system(error), REMEDIES.get(error.errno or 0, OTHERWISE)
    elif isinstance(error, RuntimeError) and str(error) == NO_THREAD:
        what, remedy = "the system starts no more threads", REMEDIES[errno.EAGAIN]
    else:
        return None
    return f"{what}; earlier results are whole; {remedy} and run the same command again"


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    from weishang.kernels.cascade.resources.batch_splitting import is_out_of_memory

    return is_out_of_memory(error)


def _detail(error: BaseException) -> str:
    """The first line of what the library says; torch adds pages of advice."""
    lines = str(error).strip().splitlines()
    return f" ({lines[0]})" if lines else ""


def _of_system(error: OSError) -> str:
    """File and reason."""
    if error.strerror is None:
        return str(error) or type(error).__name__
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
