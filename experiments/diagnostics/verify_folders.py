"""Folders of results of three kinds, each held against what is written down of its files.

A folder with a manifest holds what the manifest lists. A sweep's folder holds a record, copies of
files that the record lists, and parts that are named by their hash. Any other holds folders, and
verdicts that stand in the tables of these.
"""

import fnmatch
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from weishang.experiments.analysis import verdicts
from weishang.experiments.readers import parquet_limits
from weishang.experiments.storage import atomic, lock, manifest, partitions, tables
from weishang.experiments.sweep.store.layout import (
    DAYS,
    GATHERED,
    INPUTS,
    JOBS,
    PARTS,
    RECORD,
    RUNS,
    STATE,
)

RESULT, SWEEP, OTHER = "result", "sweep", "other"
RUN_STATE = ".state"
"""How the name of the hidden folder of a run that is not done ends."""
SOURCES = ("estimands.csv", "conversions.csv")
"""Tables that verdicts come from, by figure and reading."""
MOST_TABLE_BYTES = 1 << 22
LONGEST_HEADER = 1 << 12
"""Bytes of a CSV file, and of its names of columns, that is looked into."""


@dataclass(frozen=True)
class Found:
    """A folder to look at.

    Attributes:
        folder: where it is.
        kind: RESULT, SWEEP or OTHER.
        files: all in it that is no folder and belongs to no other Found; links too.
        hidden: hidden folders in it, which are not looked into.
    """

    folder: Path
    kind: str
    files: tuple[Path, ...]
    hidden: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Checked:
    """What was found in a folder.

    Attributes:
        folder: that was looked at.
        files: in it that were held against something.
        bytes: of these.
        faults: a line each, which begins with the file.
        note: what else there is to tell.
    """

    folder: Path
    files: int
    bytes: int
    faults: tuple[str, ...]
    note: str = ""


def find(results: Path) -> Iterator[Found]:
    """Every folder at and below `results`; links are not followed.

    Raises:
        ValueError: a folder cannot be read.
    """
    for place, below, names in os.walk(results, onerror=_refuse):
        folder = Path(place)
        if manifest.NAME in names:
            below.clear()
            yield Found(folder, RESULT, tuple(_all_below(folder)))
            continue
        links = [name for name in below if (folder / name).is_symlink()]
        hidden = [name for name in below if name.startswith(".") and name not in links]
        below[:] = sorted(set(below) - {*links, *hidden})
        kind, own = OTHER, [folder / name for name in sorted((*names, *links))]
        if RECORD in names:
            kind = SWEEP
            own += [
                path
                for name in (INPUTS, PARTS)
                if name in below
                for path in _all_below(folder / name)
            ]
            below[:] = [name for name in below if name not in (INPUTS, PARTS, STATE, JOBS)]
        yield Found(folder, kind, tuple(own), tuple(folder / name for name in sorted(hidden)))


def check(found: Found, advance: Callable[[], object] = lambda: None) -> Checked:
    """Hold the files of a folder against what is written down of them.

    Args:
        found: from `find`.
        advance: is called for each file that has been looked at.
    """
    checks = {RESULT: _check_result, SWEEP: _check_sweep, OTHER: _check_other}
    return checks[found.kind](found, advance)


def _check_result(found: Found, advance: Callable[[], object]) -> Checked:
    faults = _told(lambda: manifest.faults(found.folder, advance))
    advance()
    return _checked(found, found.files, faults)


def _check_sweep(found: Found, advance: Callable[[], object]) -> Checked:
    folder = found.folder
    copies, faults = _check_copies(folder)
    made = [part for path in found.files if (part := _part(folder, path))]
    known = {folder / RECORD, *copies, *(part.path for part in made)}
    for part in made:
        faults += _fault(partitions.check, part)
        advance()
    for table in (RUNS, DAYS):
        faults += _fault(_check_rows, folder, table)
    faults += _unknown([path for path in (*found.files, *found.hidden) if path not in known])
    note = "not done" if (folder / STATE).exists() else ""
    return _checked(found, [path for path in found.files if path in known], faults, note)


def _check_rows(folder: Path, table: str) -> None:
    """Hold the parts of a sweep against what was made of them: no part may be gone, or be double.

    Raises:
        ValueError: they have more or fewer rows.
    """
    files = [part.path for part in partitions.find(folder / PARTS, table).values()]
    gathered = folder / GATHERED / f"{table}.parquet"
    if not _is_plain(gathered):
        return
    try:
        wanted, *rows = (_num_rows(path) for path in (gathered, *files))
    except ValueError:
        # A damaged file has another hash, which is told already.
        return
    if sum(rows) != wanted:
        raise ValueError(f"{gathered}: has {wanted:,} rows, and the parts have {sum(rows):,}")


def _num_rows(path: Path) -> int:
    return int(parquet_limits.check(path).num_rows)


def _check_copies(folder: Path) -> tuple[list[Path], list[str]]:
    """The copies of files that a sweep's record lists, and which of them are not what it says."""
    # It brings the whole model with it, which results without a sweep need not wait for.
    from weishang.experiments.sweep.store.record import read_record

    if (folder / RECORD).is_symlink():
        return [], [f"{folder / RECORD}: is a link; put the file itself there"]
    try:
        record = read_record(folder / RECORD)
    except ValueError as error:
        return [], [str(error)]
    copies = {folder / INPUTS / name: copy for name, copy in record.copies.items()}
    return list(copies), [
        f"{path}: is missing, a link, or not the file that the sweep began with"
        for path, copy in copies.items()
        if not _is_plain(path) or not manifest.is_file_of(path, copy.model_dump())
    ]


def _check_other(found: Found, advance: Callable[[], object]) -> Checked:
    file = found.folder / verdicts.NAME
    known = [file] if file in found.files and _is_plain(file) else []
    faults = _told(lambda: _verdict_faults(found.folder)) if known else []
    states = [path for path in found.hidden if path.name.endswith(RUN_STATE)]
    rest = [path for path in (*found.files, *found.hidden) if path not in (*known, *states)]
    for _ in found.files:
        advance()
    note = f"{len(states)} runs not done" if states else ""
    return _checked(found, known, [*faults, *_unknown(rest)], note)


def _verdict_faults(folder: Path) -> Iterator[str]:
    """Verdicts whose value stands in no table of the results beside them."""
    path = folder / verdicts.NAME
    _check_size(path)
    values = {
        (row["figure"], row["reading"], row["value"])
        for name in SOURCES
        for table in sorted(folder.glob(f"*/{name}"))
        for row in _rows(table)
    }
    for row in verdicts.read(folder).dropna(subset="simulated").to_dict("records"):
        if (row["id"], row["reading"], row["simulated"]) not in values:
            told = f"{row['id']} ({row['reading']}) is {row['simulated']}"
            yield f"{path}: {told}, which no table of these results has"


def _rows(table: Path) -> list[dict[str, object]]:
    if not _is_plain(table):
        return []
    _check_size(table)
    frame = tables.read(table)
    needed = ["figure", "reading", "value"]
    return frame[needed].to_dict("records") if set(needed) <= set(frame.columns) else []


def _check_size(path: Path) -> None:
    """Refuse tables that take long to read: no table of results comes near these sizes."""
    with path.open("rb") as stream:
        header = stream.readline(LONGEST_HEADER)
    if path.stat().st_size > MOST_TABLE_BYTES or len(header) == LONGEST_HEADER:
        raise ValueError(
            f"{path}: is longer than {MOST_TABLE_BYTES:,} bytes, or its names of columns than "
            f"{LONGEST_HEADER:,}; is it a table of results?"
        )


def _part(folder: Path, path: Path) -> partitions.Part | None:
    return partitions.of_path(path) if path.parent == folder / PARTS else None


def _told(check: Callable[[], Iterator[str]]) -> list[str]:
    """The faults that a check finds, up to the one that it stops at."""
    faults: list[str] = []
    return faults + _fault(lambda: faults.extend(check()))


def _fault(check: Callable[..., object], *arguments: object) -> list[str]:
    """The fault that a check stops at, if it does."""
    try:
        check(*arguments)
    except (ValueError, OSError) as error:
        return [str(error)]
    return []


def _unknown(paths: Sequence[Path]) -> list[str]:
    faults = []
    for path in paths:
        if path.is_symlink():
            faults.append(f"{path}: is a link; put the file itself there")
        elif not _is_under_way(path):
            faults.append(f"{path}: no manifest knows it; move it away")
    return faults


def _is_under_way(path: Path) -> bool:
    """Whether a run is making this, or one that was killed left it: the next takes it away."""
    return path.name == lock.NAME or fnmatch.fnmatchcase(path.name, atomic.UNDER_WAY)


def _checked(found: Found, files: Sequence[Path], faults: Sequence[str], note: str = "") -> Checked:
    there = [path for path in files if os.path.lexists(path)]
    size = sum(path.lstat().st_size for path in there)
    return Checked(found.folder, len(there), size, tuple(faults), note)


def _all_below(folder: Path) -> list[Path]:
    """All in a folder that is no folder; links are not followed."""
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.is_symlink() or not path.is_dir()]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _refuse(error: OSError) -> NoReturn:
    raise ValueError(f"{error.filename}: {error.strerror}; let it be read, or move it away")
