"""A sweep's folder: begun, opened again, held by one process, and what is missing in it.

`sweep.json` appears with the folder or not at all. A graph and the file of its people are not
copied: the record says where they are. See `layout` for what else a folder holds.
"""

import contextlib
import os
import re
import shutil
from pathlib import Path

from weishang.experiments.storage import atomic, lock, manifest, partitions
from weishang.experiments.sweep.spec import sweep_file
from weishang.experiments.sweep.spec.design import design
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store.identity import differences, stated
from weishang.experiments.sweep.store.layout import INPUTS, PARTS, RECORD, STATE
from weishang.experiments.sweep.store.plan import Plan, of_points
from weishang.experiments.sweep.store.record import (
    Copy,
    Record,
    check_copies,
    copied,
    read_record,
)

RUN_STATE = re.compile(r"run-(\d{6,})")


def open_folder(plan: Plan, out: Path) -> Path:
    """The folder of a sweep, made if it is not there.

    Args:
        plan: from `plan.make`.
        out: the folder of all results.

    Raises:
        ValueError: the folder belongs to another sweep (the message says what differs) or to no
            sweep; a link leads out of it; it cannot be made. Nothing in it is changed then.
    """
    folder = out / layout.SWEEPS / plan.name
    atomic.refuse_links(out, folder)
    if not os.path.lexists(folder):
        atomic.make_writable(out)
    with lock.exclusive(out):
        # An empty folder may be taken.
        if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
            _reopen(plan, folder)
        else:
            with atomic.staged_folder(folder) as staging:
                _fill(plan, staging)
    return folder


def read(folder: Path) -> Plan:
    """The plan of a sweep's folder, from its copies of the files; a graph is hashed again.

    Raises:
        ValueError: the folder is not a sweep's, a file in it was changed, a link leads out of it,
            the graph is gone or another, or the sweep was begun by another version of the code.
    """
    _refuse_links(folder)
    record = read_record(folder / RECORD)
    check_copies(folder / INPUTS, record)
    sweep = sweep_file.load(folder / INPUTS / record.file)
    graph, nodes = (None if path is None else Path(path) for path in (record.graph, record.nodes))
    plan = of_points(sweep, design(sweep), graph, nodes)
    _refuse_another(folder, record, plan)
    return plan


def hold(folder: Path) -> lock.Claim:
    """Keep other sweeps out of a sweep's folder, until the block or the process ends.

    Raises:
        ValueError: another one is at work in it.
    """
    return lock.claim(folder, "another sweep is running here; wait for it, or give another --out")


def missing(plan: Plan, folder: Path) -> list[int]:
    """Numbers of the parts that lack a table, by the names of files: contents are not read."""
    whole = set(range(plan.num_parts))
    for table in plan.tables:
        whole &= partitions.find(folder / PARTS, table).keys()
    return sorted(set(range(plan.num_parts)) - whole)


def state_of(folder: Path, run: int) -> Path:
    """Where a run's checkpoints are."""
    return folder / STATE / f"run-{run:06d}"


def runs_with_state(folder: Path) -> list[int]:
    """Numbers of the runs that have checkpoints."""
    found = (RUN_STATE.fullmatch(path.name) for path in (folder / STATE).glob("run-*"))
    return sorted(int(match[1]) for match in found if match)


def tidy(plan: Plan, folder: Path) -> None:
    """Remove what killed processes left: half parts, and checkpoints of finished runs.

    Raises:
        ValueError: the folder of checkpoints is a link.
    """
    partitions.clean(folder / PARTS)
    atomic.refuse_links(folder, folder / STATE)
    unfinished = set(missing(plan, folder))
    for run in runs_with_state(folder):
        if run >= plan.num_runs or run // plan.runs_a_part not in unfinished:
            shutil.rmtree(state_of(folder, run))
    remove_empty_state(folder)


def remove_empty_state(folder: Path) -> None:
    """Remove the folder of checkpoints if there are none."""
    # Another process may put one in, or remove the folder first.
    with contextlib.suppress(OSError):
        (folder / STATE).rmdir()


def _fill(plan: Plan, staging: Path) -> None:
    """Write what a sweep's folder begins with."""
    sources = copied(plan.sweep)
    for name, source in sources.items():
        target = staging / INPUTS / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    (staging / PARTS).mkdir()
    record = Record(
        format=1,
        file=plan.sweep.path.name,
        copies={name: Copy(**manifest.file_record(staging / INPUTS / name)) for name in sources},
        identity=dict(plan.identity),
        sha256=plan.sha256,
        **_places(plan),
    )
    (staging / RECORD).write_text(record.text(), "utf-8")
    if stated(sweep_file.load(staging / INPUTS / plan.sweep.path.name)) != stated(plan.sweep):
        raise ValueError(f"{plan.sweep.path}: was changed while it was read; start again")


def _reopen(plan: Plan, folder: Path) -> None:
    """Take a folder that is there already, if it is this sweep's; a graph may have moved."""
    _refuse_links(folder)
    record = read_record(folder / RECORD)
    _refuse_another(folder, record, plan)
    check_copies(folder / INPUTS, record)
    (folder / PARTS).mkdir(exist_ok=True)
    places = _places(plan)
    if places != {"graph": record.graph, "nodes": record.nodes}:
        with atomic.staged_file(folder / RECORD) as staging:
            staging.write_text(record.model_copy(update=places).text(), "utf-8")


def _places(plan: Plan) -> dict[str, str | None]:
    """Where the files are that are not copied."""
    return {
        name: None if path is None else os.path.abspath(path)
        for name, path in (("graph", plan.graph), ("nodes", plan.nodes))
    }


def _refuse_links(folder: Path) -> None:
    for name in (RECORD, INPUTS, PARTS):
        atomic.refuse_links(folder, folder / name)


def _refuse_another(folder: Path, record: Record, plan: Plan) -> None:
    found = differences(record.identity, plan.identity)
    if found:
        raise ValueError(
            f"{folder}: belongs to another sweep, which differs in {', '.join(found)}; resume it "
            "with what it was begun with, or give another name or --out"
        )
