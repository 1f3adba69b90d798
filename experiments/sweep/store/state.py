"""What a sweep's folder holds beside plan and parts: checkpoints, a folder a run; the outcome."""

import contextlib
import re
import shutil
from pathlib import Path

from weishang.experiments.storage import atomic, partitions
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store.plan import Plan

STATE = "state"
GATHERED = "gathered"
NAME = re.compile(r"run-(\d{6,})")


def of_run(folder: Path, run: int) -> Path:
    """Where a run's checkpoints are."""
    return folder / STATE / f"run-{run:06d}"


def runs(folder: Path) -> list[int]:
    """The runs that have checkpoints."""
    found = (NAME.fullmatch(path.name) for path in (folder / STATE).glob("run-*"))
    return sorted(int(match[1]) for match in found if match)


def tidy(plan: Plan, folder: Path) -> None:
    """Remove what killed processes left: half parts, and checkpoints of runs that are done.

    Raises:
        ValueError: the folder of checkpoints is a link.
    """
    partitions.clean(folder / sweep_plan.PARTS)
    atomic.refuse_links(folder, folder / STATE)
    missing = set(sweep_plan.missing(plan, folder))
    for run in runs(folder):
        if run >= plan.num_runs or run // plan.runs_a_part not in missing:
            shutil.rmtree(of_run(folder, run))
    remove_if_empty(folder)


def remove_if_empty(folder: Path) -> None:
    """Remove the folder of checkpoints if there are none."""
    # Another process may put one in, or remove the folder first.
    with contextlib.suppress(OSError):
        (folder / STATE).rmdir()
