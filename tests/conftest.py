"""What all tests share: Hypothesis profiles, Triton's interpreter, signals, the device of `gpu`."""

import os
import signal

import pytest
from hypothesis import settings

from weishang.kernels.runtime.free_memory import has_device_file

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)  # --hypothesis-profile
settings.load_profile("repeatable")


def pytest_configure():
    """Let Triton interpret its kernels on the CPU without a device, and let Ctrl-C be answered.

    Triton looks at the variable when it is imported, and modules of tests import it, so it is set
    before any of them is; a value of 0 is kept.

    A shell that starts a command in the background lets it ignore SIGINT, and so would every
    process that the tests start and interrupt: they would wait for ever.
    """
    if not cuda_is_here():
        os.environ.setdefault("TRITON_INTERPRET", "1")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and not cuda_is_here():
        pytest.skip("needs a CUDA device")


def cuda_is_here():
    """Whether there is a CUDA device; torch takes seconds, so it is asked only beside a driver."""
    if not has_device_file():
        return False
    import torch

    return torch.cuda.is_available()
