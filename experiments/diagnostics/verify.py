"""Hash results again, and tell which file is not what was written.

Command: `weishang verify [RESULTS]`. It changes nothing, and ends with exit code 2 when a file is
missing, changed, a link, or known to no manifest.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from weishang.experiments.console.command import RESULTS, show, stage
from weishang.experiments.diagnostics import verify_folders
from weishang.experiments.diagnostics.verify_folders import Checked
from weishang.experiments.storage import manifest

TOLD = 5
"""Faults that the last line tells; the table before it has all."""


def verify(
    results: Annotated[Path, typer.Argument(help="Folder of results, or one in it.")] = RESULTS,
) -> None:
    """Hash every file of results again, and tell which is not what was written."""
    if not results.is_dir():
        raise ValueError(f"{results}: no such folder; give a folder of results")
    found = list(verify_folders.find(results))
    with stage("verify", sum(len(one.files) for one in found)) as advance:
        checked = [verify_folders.check(one, advance) for one in found]
    show(_summary(results, checked), "Results")
    faults = [fault for one in checked for fault in one.faults]
    if faults:
        show(pd.DataFrame({"fault": faults}), "Faults")
        rest = [f"and {len(faults) - TOLD} more"] if len(faults) > TOLD else []
        raise ValueError(f"{_count(faults)}: {' | '.join([*faults[:TOLD], *rest])}")
    if not any(one.files for one in checked):
        raise ValueError(
            f"{results}: holds no {manifest.NAME} and no {verify_folders.RECORD}; give a folder of "
            "results"
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
