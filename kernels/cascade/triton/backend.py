"""The triton backend: compiled kernels that keep a whole batch on a GPU, hop after hop.

What is missing on a machine is said here, before Triton is imported: it is an optional package.
"""

from importlib import import_module
from typing import Any

import numpy as np
import torch

from weishang.kernels.cascade.core.result import Cascades
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.triton import missing


def run(
    task: Task, *, device: torch.device | str | None = None, memory: int | None = None
) -> Cascades:
    """Spread every cascade of the batch, many at once.

    Args:
        task: the batch.
        device: a CUDA device as torch names it (AMD's are called cuda too); None takes the
            present one. With TRITON_INTERPRET=1 in the environment it is the CPU, for tests.
        memory: bytes of the device that the working arrays may take, beside the graph and the
            result; None takes a share of what is free.

    Returns:
        Cascades, the same for any device and memory.

    Raises:
        ValueError: Triton or the device is missing, or the memory does not hold one cascade.
    """
    absent = missing()
    if absent is not None:
        raise ValueError(f"backend 'triton' cannot run here: {absent}")
    whole = isinstance(memory, int | np.integer) and not isinstance(memory, bool)
    if memory is not None and not whole:
        raise ValueError(f"memory is {memory!r}; give a number of bytes, or None")
    interpreted = import_module("weishang.kernels.cascade.triton.kernels.rng").INTERPRETED
    place = _cpu(device) if interpreted else _cuda(device)
    return import_module("weishang.kernels.cascade.triton.batch").spread(task, place, memory)


def _cpu(device: Any) -> torch.device:
    if device is not None and str(device) != "cpu":
        raise ValueError(
            f"device is {device!r}, but TRITON_INTERPRET=1 runs kernels on the CPU; "
            "unset it, or give device='cpu'"
        )
    return torch.device("cpu")


def _cuda(device: Any) -> torch.device:
    try:
        place = torch.empty(0, device="cuda" if device is None else torch.device(device)).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(f"device is {device!r}, which torch cannot use: {error}") from None
    if place.type != "cuda":
        raise ValueError(f"device is {device!r}; the triton backend takes a CUDA device")
    return place
