"""The portable backend: tensor operations on any device."""

from weishang.kernels.runtime.availability import missing_package


def missing() -> str | None:
    """Why the backend cannot run here, with what to do about it; None where it can."""
    return missing_package("torch")
