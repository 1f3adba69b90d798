"""All parts of a sweep in one place: one file of runs, summaries, effects, figures.

Claim: none; it sums up the runs of a sweep, or says which of them are missing.
Command: weishang gather FOLDER
Runtime: seconds; each part is read three times.
Output: FOLDER/gathered (runs.parquet, points.csv, summary.csv, effects.csv, codebook.csv, ..). The
parts stay: they are the data, and `gather` can be repeated.
"""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa
import typer
from numpy.typing import NDArray

from weishang.experiments.console.output import show
from weishang.experiments.console.progress import stage
from weishang.experiments.console.signals import requeue_on_signals
from weishang.experiments.storage import partitions
from weishang.experiments.storage.partitions import Part
from weishang.experiments.storage.report import Report
from weishang.experiments.sweep.results import figures
from weishang.experiments.sweep.results import tables as sweep_tables
from weishang.experiments.sweep.results.rows import outcomes
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store.identity import SWEEP, VERSION
from weishang.experiments.sweep.store.layout import GATHERED, INPUTS, PARTS, RUNS
from weishang.experiments.sweep.store.plan import Plan

PAGE_ROWS = 5_000
"""Longer tables are Parquet: nobody reads them on a page."""
MOST_LISTED = 8
"""Ranges or files that a message names."""


def gather(
    folder: Annotated[Path, typer.Argument(help="Folder of a sweep, results/sweeps/NAME.")],
) -> None:
    """Check and merge the parts of a sweep."""
    requeue_on_signals()
    plan = sweep_folder.read(folder)
    with sweep_folder.hold(folder):
        collect(plan, folder)
    show_summary(plan, folder)


def collect(plan: Plan, folder: Path) -> Path:
    """Gather all parts in `folder/gathered`, and remove what killed processes left.

    Args:
        plan: of the sweep.
        folder: of the sweep.

    Returns:
        The folder of the results.

    Raises:
        ValueError: parts are missing or damaged, with their numbers and what to do; what was
            gathered before stays.
    """
    refuse_incomplete(plan, folder)
    sweep_folder.tidy(plan, folder)
    found = {table: list(partitions.find(folder / PARTS, table).values()) for table in plan.tables}
    _check(plan, folder, [part for each in found.values() for part in each])
    inputs = [path for path in (folder / INPUTS).rglob("*") if path.is_file()]
    files = [path for path in (plan.graph, plan.nodes) if path is not None]
    with Report(
        GATHERED,
        folder,
        title=plan.title,
        seed=plan.seed,
        inputs=[*sorted(inputs), *files],
        fingerprint=False,
    ) as report:
        report.parameters = {
            **plan.file.scenario.values(),
            "sweep": plan.identity[SWEEP],
            "sweep_sha256": plan.sha256,
            "computed_by": plan.identity[VERSION],
        }
        for table, some in found.items():
            with stage(f"merge {table}"):
                report.rows(table, some)
        _add_tables(report, plan, _outcomes(plan, found[RUNS]), list(found))
        figures.add_figures(report, plan)
    return folder / GATHERED


def refuse_incomplete(plan: Plan, folder: Path) -> None:
    """Refuse an unfinished sweep.

    Raises:
        ValueError: parts are missing: which ones, which runs they hold, and what to run.
    """
    missing = sweep_folder.missing(plan, folder)
    if missing:
        runs = [run for number in missing for run in plan.part(number)]
        raise ValueError(
            f"{folder}: {len(missing):,} of {plan.num_parts:,} parts are missing: "
            f"{ranges(missing)} (runs {ranges(runs)}); to compute them, run {again(plan, folder)}"
        )


def ranges(numbers: Iterable[int]) -> str:
    """Rising numbers as text, consecutive ones as one range.

    Example:
        >>> ranges([0, 3, 4, 5, 9])
        '0, 3 to 5, 9'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    listed = [f"{low}" if low == high else f"{low} to {high}" for low, high in spans[:MOST_LISTED]]
    rest = len(spans) - len(listed)
    return ", ".join(listed) + (f" and {rest:,} more ranges" if rest else "")


def again(plan: Plan, folder: Path) -> str:
    """The command that resumes a sweep."""
    file = folder / INPUTS / plan.sweep.path.name
    words = ["weishang", "sweep", str(file), "--out", str(folder.parent.parent)]
    for option, path in (("--graph", plan.graph), ("--nodes", plan.nodes)):
        words += [option, str(path)] if path is not None else []
    return shlex.join(words)


def show_summary(plan: Plan, folder: Path) -> None:
    """Print what a sweep holds and where."""
    size = sum(path.stat().st_size for path in (folder / PARTS).iterdir())
    rows = [
        ("design points", len(plan.points), ""),
        ("replicates", plan.replicates, "the same at every point"),
        (
            "policies",
            len(plan.policies),
            ", ".join(one.name for one in plan.policies[:MOST_LISTED]),
        ),
        ("runs", plan.num_runs, str(folder / GATHERED)),
        ("parts", plan.num_parts, f"{size / 1e6:,.1f} MB in {folder / PARTS}"),
    ]
    show(pd.DataFrame(rows, columns=["what", "number", "where"]), plan.title)


def _check(plan: Plan, folder: Path, found: Sequence[Part]) -> None:
    """Check every part against its hash; one error names all that are damaged."""
    faults = []
    with stage("check parts", len(found)) as advance:
        for part in found:
            try:
                partitions.check(part)
            except ValueError:
                faults.append(part.path.name)
            advance()
    if faults:
        names = ", ".join(faults[:MOST_LISTED])
        rest = f" and {len(faults) - MOST_LISTED:,} more" if len(faults) > MOST_LISTED else ""
        raise ValueError(
            f"{folder / PARTS}: damaged, as their hashes are not those in their names: {names}"
            f"{rest}; remove them and run {again(plan, folder)}"
        )


def _outcomes(plan: Plan, found: Sequence[Part]) -> NDArray[np.float64]:
    """Outcomes of all runs, float64 [points, replicates, policies, outcomes]."""
    names = [one.name for one in outcomes()]
    expected = list(sweep_tables.entries(plan, "runs"))
    values = np.empty((plan.num_runs, len(names)))
    for part in found:
        rows, runs = partitions.read(part), plan.part(part.number)
        types = {rows.schema.field(name).type for name in names if name in rows.column_names}
        if (
            rows.column_names != expected
            or types != {pa.float64()}
            or rows["run"].to_pylist() != list(runs)
        ):
            raise ValueError(
                f"{part.path}: does not hold the columns and runs {ranges(runs)} of this sweep; "
                "remove it and run the sweep again"
            )
        for at, name in enumerate(names):
            values[runs.start : runs.stop, at] = rows[name].to_numpy()
    return values.reshape(len(plan.points), plan.replicates, len(plan.policies), len(names))


def _add_tables(
    report: Report, plan: Plan, values: NDArray[np.float64], saved: Sequence[str]
) -> None:
    """Add the tables that are made from the runs, and a codebook of all."""
    columns = {table: list(sweep_tables.entries(plan, table)) for table in saved}
    for name, frame, title, notes in _tables(plan, values):
        if len(frame) <= PAGE_ROWS:
            report.table(name, frame, title, notes)
        else:
            report.data(name, frame)
        columns[name] = list(frame.columns)
    report.table(
        "codebook",
        sweep_tables.codebook(plan, columns),
        "Codebook",
        "Every column of every file here.",
    )


def _tables(
    plan: Plan, values: NDArray[np.float64]
) -> Iterable[tuple[str, pd.DataFrame, str, str]]:
    """Name, rows, title and notes of each table."""
    yield "points", sweep_tables.points_frame(plan), "Design points", ""
    yield (
        "summary",
        sweep_tables.summary(plan, values),
        "Outcomes by point and policy",
        "Over the replicates of a point and policy, with the 95% interval of the mean (Student's "
        "t).",
    )
    yield "outcomes", sweep_tables.described_outcomes(), "Outcomes", ""
    if sweep_tables.has_effects(plan):
        yield (
            "effects",
            sweep_tables.effects(plan, values),
            "Effects of policies",
            f"Each policy compared with {plan.policies[0].name}, in pairs of the same replicates.",
        )
