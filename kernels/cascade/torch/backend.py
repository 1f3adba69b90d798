"""The cascade in tensor operations: all rows of a batch at once, on whatever device torch has.

A hop is a few dozen operations over the whole frontier of many cascades; a node is a key,
row * N + node. Memory bounds how many rows and blocks of slots are worked on at once; the
result depends on neither, since every draw is a function of what it decides and every other
operation is of integers.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weishang.kernels.cascade.core.result import COUNTS, Cascades, Events
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch.graph import to_device
from weishang.kernels.cascade.torch.layers import (
    Channel,
    GroupChannel,
    GroupPosts,
    Hits,
    Posters,
    Stored,
    channel,
    on_device,
)
from weishang.kernels.cascade.torch.memory import DEFAULT_MEMORY, counts_only, make_plan
from weishang.kernels.cascade.torch.ops import split_keys
from weishang.kernels.cascade.torch.pipeline import ThreadPool, pool_size
from weishang.kernels.cascade.torch.rule import BOUGHT, VISITED, Rule
from weishang.kernels.cascade.torch.state import CountState, EventState, Reached, State

ACCELERATORS = ("cuda", "xpu")
"""Devices that are taken unasked; torch calls ROCm's cuda."""


def run(
    task: Task, *, device: torch.device | str | None = None, memory: int = DEFAULT_MEMORY
) -> Cascades:
    """Spread every cascade of the batch, many at once.

    Args:
        task: the batch.
        device: a torch device; None takes a CUDA, ROCm or XPU device if there is one.
        memory: bytes that the working arrays may take, beside the graph and the result.

    Returns:
        Cascades, the same for any device and memory.

    Raises:
        ValueError: the device cannot be used, or the memory does not hold one cascade.
    """
    place = _device(device)
    tables = task.tables
    plan = make_plan(task, place.type, memory, pool_size(place))
    with torch.inference_mode(), ThreadPool(place, plan.threads) as pool:
        sizes = task.num_nodes, plan.rows, plan.blocks, place
        state: State = (
            CountState(*sizes)
            if counts_only(task)
            else EventState(
                *sizes,
                doses=tables.used_doses,
                events=task.events,
                last_level=None if tables.paths is None else task.num_levels,
            )
        )
        layers = [on_device(layer, place) for layer in task.layers]
        done = [
            _Part(task, rows, layers, plan.blocks, pool, place).spread(state)
            for rows in _cut(task.num_cascades, plan.rows)
        ]
    return _joined(task, done)


class _Part:
    """Some rows of a batch on their way."""

    def __init__(
        self,
        task: Task,
        rows: slice,
        layers: list[Stored],
        max_blocks: int,
        pool: ThreadPool,
        device: torch.device,
    ) -> None:
        self._task, self._rows = task, rows
        self._max_blocks, self._pool = max_blocks, pool
        cascades = to_device(task.cascades[rows], device)
        self._rule = Rule(task, rows, cascades)
        self._channels = [
            channel(task, number, stored, cascades, max_blocks)
            for number, stored in enumerate(layers)
        ]
        self._seeds = to_device(_seed_keys(task, rows), device)

    def spread(self, state: State) -> tuple[NDArray[np.int64], Events | None]:
        """Run hop after hop; returns counts [R, H, 4] and, if asked for, events."""
        state.begin(self._seeds, self._rows.stop - self._rows.start)
        count, hop = self._seeds.numel(), 1
        last = self._task.max_hops
        while count and (last is None or hop <= last):
            for keys, sources in self._hits(state, count, hop):
                state.expose(keys, sources, hop)
            count = state.decide(self._rule, hop, self._pool)
            hop += 1
        counts, reached = state.finish()
        return counts, None if reached is None else self._events(reached)

    def _events(self, reached: Reached) -> Events:
        return Events.from_columns(
            self._task.cascades,
            row=reached.row + self._rows.start,
            node=reached.node,
            hop=reached.hop,
            parent=reached.parent,
            visited=reached.flags & VISITED > 0,
            bought=reached.flags & BOUGHT > 0,
            shared_hop=reached.shared_hop,
            by_path=None if self._task.tables.paths is None else reached.level.astype(np.int8),
        )

    def _hits(self, state: State, count: int, hop: int) -> Iterator[Hits]:
        """The exposures of a hop in all layers, batch by batch; `count` post."""
        open_channels = [
            (one, limit)
            for number, one in enumerate(self._channels)
            if not isinstance(limit := self._threshold(number, hop), int) or limit
        ]
        # With room for some of the blocks that long rows have beside their first.
        posts = -(-self._max_blocks * 7 // 8)
        frontier = state.frontier(self._pool.share(count, posts))
        for step in self._pool.ahead(lambda keys: self._post(state, keys, open_channels), frontier):
            if isinstance(step, GroupPosts):
                step.channel.reduce(step)
            else:
                yield step
        for one, limit in open_channels:
            if isinstance(one, GroupChannel):
                yield from self._show(state, one, limit)

    def _post(
        self, state: State, keys: Tensor, channels: list[tuple[Channel, Tensor | int]]
    ) -> Iterator[Hits | GroupPosts]:
        """The exposures that some of the frontier make."""
        rows, nodes = split_keys(keys, self._task.num_nodes)
        posters = Posters(keys, rows, nodes, state.levels(keys))
        for one, limit in channels:
            for step in one.post(posters, limit):
                yield step if isinstance(step, GroupPosts) else state.filtered(*step)

    def _show(self, state: State, channel: GroupChannel, limit: Tensor | int) -> Iterator[Hits]:
        """The exposures in the groups that were posted in."""
        groups, sources = channel.posted()
        if not groups.numel():
            return
        size = self._pool.share(groups.numel(), self._max_blocks)
        pieces = zip(groups.split(size), sources.split(size), strict=True)

        def work(piece: tuple[Tensor, Tensor]) -> Iterator[Hits]:
            return (state.filtered(*hits) for hits in channel.show(*piece, limit))

        yield from self._pool.ahead(work, pieces)

    def _threshold(self, number: int, hop: int) -> Tensor | int:
        """A layer's threshold of view in a hop: one number where the rows agree."""
        view = self._task.tables.view
        of_rows = view if len(view) == 1 else view[self._rows]
        limits = of_rows[:, number, min(hop, view.shape[2]) - 1]
        if (limits == limits[0]).all():
            return int(limits[0])
        return to_device(limits, self._seeds.device)


def _cut(count: int, most: int) -> list[slice]:
    """Rows of the parts: as few parts as can be, of nearly the same size."""
    parts = -(-count // most)
    return [slice(count * part // parts, count * (part + 1) // parts) for part in range(parts)]


def _seed_keys(task: Task, rows: slice) -> NDArray[np.int64]:
    """Keys of the seeds of some rows, int64."""
    starts, sizes = task.seed_start[rows], task.seed_end[rows] - task.seed_start[rows]
    row = np.repeat(np.arange(sizes.size), sizes)
    place = np.arange(row.size) - (np.cumsum(sizes) - sizes - starts)[row]
    return row * task.num_nodes + task.seed_nodes[place]


def _joined(task: Task, parts: list[tuple[NDArray[np.int64], Events | None]]) -> Cascades:
    """The parts as one result."""
    width = task.num_levels
    if width is None:
        reach = COUNTS.index("reach")
        levels = (np.flatnonzero(counts[:, :, reach].any(axis=0)) for counts, _ in parts)
        width = max((int(one.max(initial=-1)) + 1 for one in levels), default=0)
    table = np.zeros((task.num_cascades, width, len(COUNTS)), dtype=np.int64)
    first = 0
    for counts, _ in parts:
        part = table[first : first + len(counts), : counts.shape[1]]
        part[:] = counts[:, :width]
        first += len(counts)
    reach, visitors, buyers, sharers = np.ascontiguousarray(np.moveaxis(table, 2, 0))
    events = _all_events(task, [of_part for _, of_part in parts])
    return Cascades(reach, visitors, buyers, sharers, events)


def _all_events(task: Task, parts: list[Events | None]) -> Events | None:
    """The events of all parts, which are in order as the parts are; None for counts only."""
    if not task.events:
        return None
    recorded = [part for part in parts if part is not None]
    if not recorded:
        columns = 7 if task.tables.paths is None else 8
        return Events.from_columns(task.cascades, *np.empty((columns, 0), dtype=np.int64))
    if len(recorded) == 1:
        return recorded[0]
    return Events.joined(recorded, [0] * len(recorded))


def _device(device: torch.device | str | None) -> torch.device:
    """The device to run on."""
    if device is None:
        found = None
        if torch.accelerator.is_available():
            found = torch.accelerator.current_accelerator()
        device = found if found is not None and found.type in ACCELERATORS else "cpu"
    try:
        return torch.empty(0, device=torch.device(device)).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(f"device is {device!r}, which torch cannot use: {error}") from None
