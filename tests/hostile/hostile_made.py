"""Folders that hostile cases tamper with: a finished run, one that was stopped, and a sweep."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_case import SCENARIO, run_options

OUT = Path("out")
STATE = OUT / "runs" / f".{Path(SCENARIO).stem}.state"
FINISHED = OUT / "runs" / Path(SCENARIO).stem
SWEPT = OUT / "sweeps" / "tiny"
SWEEP = "tiny.toml"
LONG = 100_000
"""Days of the run that is stopped: more than it can pass before."""
STOP_SECONDS = 600.0
"""It has saved twice long before, on any machine."""
TINY = """format = 1
name = "tiny"
method = "grid"
seed = 3
users = 300
sellers = 5
days = 1
replicates = 2
runs_a_part = 2

[parameters]
"rules.group_cap" = { values = [200, 500] }
"""


def prepare(common: Path) -> None:
    """Make a finished run, one that was stopped, and a sweep, each in a results folder."""
    from weishang.experiments.sweep.execute import worker
    from weishang.experiments.sweep.results import gather
    from weishang.experiments.sweep.store import folder as sweep_folder
    from weishang.experiments.sweep.store import plan as sweep_plan

    os.chdir(common)
    _weishang([*run_options(common), "--out", "finished"])
    _stopped(common)
    (common / SWEEP).write_text(TINY)
    plan = sweep_plan.make(common / SWEEP)
    folder = sweep_folder.open_folder(plan, Path("swept"))
    for number in range(plan.num_parts):
        worker.compute(plan, folder, number)
    shutil.copytree("swept", "gathered")
    gather.collect(plan, Path("gathered") / "sweeps" / "tiny")


def flip(at: float) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        place = int(at * len(data))
        return data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :]

    return changed


def replaced(path: Path, place: Callable[[Path], object]) -> None:
    path.unlink()
    place(path)


def sweep_words(path: Path) -> list[str]:
    return ["sweep", str(path), "--workers", "1", "--out", str(OUT)]


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def linked_outside(path: Path) -> None:
    path.rename("elsewhere.json")
    path.symlink_to(Path("elsewhere.json").resolve())


def _weishang(words: list[str]) -> None:
    """Run a command in a process of its own, which has to end well."""
    child = os.fork()
    if child == 0:
        _be(words)
    if os.waitpid(child, 0)[1]:
        raise RuntimeError(f"weishang {' '.join(words)} failed")


def _stopped(common: Path) -> None:
    """Leave a run that was killed when it had saved twice."""
    child = os.fork()
    if child == 0:
        options = ["--out", "stopped", "--checkpoint-seconds", "0", "--days", str(LONG)]
        _be([*run_options(common)[:-2], *options])
    until = time.monotonic() + STOP_SECONDS
    state = Path("stopped") / STATE.relative_to(OUT)
    while len(list(state.glob("checkpoint-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    newest = max(int(path.name.split("-")[1]) for path in state.glob("checkpoint-*"))
    for path in Path("stopped").rglob("*"):
        number = path.name.split("-")[1] if path.name.startswith(("campaigns-", "checkp")) else ""
        late = bool(number) and int(number) > newest
        if path.is_file() and (late or not (number or path.name == ".lock")):
            path.unlink()
    for path in Path("stopped").rglob("*.new-*"):
        shutil.rmtree(path)


def _be(words: list[str]) -> None:
    from weishang.experiments import cli

    sys.argv = ["weishang", *words]
    code = 1
    try:
        cli.main()
    except SystemExit as leaving:
        code = leaving.code or 0
    finally:
        os._exit(code)
