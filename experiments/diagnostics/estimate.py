"""What memory a run of cascades takes, before it starts: of the host and of the device.

Command: weishang estimate [--graph FILE | --users N --friends MEAN] [--cascades C] ..; it takes
as long as reading the file. Exit code 1 where the run does not fit.

The numbers are upper bounds: everyone is taken to be reached unless --reach says otherwise.
"""

import dataclasses
from pathlib import Path
from typing import Annotated, NamedTuple

import pandas as pd
import typer

from weishang.experiments.console.exit_codes import FAILED
from weishang.experiments.console.output import say, show
from weishang.experiments.console.progress import stage
from weishang.experiments.storage import manifest
from weishang.kernels import Graph
from weishang.kernels.cascade import registry
from weishang.kernels.cascade.core.memory import USUAL_LEVELS, Batch
from weishang.kernels.cascade.resources.estimate import Need, in_words
from weishang.kernels.cascade.triton import chosen_unasked
from weishang.kernels.graph.validation import MAX_NODES
from weishang.kernels.runtime import free_memory
from weishang.model.society.parameters import SocietyParameters

RECORDS = ("counts", "events")
UNKNOWN = "unknown"
UNCERTAIN = "It may fit, but how much of some of the memory is free is unknown."


class Room(NamedTuple):
    """Bytes free on the host and the device; None where that is unknown."""

    host: int | None
    device: int | None


def estimate(
    graph: Annotated[
        Path | None, typer.Option(help="Undirected edge list, plain or gzipped.")
    ] = None,
    users: Annotated[
        int, typer.Option(min=1, max=MAX_NODES, help="Nodes, without a file.")
    ] = 1_000_000,
    friends: Annotated[
        float, typer.Option(min=0.0, help="Friends a node on average, without a file.")
    ] = SocietyParameters().mean_friends,
    cascades: Annotated[int, typer.Option(min=1, help="Cascades of the batch.")] = 64,
    backend: Annotated[str, typer.Option(help="auto, reference, numba, torch or triton.")] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of a CPU; all cores without it.")
    ] = None,
    device: Annotated[str, typer.Option(help="Of torch: cpu or cuda.")] = "cpu",
    record: Annotated[str, typer.Option(help="counts or events.")] = "counts",
    doses: Annotated[int, typer.Option(min=1, help="Exposures told apart.")] = 1,
    hops: Annotated[int, typer.Option(min=0, help="Levels of the result.")] = USUAL_LEVELS,
    reach: Annotated[
        float | None, typer.Option(min=0.0, help="People a cascade reaches; all without it.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(min=1, help="Bytes that torch or triton may work in.")
    ] = None,
) -> None:
    """Report what memory a run takes, and whether it fits or what would."""
    room = Room(free_memory.host_bytes(), free_memory.device_bytes())
    size = _size(graph, users, friends)
    batch = dataclasses.replace(
        size,
        cascades=cascades,
        events=_one_of(record, RECORDS, "record") == "events",
        doses=doses,
        levels=hops,
        reach=reach,
    )
    run = Run(_backend(backend), threads or manifest.usable_cores(), device, memory)
    need = run.need(batch)
    say(f"{cascades:,} cascades, {batch.num_nodes:,} nodes, {batch.num_edges:,} directed edges")
    show(table(need, room), f"Memory with {run.backend}")
    say(verdict(run, batch, room))
    if not fits(need, room):
        raise typer.Exit(FAILED)


class Run(NamedTuple):
    """How a batch would be run."""

    backend: str
    threads: int = 1
    device: str = "cpu"
    memory: int | None = None

    def need(self, batch: Batch) -> Need:
        """What it takes then."""
        return registry.estimate(
            self.backend, batch, threads=self.threads, device=self.device, memory=self.memory
        )


def table(need: Need, room: Room) -> pd.DataFrame:
    """One row per part of the need, with what is free on the host and the device."""
    rows = [
        ("host: graph", in_words(need.graph), ""),
        ("host: working arrays", in_words(need.work), ""),
        ("host: result", in_words(need.result), ""),
        ("host in all", in_words(need.host), _in_words(room.host)),
    ]
    if need.device:
        rows.append(("device", in_words(need.device), _in_words(room.device)))
    rows.append(("cascades at once", f"{need.rows:,}", ""))
    return pd.DataFrame(rows, columns=["of", "needed, at most", "left now"])


def fits(need: Need, room: Room) -> bool:
    """Whether what is free is enough; memory that is unknown is assumed to be enough."""
    return (room.host is None or need.host <= room.host) and (
        room.device is None or need.device <= room.device
    )


def verdict(run: Run, batch: Batch, room: Room) -> str:
    """One line: that it fits, or what would."""
    most = largest_batch(run, batch, room)
    if most >= batch.cascades:
        return "It fits." if _all_known(run.need(batch), room) else UNCERTAIN
    if most == 0:
        least = run.need(dataclasses.replace(batch, cascades=1))
        device = f" and {in_words(least.device)} of a device" if least.device else ""
        return f"It does not fit: one cascade alone takes up to {in_words(least.host)}{device}."
    calls = -(-batch.cascades // most)
    return f"It does not fit at once: at most {most:,} cascades a call would, in {calls:,} calls."


def largest_batch(run: Run, batch: Batch, room: Room) -> int:
    """The most cascades, up to the batch's own, that fit in one call; 0 where one is too many."""

    def fit(cascades: int) -> bool:
        return fits(run.need(dataclasses.replace(batch, cascades=cascades)), room)

    if fit(batch.cascades):
        return batch.cascades
    low, high = 0, batch.cascades
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fit(middle) else (low, middle)
    return low


def _all_known(need: Need, room: Room) -> bool:
    """Whether what is left is known of all that is needed."""
    return room.host is not None and (room.device is not None or not need.device)


def _size(graph: Path | None, users: int, friends: float) -> Batch:
    """Nodes and directed edges of the file's graph, or of one that is described."""
    if graph is None:
        return Batch(users, round(users * friends))
    with stage(f"read {graph.name}"):
        read = Graph.from_edge_list(graph, directed=False)
    return Batch(read.num_nodes, read.num_edges, weighted=read.weights is not None)


def _backend(name: str) -> str:
    if name == "auto":
        return "triton" if chosen_unasked() else "numba"
    return _one_of(name, ("auto", *registry.BACKENDS), "backend")


def _one_of(value: str, choices: tuple[str, ...], name: str) -> str:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; give one of {', '.join(choices)}")
    return value


def _in_words(size: int | None) -> str:
    return UNKNOWN if size is None else in_words(size)
