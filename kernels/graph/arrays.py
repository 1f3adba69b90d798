"""Arrays that graphs, layers and tables make alike: offsets, nodes by class, read-only views."""

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


def offsets(counts: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Where each of G runs that follow each other begins, and the last ends: int64 [G + 1].

    Args:
        counts: lengths of the runs, [G].
    """
    ends = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(counts, out=ends[1:])
    return ends


def rows_by_class(
    classes: NDArray[np.integer[Any]], num_classes: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """List nodes by their class.

    Args:
        classes: of each node, at least 0, [N].
        num_classes: K, at least; more where a class is larger.

    Returns:
        indptr int64 [K + 1] and nodes int32 [N]: class k holds nodes[indptr[k]:indptr[k + 1]],
        rising.
    """
    nodes = np.argsort(classes, kind="stable").astype(np.int32)
    return offsets(np.bincount(classes, minlength=num_classes)), nodes


def freeze(holder: object, /, **arrays: NDArray[Any]) -> None:
    """Set attributes of a frozen dataclass to views of these arrays that no one can write to."""
    for name, array in arrays.items():
        frozen = array.view()
        frozen.flags.writeable = False
        object.__setattr__(holder, name, frozen)


def check_columns(table: Any) -> None:
    """Check that the arrays of a dataclass stand side by side.

    Raises:
        ValueError: one has another shape than the first; it is named.
    """
    first, *others = (item.name for item in fields(table))
    wanted = getattr(table, first).shape
    for name in others:
        shape = getattr(table, name).shape
        if shape != wanted:
            raise ValueError(f"{name} has shape {shape}; give {wanted}")
