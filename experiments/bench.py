"""Cascades a second and memory, side by side with other programs, results checked first.

Claim: the backends give the same cascades as the plain reference, and more of them a second than
programs in use; their memory stays within 8 bytes an edge and 16 a node beyond the graph.
Command: python -m weishang.experiments.bench [--quick] [--threads T] [--out DIR]; also
`weishang bench`. Runtime: 5 to 10 minutes on two cores, mostly other programs' graphs.
Output: DIR/bench/ with speed.csv, checks.csv, memory.csv, repetitions.parquet, table.md, figure.

No time is taken before the results agree: the backends exactly with the reference and each other,
other programs in mean reach. Repetitions are interleaved, so that a slow minute of the machine
meets all alike.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure
from numpy.typing import NDArray

from weishang.experiments import figures, manifest
from weishang.experiments.command import RESULTS, OutOption, SeedOption, run, show, stage
from weishang.experiments.contenders import (
    BYTES_A_NODE,
    BYTES_AN_EDGE,
    CONTENDERS,
    Run,
    memory_limit,
)
from weishang.experiments.peak_memory import peak_beyond_graph
from weishang.experiments.report import Report
from weishang.kernels import CascadeRule, Graph, independent_cascade, propagate

TIES = 10
"""Ties drawn a node; repeats and loops go, and some 9.2 edges a node stay."""
NEAR = 20
"""Half of the ties end within so many ids."""
TAIL = 2.5
"""Pareto index of sociability: a node's chance to be an end of a tie."""
NUM_SEEDS = 10

REPETITIONS = 5
BASELINE = 256
"""Cascades of our own that the others' means are held against."""
LEAST_CHECKED = 8
LEAST_AT_ONCE = 32
"""Cascades of the batches whose memory is measured, however slow."""
BOUND = 4.5
"""Standard errors that a mean may be away: by chance 7 in a million comparisons."""
EXACT_HOPS = 2
EXACT_CASCADES = 3

OURS = "numba"
MOST_SEED = 1 << 31
"""Other programs take seeds of 32 bits."""


@dataclass(frozen=True)
class Scale:
    """How large and how long.

    Attributes:
        graphs: nodes, and the probabilities run on them.
        seconds: aimed at for one measurement.
    """

    graphs: tuple[tuple[int, tuple[float, ...]], ...]
    seconds: float


FULL = Scale(((1_000_000, (0.02, 0.05, 0.1)), (100_000, (0.05,))), 1.0)
QUICK = Scale(((20_000, (0.05,)), (2_000, (0.1,))), 0.02)

SPEED_NOTES = """\
Medians of {repetitions} interleaved measurements of about {seconds:g} s, with the smallest and the
largest; ratio: cascades a second of numba over the program's. Reach: people a cascade, seeds not
counted. Machine: {cpu}; {threads} threads where a program uses them. Programs that keep Python
objects a node run on the smaller graph alone. torch may take as much memory as the limit below."""
CHECK_NOTES = """\
Mean reach against numba's over {baseline} cascades, in standard errors of the difference; the run
stops at {bound}. Our backends equal the reference in every event of {hops} hops and each other in
every count of whole cascades."""
MEMORY_NOTES = """\
Peak of resident memory beyond the graph while one batch runs, in a process of its own. Limit:
{edge} bytes a directed edge and {node} a node."""


def bench(
    seed: SeedOption = 2026,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads a program may use; all cores without it.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Small graphs, for a trial.")] = False,
    out: OutOption = RESULTS,
) -> None:
    """Compare speed and memory with other programs, results checked first."""
    if not 0 <= seed < MOST_SEED:
        raise ValueError(f"seed is {seed}; give 0 .. {MOST_SEED - 1}, which every program takes")
    scale = QUICK if quick else FULL
    workers = manifest.usable_cores() if threads is None else threads
    title = "Cascades a second, side by side"
    with Report(
        "bench", out, title=title, parameters=asdict(scale), seed=seed, threads=workers
    ) as report:
        checks, repetitions, memory = _run_all(scale, seed, workers, report)
        report.data("repetitions", repetitions)
        _save_tables(report, checks, memory, scale.seconds, workers)
        report.figure("bench", draw, "speed")
        speed = report.saved("speed")
    show(speed, title)


def build_graph(num_nodes: int, rng: np.random.Generator) -> Graph:
    """An undirected graph with local ties and hubs: performance depends on both.

    Ties start at nodes drawn by Pareto weights; half end within `NEAR` ids, half at nodes drawn by
    the same weights. Loops and repeats are dropped.

    Args:
        num_nodes: N.
        rng: draws the weights and the ties.
    """
    sociability = np.cumsum(1.0 + rng.pareto(TAIL, num_nodes))
    half = TIES * num_nodes // 2

    def draw_nodes() -> NDArray[np.int64]:
        luck = rng.random(half) * sociability[-1]
        return np.searchsorted(sociability, luck, side="right").clip(max=num_nodes - 1)

    near, far = draw_nodes(), draw_nodes()
    beside = (near + rng.integers(-NEAR, NEAR + 1, half)) % num_nodes
    return Graph.from_edges(
        np.concatenate([near, far]),
        np.concatenate([beside, draw_nodes()]),
        num_nodes=num_nodes,
        directed=False,
        simple=True,
    )


def largest_hubs(graph: Graph) -> list[int]:
    """The seeds: nodes of the highest degree, smaller ids first among equals."""
    return np.argsort(-graph.degrees, kind="stable")[:NUM_SEEDS].tolist()


def check_exact(graph: Graph, seeds: Sequence[int], p: float, seed: int) -> None:
    """Hold our backends against the reference and each other, event by event.

    Raises:
        RuntimeError: they differ.
    """
    rule = CascadeRule(view=[p], share=np.ones((1, 3, 1)))
    backends = [one.name for one in CONTENDERS if one.ours]
    cascades = range(EXACT_CASCADES)
    for hops, record, first in ((EXACT_HOPS, "events", "reference"), (None, "counts", OURS)):
        expected, *others = (
            propagate(
                graph, rule, seeds, cascades, seed, max_hops=hops, backend=name, record=record
            )
            for name in dict.fromkeys([first, *backends])
        )
        if not all(expected.equals(other) for other in others):
            raise RuntimeError(f"backends differ at p = {p} on {graph.num_nodes} nodes: no times")


def check_means(
    runs: dict[str, Run], counts: dict[str, int], baseline: NDArray[np.int64], seed: int
) -> pd.DataFrame:
    """Hold every program's mean reach against ours.

    Args:
        runs: by name.
        counts: cascades to run, by name.
        baseline: people reached in cascades of ours, [BASELINE].
        seed: of the cascades.

    Returns:
        One row a program: cascades, mean, and standard errors between the mean and ours.

    Raises:
        RuntimeError: a mean is further away than `BOUND`.
    """
    ours, spread = float(baseline.mean()), float(baseline.std(ddof=1))
    rows = []
    for name, run_cascades in runs.items():
        mean = run_cascades(counts[name], seed)
        error = spread * np.sqrt(1 / baseline.size + 1 / counts[name])
        away = (mean - ours) / error if mean != ours else 0.0
        if not abs(away) <= BOUND:
            raise RuntimeError(f"{name} reaches {mean}, ours {ours}: {away:.1f} errors; no times")
        rows.append((name, counts[name], mean, away))
    return pd.DataFrame(rows, columns=["program", "cascades", "mean_reach", "errors_away"])


def calibrate(run_cascades: Run, seconds: float, seed: int) -> int:
    """Cascades that take about so many seconds; doubled, as some gain from large batches."""
    cascades = 1
    while True:
        start = time.perf_counter()
        run_cascades(cascades, seed)
        if time.perf_counter() - start >= 0.7 * seconds:
            return cascades
        cascades *= 2


def measure(runs: dict[str, Run], counts: dict[str, int], seed: int) -> pd.DataFrame:
    """Cascades a second of every program, in turn, `REPETITIONS` times."""
    rows = []
    for repetition in range(REPETITIONS):
        for name, run_cascades in runs.items():
            start = time.perf_counter()
            run_cascades(counts[name], seed + repetition)
            took = time.perf_counter() - start
            rows.append((name, repetition, counts[name], took, counts[name] / took))
    columns = ["program", "repetition", "cascades", "seconds", "cascades_per_second"]
    return pd.DataFrame(rows, columns=columns)


def summarise(repetitions: pd.DataFrame) -> pd.DataFrame:
    """Median, smallest and largest speed of every program, and ours over it."""
    keys = ["nodes", "edges", "p", "program"]
    speed = (
        repetitions.groupby(keys, sort=False)["cascades_per_second"]
        .agg(["median", "min", "max"])
        .reset_index()
    )
    ours = speed[speed["program"] == OURS].set_index(keys[:-1])["median"]
    own = ours.reindex(pd.MultiIndex.from_frame(speed[keys[:-1]])).to_numpy()
    return speed.assign(ratio=own / speed["median"])


def draw(speed: pd.DataFrame) -> Figure:
    """Speeds by graph and probability, one colour a program, on a logarithmic axis."""
    figure, axes = figures.canvas(height=3.6)
    speed = speed.dropna(subset="median")
    settings = list(dict.fromkeys(zip(speed["nodes"], speed["p"], strict=True)))
    programs = list(dict.fromkeys(speed["program"]))
    places = figures.dodge(range(len(settings)), len(programs))
    for number, name in enumerate(programs):
        of_it = speed[speed["program"] == name]
        where = [settings.index(key) for key in zip(of_it["nodes"], of_it["p"], strict=True)]
        errors = [of_it["median"] - of_it["min"], of_it["max"] - of_it["median"]]
        axes.errorbar(places[number][where], of_it["median"], errors, fmt="o", ms=4, label=name)
    labels = [f"{nodes:,.0f} nodes\np = {p:g}" for nodes, p in settings]
    axes.set_yscale("log")
    axes.set_xticks(range(len(settings)), labels)
    axes.set(xlabel="graph and probability", ylabel="cascades a second (median, range)")
    axes.legend(ncols=len(programs), loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=7)
    return figure


def _run_all(scale: Scale, seed: int, threads: int, report: Report) -> tuple[pd.DataFrame, ...]:
    """Checks, measurements and memory of every graph and probability."""
    settings = [(nodes, p) for nodes, many in scale.graphs for p in many]
    parts = []
    with stage("bench", len(settings)) as advance:
        for nodes, p in settings:
            graph = build_graph(nodes, np.random.default_rng(seed))
            report.graph_hash = report.graph_hash or graph.fingerprint()
            checks, timed = _run_setting(graph, p, scale.seconds, seed, threads)
            largest = nodes == scale.graphs[0][0]
            memory = _measure_memory(graph, p, timed, threads) if largest else pd.DataFrame()
            key = {"nodes": nodes, "edges": graph.num_edges, "p": p}
            parts.append([_labelled(frame, key) for frame in (checks, timed, memory)])
            advance()
    return tuple(pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))


def _run_setting(
    graph: Graph, p: float, seconds: float, seed: int, threads: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check, then measure, one probability on one graph."""
    seeds = largest_hubs(graph)
    check_exact(graph, seeds, p, seed)
    baseline = independent_cascade(graph, seeds, p, BASELINE, seed).reach.sum(axis=1)
    runs = {
        one.name: one.prepare(graph, seeds, p, threads)
        for one in CONTENDERS
        if graph.num_nodes <= (one.most_nodes or graph.num_nodes) and not one.absence()
    }
    counts = {name: calibrate(one, seconds, seed) for name, one in runs.items()}
    least = {name: max(LEAST_CHECKED, count) for name, count in counts.items()}
    return check_means(runs, least, baseline, seed + 1), measure(runs, counts, seed)


def _measure_memory(graph: Graph, p: float, timed: pd.DataFrame, threads: int) -> pd.DataFrame:
    """Peak of each of our backends in a batch at least as large as the timed ones."""
    limit = memory_limit(graph)
    cascades = timed.groupby("program")["cascades"].first()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.npz"
        np.savez(file, indptr=graph.indptr, indices=graph.indices)
        for name in (one.name for one in CONTENDERS if one.ours):
            count = max(LEAST_AT_ONCE, int(cascades[name]))
            peak = peak_beyond_graph(file, name, p, count, largest_hubs(graph), threads)
            if peak is not None:
                rows.append((name, count, peak, peak / graph.num_edges, limit, peak <= limit))
    columns = ["program", "cascades", "peak_bytes", "bytes_an_edge", "limit_bytes", "within"]
    return pd.DataFrame(rows, columns=columns)


def _labelled(frame: pd.DataFrame, key: dict[str, Any]) -> pd.DataFrame:
    """Put the columns of a setting before a frame's own."""
    return pd.concat([pd.DataFrame([key] * len(frame), index=frame.index), frame], axis=1)


def _save_tables(
    report: Report, checks: pd.DataFrame, memory: pd.DataFrame, seconds: float, threads: int
) -> None:
    reach = checks[["nodes", "p", "program", "mean_reach"]]
    line_up = _line_up(threads)
    speed = summarise(report.saved("repetitions")).merge(reach).merge(line_up)
    absent = line_up[~line_up["program"].isin(speed["program"])]
    told = {"repetitions": REPETITIONS, "seconds": seconds, "threads": threads}
    notes = SPEED_NOTES.format(cpu=manifest.cpu_model(), **told)
    report.table("speed", pd.concat([speed, absent]), "Cascades a second", notes)
    checked = CHECK_NOTES.format(baseline=BASELINE, bound=BOUND, hops=EXACT_HOPS)
    report.table("checks", checks, "Results held against each other", checked)
    limits = MEMORY_NOTES.format(edge=BYTES_AN_EDGE, node=BYTES_A_NODE)
    report.table("memory", memory, "Memory", limits)


def _line_up(threads: int) -> pd.DataFrame:
    """Every contender with its version, the absent ones too."""
    rows = [(one.name, one.version(), threads if one.parallel else 1) for one in CONTENDERS]
    return pd.DataFrame(rows, columns=["program", "version", "threads"])


if __name__ == "__main__":
    run(bench)
