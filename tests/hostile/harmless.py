"""Harmless inputs, one for each command: what a hostile input costs is a multiple of theirs."""

import shutil
from pathlib import Path

from hostile_case import PEOPLE, Case, run_options, written
from hostile_made import FINISHED, OUT, SWEEP, SWEPT, rewritten, sweep_words

EDGES = 900_000
"""As many lines as the longest hostile list that is read to its end."""
KEYS = 100_000
"""Keys of the manifest: a hostile one has more, and is read all the same."""


def cases() -> dict[str, Case]:
    """By command, a case with nothing wrong in it; it ends with exit code 0."""
    return {
        make.__name__.strip("_"): Case(f"harmless {make.__name__.strip('_')}", make, "")
        for make in (_estimate, _run, _verify, _sweep, _gather)
    }


def _estimate(common: Path) -> list[str]:
    edges = "".join(f"{at % PEOPLE} {at % 399}\n" for at in range(EDGES))
    return ["estimate", "--graph", str(written("edges.txt", edges.encode()))]


def _run(common: Path) -> list[str]:
    people = "".join(f"{node},{node % 8}\n" for node in range(PEOPLE))
    nodes = written("nodes.csv", f"node,interest\n{people}".encode())
    return [*run_options(common), "--nodes", str(nodes), "--out", str(OUT)]


def _verify(common: Path) -> list[str]:
    shutil.copytree(common / "finished", OUT)
    more = {str(number): 0 for number in range(KEYS)}
    rewritten(FINISHED / "manifest.json", lambda record: record.update(more=more))
    return ["verify", str(OUT)]


def _sweep(common: Path) -> list[str]:
    shutil.copytree(common / "swept", OUT)
    return sweep_words(common / SWEEP)


def _gather(common: Path) -> list[str]:
    shutil.copytree(common / "swept", OUT)
    return ["gather", str(SWEPT)]
