"""What keeps a backend from running on this machine, and what to install."""

import os
import sys
from importlib.util import find_spec

from weishang.kernels.cascade.resources import free_memory

CUDA_TORCH = "pip install torch --index-url https://download.pytorch.org/whl/cu126"
"""PyTorch's own index of builds for CUDA; https://pytorch.org lists the other versions."""


def missing(backend: str) -> str | None:
    """Why the backend cannot run here, with what to do about it; None where it can.

    Args:
        backend: "reference", "numba", "torch" or "triton". Only for triton torch is imported.
    """
    if backend == "reference":
        return None
    if backend != "triton":
        return _missing_package(backend)
    return (
        _missing_package("torch")
        or (None if interpreted() else _missing_cuda())
        or _missing_package("triton")
    )


def chosen_unasked() -> bool:
    """Whether triton can run at full speed: asked without importing torch where no GPU is."""
    if interpreted() or not ("torch" in sys.modules or free_memory.has_device_file()):
        return False
    return missing("triton") is None


def interpreted() -> bool:
    """Whether Triton is told to interpret its kernels on the CPU: exact, slow, for tests."""
    return os.environ.get("TRITON_INTERPRET", "0") in ("1", "true", "on")


def _missing_package(package: str) -> str | None:
    if find_spec(package) is not None:
        return None
    return f"{package} is not installed; pip install {package}"


def _missing_cuda() -> str | None:
    import torch

    if torch.cuda.is_available():
        return None
    if torch.version.cuda is None and free_memory.has_device_file():
        return f"this torch {torch.__version__} is built without CUDA; {CUDA_TORCH}"
    return (
        "no CUDA device is here; run on a machine with an NVIDIA GPU and its driver, with a torch "
        f"that is built for CUDA ({CUDA_TORCH})"
    )
