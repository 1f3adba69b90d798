"""Runs `weishang` on hostile inputs, each in a process of its own, and measures what it takes.

Run as `python tests/hostile/victims.py FOLDER [PART OF A NAME ..]`: it prints a line of JSON a
case. What the commands import is imported once; then every case is a fork, so that a hundred take
no more than some seconds. The time of a case is its processor time with that of the imports
added, which on a machine that others use too says more than the clock does. One runs after the
other, for a neighbour on the same core adds to it.
"""

import contextlib
import functools
import gc
import importlib
import json
import os
import resource
import signal
import stat
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import hostile_checkpoints
import hostile_edges
import hostile_made
import hostile_nodes
import hostile_results
import hostile_sweeps
import hostile_toml
from hostile_case import GRAPH, Case, prepare

COMMANDS = ("cli", "estimate", "run", "verify", "sweep", "sweep_worker", "gather")
WALL_SECONDS = 60
"""A case that waits for something is ended then."""
CPU_SECONDS = 60
KIBIBYTE = 1024


def cases() -> list[Case]:
    """The whole corpus."""
    groups = (
        hostile_edges,
        hostile_nodes,
        hostile_toml,
        hostile_checkpoints,
        hostile_sweeps,
        hostile_results,
    )
    return [case for group in groups for case in group.cases()]


def run_all(folder: Path, wanted: list[str]) -> None:
    """Run the cases whose name holds one of the wanted texts; all without any."""
    chosen = [case for case in cases() if not wanted or any(text in case.name for text in wanted)]
    common = folder / "common"
    common.mkdir()
    imports = _warm(common)
    code, _, _ = _forked(folder, lambda: hostile_made.prepare(common))
    if code:
        raise RuntimeError(f"not prepared: {(folder / 'stderr').read_text()}")
    # What is there already stays shared with every fork.
    gc.freeze()
    for number, case in enumerate(chosen):
        place = folder / str(number)
        place.mkdir()
        print(json.dumps(_measured(case, place, common, imports)), flush=True)


def _warm(common: Path) -> float:
    """Import what the commands import; processor seconds that this took."""
    for name in COMMANDS:
        importlib.import_module(f"weishang.experiments.{name}")
    from weishang.experiments.storage import manifest
    from weishang.kernels import Graph

    seconds = time.process_time()
    # The code is what was imported: that someone edits a file meanwhile changes no case.
    manifest.source_digest = functools.cache(manifest.source_digest)
    manifest.source_digest()
    prepare(common)
    Graph.from_edge_list(common / GRAPH, directed=False)
    return seconds


def _measured(case: Case, own: Path, common: Path, imports: float) -> dict[str, object]:
    """What one case came to."""
    arguments = own / "arguments.json"
    made, _, _ = _forked(own, lambda: arguments.write_text(json.dumps(case.make(common))))
    if made:
        raise RuntimeError(f"{case.name} was not made: {(own / 'stderr').read_text()}")
    words = json.loads(arguments.read_text())
    before = _snapshot(own), _snapshot(common)
    code, usage, seconds = _forked(own, lambda: _weishang(words))
    return {
        "name": case.name,
        "told": case.told,
        "code": code,
        "stdout": (own / "stdout").read_text(errors="replace"),
        "stderr": (own / "stderr").read_text(errors="replace"),
        "unchanged": before == (_snapshot(own), _snapshot(common)),
        "bytes": usage.ru_maxrss * KIBIBYTE,
        "cpu_seconds": imports + usage.ru_utime + usage.ru_stime,
        "wall_seconds": seconds,
    }


def _weishang(words: list[str]) -> None:
    from weishang.experiments import cli

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WALL_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    sys.argv = ["weishang", *words]
    cli.main()


def _forked(own: Path, work: Callable[[], object]) -> tuple[int, resource.struct_rusage, float]:
    """Exit code, usage and seconds of a fork that works in a folder; negative: of a signal."""
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _be(own, work)
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage, time.monotonic() - started


def _be(own: Path, work: Callable[[], object]) -> None:
    """Work as a process of its own and never come back."""
    code = 1
    try:
        os.chdir(own)
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        work()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _snapshot(folder: Path) -> dict[str, tuple[int, ...]]:
    """What stands where below a folder, the outputs of the command itself aside."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if name not in ("stdout", "stderr"):
            status = path.lstat()
            changed = 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
            found[name] = (status.st_mode, status.st_ino, status.st_size, changed)
    return found


if __name__ == "__main__":
    run_all(Path(sys.argv[1]).resolve(), sys.argv[2:])
