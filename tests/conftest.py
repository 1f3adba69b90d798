"""What all tests share: Hypothesis profiles, Triton's interpreter, the device of `gpu` tests."""

import os

import pytest
from hypothesis import settings

from weishang.kernels.runtime.free_memory import has_device_file

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)  # --hypothesis-profile
settings.load_profile("repeatable")


def pytest_configure():
    """Let Triton interpret its kernels on the CPU where no device runs them.

    Triton looks at this when it is imported, and modules of tests import it: so it is set before
    any of them is. Who sets it to 0 keeps that.
    """
    if not cuda_is_here():
        os.environ.setdefault("TRITON_INTERPRET", "1")


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and not cuda_is_here():
        pytest.skip("needs a CUDA device")


def cuda_is_here():
    """Whether there is a CUDA device; torch takes seconds, so it is asked only beside a driver."""
    if not has_device_file():
        return False
    import torch

    return torch.cuda.is_available()
