"""What this machine lacks that a backend needs, and how to install it."""

import os
from importlib.util import find_spec

from weishang.kernels.runtime import free_memory

CUDA_TORCH = "pip install torch --index-url https://download.pytorch.org/whl/cu126"
"""PyTorch's own index of CUDA builds; https://pytorch.org lists the other versions."""


def missing_package(package: str) -> str | None:
    """Say how to install a package that is not installed; None where it is.

    The package is looked up and not imported.
    """
    if find_spec(package) is not None:
        return None
    return f"{package} is not installed; pip install {package}"


def missing_cuda() -> str | None:
    """Say why torch has no CUDA device here; None where it has one. Imports torch."""
    import torch

    if torch.cuda.is_available():
        return None
    if torch.version.cuda is None and free_memory.has_device_file():
        return f"this torch {torch.__version__} is built without CUDA; {CUDA_TORCH}"
    return (
        "no CUDA device is here; run on a machine with an NVIDIA GPU and its driver, with a "
        f"torch that is built for CUDA ({CUDA_TORCH})"
    )


def interpreted() -> bool:
    """Whether Triton is set to interpret its kernels on the CPU: exact, slow, for tests."""
    return os.environ.get("TRITON_INTERPRET", "0") in ("1", "true", "on")
