"""What every column means in the results of bench, with its unit."""

from weishang.experiments.storage.codebook import Entry

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


def _spread(unit: str, what: str) -> dict[str, Entry]:
    return {
        "median": (unit, f"{what}, median over repetitions"),
        "min": (unit, "smallest of them"),
        "max": (unit, "largest of them"),
    }


def _repetitions(units: str) -> dict[str, Entry]:
    return {
        **_PROGRAM,
        "repetition": ("number", "of the measurement, from 0; programs take turns in each"),
        "units": (units, "run in the measurement"),
        "seconds": ("seconds", "wall time of the measurement"),
        **_REACH,
    }


TABLES: dict[str, dict[str, Entry]] = {
    "repetitions": {**_GRAPH, **_SETTING, **_repetitions("cascades")},
    "call_repetitions": {**_GRAPH, **_SETTING, **_REPLICAS, **_repetitions("calls")},
    "claims": {
        "claim": ("text", "what is measured"),
        "bar": ("text", "at least or at most so much, fixed before the measurement"),
        "measured": ("times, or as the claim says", "from the other tables; empty if not run"),
        "met": ("name", "yes, no or not run"),
    },
    "speed": {
        **_SETTING,
        **_PROGRAM,
        **_spread("cascades a second", "speed"),
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
        **_spread("milliseconds", "wall time of one call"),
        "ratio": ("times", "median of the program over that of numba"),
        **_LINE_UP,
    },
    "start": {
        "graph": ("name", "of the edge list that is read"),
        "nodes": _SETTING["nodes"],
        "compiled_code": ("name", "cached: it is there; first ever: its folder is empty"),
        **_spread("seconds", "a fresh process to its first result"),
    },
    "growth": {
        **_SETTING,
        "graph_bytes": ("bytes", "of the graph's arrays"),
        "cascades": ("cascades", "of one measurement"),
        "share_reached": ("fraction", "of the nodes, mean over cascades"),
        **_spread("nanoseconds", "wall time for each person reached"),
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
"""Columns by file."""
