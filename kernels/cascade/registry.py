"""The backends: where each one is, whether it can run here, and which one "auto" stands for."""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, NamedTuple

from weishang.kernels.cascade.core.memory import Batch
from weishang.kernels.cascade.core.result import Cascades
from weishang.kernels.cascade.resources.estimate import Need, need_of
from weishang.kernels.cascade.triton import chosen_unasked

_log = logging.getLogger("weishang")


class Backend(NamedTuple):
    """The modules that make up a backend; each is imported when it is first needed.

    Attributes:
        run: has `run(task, *, ...) -> Cascades`; its keyword arguments are the backend's options.
        memory: has `estimate(batch, *, threads, device, memory) -> Work`, what a run takes.
        availability: has `missing() -> str | None`, what keeps the backend from running here and
            what to install; quick to import.
    """

    run: str
    memory: str
    availability: str


def _folder(name: str) -> Backend:
    folder = f"weishang.kernels.cascade.{name}"
    return Backend(f"{folder}.backend", f"{folder}.memory", folder)


BACKENDS = {
    "reference": Backend(*["weishang.kernels.cascade.core.reference"] * 3),
    "torch": _folder("torch"),
    "numba": _folder("numba"),
    "triton": _folder("triton"),
}
"""All backends by name: a new one is a folder and a line here."""


def choose(options: Mapping[str, Any]) -> str:
    """Name the backend that "auto" stands for: triton where it is fast and takes the options.

    Elsewhere it is numba.
    """
    fast = chosen_unasked() and options.keys() <= set(_options_of(_load("triton")))
    name = "triton" if fast else "numba"
    _log_choice(name)
    return name


@cache
def _log_choice(name: str) -> None:
    """Log a choice once per process. INFO: it is no fault, and the results do not depend on it."""
    _log.info("weishang: backend 'auto' is %r on this machine", name)


def missing(backend: str) -> str | None:
    """Why a backend cannot run here, with what to do about it; None where it can."""
    absent: str | None = import_module(BACKENDS[backend].availability).missing()
    return absent


def runner(backend: str, options: Mapping[str, Any]) -> Callable[..., Cascades]:
    """Load a backend that can run here and takes the options.

    Raises:
        ValueError: there is no such backend, something that it needs is missing (it is named), or
            it does not take an option.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend is {backend!r}; give one of {', '.join(('auto', *BACKENDS))}")
    absent = missing(backend)
    if absent is not None:
        raise ValueError(f"backend {backend!r} cannot run here: {absent}")
    run = _load(backend)
    known = _options_of(run)
    for option in options:
        if option not in known:
            takes = ", ".join(known) or "none"
            raise ValueError(
                f"{option} is not an argument of propagate or an option of the backend "
                f"{backend!r}; its options: {takes}"
            )
    return run


def estimate(
    backend: str,
    batch: Batch,
    *,
    threads: int = 1,
    device: str = "cpu",
    memory: int | None = None,
) -> Need:
    """Estimate the memory that a batch takes on a backend.

    Args:
        backend: one of BACKENDS.
        batch: its size.
        threads: of numba, or of torch on a CPU.
        device: "cpu" or another of torch's devices; triton always uses the GPU.
        memory: bytes for working arrays, as torch and triton take it; None for their own choice.

    Raises:
        ValueError: `memory` does not hold one cascade.
    """
    module = import_module(BACKENDS[backend].memory)
    return need_of(batch, module.estimate(batch, threads=threads, device=device, memory=memory))


def _load(backend: str) -> Callable[..., Cascades]:
    try:
        run: Callable[..., Cascades] = import_module(BACKENDS[backend].run).run
    except ImportError as error:
        raise ValueError(f"backend {backend!r} cannot be loaded here: {error}") from error
    return run


@cache
def _options_of(run: Callable[..., Cascades]) -> tuple[str, ...]:
    parameters = signature(run).parameters.values()
    return tuple(one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY)
