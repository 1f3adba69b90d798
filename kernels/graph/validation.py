"""Checks that graphs and layers share: integers, node ids, the number of nodes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_NODES = 1 << 31
"""Node ids are int32, so ids end at 2^31 - 1."""


def integers(values: ArrayLike, name: str) -> NDArray[Any]:
    """Read a list of integers, whatever their width.

    Raises:
        ValueError: it has another shape or other things in it; `name` is named.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is not a list of integers: {error}") from None
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; give one dimension")
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {array.dtype}; give integers")
    return array if array.size else array.astype(np.int64)


def node_ids(values: ArrayLike, name: str, num_nodes: int) -> NDArray[np.int32]:
    """Read node ids of a graph of `num_nodes` nodes, int32.

    Raises:
        ValueError: one is not a node; it is named with its place.
    """
    array = integers(values, name)
    if array.size and (int(array.min()) < 0 or int(array.max()) >= num_nodes):
        at = int(np.flatnonzero((array < 0) | (array >= num_nodes))[0])
        raise ValueError(f"{name}[{at}] is {array[at]}, outside the nodes 0 .. {num_nodes - 1}")
    return np.ascontiguousarray(array, dtype=np.int32)


def check_num_nodes(num_nodes: int) -> None:
    """Refuse a number of nodes that int32 ids cannot number.

    Raises:
        ValueError: it is no integer in [0, 2^31].
    """
    if isinstance(num_nodes, bool) or not isinstance(num_nodes, int | np.integer):
        raise ValueError(f"num_nodes is {num_nodes!r}; give an integer")
    if not 0 <= num_nodes <= MAX_NODES:
        raise ValueError(f"num_nodes is {num_nodes}; ids are int32, so N is in [0, 2^31]")
