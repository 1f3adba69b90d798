"""The benchmark's tables out of its measurements, with what a reader must know of each."""

import pandas as pd

from weishang.experiments.bench import claims as bench_claims
from weishang.experiments.bench import figures, scaling
from weishang.experiments.bench.checks import (
    BASELINE,
    BOUND,
    EXACT_HOPS,
    FALSE_ALARM,
    LEAST_CHECKED,
    MEAN_ALARM,
    MOST_CHECKED,
)
from weishang.experiments.bench.common.graphs import PUBLIC_GRAPHS, public_files
from weishang.experiments.bench.common.timing import REPETITIONS, of_ours, spread
from weishang.experiments.bench.contenders.contenders import (
    BYTES_A_NODE,
    BYTES_AN_EDGE,
    CONTENDERS,
    SLOW_NODES,
)
from weishang.experiments.bench.start import START_CASCADES, START_P
from weishang.experiments.storage import manifest
from weishang.experiments.storage.codebook import Entry, add_codebook
from weishang.experiments.storage.report import Report

SETTING = ["nodes", "edges", "p"]
CALL = ["graph", *SETTING, "replicas"]

CLAIM_NOTES = """\
Bars were fixed before the measurement. Medians, from the tables below. "not run": a program
or a graph is not there, or the run was a small one. Machine: {cpu}, threads: {threads}."""
SPEED_NOTES = """\
Medians of {repetitions} interleaved measurements of about {seconds:g} s, with the smallest and the
largest; ratio: cascades a second of numba over the program's. Reach: people a cascade, seeds not
counted; ns_a_person: wall time for each of them. Threads where a program uses them: {threads}.
igraph, graphblas and torch.sparse have no cascade: they search a graph of live edges drawn with
NumPy for each cascade. Programs that take seconds a cascade on more run on {slow_nodes:,} nodes at
most. torch may take as much memory as the limit below."""
CALL_NOTES = """\
Milliseconds for one call of exactly so many replicas; short calls are repeated with other seeds.
Medians of {repetitions} interleaved measurements; ratio: the program's time over numba's. Public
graphs are undirected, without repeats. {absent}"""
START_NOTES = """\
Seconds of a fresh process that imports, reads an edge list and runs {cascades:,} cascades to their
end, p = {p:g}. cached: compiled code is there; first ever: its folder is empty."""
GROWTH_NOTES = """\
numba on a ring with chance ties, ten a node; wall nanoseconds for each person reached, threads:
{threads}. bound: the random reads alone (see below), each from an array of the graph's size.
Backends were held against each other in {hops} hops at each size. The figure marks where the graph
is as large as a cache."""
BOUND_NOTES = """\
Nanoseconds of wall time for each person reached, threads: {threads}. exposures: live slots for
each. bound: one random read of a row offset and one of a word of seen bits for each person, and one
of a target for each exposure, each as fast as independent reads from an array of that size (table
below). Random words, counting and all that is read in order are not in it."""
GATHER_NOTES = """\
Wall nanoseconds of one of many independent random reads, all threads together. 64 MB: words of 8
bytes; the others: the arrays of the largest generated graph."""
CHECK_NOTES = """\
Reach against numba's over {baseline} cascades: the mean in standard errors of the difference, the
law by the largest distance between distribution functions (Kolmogorov and Smirnov) and the chance
of one so large. The run stops at {bound} errors or a chance below {alarm:g}: by luck alone in one
of {once:,} runs with as many rows. {least} to {most:,} cascades a program; what is timed of pynetim
gives a mean alone, held to the same bound, and the law is that of its single runs. Our backends
equal the reference in every event of {hops} hops and each other in all counts of whole cascades."""
MEMORY_NOTES = """\
Peak of resident memory beyond the graph while one batch runs, in a process of its own. Limit:
{edge} bytes a directed edge and {node} a node."""

TITLES = {
    "speed": "Cascades a second",
    "calls": "Milliseconds a call",
    "start": "Time to the first result",
    "growth": "Cost against the number of nodes",
    "bound": "Cost against random reads alone",
    "gather": "Random reads",
    "checks": "Results held against each other",
    "memory": "Memory",
}
"""The tables that measurements make, in order, and their headings."""


def save(report: Report, rows: dict[str, pd.DataFrame], seconds: float, threads: int) -> None:
    """Write every table and figure of a run.

    Args:
        report: takes them.
        rows: measurements by name: repetitions, calls, start, growth, bound, gather, checks,
            memory.
        seconds: of one measurement of speed.
        threads: that programs could use.
    """
    report.data("repetitions", rows["repetitions"])
    report.data("call_repetitions", rows["calls"])
    made = rows | {
        "speed": speed_table(rows["repetitions"], threads),
        "calls": calls_table(rows["calls"], threads),
        "start": start_table(rows["start"]),
    }
    told = {"cpu": manifest.cpu_model(), "threads": threads}
    sources = [made[name] for name in ("speed", "calls", "start", "growth", "bound")]
    report.table("claims", bench_claims.claims(*sources), "Claims", CLAIM_NOTES.format(**told))
    notes = _notes(made, seconds, threads)
    for name, title in TITLES.items():
        report.table(name, made[name], title, notes[name])
    report.table("caches", scaling.data_caches(), "Caches of data, bytes a core reaches")
    add_codebook(report, COLUMNS)
    report.figure("speed_by_program", figures.draw_speed, "speed")
    report.figure("cost_by_probability", figures.draw_cost, "speed", "bound")
    report.figure("cost_by_nodes", figures.draw_growth, "growth", "caches")


def speed_table(repetitions: pd.DataFrame, threads: int) -> pd.DataFrame:
    """Cascades a second and ns a person of every program in every setting, the absent ones last.

    Args:
        repetitions: as `run_setting` gives them, of settings whose speed was measured.
        threads: that programs could use.
    """
    people = repetitions["units"] * repetitions["mean_reach"]
    timed = repetitions.assign(
        speed=repetitions["units"] / repetitions["seconds"],
        ns_a_person=1e9 * repetitions["seconds"] / people,
    )
    keys = [*SETTING, "program"]
    speed = spread(timed, keys, "speed")
    speed["ratio"] = of_ours(speed, SETTING) / speed["median"]
    means = timed.groupby(keys, sort=False).agg(
        mean_reach=("mean_reach", "mean"), ns_a_person=("ns_a_person", "median")
    )
    line_up = _line_up(threads)
    absent = line_up[~line_up["program"].isin(speed["program"])]
    return pd.concat([speed.merge(means.reset_index()).merge(line_up), absent])


def calls_table(calls: pd.DataFrame, threads: int) -> pd.DataFrame:
    """Milliseconds a call of every program in every setting, and how many times ours that is.

    Args:
        calls: as `run_setting` gives them.
        threads: that programs could use.
    """
    timed = calls.assign(milliseconds=1e3 * calls["seconds"] / calls["units"])
    table = spread(timed, [*CALL, "program"], "milliseconds")
    table["ratio"] = table["median"] / of_ours(table, CALL)
    return table.merge(_line_up(threads))


def start_table(start: pd.DataFrame) -> pd.DataFrame:
    """Seconds to the first result, compiled code there or not.

    Args:
        start: graph, nodes, compiled_code, seconds; a row a process.
    """
    return spread(start, ["graph", "nodes", "compiled_code"], "seconds")


def _line_up(threads: int) -> pd.DataFrame:
    """Every contender with its version, the absent ones too."""
    rows = [(one.name, one.version(), threads if one.parallel else 1) for one in CONTENDERS]
    return pd.DataFrame(rows, columns=["program", "version", "threads"])


def _notes(made: dict[str, pd.DataFrame], seconds: float, threads: int) -> dict[str, str]:
    """What stands below each table."""
    alarms = len(made["checks"]) * (FALSE_ALARM + MEAN_ALARM)
    missing = [f"{name}.txt" for name in PUBLIC_GRAPHS if name not in public_files()]
    absent = f"Not in ../shared/graphs, so not run: {', '.join(missing)}." if missing else ""
    return {
        "speed": SPEED_NOTES.format(
            repetitions=REPETITIONS, seconds=seconds, threads=threads, slow_nodes=SLOW_NODES
        ),
        "calls": CALL_NOTES.format(repetitions=REPETITIONS, absent=absent),
        "start": START_NOTES.format(cascades=START_CASCADES, p=START_P),
        "growth": GROWTH_NOTES.format(hops=scaling.CHECKED_HOPS, threads=threads),
        "bound": BOUND_NOTES.format(threads=threads),
        "gather": GATHER_NOTES,
        "checks": CHECK_NOTES.format(
            baseline=BASELINE,
            bound=BOUND,
            alarm=FALSE_ALARM,
            once=int(1 / alarms),
            least=LEAST_CHECKED,
            most=MOST_CHECKED,
            hops=EXACT_HOPS,
        ),
        "memory": MEMORY_NOTES.format(edge=BYTES_AN_EDGE, node=BYTES_A_NODE),
    }


_GRAPH: dict[str, Entry] = {
    "graph": ("name", "generated, or the file's of a public graph"),
}
_SETTING: dict[str, Entry] = {
    "nodes": ("nodes", "of the graph"),
    "edges": ("directed edges", "of the graph; a tie is two"),
    "p": ("probability", "of the independent cascade, on each edge"),
}
_PROGRAM: dict[str, Entry] = {"program": ("name", "of the backend or other program")}
_LINE_UP: dict[str, Entry] = {
    "version": ("text", "of the program, or why it is absent"),
    "threads": ("threads", "that the program could use"),
}
_REPLICAS: dict[str, Entry] = {"replicas": ("cascades", "of one call")}
_REACH: dict[str, Entry] = {"mean_reach": ("people a cascade", "reached, seeds not counted")}


def _range(unit: str, what: str) -> dict[str, Entry]:
    return {
        "median": (unit, f"{what}, median over repetitions"),
        "min": (unit, "smallest of them"),
        "max": (unit, "largest of them"),
    }


def _timed(units: str) -> dict[str, Entry]:
    return {
        **_PROGRAM,
        "repetition": ("number", "of the measurement, from 0; programs take turns in each"),
        "units": (units, "run in the measurement"),
        "seconds": ("seconds", "wall time of the measurement"),
        **_REACH,
    }


COLUMNS: dict[str, dict[str, Entry]] = {
    "repetitions": {**_GRAPH, **_SETTING, **_timed("cascades")},
    "call_repetitions": {**_GRAPH, **_SETTING, **_REPLICAS, **_timed("calls")},
    "claims": {
        "claim": ("text", "what is measured"),
        "bar": ("text", "at least or at most so much, fixed before the measurement"),
        "measured": ("times, or as the claim says", "from the other tables; empty if not run"),
        "met": ("name", "yes, no or not run"),
    },
    "speed": {
        **_SETTING,
        **_PROGRAM,
        **_range("cascades a second", "speed"),
        "ratio": ("times", "median of numba over that of the program"),
        **_REACH,
        "ns_a_person": ("nanoseconds", "wall time for each person reached, median"),
        **_LINE_UP,
    },
    "calls": {
        **_GRAPH,
        **_SETTING,
        **_REPLICAS,
        **_PROGRAM,
        **_range("milliseconds", "wall time of one call"),
        "ratio": ("times", "median of the program over that of numba"),
        **_LINE_UP,
    },
    "start": {
        "graph": ("name", "of the edge list that is read"),
        "nodes": _SETTING["nodes"],
        "compiled_code": ("name", "cached: it is there; first ever: its folder is empty"),
        **_range("seconds", "a fresh process to its first result"),
    },
    "growth": {
        **_SETTING,
        "graph_bytes": ("bytes", "of the graph's arrays"),
        "cascades": ("cascades", "of one measurement"),
        "share_reached": ("fraction", "of the nodes, mean over cascades"),
        **_range("nanoseconds", "wall time for each person reached"),
        "bound": ("nanoseconds", "for each person reached, the random reads alone"),
    },
    "bound": {
        **_SETTING,
        "exposures": ("live slots a person", "for each person reached"),
        "bound": ("nanoseconds", "for each person reached, the random reads alone"),
        "measured": ("nanoseconds", "for each person reached, numba, median"),
        "ratio": ("times", "measured over bound"),
    },
    "gather": {
        "array": ("name", "that is read: 64 MB, or one of the largest generated graph"),
        "bytes": ("bytes", "of the array"),
        "ns": ("nanoseconds", "wall time of one random read, all threads together"),
        "threads": ("threads", "that read at once"),
    },
    "checks": {
        **_GRAPH,
        **_SETTING,
        **_PROGRAM,
        "cascades": ("cascades", "that are held against numba's"),
        **_REACH,
        "errors_away": ("standard errors", "of the difference, between the mean and numba's"),
        "ks_distance": ("fraction", "largest distance of the distribution of reach from numba's"),
        "ks_p_value": ("probability", "of a distance so large by chance"),
    },
    "memory": {
        **_SETTING,
        **_PROGRAM,
        "cascades": ("cascades", "of the batch"),
        "peak_bytes": ("bytes", "resident memory at its peak, beyond the graph"),
        "bytes_an_edge": ("bytes a directed edge", "the same over the graph's edges"),
        "limit_bytes": ("bytes", "that a backend may take beyond the graph"),
        "within": ("yes or no", "the peak is not above the limit"),
    },
    "caches": {
        "level": ("number", "of the cache of data, 1 is the nearest"),
        "bytes": ("bytes", "that one core reaches"),
    },
}
"""What every column means, with its unit, by file."""
