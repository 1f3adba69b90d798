"""How far a sweep has come, from the names in its folder; nothing is read but its plan.

Claim: none.
Command: weishang progress FOLDER
Runtime: seconds.
Output: printed.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from weishang.experiments.console.output import show
from weishang.experiments.storage import partitions
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store.layout import GATHERED, PARTS
from weishang.experiments.sweep.store.plan import Plan


def progress(
    folder: Annotated[Path, typer.Argument(help="Folder of a sweep, results/sweeps/NAME.")],
) -> None:
    """Show how far a sweep has come."""
    plan = sweep_folder.read(folder)
    show(progress_frame(plan, folder), f"{folder}: {plan.title}")


def progress_frame(plan: Plan, folder: Path) -> pd.DataFrame:
    """What is done and what is under way, with columns what, done, of and bytes."""
    missing = sweep_folder.missing(plan, folder)
    runs = plan.num_runs - sum(len(plan.part(number)) for number in missing)
    found = [
        part.path
        for table in plan.tables
        for part in partitions.find(folder / PARTS, table).values()
    ]
    saved = sweep_folder.runs_with_state(folder)
    states = [path for run in saved for path in sweep_folder.state_of(folder, run).iterdir()]
    gathered = (folder / GATHERED).is_dir()
    rows = [
        ("runs", runs, plan.num_runs, None),
        ("parts", plan.num_parts - len(missing), plan.num_parts, _size(found)),
        ("long runs under way, saved", len(saved), plan.num_runs - runs, _size(states)),
        ("gathered", int(gathered), 1, None),
    ]
    return pd.DataFrame(rows, columns=["what", "done", "of", "bytes"])


def _size(paths: list[Path]) -> int:
    """Bytes of the files that are still there."""
    total = 0
    for path in paths:
        if path.is_file():
            total += path.stat().st_size
    return total
