"""Keeps a long market's state in a folder of its own, so that it can be stopped at any moment.

The folder has checkpoints of the market's state, and its campaigns' rows in partitions. A
partition is on the disk before the checkpoint that counts it. So a run that resumes drops the
partitions that no checkpoint counts, and writes them again.
"""

import contextlib
import hashlib
import math
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weishang.experiments.simulate.codebook import CAMPAIGNS as COLUMNS
from weishang.experiments.simulate.market_runs import Rows
from weishang.experiments.storage import atomic, lock, partitions
from weishang.experiments.storage.checkpoints import START_OVER, Checkpoints, Saved
from weishang.experiments.storage.lock import Claim
from weishang.experiments.storage.partitions import Part
from weishang.model.market import state
from weishang.model.market.market import Market

CAMPAIGNS = "campaigns"
SEARCHES = "searches."
SECONDS = 60.0
"""Between checkpoints: one takes a fraction of a second (1,000,000 people)."""
BUSY = "another process runs this; wait until it ends"


class RunCheckpointer:
    """Keeps the state of one run in a folder of its own, until the result is in place.

    A block `with RunCheckpointer(..) as checkpointer` lets others take the folder when it ends.

    Attributes:
        folder: made when the run begins.
        seconds: between checkpoints; 0 for one a day.
    """

    def __init__(self, folder: Path, identity: dict[str, Any], seconds: float = SECONDS) -> None:
        """Name folder and run; nothing is read or written yet.

        Args:
            folder: of this run alone; the folder that holds it may be missing.
            identity: from `identity_of`.
            seconds: at least 0.

        Raises:
            ValueError: seconds is negative or not a number.
        """
        check_seconds(seconds)
        self.folder = Path(folder)
        self.seconds = seconds
        self._checkpoints = Checkpoints(self.folder, identity)
        self._claim: Claim | None = None
        self._saved: Saved | None = None
        self._parts: list[Part] = []
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def begin(self) -> int:
        """Take the folder, read its last checkpoint, and drop rows that came after it.

        Returns:
            The day after which the run resumes; 0 at the beginning.

        Raises:
            ValueError: another process runs this, the folder is a link, it holds another run, or
                what it holds is broken.
        """
        if self._claim is not None:
            return self._day()
        self._claim = _claim(self.folder)
        try:
            atomic.clean(self.folder)
            self._saved = self._checkpoints.load()
            if self._saved is not None:
                check_facts(self._saved, self.folder)
            self._parts = self._counted_parts()
        except BaseException:
            self.close()
            raise
        return self._day()

    def resume(self, market: Market) -> Rows:
        """Bring a new market to where the run resumes, and give the rows so far.

        Those of its campaigns are in partitions on the disk, not in memory.
        """
        rows = Rows()
        if self._saved is not None:
            arrays = dict(self._saved.arrays)
            columns = {name: arrays.pop(SEARCHES + name, None) for name in _SEARCHES}
            state.restore(market, arrays, self._saved.facts["state"])
            rows.search_rows = _search_rows(market, columns)
            self._saved = None
        self._last = time.monotonic()
        return rows

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.monotonic() - self._last >= self.seconds

    def save(self, market: Market, rows: Rows) -> None:
        """Write the rows since the last checkpoint as a partition, and then a checkpoint.

        Raises:
            OSError: the disk is full or fails; the run can resume from the checkpoint before.
        """
        frame = rows.campaigns().frame
        units = {name: COLUMNS[name][0] for name in frame.columns}
        self._parts.append(partitions.write(self.folder, CAMPAIGNS, len(self._parts), frame, units))
        rows.campaigns_by_day.clear()
        arrays, facts = state.save(market)
        for name, dtype in _SEARCHES.items():
            values = [row[name] for row in rows.search_rows]
            arrays[SEARCHES + name] = np.array(values, dtype=dtype)
        counted = {"parts": len(self._parts), "parts_sha256": _digest(self._parts)}
        self._checkpoints.save(arrays, {"state": facts, **counted})
        self._last = time.monotonic()

    def campaigns(self) -> tuple[Part, ...]:
        """The partitions that the last checkpoint counts."""
        return tuple(self._parts)

    def discard(self) -> None:
        """Remove the folder: the result is in place, or the run starts over.

        Raises:
            ValueError: another process runs this, or the folder is a link.
        """
        if self._claim is None:
            if not os.path.lexists(self.folder):
                return
            self._claim = _claim(self.folder)
        try:
            # First what counts the partitions: a run that is killed here leaves no checkpoint
            # that lacks one.
            self._checkpoints.discard()
            shutil.rmtree(self.folder)
        finally:
            self._saved, self._parts = None, []
            self.close()

    def close(self) -> None:
        """Let others take the folder; it is removed if nothing was ever kept in it."""
        if self._claim is None:
            return
        self._claim.release()
        self._claim = None
        # Not empty where something was kept, or where another process has the folder by now.
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _day(self) -> int:
        if self._saved is None:
            return 0
        return int(self._saved.facts["state"]["day"])

    def _counted_parts(self) -> list[Part]:
        """The partitions that the checkpoint counts, each intact; the others are removed."""
        facts = {} if self._saved is None else self._saved.facts
        count = facts.get("parts", 0)
        for path in self.folder.glob(f"{CAMPAIGNS}-*.parquet"):
            part = partitions.of_path(path)
            if part is not None and part.number >= count:
                path.unlink()
        found = list(partitions.find(self.folder, CAMPAIGNS).values())
        if len(found) != count or (found and _digest(found) != facts.get("parts_sha256")):
            raise ValueError(
                f"{self.folder}: does not have the {count} parts that its checkpoint counts; "
                f"{START_OVER}"
            )
        for part in found:
            partitions.check(part)
        return found


def check_seconds(seconds: float) -> None:
    """Refuse a time between checkpoints that is negative or not a number."""
    if not 0.0 <= seconds < math.inf:
        raise ValueError(f"checkpoint seconds is {seconds}; give a number, 0 or more")


def refuse_running(folder: Path) -> None:
    """Refuse a folder that another process runs in, before any work.

    Raises:
        ValueError: one does, or the folder is a link.
    """
    if os.path.lexists(folder):
        _claim(folder).release()


def refuse_another(folder: Path, known: Mapping[str, Any]) -> None:
    """Refuse a folder that holds another run, before the people of this one are made.

    Args:
        folder: of the run; it may be missing.
        known: from `known_identity`.

    Raises:
        ValueError: its scenario, replicate, sellers or version differ.
    """
    Checkpoints(folder, known).refuse_another()


_SEARCHES: dict[str, type[np.generic]] = {
    "day": np.int64,
    "visits": np.int64,
    "orders": np.int64,
    "sales": np.float64,
}
"""What is kept of a day's searches; the replicate is the run's."""


def _search_rows(
    market: Market, columns: dict[str, NDArray[Any] | None]
) -> list[dict[str, int | float]]:
    """The rows of searches that a checkpoint holds."""
    lists: dict[str, list[Any]] = {"replicate": [market.seed] * market.day}
    for name, dtype in _SEARCHES.items():
        values = columns[name]
        if values is None or values.dtype != dtype or values.shape != (market.day,):
            raise ValueError(
                f"the checkpoint does not have {market.day} days of searches; {START_OVER}"
            )
        lists[name] = values.tolist()
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _digest(found: Sequence[Part]) -> str:
    return hashlib.sha256(" ".join(part.sha256 for part in found).encode()).hexdigest()


def check_facts(saved: Saved, folder: Path) -> None:
    """Refuse the facts of a checkpoint that no run can have written.

    Args:
        saved: the checkpoint.
        folder: that it is from.

    Raises:
        ValueError: a fact is missing or impossible; it is named.
    """
    state_facts = saved.facts.get("state")
    day = state_facts.get("day") if isinstance(state_facts, dict) else None
    for name, value in (("day", day), ("parts", saved.facts.get("parts"))):
        if type(value) is not int or value < 0:
            raise ValueError(f"{folder}: its checkpoint has {name} {value!r}; {START_OVER}")


def _claim(folder: Path) -> Claim:
    """Make the folder and take it."""
    while True:
        atomic.refuse_links(folder.parent, folder)
        atomic.make_writable(folder)
        # The process that had the folder may remove it between any two of these lines.
        with contextlib.suppress(FileNotFoundError):
            return lock.claim(folder, BUSY)
