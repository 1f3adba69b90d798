"""Hold the backends of a device to the contract, the reference and numba, and tell what differs."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from weishang.experiments.console.progress import stage
from weishang.experiments.diagnostics.device_checks import (
    KNOWN,
    Case,
    Spread,
    large_cases,
    small_case,
)
from weishang.kernels import Cascades, Graph, propagate

CUT_BYTES, CUT_BYTES_A_NODE = 2 << 20, 64
"""Working memory of the cases that go in parts: a few cascades at once, whatever the backend."""

MOST_TOLD = 300
"""Letters of an error that stand in a table."""
COLUMNS = ["backend", "check", "against", "cases", "passed", "seconds", "told"]


def check_all(
    backends: Mapping[str, Mapping[str, Any]], graph: Graph, small: int, cascades: int, seed: int
) -> pd.DataFrame:
    """Hold each backend to the known answers, to the reference and to numba.

    Args:
        backends: options of `propagate`, by name.
        graph: the large one.
        small: random small cases.
        cascades: of a large case that only counts.
        seed: of the cases.

    Returns:
        One row a backend and check: against, cases, passed, seconds, and what is told of a fault.
    """
    engines = {name: partial(propagate, **options) for name, options in backends.items()}
    numba, rows = partial(propagate, backend="numba"), []
    cases = list(large_cases(graph, cascades, seed))
    with stage("checks", len(engines) * (len(KNOWN) + 1) + len(cases)) as advance:
        for name, engine in engines.items():
            for knows in KNOWN:
                check = knows.__name__.replace("_", " ")
                rows.append(_row(name, check, "the contract", 1, partial(_unknown, knows, engine)))
                advance()
            ask = partial(_fault_of_small, engine, small, seed)
            rows.append(_row(name, "random cases", "reference", small, ask))
            advance()
        for case in cases:
            expected = case.run(numba)
            memory = {"memory": CUT_BYTES + CUT_BYTES_A_NODE * graph.num_nodes} if case.cut else {}
            for name, engine in engines.items():
                ask = partial(_fault_of_large, case, partial(engine, **memory), expected)
                rows.append(_row(name, f"large: {case.name}", "numba", 1, ask))
            advance()
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    backend: str, check: str, against: str, cases: int, ask: Callable[[], str]
) -> tuple[Any, ...]:
    """Ask for a fault, "" if there is none; an error of any kind is a fault, and is told."""
    start = time.perf_counter()
    try:
        told = ask()
    except Exception as error:
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"[:MOST_TOLD]
    return backend, check, against, cases, not told, time.perf_counter() - start, told


def _unknown(knows: Callable[[Spread], bool], engine: Spread) -> str:
    return "" if knows(engine) else "differs from the contract"


def _fault_of_small(engine: Spread, cases: int, seed: int) -> str:
    """The first random case whose result differs from the reference's."""
    reference = partial(propagate, backend="reference")
    for number in range(cases):
        case = small_case(np.random.default_rng((seed, number)))
        if not case.run(engine).equals(case.run(reference)):
            return f"case {number} of seed {seed} differs from reference"
    return ""


def _fault_of_large(case: Case, engine: Spread, expected: Cascades) -> str:
    return "" if case.run(engine).equals(expected) else "differs from numba"
