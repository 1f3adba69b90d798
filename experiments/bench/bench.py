"""Speed and memory, side by side with other programs, results checked first.

Claim: the backends give the same cascades as the plain reference, and more of them a second than
programs in use; a reached person costs little more than the machine's random reads; memory stays
within 8 bytes an edge and 16 a node beyond the graph.
Command: weishang bench [--quick] [--threads T] [--largest N] [--out DIR];
also `weishang bench`. Runtime: about 10 minutes on two cores, mostly other programs' graphs.
Output: DIR/bench/ with claims, speed, calls, start, growth, bound, gather, checks and memory as
CSV, all measurements as Parquet, table.md, figures.

No time is taken before the results agree: the backends exactly with the reference and each other,
other programs in mean and in law. Public graphs are read from ../shared/graphs beside the checkout,
where they are there.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from weishang.experiments.bench import tables as bench_tables
from weishang.experiments.bench.bound import bound_row, measure_reads
from weishang.experiments.bench.claims import GROWTH_FROM
from weishang.experiments.bench.common.graphs import build_graph, public_files
from weishang.experiments.bench.contenders.contenders import CONTENDERS
from weishang.experiments.bench.memory import measure_memory
from weishang.experiments.bench.scaling import measure_sizes
from weishang.experiments.bench.settings import Setting, labelled, run_setting
from weishang.experiments.bench.start import measure_start
from weishang.experiments.console.command import RESULTS, OutOption, SeedOption
from weishang.experiments.console.output import show
from weishang.experiments.console.progress import stage
from weishang.experiments.storage import manifest
from weishang.experiments.storage.report import Report
from weishang.kernels import Graph

GENERATED = "generated"
LARGE_CALLERS = ("numba", "torch", "triton", "cynetdiff")
PUBLIC_CALLERS = ("numba", "triton", "pynetim", "cynetdiff")
MOST_SEED = 1 << 31
"""Other programs take seeds of 32 bits."""


@dataclass(frozen=True)
class Scale:
    """How large and how long.

    Attributes:
        graphs: generated graphs: nodes, and the probabilities run on them.
        seconds: aimed at for one measurement of speed.
        large_calls: (nodes, p, replicas) of the call that is timed on a generated graph.
        public: probabilities, and replicas a call, on the public graphs.
        call_seconds: aimed at for one measurement of calls.
        sizes: nodes of the rings that the cost is followed on.
        starts: fresh processes that are timed with compiled code there.
        first_ever: whether one is timed without.
    """

    graphs: tuple[tuple[int, tuple[float, ...]], ...]
    seconds: float
    large_calls: tuple[int, float, int]
    public: tuple[tuple[float, ...], tuple[int, ...]]
    call_seconds: float
    sizes: tuple[int, ...]
    starts: int
    first_ever: bool


FULL = Scale(
    graphs=((1_000_000, (0.02, 0.05, 0.1)), (100_000, (0.05,))),
    seconds=0.5,
    large_calls=(1_000_000, 0.05, 64),
    public=((0.01, 0.05), (64, 4096)),
    call_seconds=0.3,
    sizes=(10_000, GROWTH_FROM, 1_000_000, 10_000_000, 30_000_000),
    starts=5,
    first_ever=True,
)
QUICK = Scale(
    graphs=((5_000, (0.05,)), (1_000, (0.1,))),
    seconds=0.02,
    large_calls=(5_000, 0.05, 8),
    public=((0.05,), (64,)),
    call_seconds=0.01,
    sizes=(1_000, 10_000),
    starts=1,
    first_ever=False,
)

Rows = defaultdict[str, list[pd.DataFrame]]
"""Rows gathered as the run goes, by the name of their table."""
Advance = Callable[[], None]


def bench(
    seed: SeedOption = 2026,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads a program may use; all cores without it.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Small graphs, for a trial.")] = False,
    largest: Annotated[
        int, typer.Option(help="Most nodes of the graphs for cost by size.")
    ] = 30_000_000,
    out: OutOption = RESULTS,
) -> None:
    """Compare speed and memory with other programs, results checked first."""
    if not 0 <= seed < MOST_SEED:
        raise ValueError(f"seed is {seed}; give 0 .. {MOST_SEED - 1}, which every program takes")
    scale = QUICK if quick else FULL
    scale = replace(scale, sizes=_sizes_up_to(scale.sizes, largest))
    workers = manifest.usable_cores() if threads is None else threads
    title = "Speed, side by side"
    with Report(
        "bench",
        out,
        title=title,
        parameters=asdict(scale),
        seed=seed,
        threads=workers,
        inputs=public_files().values(),
    ) as report:
        tables = _run_all(scale, seed, workers, report)
        bench_tables.save(report, tables, scale.seconds, workers)
        told = report.saved("claims")
    show(told, title)


def _sizes_up_to(sizes: tuple[int, ...], largest: int) -> tuple[int, ...]:
    """The sizes that are not above the largest that is asked for.

    Raises:
        ValueError: there are none.
    """
    if largest < min(sizes):
        raise ValueError(f"largest is {largest}; give at least {min(sizes)} nodes")
    return tuple(size for size in sizes if size <= largest)


def _run_all(scale: Scale, seed: int, threads: int, report: Report) -> dict[str, pd.DataFrame]:
    """Checks and measurements of everything, a table a name."""
    rows: Rows = defaultdict(list)
    settings = sum(len(many) for _, many in scale.graphs)
    public = len(public_files()) * len(scale.public[0])
    with stage("bench", settings + public + len(scale.sizes) + 1) as advance:
        _run_generated(scale, seed, threads, report, rows, advance)
        _run_public(scale, seed, threads, rows, advance)
        rows["growth"].append(measure_sizes(scale.sizes, scale.seconds, seed, threads, advance))
        rows["start"].append(measure_start(scale.starts, scale.first_ever, seed, threads))
        advance()
    return {name: pd.concat(frames, ignore_index=True) for name, frames in rows.items()}


def _run_generated(
    scale: Scale, seed: int, threads: int, report: Report, rows: Rows, advance: Advance
) -> None:
    """Speed on the generated graphs; memory and the bound on the largest."""
    for nodes, many in scale.graphs:
        graph = build_graph(nodes, np.random.default_rng(seed))
        largest = nodes == scale.graphs[0][0]
        if largest:
            report.graph_hash = graph.fingerprint()
            rows["gather"].append(measure_reads(graph, threads))
        for p in many:
            replicas = [scale.large_calls[2]] if scale.large_calls[:2] == (nodes, p) else []
            takers = [one for one in CONTENDERS if one.takes(graph)]
            setting = Setting(GENERATED, graph, p, takers, True, replicas, LARGE_CALLERS)
            _run_setting(setting, scale, seed, threads, rows)
            if largest:
                timed = rows["repetitions"][-1]
                bound = bound_row(graph, p, timed, rows["gather"][0], seed, threads)
                memory = measure_memory(graph, p, timed, threads)
                for name, frame in (("bound", bound), ("memory", memory)):
                    rows[name].append(labelled(frame, setting.size))
            advance()


def _run_public(scale: Scale, seed: int, threads: int, rows: Rows, advance: Advance) -> None:
    """Calls on the public graphs that are there."""
    probabilities, replicas = scale.public
    callers = [one for one in CONTENDERS if one.name in PUBLIC_CALLERS]
    for name, path in public_files().items():
        graph = Graph.from_edge_list(path, directed=False)
        takers = [one for one in callers if one.takes(graph)]
        for p in probabilities:
            setting = Setting(name, graph, p, takers, False, replicas, PUBLIC_CALLERS)
            _run_setting(setting, scale, seed, threads, rows)
            advance()


def _run_setting(setting: Setting, scale: Scale, seed: int, threads: int, rows: Rows) -> None:
    found = run_setting(setting, scale.seconds, scale.call_seconds, seed, threads)
    for name, frame in zip(("checks", "repetitions", "calls"), found, strict=True):
        rows[name].append(frame)
