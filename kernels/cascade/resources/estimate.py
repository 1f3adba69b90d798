"""What a batch of cascades takes at its peak, on the host and on a device, before it is run.

An upper estimate: everyone is taken to be reached unless `reach` says otherwise. What a backend's
own arrays take is one function a backend, below.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from weishang.kernels.cascade.core.result import COUNTS
from weishang.kernels.cascade.resources import free_memory

OFFSET_BYTES, TARGET_BYTES, WEIGHT_BYTES = 8, 4, 8
"""Of a graph: a row offset and a target (see Graph); a weight, and as much for its threshold."""
COUNT_BYTES = 8 * len(COUNTS)
"""Of a result, a level of a cascade."""
EVENT_BYTES, PATH_BYTES = 35, 1
"""Of a result, a reached node: the columns of Events; its level of a rule with paths."""
MEMBER_BYTES, GROUP_BYTES = 8, 24
"""Of groups, a membership turned round beside its id; a group's offset, weight and threshold."""
SORT_BYTES = 110
"""A reached node while events are put in order, beside EVENT_BYTES. Measured: 92 to 110 in all."""
SEGMENT_BYTES = 4
"""Of a call, a node."""
CASCADE_BYTES, LAYER_BYTES = 48, 16
"""Of a call, a cascade: its id, the place of its seeds, its random words; those of a layer, of
which there are twice as many where there may be groups and strangers."""
FIXED_BYTES = 32 << 20
"""Blocks in flight, and what an interpreter and its threads allocate on the way."""

KILO = 1000
UNITS = ("kB", "MB", "GB", "TB")

USUAL_LEVELS = 32
"""Levels that a result is taken to have where max_hops does not bound it."""

PERSON_BYTES = 400
"""Of the reference, a reached node as a Python object. Measured: 210, with events 430."""
LINE_BYTES, LINES_AHEAD = 48, 16
"""Of numba, a level of a cascade, and levels for which room is made ahead."""
PLACE_BYTES, GROWING_BYTES = 4, 192
"""Of numba where nodes are remembered: a node, and a reached one in lists that double as they
grow. Measured: 187."""
HIT_BYTES, LAYERED_BYTES = 40, 72
"""Of numba on layers of other kinds, a reached node in lists of a hop; among the people that a
thread keeps until its part of the batch is done, in a list that doubles as it grows."""
KEPT_BYTES = 24
"""There, a reached node from the end of its part until events are laid out: they are in order.
Measured: 60 to 62, the events included."""
NARROW_BYTES = 4
"""Of numba, a node's row offset, kept beside the graph in a narrower type."""
LEVELS_BYTES = 2 << 10
"""Of triton, a cascade's counts while they are made."""
LIST_BYTES, RECORD_BYTES, SEEN_BYTES = 8, 32, 1
"""Of triton, a node of a cascade: an entry of a list; what it remembers; only that it was seen."""
LISTS, DOSED_LISTS = 2, 4
LAYERED_BYTES, SHOWN_BYTES, BLOCKS_SHARE = 128, 40, 8
"""Of triton in layers of any kind, a node of a cascade and a group of one; one part in so many of
the memory is for blocks of slots. See gpu_layers_room."""
TILE_BYTES, TILE_EDGES = 16, 257
"""Of triton, a piece of a long row, and the edges that such pieces have at least on average."""
FREE_SHARE = 0.75
"""Of the device's free memory, what triton takes unasked."""


@dataclass(frozen=True)
class Batch:
    """The size of a call of `propagate`.

    Attributes:
        num_nodes, num_edges: N, and directed edges and memberships of all layers together.
        cascades: C.
        layers: L.
        weighted: whether edges have weights.
        events: whether they are recorded.
        doses: D.
        levels: columns of the result, max_hops where it is given.
        reach: people a cascade reaches on average; N where it is not known.
        layered: whether there are groups, strangers or paths: see `Task.plain`.
        memberships: of `num_edges`, those that are members of groups.
        groups: of all layers.
    """

    num_nodes: int
    num_edges: int
    cascades: int = 1
    layers: int = 1
    weighted: bool = False
    events: bool = False
    doses: int = 1
    levels: int = USUAL_LEVELS
    reach: float | None = None
    layered: bool = False
    memberships: int = 0
    groups: int = 0

    @property
    def only_counts(self) -> bool:
        """Whether nodes decide once and leave counts alone: the lean way of every backend."""
        return self.doses == 1 and not self.events

    @property
    def mean_reach(self) -> float:
        """People that a cascade is taken to reach."""
        return self.num_nodes if self.reach is None else min(self.reach, self.num_nodes)

    @property
    def graph_bytes(self) -> int:
        """The layers as they stand on the host."""
        edge = TARGET_BYTES + (2 * WEIGHT_BYTES if self.weighted else 0)
        groups = MEMBER_BYTES * self.memberships + GROUP_BYTES * self.groups
        return OFFSET_BYTES * self.layers * (self.num_nodes + 1) + edge * self.num_edges + groups

    @property
    def call_bytes(self) -> int:
        """The call's own arrays: classes of nodes, ids and words of cascades."""
        words = LAYER_BYTES * (2 if self.layered else 1)
        cascade = CASCADE_BYTES + words * self.layers
        return SEGMENT_BYTES * self.num_nodes + cascade * self.cascades

    @property
    def result_bytes(self) -> int:
        """Counts and events."""
        event = EVENT_BYTES + (PATH_BYTES if self.layered else 0)
        events = event * self.mean_reach if self.events else 0
        return round((COUNT_BYTES * self.levels + events) * self.cascades)


@dataclass(frozen=True)
class Need:
    """Bytes at the peak of a run, and how many cascades a backend has under way at once.

    Attributes:
        graph: of the host, the layers.
        work: of the host, beyond graph and result.
        result: of the host.
        device: of the device, the layers there included; 0 where the host computes.
        rows: cascades at once; the backend takes the others after them.
    """

    graph: int
    work: int
    result: int
    device: int
    rows: int

    @property
    def beyond_graph(self) -> int:
        """Of the host, what a run adds to a graph that is there."""
        return self.work + self.result

    @property
    def host(self) -> int:
        """Of the host, in all."""
        return self.graph + self.beyond_graph


class Work(NamedTuple):
    """A backend's own arrays.

    Attributes:
        size: bytes.
        rows: cascades that they serve at once.
        on_device: where they are.
        sorting: bytes a reached node while its event is put in its place.
    """

    size: int
    rows: int
    on_device: bool = False
    sorting: int = SORT_BYTES


def estimate(
    backend: str,
    batch: Batch,
    *,
    threads: int = 1,
    device: str = "cpu",
    memory: int | None = None,
) -> Need:
    """What a batch takes on a backend.

    Args:
        backend: one of ESTIMATED.
        batch: its size.
        threads: of numba, or of torch on a CPU.
        device: "cpu" or another of torch's; triton's own is the GPU.
        memory: bytes for working arrays, as torch and triton take it; None for their own choice.

    Raises:
        ValueError: `memory` does not hold one cascade.
    """
    own = ESTIMATED[backend](batch, threads, device, memory)
    sorting = round(own.sorting * batch.mean_reach * batch.cascades) if batch.events else 0
    on_host = 0 if own.on_device else own.size
    copied = batch.graph_bytes + batch.call_bytes + own.size if own.on_device else 0
    return Need(
        graph=batch.graph_bytes,
        work=batch.call_bytes + sorting + FIXED_BYTES + on_host,
        result=batch.result_bytes,
        device=copied,
        rows=own.rows,
    )


def in_words(size: int) -> str:
    """Bytes as people read them: 163501456 is 163.5 MB."""
    if size < KILO:
        return f"{size} bytes"
    unit = next(i for i in range(1, len(UNITS) + 1) if size < KILO ** (i + 1) or i == len(UNITS))
    return f"{size / KILO**unit:,.1f} {UNITS[unit - 1]}"


def _reference(batch: Batch, threads: int, device: str, memory: int | None) -> Work:
    """The people of all cascades, until they are counted."""
    return Work(round(PERSON_BYTES * batch.mean_reach * batch.cascades), batch.cascades)


def _numba(batch: Batch, threads: int, device: str, memory: int | None) -> Work:
    """What a thread remembers of the nodes, and lines of counts."""
    from weishang.kernels.cascade.numba.graph_only import count, single_cascade

    if batch.layered:
        return _numba_in_layers(batch, threads)
    strands = 1
    offsets = NARROW_BYTES * batch.num_nodes * batch.layers
    lines = LINE_BYTES * (LINES_AHEAD + batch.levels) * batch.cascades
    if batch.only_counts and batch.cascades < threads:
        return Work(
            single_cascade.memory_bytes(batch.num_nodes, batch.mean_reach, threads)
            + lines
            + offsets,
            1,
        )
    if batch.only_counts:
        strands = count.strands_of(batch.num_nodes, batch.cascades, threads)
        each = count.state_bytes(batch.num_nodes, strands)
    else:
        each = PLACE_BYTES * batch.num_nodes + round(GROWING_BYTES * batch.mean_reach)
    workers = min(threads, -(-batch.cascades // strands))
    return Work(workers * each + lines + offsets, workers * strands)


def _numba_in_layers(batch: Batch, threads: int) -> Work:
    """What a thread remembers of nodes and groups, the people of its part, and lines of counts."""
    from weishang.kernels.cascade.numba import backend as cpu
    from weishang.kernels.cascade.numba.multilayer import batch as cpu_layers_batch

    workers = min(threads, batch.cascades)
    part = -(-batch.cascades // (cpu.PARTS_PER_THREAD * threads)) if batch.events else 1
    people = round((LAYERED_BYTES * part + HIT_BYTES) * batch.mean_reach)
    each = cpu_layers_batch.memory_bytes(batch.num_nodes, batch.groups) + people
    lines = LINE_BYTES * (LINES_AHEAD + batch.levels) * batch.cascades
    return Work(workers * each + lines, workers, sorting=KEPT_BYTES)


def _torch(batch: Batch, threads: int, device: str, memory: int | None) -> Work:
    """As much of `memory` as the batch fills with rows, and blocks of slots."""
    from weishang.kernels.cascade.torch import backend as tensor
    from weishang.kernels.cascade.torch.layers import GROUP_BYTES as SHOWN_GROUP_BYTES
    from weishang.kernels.cascade.torch.state import CountState, EventState

    lean = batch.only_counts and not batch.layered
    node = CountState.NODE_BYTES if lean else EventState.NODE_BYTES
    node += EventState.PATH_BYTES if batch.layered else 0
    row = tensor.ROW_BYTES + node * batch.num_nodes + SHOWN_GROUP_BYTES * batch.groups
    limit = tensor.DEFAULT_MEMORY if memory is None else memory
    least = tensor.MIN_BLOCKS * tensor.BLOCK_BYTES
    if limit < row + least:
        raise ValueError(
            f"memory is {limit} bytes, but one cascade on {batch.num_nodes} nodes takes "
            f"{row + least}; give at least that"
        )
    blocks = max(min(limit // tensor.BLOCKS_SHARE, limit - row), least)
    if device in tensor.MAX_BLOCKS:
        blocks = min(blocks, tensor.MAX_BLOCKS[device] * tensor.BLOCK_BYTES * threads)
    rows = min((limit - blocks) // row, max(batch.cascades, 1))
    return Work(rows * row + blocks, rows, on_device=device != "cpu")


def _triton(batch: Batch, threads: int, device: str, memory: int | None) -> Work:
    """State, lists and queues of as many rows as the device holds; one where none is here."""
    lists = LISTS if batch.doses == 1 else DOSED_LISTS
    state = SEEN_BYTES if batch.only_counts else RECORD_BYTES
    tiles = TILE_BYTES * (batch.num_edges // TILE_EDGES + 1)
    row = batch.num_nodes * (lists * LIST_BYTES + state) + tiles + LEVELS_BYTES + CASCADE_BYTES
    if batch.layered:
        nodes = LAYERED_BYTES * batch.num_nodes + SHOWN_BYTES * batch.groups
        row = (nodes + LEVELS_BYTES) * BLOCKS_SHARE // (BLOCKS_SHARE - 1)
    if memory is not None and memory < row:
        raise ValueError(
            f"memory is {memory} bytes, but one cascade on {batch.num_nodes} nodes takes {row}; "
            "give at least that"
        )
    free = (free_memory.device_bytes() or 0) - batch.graph_bytes
    limit = FREE_SHARE * free if memory is None else memory
    rows = max(min(int(limit // row), batch.cascades), 1)
    return Work(rows * row, rows, on_device=True)


ESTIMATED: dict[str, Callable[[Batch, int, str, int | None], Work]] = {
    "reference": _reference,
    "numba": _numba,
    "torch": _torch,
    "triton": _triton,
}
"""Backends that say what they take."""
