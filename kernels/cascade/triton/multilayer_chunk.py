"""Some rows of a batch with groups, strangers or levels by path on a GPU, hop after hop.

Kernels follow slots and decide. Which blocks there are, who shares, and the counts at the end
are tensor operations on the same device; the host waits for a hop's lists to know their lengths.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weishang.kernels.cascade.core.result import COUNTS, Cascades, Events
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch import rng as words
from weishang.kernels.cascade.torch.graph import LOG_WORD_BITS, to_device
from weishang.kernels.cascade.torch.layers import (
    POSTED,
    Naming,
    Posters,
    Stored,
    StoredGroups,
    StoredStrangers,
    on_device,
    words_of,
)
from weishang.kernels.cascade.torch.state import POSTER_BITS, POSTER_MASK, tallied
from weishang.kernels.cascade.triton.chunk import seed_entries
from weishang.kernels.cascade.triton.kernels.multilayer import (
    HOP,
    SOURCE,
    decide_multilayer,
    reach,
    reduce_first_posters,
)
from weishang.kernels.cascade.triton.kernels.queues import NODE_BITS, NODE_MASK
from weishang.kernels.cascade.triton.kernels.state import (
    BOUGHT,
    FLAGS,
    LEVEL,
    SEED_LEVEL,
    SHARED_HOP,
    VISITED,
)
from weishang.kernels.cascade.triton.launch import Launches
from weishang.kernels.cascade.triton.multilayer_buffers import MultilayerBuffers, Plan
from weishang.kernels.cascade.triton.tables import Tables
from weishang.kernels.rng import WORD_BITS, Purpose


class Rows(NamedTuple):
    """Rows of slots that are followed, tensors of one length; as `reach` takes them.

    Attributes:
        entries, starts, sizes, sources: int64.
        slots: int64, slots of each row.
    """

    entries: Tensor
    starts: Tensor
    sizes: Tensor
    sources: Tensor
    slots: Tensor


def spread(task: Task, device: torch.device, memory: int) -> Cascades:
    """Spread every cascade of a batch.

    Args:
        task: the batch; its layers may be of any kind.
        device: a CUDA device, or the CPU in the interpreter.
        memory: bytes for the working arrays.

    Raises:
        ValueError: the memory does not hold one cascade.
    """
    rows, blocks = Plan.of(task, memory)
    layers = [on_device(layer, device) for layer in task.layers]
    buffers, launches = MultilayerBuffers(task, rows, device), Launches.on(device)
    parts = [
        Part(task.rows(first, first + rows), layers, buffers, launches, blocks).spread()
        for first in range(0, max(task.num_cascades, 1), rows)
    ]
    return Cascades.joined(parts)


class Part:
    """A batch, or some rows of one, on their way."""

    def __init__(
        self,
        task: Task,
        layers: list[Stored],
        buffers: MultilayerBuffers,
        launches: Launches,
        blocks: int,
    ) -> None:
        """Prepare a part.

        Args:
            task: the part's rows.
            layers: the task's layers on the device.
            buffers: memory for at least as many rows, as the part before has left it.
            launches: the device's grids.
            blocks: listed at once, at most.
        """
        device = buffers.state.device
        self._task, self._layers, self._buffers, self._launches = task, layers, buffers, launches
        self._blocks = blocks
        self._tables = Tables.of(task, device)
        cascades = to_device(task.cascades, device)
        self._post_words, self._stranger_words = (
            [words_of(task, purpose, number, cascades) for number in range(len(layers))]
            for purpose in (Purpose.POST, Purpose.STRANGER)
        )
        self._naming = [Naming(task, number, device) for number in range(len(layers))]
        self._seeds = to_device(seed_entries(task), device)

    def spread(self) -> Cascades:
        """Run hop after hop."""
        buffers, frontier, hop = self._buffers, self._seeds, 0
        buffers.begin()
        buffers.state[:, LEVEL.value].index_fill_(0, self._keys(frontier), SEED_LEVEL.value)
        reached = [frontier[:0]]
        while frontier.numel() and (self._task.max_hops is None or hop < self._task.max_hops):
            hop += 1
            buffers.end.zero_()
            for number in range(len(self._layers)):
                if self._limits(number, hop).any():
                    self._post(number, frontier, hop)
            fresh, frontier = self._decide(hop)
            reached.append(fresh)
        entries, reached = torch.cat(reached), []
        result = Cascades.from_counts(self._counts(entries), self._events(entries))
        buffers.leave(self._keys(torch.cat([self._seeds, entries])))
        return result

    def _post(self, number: int, frontier: Tensor, hop: int) -> None:
        """What the frontier posts in a layer."""
        stored = self._layers[number]
        for entries in frontier.split(self._blocks):
            rows, nodes = _apart(entries)
            levels = self._column(LEVEL, self._keys(entries))
            posters = Posters(entries, rows, nodes, levels.long().clamp_(min=0))
            if isinstance(stored, StoredGroups):
                self._reduce_first_posters(number, stored, posters, hop)
            else:
                self._reach(number, self._rows(number, stored, posters, hop), hop)
        if isinstance(stored, StoredGroups):
            self._show(number, stored, hop)

    def _rows(self, number: int, stored: Stored, posters: Posters, hop: int) -> Rows:
        """The posters' rows in a layer; those of a group layer are their groups."""
        places = posters.nodes
        if isinstance(stored, StoredStrangers):
            indptr, places = stored.class_indptr, stored.classes.index_select(0, places).long()
        else:
            indptr = stored.of_node[0] if isinstance(stored, StoredGroups) else stored.indptr
        starts = indptr.index_select(0, places)
        sizes = indptr[1:].index_select(0, places) - starts
        slots = sizes
        if isinstance(stored, StoredStrangers):
            slots = torch.full_like(sizes, stored.slots)
        return Rows(posters.keys, starts, sizes, self._sources(number, posters, hop), slots)

    def _sources(self, number: int, posters: Posters, hop: int) -> Tensor:
        """The level that the posters pass on, and below it their ids."""
        sources = self._naming[number].sources(posters)
        if self._task.tables.paths is None:
            sources = sources | (hop << POSTER_BITS)
        return sources

    def _reach(self, number: int, rows: Rows, hop: int) -> None:
        """Hit those at the rows' live slots."""
        buffers, tables, stored = self._buffers, self._tables, self._layers[number]
        weights = None
        if isinstance(stored, StoredStrangers):
            indices, luck_words = stored.by_class, self._stranger_words[number]
        else:
            ties = stored.members if isinstance(stored, StoredGroups) else stored
            indices, weights, luck_words = ties.indices, ties.weights, tables.weight_words[number]
        grid, options = self._launches.rows
        for post, block in self._blocks_of(rows):
            reach[grid](
                post,
                block,
                rows.entries,
                rows.starts,
                rows.sizes,
                rows.sources,
                indices,
                rows.starts if weights is None else weights,
                tables.view,
                tables.view_words[number],
                luck_words,
                buffers.state,
                buffers.smallest,
                buffers.hits,
                buffers.end,
                post.numel(),
                self._task.num_nodes,
                stored.slots if isinstance(stored, StoredStrangers) else 0,
                stored.near if isinstance(stored, StoredStrangers) else 0,
                tables.view_stride,
                tables.view_at(number, hop),
                hop,
                self._task.tables.doses,
                GROUPS=isinstance(stored, StoredGroups),
                STRANGERS=isinstance(stored, StoredStrangers),
                WEIGHTED=weights is not None,
                **options,
            )

    def _reduce_first_posters(
        self, number: int, stored: StoredGroups, posters: Posters, hop: int
    ) -> None:
        """Let groups take the smallest of their posters; where no one sees it, no one posts."""
        view = self._limits(number, hop)
        if len(view) > 1 and not view.all():
            limits = to_device(view, posters.rows.device).index_select(0, posters.rows)
            posters = posters.some(limits.nonzero().view(-1))
        rows = self._rows(number, stored, posters, hop)
        grid, options = self._launches.rows
        for post, block in self._blocks_of(rows):
            reduce_first_posters[grid](
                post,
                block,
                rows.entries,
                rows.starts,
                rows.sizes,
                rows.sources,
                stored.of_node[1],
                self._post_words[number],
                *self._buffers.groups[number],
                post.numel(),
                stored.num_groups,
                stored.post,
                **options,
            )

    def _show(self, number: int, stored: StoredGroups, hop: int) -> None:
        """Show what was posted to the members of the groups."""
        kept = self._buffers.groups[number]
        listed = kept.listed[: int(kept.end.item())]
        kept.end.zero_()
        for entries in listed.split(self._blocks):
            rows, groups = _apart(entries)
            places = rows * stored.num_groups + groups
            sources = kept.first_posters.index_select(0, places)
            kept.first_posters.index_fill_(0, places, POSTED)
            starts = stored.members.indptr.index_select(0, groups)
            sizes = stored.members.indptr[1:].index_select(0, groups) - starts
            self._reach(number, Rows(entries, starts, sizes, sources, sizes), hop)

    def _decide(self, hop: int) -> tuple[Tensor, Tensor]:
        """Let the hit decide; returns entries of those first hit, and of those who now share."""
        buffers, tables, task = self._buffers, self._tables, self._task
        hits = buffers.hits[: int(buffers.end.item())]
        grid, options = self._launches.nodes
        decide_multilayer[grid](
            hits,
            buffers.state,
            buffers.smallest,
            buffers.segment,
            tables.layouts,
            *tables.decisions,
            tables.words,
            hits.numel(),
            task.num_nodes,
            task.num_cascades,
            task.tables.num_segments,
            hop,
            **options,
        )
        entries = torch.where(hits < 0, -1 - hits, hits)
        first_hit = self._column(HOP, self._keys(entries)) == hop
        return entries[first_hit], hits[hits >= 0]

    def _counts(self, entries: Tensor) -> NDArray[np.int64]:
        """Reach, visitors, buyers and sharers by level, int64 [4, rows, levels]."""
        keys = self._keys(entries)
        levels, flags = self._column(LEVEL, keys), self._column(FLAGS, keys)
        counted = tallied(_apart(entries)[0], levels, flags, self._task.num_cascades)
        width = self._task.num_levels
        width = counted.shape[1] if width is None else width
        counts = np.zeros((len(COUNTS), self._task.num_cascades, width), dtype=np.int64)
        counts[..., : counted.shape[1]] = np.moveaxis(counted, 2, 0)
        return counts

    def _events(self, entries: Tensor) -> Events | None:
        """The records of those reached; None for counts alone."""
        if not self._task.events:
            return None
        keys = self._keys(entries)
        hop, level, flags, shared_hop = (
            self._column(place, keys).cpu().numpy() for place in (HOP, LEVEL, FLAGS, SHARED_HOP)
        )
        sources = self._buffers.smallest[:, SOURCE.value].index_select(0, keys)
        row, node = (column.cpu().numpy() for column in _apart(entries))
        return Events.from_columns(
            self._task.cascades,
            row=row,
            node=node.astype(np.int32),
            hop=hop,
            parent=(sources & POSTER_MASK).to(torch.int32).cpu().numpy(),
            visited=flags & VISITED.value > 0,
            bought=flags & BOUGHT.value > 0,
            shared_hop=shared_hop,
            by_path=None if self._task.tables.paths is None else level.astype(np.int8),
        )

    def _limits(self, number: int, hop: int) -> NDArray[np.uint64]:
        """A layer's thresholds of view in a hop, [1 or rows]."""
        view = self._task.tables.view
        return view[:, number, min(hop, view.shape[2]) - 1]

    def _blocks_of(self, rows: Rows) -> Iterator[tuple[Tensor, Tensor]]:
        """Posts and numbers of the blocks of some rows, as many as are listed at once."""
        return words.unfold((rows.slots + (WORD_BITS - 1)) >> LOG_WORD_BITS, self._blocks)

    def _column(self, place: Any, keys: Tensor) -> Tensor:
        """An entry of the keys' records, int32."""
        return self._buffers.state[:, place.value].index_select(0, keys)

    def _keys(self, entries: Tensor) -> Tensor:
        rows, nodes = _apart(entries)
        return rows * self._task.num_nodes + nodes


def _apart(entries: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and nodes, or groups, of entries."""
    return entries >> NODE_BITS.value, entries & NODE_MASK.value
