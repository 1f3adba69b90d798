"""Operations that torch is slow at on a CPU: there NumPy does them, on the same memory.

NumPy finds a mask's set entries in a quarter of torch's time, since it counts and lists them by
vectors, and divides in a fifth, since it multiplies by the inverse; it sorts and counts
bits by vectors, too.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def by_numpy(tensor: Tensor) -> bool:
    """Whether NumPy works on a tensor: it is in the host's memory."""
    return tensor.device.type == "cpu"


def positions(mask: Tensor) -> Tensor:
    """Where a mask of one axis is set, int64, in order; integers are set where they are not 0."""
    if not by_numpy(mask):
        return mask.nonzero().view(-1)
    flags = mask.numpy()
    return _tensor((flags if flags.dtype == np.bool_ else flags != 0).nonzero()[0])


def chosen(values: Tensor, mask: Tensor) -> Tensor:
    """The values where a mask is set."""
    return values.index_select(0, positions(mask))


def distinct(keys: Tensor) -> Tensor:
    """Each of the keys once, in order; on a CPU in the memory of those given."""
    if not by_numpy(keys):
        return torch.unique(keys)
    ordered = keys.numpy()
    ordered.sort()
    is_first = np.ones(ordered.size, dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    count = np.count_nonzero(is_first)
    if count < ordered.size:
        ordered[:count] = ordered[is_first]
    return keys[:count]


def rows_of(keys: Tensor, num_nodes: int) -> Tensor:
    """Rows of keys, which are row * num_nodes + node; int64."""
    if not by_numpy(keys):
        return torch.div(keys, num_nodes, rounding_mode="trunc")
    return _tensor(np.floor_divide(keys.numpy(), num_nodes))


def split_keys(keys: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """Rows and nodes of keys."""
    rows = rows_of(keys, num_nodes)
    return rows, keys - rows * num_nodes


def lowest_lanes(masks: Tensor) -> Tensor:
    """The place of each mask's lowest set bit, by NumPy, int64; without one it is 64."""
    words = masks.numpy()
    below = (words & -words).view(np.uint64)
    below -= np.uint64(1)
    return _tensor(np.bitwise_count(below).astype(np.int64))


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(array)
