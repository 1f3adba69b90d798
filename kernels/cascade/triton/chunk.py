"""Some rows of a batch on a GPU, hop after hop."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weishang.kernels.cascade.core.result import Cascades, Events
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch.graph import Layer, to_device
from weishang.kernels.cascade.triton.buffers import FIRST_LEVELS, DeviceBuffers
from weishang.kernels.cascade.triton.kernels.decide import TALLIES, decide
from weishang.kernels.cascade.triton.kernels.exposures import expose
from weishang.kernels.cascade.triton.kernels.queues import (
    BEGIN,
    END,
    GROUP,
    NODE_BITS,
    NODE_MASK,
    SHARED,
    sort_posts,
)
from weishang.kernels.cascade.triton.kernels.state import (
    BOUGHT,
    FLAGS,
    LEVEL,
    PARENT,
    SHARED_HOP,
    VISITED,
    init_seeds,
)
from weishang.kernels.cascade.triton.launch import Launches
from weishang.kernels.cascade.triton.tables import Tables

BUSY_TALLIES = 1024
MAX_COPIES = 64
"""Few rows get copies of their tallies, so that programs do not wait for the same one."""

EVENTS_AT_ONCE = 1 << 22
"""Events gathered on the device before they are copied to the host."""


class Part:
    """A batch, or some rows of one, on their way."""

    def __init__(
        self, task: Task, layers: list[Layer], buffers: DeviceBuffers, launches: Launches
    ) -> None:
        """Prepare a part.

        Args:
            task: the part's rows.
            layers: the task's layers on the device.
            buffers: memory for at least as many rows, as the part before has left it.
            launches: the device's grids.
        """
        device = buffers.posts.device
        self._task, self._layers, self._buffers, self._launches = task, layers, buffers, launches
        self._kind = buffers.kind
        self._tables = Tables.of(task, device)
        self._seeds = to_device(seed_entries(task), device)
        rows = task.num_cascades
        copies = min(max(BUSY_TALLIES // max(rows, 1), 1), MAX_COPIES)
        tally, counters = (0, rows, copies, TALLIES.value), (2, 1 + len(layers), GROUP)
        self._tally = torch.zeros(tally, dtype=torch.int32, device=device)
        self._counters = torch.zeros(counters, dtype=torch.int64, device=device)
        self._num_reached = torch.zeros(1, dtype=torch.int64, device=device)

    def spread(self) -> Cascades:
        """Run hop after hop; the host looks now and then whether anyone still shares."""
        reached = self._spread() if self._seeds.numel() else 0
        return Cascades.from_counts(self._counts(), self._events(reached))

    def _spread(self) -> int:
        """The hops; returns the length of the list of seeds and reached."""
        self._init_seeds()
        last, hop = self._task.max_hops, 0
        while last is None or hop < last:
            until = hop + self._launches.hops_before_look
            until = until if last is None else min(until, last)
            self._make_levels(until)
            while hop < until:
                hop += 1
                # Kernels are queued: nothing here waits for the device.
                for number in range(len(self._layers)):
                    self._sort(number, hop)
                    self._expose(number, hop)
                self._decide(hop)
            if not self._counters[hop, 0, SHARED.value].item():
                break
        end = self._num_reached if self._kind.dosed else self._counters[hop, 0, END.value]
        reached = int(end.item())
        self._buffers.leave(reached)
        return reached

    def _init_seeds(self) -> None:
        """Seeds share in hop 0; everyone else is as if untouched."""
        buffers, size = self._buffers, self._seeds.numel()
        buffers.clear(self._launches)
        buffers.hits[0][:size] = self._seeds
        buffers.reached[:size] = self._seeds
        self._num_reached.fill_(size)
        self._counters[0, 0, END.value] = size
        if not self._kind.dosed:
            self._counters[1, 0, BEGIN.value : END.value + 1] = size
        grid, options = self._launches.nodes
        init_seeds[grid](
            self._seeds,
            buffers.state,
            size,
            self._task.num_nodes,
            RECORDS=self._kind.records,
            **options,
        )

    def _hits(self, hop: int) -> Tensor:
        """The list of a hop's hits; hop 0 is the seeds'."""
        return self._buffers.hits[hop % len(self._buffers.hits)]

    def _sort(self, number: int, hop: int) -> None:
        buffers, tables = self._buffers, self._tables
        grid, options = self._launches.nodes
        sort_posts[grid](
            self._hits(hop - 1),
            self._counters[hop - 1, 0],
            buffers.posts,
            buffers.tile_posts,
            buffers.tile_numbers,
            self._counters[hop, 1 + number],
            self._layers[number].indptr,
            tables.view,
            buffers.posts.numel(),
            tables.view_stride,
            tables.view_at(number, hop),
            **options,
        )

    def _expose(self, number: int, hop: int) -> None:
        buffers, tables, layer = self._buffers, self._tables, self._layers[number]
        grid, options = self._launches.rows
        expose[grid](
            buffers.posts,
            buffers.tile_posts,
            buffers.tile_numbers,
            self._counters[hop, 1 + number],
            layer.indptr,
            layer.indices,
            layer.indptr if layer.weights is None else layer.weights,
            tables.view,
            tables.view_words[number],
            tables.weight_words[number],
            buffers.state,
            self._hits(hop),
            self._counters[hop, 0],
            self._task.num_nodes,
            buffers.posts.numel(),
            tables.view_stride,
            tables.view_at(number, hop),
            hop,
            self._kind.doses,
            RECORDS=self._kind.records,
            DOSED=self._kind.dosed,
            WEIGHTED=layer.weights is not None,
            **options,
        )

    def _decide(self, hop: int) -> None:
        buffers, tables = self._buffers, self._tables
        grid, options = self._launches.nodes
        decide[grid](
            self._hits(hop),
            self._counters[hop, 0],
            self._counters[hop + 1, 0],
            buffers.reached,
            self._num_reached,
            buffers.state,
            buffers.segment,
            tables.layouts,
            *tables.decisions,
            tables.words,
            self._tally,
            self._task.num_nodes,
            self._task.num_cascades,
            self._task.tables.num_segments,
            hop,
            self._tally.shape[2],
            RECORDS=self._kind.records,
            DOSED=self._kind.dosed,
            **options,
        )

    def _make_levels(self, needed: int) -> None:
        """Grow what has a line a level; a deep cascade has few hits a hop and needs no copies."""
        levels = len(self._tally)
        if needed <= levels:
            return
        tally = self._tally.sum(2, keepdim=True, dtype=torch.int32) if levels else self._tally
        size = max(needed, FIRST_LEVELS, 2 * levels)
        self._tally = tally.new_zeros((size, *tally.shape[1:]))
        self._tally[:levels] = tally
        counters = self._counters
        self._counters = counters.new_zeros((size + 2, *counters.shape[1:]))
        self._counters[: len(counters)] = counters

    def _counts(self) -> NDArray[np.int64]:
        """Reach, visitors, buyers and sharers by level, int64 [4, rows, levels]."""
        by_flag = self._tally.unflatten(-1, (2, 2, 2))
        columns = by_flag, by_flag[..., 1], by_flag[..., 1, :], by_flag[:, :, :, 1]
        by_kind = [column.sum(list(range(2, column.ndim))).T for column in columns]
        found = torch.stack(by_kind).cpu().numpy()
        width = self._task.max_hops
        if width is None:
            width = int(np.flatnonzero(found[0].any(axis=0)).max(initial=-1)) + 1
        counts = np.zeros((*found.shape[:2], width), dtype=np.int64)
        counts[..., : found.shape[2]] = found[..., :width]
        return counts

    def _events(self, reached: int) -> Events | None:
        """The records of those reached, seeds left out; None for counts alone."""
        if not self._task.events:
            return None
        entries = self._buffers.reached[self._seeds.numel() : reached]
        parts = [self._records(some) for some in entries.split(EVENTS_AT_ONCE)]
        row, node, records = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return Events.from_columns(
            self._task.cascades,
            row=row,
            node=node,
            hop=records[:, LEVEL.value],
            parent=records[:, PARENT.value],
            visited=records[:, FLAGS.value] & VISITED.value > 0,
            bought=records[:, FLAGS.value] & BOUGHT.value > 0,
            shared_hop=records[:, SHARED_HOP.value],
        )

    def _records(
        self, entries: Tensor
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Rows, nodes and records of some entries, on the host."""
        entries = torch.where(entries < 0, -1 - entries, entries)
        rows, nodes = entries >> NODE_BITS.value, entries & NODE_MASK.value
        records = self._buffers.state.index_select(0, rows * self._task.num_nodes + nodes)
        return rows.cpu().numpy(), nodes.to(torch.int32).cpu().numpy(), records.cpu().numpy()


def seed_entries(task: Task) -> NDArray[np.int64]:
    """Entries of the seeds, row by row."""
    sizes = task.seed_end - task.seed_start
    row = np.repeat(np.arange(sizes.size), sizes)
    place = np.arange(row.size) + np.repeat(task.seed_end - np.cumsum(sizes), sizes)
    return (row << NODE_BITS.value) | task.seed_nodes[place]
