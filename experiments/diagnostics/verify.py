"""Hash results again, and name every file that is not what was written.

Command: `weishang verify [RESULTS]`. It changes nothing. Exit code 1: a file is missing, changed,
a link, or in no manifest; 2: there is no folder of results to verify.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from weishang.experiments.console.command import RESULTS
from weishang.experiments.console.exit_codes import CheckFailedError
from weishang.experiments.console.output import show
from weishang.experiments.console.progress import stage
from weishang.experiments.diagnostics import verify_folders
from weishang.experiments.diagnostics.verify_folders import Checked
from weishang.experiments.storage import manifest
from weishang.experiments.sweep.store.layout import RECORD

MAX_SHOWN = 5
"""Faults that the last line names; the table before it has them all."""


def verify(
    results: Annotated[Path, typer.Argument(help="Folder of results, or one in it.")] = RESULTS,
) -> None:
    """Hash every file of results again, and name those that are not what was written."""
    if not results.is_dir():
        raise ValueError(f"{results}: no such folder; give a folder of results")
    found = list(verify_folders.find(results))
    with stage("verify", sum(len(one.files) for one in found)) as advance:
        checked = [verify_folders.check(one, advance) for one in found]
    show(_summary(results, checked), "Results")
    faults = [fault for one in checked for fault in one.faults]
    if faults:
        show(pd.DataFrame({"fault": faults}), "Faults")
        rest = [f"and {len(faults) - MAX_SHOWN} more"] if len(faults) > MAX_SHOWN else []
        raise CheckFailedError(f"{_count(faults)}: {' | '.join([*faults[:MAX_SHOWN], *rest])}")
    if not any(one.files for one in checked):
        raise ValueError(
            f"{results}: holds no {manifest.NAME} and no {RECORD}; give a folder of results"
        )


def _summary(results: Path, checked: list[Checked]) -> pd.DataFrame:
    rows = [
        {
            "folder": str(one.folder.relative_to(results)),
            "files": one.files,
            "bytes": one.bytes,
            "state": _count(one.faults) if one.faults else one.note or "whole",
        }
        for one in checked
        if one.files or one.faults or one.note
    ]
    return pd.DataFrame(rows, columns=["folder", "files", "bytes", "state"])


def _count(faults: Sequence[str]) -> str:
    return f"{len(faults)} fault{'' if len(faults) == 1 else 's'}"
