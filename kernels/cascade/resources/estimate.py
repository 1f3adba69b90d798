"""What a batch of cascades takes at its peak, on the host and on a device, before it is run.

An upper estimate: everyone is taken to be reached unless `reach` says otherwise. What a backend's
own arrays take is estimated in the backend's `memory` module.
"""

from dataclasses import dataclass

from weishang.kernels.cascade.core.memory import Batch, Work

FIXED_BYTES = 32 << 20
"""Blocks in flight, and what an interpreter and its threads allocate on the way."""

KILO = 1000
UNITS = ("kB", "MB", "GB", "TB")


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
        """Of the host, what a run adds to a graph that is already loaded."""
        return self.work + self.result

    @property
    def host(self) -> int:
        """Of the host, in all."""
        return self.graph + self.beyond_graph


def need_of(batch: Batch, own: Work) -> Need:
    """What a batch takes on a backend whose own arrays are `own`."""
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
