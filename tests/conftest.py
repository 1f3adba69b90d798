"""What all tests share: Hypothesis profiles, and the device that `gpu` tests need."""

import pytest
from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)  # --hypothesis-profile
settings.load_profile("repeatable")


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu"):
        import torch  # takes seconds, and most runs have no such test

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
