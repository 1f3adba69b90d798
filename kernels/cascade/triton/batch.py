"""A batch on a GPU, in parts that fit its memory."""

from contextlib import nullcontext
from weakref import WeakKeyDictionary

import torch

from weishang.kernels.cascade.core.result import Cascades
from weishang.kernels.cascade.core.task import Task
from weishang.kernels.cascade.torch.graph import on_device
from weishang.kernels.cascade.triton import multilayer_chunk, tables
from weishang.kernels.cascade.triton.buffers import DeviceBuffers
from weishang.kernels.cascade.triton.chunk import Part
from weishang.kernels.cascade.triton.kernels.queues import count_tiles
from weishang.kernels.cascade.triton.launch import Launches
from weishang.kernels.cascade.triton.memory import FREE_SHARE
from weishang.kernels.graph.graph import Graph

INTERPRETED_MEMORY = 1 << 28
"""Bytes that are taken unasked of the CPU's memory, in the interpreter."""

_tiles: WeakKeyDictionary[Graph, int] = WeakKeyDictionary()


def spread(task: Task, device: torch.device, memory: int | None) -> Cascades:
    """Spread every cascade of the batch.

    Args:
        task: the batch.
        device: a CUDA device, or the CPU in the interpreter.
        memory: bytes for the working arrays; None takes a share of what is free.

    Raises:
        ValueError: the memory does not hold one cascade.
    """
    # Kernels are launched on the present device.
    present = torch.cuda.device(device) if device.type == "cuda" else nullcontext()
    with torch.inference_mode(), present:
        memory = _free(device) if memory is None else memory
        if not task.plain:
            return multilayer_chunk.spread(task, device, memory)
        layers = [on_device(graph, device) for graph in task.graphs]
        tiles = max(_count_tiles(graph) for graph in task.graphs)
        rows = _rows_a_part(task, tiles, memory)
        buffers, launches = DeviceBuffers(task, rows, tiles, device), Launches.on(device)
        parts = [
            Part(task.rows(first, first + rows), layers, buffers, launches).spread()
            for first in range(0, max(task.num_cascades, 1), rows)
        ]
        return Cascades.joined(parts)


def _free(device: torch.device) -> int:
    """Bytes that are taken unasked, of those free and those that torch holds in reserve."""
    if device.type != "cuda":
        return INTERPRETED_MEMORY
    reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(FREE_SHARE * (torch.cuda.mem_get_info(device)[0] + reserve))


def _count_tiles(graph: Graph) -> int:
    """Tiles of a graph's long rows, counted once."""
    if graph not in _tiles:
        _tiles[graph] = count_tiles(graph.degrees)
    return _tiles[graph]


def _rows_a_part(task: Task, tiles: int, memory: int) -> int:
    """Rows that the memory holds at once, the parts about equal; at least 1."""
    row_bytes = DeviceBuffers.bytes_of_row(task, tiles) + tables.bytes_of_row(task)
    if memory < row_bytes:
        raise ValueError(
            f"memory is {memory} bytes, but one cascade on {task.num_nodes} nodes takes "
            f"{row_bytes}; give at least that"
        )
    parts = -(-task.num_cascades // (memory // row_bytes))
    return -(-max(task.num_cascades, 1) // max(parts, 1))
