"""The CUDA backend: the host side of its Triton kernels."""

import sys

from weishang.kernels.runtime import availability, free_memory


def missing() -> str | None:
    """Why the backend cannot run here, with what to do about it; None where it can.

    Imports torch, if it is installed, to ask it for a device.
    """
    return (
        availability.missing_package("torch")
        or (None if availability.interpreted() else availability.missing_cuda())
        or availability.missing_package("triton")
    )


def chosen_unasked() -> bool:
    """Whether the backend runs at full speed here; does not import torch where there is no GPU."""
    if availability.interpreted() or not ("torch" in sys.modules or free_memory.has_device_file()):
        return False
    return missing() is None
