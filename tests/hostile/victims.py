"""Runs `weishang` on hostile inputs, each in a process of its own, and measures what it takes.

Run as `python tests/hostile/victims.py FOLDER [PART OF A NAME ..]`: it prints one line of JSON per
case. What the commands import is imported once; then every case is a fork, so a hundred of them
take a few seconds. What a case costs is the processor time of its fork as a multiple of what the
same command takes on a harmless input, measured before, between and after the cases of that
command: a ratio says the same on a slow machine, and beside a busy neighbour.
"""

import contextlib
import functools
import gc
import itertools
import json
import os
import resource
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import harmless
import hostile_checkpoints
import hostile_edges
import hostile_made
import hostile_nodes
import hostile_results
import hostile_sweeps
import hostile_toml
from hostile_case import GRAPH, Case, prepare

from weishang.experiments import cli
from weishang.experiments.storage import manifest
from weishang.experiments.storage.lock import NAME as LOCK
from weishang.kernels import Graph

COMMANDS = ("estimate", "run", "verify", "sweep", "gather")
HANG_SECONDS = 300
"""A case that waits for something, or works without end, is killed then."""
EVERY = 25
"""Hostile cases of a command between two harmless ones."""
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
    """Run the cases whose name contains one of the wanted texts; all of them without any."""
    chosen = [case for case in cases() if not wanted or any(text in case.name for text in wanted)]
    common = folder / "common"
    common.mkdir()
    _warm(common)
    code, _ = _forked(folder, lambda: hostile_made.prepare(common))
    if code:
        raise RuntimeError(f"not prepared: {(folder / 'stderr').read_text()}")
    # What is there already stays shared with every fork.
    gc.freeze()
    places = (folder / str(number) for number in itertools.count())
    made = [_Made.of(case, next(places), common) for case in chosen]
    for command, usual in harmless.cases().items():
        mine = [one for one in made if one.words[0] == command]
        if mine:
            _run_command(mine, lambda c=usual: _Made.of(c, next(places), common).run())


def _run_command(made: list["_Made"], usual: Callable[[], dict[str, Any]]) -> None:
    """Run the cases of one command with harmless ones between them, and print what came of them."""
    outcomes, beside = [], [usual()]
    for first in range(0, len(made), EVERY):
        outcomes += [one.run() for one in made[first : first + EVERY]]
        beside.append(usual())
    for one in beside:
        if one["code"]:
            raise RuntimeError(f"{one['name']} failed: {one['stderr']}")
    unit = median(one["seconds"] for one in beside)
    for outcome in outcomes:
        print(json.dumps(outcome | {"times_harmless": outcome["seconds"] / unit}), flush=True)


def _warm(common: Path) -> None:
    """Import what the commands import."""
    for name in COMMANDS:
        cli.function(name)
    # The code is what was imported: editing a file meanwhile changes no case.
    manifest.source_digest = functools.cache(manifest.source_digest)
    manifest.source_digest()
    prepare(common)
    Graph.from_edge_list(common / GRAPH, directed=False)


@dataclass(frozen=True)
class _Made:
    """A case whose files are written.

    Attributes:
        case: what it is.
        own: its working folder.
        common: the folder that cases share.
        words: arguments of `weishang`.
    """

    case: Case
    own: Path
    common: Path
    words: list[str]

    @classmethod
    def of(cls, case: Case, own: Path, common: Path) -> "_Made":
        """Write the files, in a fork so that nothing of it stays in this process."""
        own.mkdir()
        arguments = own / "arguments.json"
        code, _ = _forked(own, lambda: arguments.write_text(json.dumps(case.make(common))))
        if code:
            raise RuntimeError(f"{case.name} was not made: {(own / 'stderr').read_text()}")
        return cls(case, own, common, json.loads(arguments.read_text()))

    def run(self) -> dict[str, Any]:
        """What the command makes of it."""
        # Whoever made the files may have been killed in a folder that it had claimed; the next one
        # removes the lock, and leaves none of its own.
        for lock in self.own.rglob(LOCK):
            lock.unlink()
        before = _snapshot(self.own), _snapshot(self.common)
        code, usage = _forked(self.own, lambda: _weishang(self.words))
        return {
            "name": self.case.name,
            "told": self.case.told,
            "code": code,
            "stdout": (self.own / "stdout").read_text(errors="replace"),
            "stderr": (self.own / "stderr").read_text(errors="replace"),
            "unchanged": before == (_snapshot(self.own), _snapshot(self.common)),
            "bytes": usage.ru_maxrss * KIBIBYTE,
            "seconds": usage.ru_utime + usage.ru_stime,
        }


def _weishang(words: list[str]) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(HANG_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (HANG_SECONDS, HANG_SECONDS))
    sys.argv = ["weishang", *words]
    cli.main()


def _forked(own: Path, work: Callable[[], object]) -> tuple[int, resource.struct_rusage]:
    """Exit code and usage of a fork that works in a folder; a negative code is a signal's."""
    child = os.fork()
    if child == 0:
        _be(own, work)
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage


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
