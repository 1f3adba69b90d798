"""A rule's thresholds and words on a GPU."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch.graph import to_device
from weishang.kernels.cascade.triton.kernels.decide import ALWAYS, DRAWN, LAYOUT, NEVER
from weishang.kernels.rng import CERTAIN, Purpose, derive, word_tree

DECISIONS = Purpose.VISIT, Purpose.BUY, Purpose.SHARE
"""In the order that the kernels have them."""


class Tables(NamedTuple):
    """What the kernels read of a rule; thresholds and words are int64 with a uint64's bits.

    Attributes:
        view: [1 or rows, L, H]; row r's thresholds begin at r * view_stride.
        view_stride: L * H, or 0 where all rows share them.
        view_words, weight_words: [L, rows], words of (seed, purpose, layer, cascade).
        layouts: int64 [3, 8], how visit, buy and share lie, as `kernels.decide` reads them.
        decisions: visit, buy and share.
        words: [3, rows], words of (seed, purpose, cascade).
    """

    view: Tensor
    view_stride: int
    view_words: Tensor
    weight_words: Tensor
    layouts: Tensor
    decisions: tuple[Tensor, Tensor, Tensor]
    words: Tensor

    @classmethod
    def of(cls, task: Task, device: torch.device) -> "Tables":
        """Take those of a task."""
        view, visit, buy, share = task.tables[:4]

        def words(*paths: tuple[int, ...]) -> Tensor:
            states = [derive(task.seed, *path) for path in paths]
            return to_device(word_tree(states, task.cascades), device)

        layers = range(len(task.layers))
        return cls(
            to_device(view, device),
            _stride(view),
            words(*((Purpose.VIEW, layer) for layer in layers)),
            words(*((Purpose.WEIGHT, layer) for layer in layers)),
            to_device(np.stack([_layout(table) for table in (visit, buy, share)]), device),
            (to_device(visit, device), to_device(buy, device), to_device(share, device)),
            words(*((purpose,) for purpose in DECISIONS)),
        )

    def view_at(self, layer: int, hop: int) -> int:
        """Place of a layer's threshold in a hop, among a row's."""
        hops = self.view.shape[2]
        return layer * hops + min(hop, hops) - 1


def bytes_of_row(task: Task) -> int:
    """Device memory that a row's own tables and words take."""
    tables = sum(table[0].nbytes for table in task.tables[:4] if len(table) > 1)
    return tables + 8 * (2 * len(task.layers) + len(DECISIONS))


def _stride(table: NDArray[np.uint64]) -> int:
    return table[0].size if len(table) > 1 else 0


def _layout(table: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Mode, row stride, levels, places and doses of a table [rows, levels, .., doses]."""
    levels, doses = table.shape[1], table.shape[-1]
    places = int(np.prod(table.shape[2:-1]))
    mode = DRAWN.value
    if not table.any():
        mode = NEVER.value
    elif (table == CERTAIN).all():
        mode = ALWAYS.value
    layout = np.zeros(LAYOUT.value, dtype=np.int64)
    layout[:5] = mode, _stride(table), levels, places, doses
    return layout
