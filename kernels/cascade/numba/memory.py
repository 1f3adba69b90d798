"""What the numba backend's own arrays take."""

from weishang.kernels.cascade.core.memory import Batch, Work
from weishang.kernels.cascade.numba.backend import PARTS_PER_THREAD
from weishang.kernels.cascade.numba.graph_only import count, single_cascade
from weishang.kernels.cascade.numba.multilayer.batch import memory_bytes

LINE_BYTES, LINES_AHEAD = 48, 16
"""A level of a cascade, and the levels for which room is made ahead."""
OFFSET_BYTES = 4
"""A node's row offset, kept beside the graph in a narrower type."""
PLACE_BYTES, GROWING_BYTES = 4, 192
"""Where nodes are remembered: a node, and a reached one in lists that double as they grow.
Measured: 187."""
HIT_BYTES, PERSON_BYTES = 40, 72
"""In layers of any kind, a reached node in the lists of a hop; among the people that a thread keeps
until its part of the batch is done, in a list that doubles as it grows."""
EVENT_BYTES = 24
"""There, a reached node from the end of its part until events are laid out; they are already in
order. Measured: 60 to 62, the events included."""


def estimate(batch: Batch, *, threads: int, device: str, memory: int | None) -> Work:
    """What a thread remembers of the nodes, and lines of counts; `device` and `memory` are ignored.

    Args:
        batch: its size.
        threads: workers.
    """
    lines = LINE_BYTES * (LINES_AHEAD + batch.levels) * batch.cascades
    if batch.layered:
        workers = min(threads, batch.cascades)
        part = -(-batch.cascades // (PARTS_PER_THREAD * threads)) if batch.events else 1
        people = round((PERSON_BYTES * part + HIT_BYTES) * batch.mean_reach)
        each = memory_bytes(batch.num_nodes, batch.groups) + people
        return Work(workers * each + lines, workers, sorting=EVENT_BYTES)
    lines += OFFSET_BYTES * batch.num_nodes * batch.layers
    replicas = 1
    if not batch.only_counts:
        each = PLACE_BYTES * batch.num_nodes + round(GROWING_BYTES * batch.mean_reach)
    elif batch.cascades < threads:
        own = single_cascade.memory_bytes(batch.num_nodes, batch.mean_reach, threads)
        return Work(own + lines, 1)
    else:
        replicas = count.replicas_of(batch.num_nodes, batch.cascades, threads)
        each = count.state_bytes(batch.num_nodes, replicas)
    workers = min(threads, -(-batch.cascades // replicas))
    return Work(workers * each + lines, workers * replicas)
