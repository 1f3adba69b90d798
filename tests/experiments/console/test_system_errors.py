"""What is told where the machine says no, from errors that libraries really raise."""

import errno
import os
import threading

import numpy as np
import pyarrow as pa
import pytest
import torch

from weishang.experiments.console.system_errors import message_of

TOO_MANY = 1 << 60
"""Bytes that no machine has; allocators refuse them at once."""


def raised(act):
    try:
        act()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    "allocate",
    [
        lambda: np.empty(TOO_MANY, dtype=np.uint8),
        lambda: bytearray(TOO_MANY),
        lambda: pa.allocate_buffer(TOO_MANY),
        lambda: torch.empty(TOO_MANY, dtype=torch.uint8),
    ],
    ids=["numpy", "python", "arrow", "torch"],
)
def test_no_memory(allocate):
    line = message_of(raised(allocate))
    assert line is not None
    assert line.startswith("memory ran out")
    assert "earlier results are intact; free some memory or take less at once" in line
    assert line.endswith("and run the same command again")


def test_no_memory_of_a_system_call():
    line = message_of(OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)))
    assert line is not None
    assert line.startswith("memory ran out")


def test_a_full_disk_names_the_file():
    def fill():
        with open("/dev/full", "wb", buffering=0) as stream:
            stream.write(b"x")

    error = raised(fill)
    error.filename = "results/reach/days.parquet"
    assert message_of(error) == (
        "results/reach/days.parquet: No space left on device; earlier results are intact; "
        "free some room and run the same command again"
    )


def test_arrows_full_disk_is_known_too():
    def fill():
        with pa.OSFile("/dev/full", "wb") as stream:
            stream.write(b"x" * 100_000)

    line = message_of(raised(fill))
    assert line is not None
    assert "No space left on device" in line
    assert "free some room and run the same command again" in line


def test_a_reason_without_number():
    assert message_of(OSError("the wire is cut")) == (
        "the wire is cut; earlier results are intact; resolve this and run the same command again"
    )


def test_no_thread():
    """A stack that no machine has room for: no thread starts on it."""
    before = threading.stack_size(1 << 47)
    try:
        line = message_of(raised(threading.Thread(target=print).start))
    finally:
        threading.stack_size(before)
    assert line is not None
    assert line.startswith("the system cannot start more threads; ")


@pytest.mark.parametrize("defect", [RuntimeError("a defect"), KeyError("x"), AssertionError()])
def test_a_defect_is_not_the_machines(defect):
    assert message_of(defect) is None


def test_what_a_library_raises_instead_does_not_hide_the_disk():
    def close():
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            raise AttributeError("no attribute 'pos'") from None

    def report():
        try:
            close()
        except AttributeError as error:
            raise OSError("error closing file") from error

    for act in (close, report):
        line = message_of(raised(act))
        assert line is not None
        assert line.startswith("No space left on device; ")


def test_bad_input_is_told_as_such_unless_memory_or_disk_are_behind_it():
    def refuse(error):
        try:
            raise error
        except type(error):
            raise ValueError("so many cascades do not fit") from None

    assert (
        message_of(raised(lambda: refuse(FileNotFoundError(errno.ENOENT, "no such file")))) is None
    )
    assert message_of(raised(lambda: refuse(KeyError("x")))) is None
    for error in (MemoryError("x"), OSError(errno.EIO, os.strerror(errno.EIO))):
        assert message_of(raised(lambda error=error: refuse(error))) is not None
