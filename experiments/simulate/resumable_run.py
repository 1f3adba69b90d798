"""One long market that can be stopped at any moment, and goes on to the very same rows.

Beside the results a folder keeps checkpoints of the market's state, and its campaigns' rows in
parts. A part is on the disk before the checkpoint that counts it. So a run that goes on drops the
parts that no checkpoint counts, and makes them again.
"""

import contextlib
import fcntl
import hashlib
import math
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from weishang.experiments.console.signals import saving
from weishang.experiments.simulate import market_runs
from weishang.experiments.simulate.market_runs import Rows, Run, day_columns, live, run_one
from weishang.experiments.storage import atomic, codebook
from weishang.experiments.storage import partitions as parts
from weishang.experiments.storage.checkpoints import ANEW, Checkpoints, Saved
from weishang.experiments.storage.code_version import version
from weishang.experiments.storage.partitions import Part
from weishang.model.market import state
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

CAMPAIGNS = "campaigns"
SEARCHES = "searches."
SECONDS = 60.0
"""Between checkpoints: one takes a fraction of a second (1,000,000 people)."""
LOCK = ".lock"


@dataclass(frozen=True, eq=False)
class Kept:
    """What a long run leaves.

    Attributes:
        days, searches: see Run.
        campaigns: the rows of Run's `campaigns`, in parts.
    """

    days: pd.DataFrame
    campaigns: tuple[Part, ...]
    searches: pd.DataFrame


class Keeper:
    """Keeps the state of one run in a folder of its own, until the result is in place.

    A block `with Keeper(..) as keep` lets others take the folder when it ends.

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
            ValueError: seconds is negative or no number.
        """
        check_seconds(seconds)
        self.folder = Path(folder)
        self.seconds = seconds
        self._checkpoints = Checkpoints(self.folder, identity)
        self._lock: int | None = None
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
            The day after which the run goes on; 0 at the beginning.

        Raises:
            ValueError: another process runs this, the folder is a link, it holds another run, or
                what it holds is broken.
        """
        if self._lock is not None:
            return self._day()
        self._lock = _lock(self.folder)
        try:
            atomic.clean(self.folder)
            self._saved = self._checkpoints.load()
            if self._saved is not None:
                _check_facts(self._saved, self.folder)
            self._parts = self._counted_parts()
        except BaseException:
            self.close()
            raise
        return self._day()

    def resume(self, market: Market) -> Rows:
        """Bring a new market to where the run goes on, and give the rows so far.

        Those of its campaigns are in parts, and not in memory.
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
        """Write the rows since the last checkpoint as a part, and then a checkpoint.

        Raises:
            OSError: the disk is full or fails; the run goes on from the checkpoint before.
        """
        frame = rows.campaigns().frame
        units = {name: codebook.CAMPAIGNS[name][0] for name in frame.columns}
        self._parts.append(parts.write(self.folder, CAMPAIGNS, len(self._parts), frame, units))
        rows.campaigns_by_day.clear()
        arrays, facts = state.save(market)
        for name, dtype in _SEARCHES.items():
            values = [row[name] for row in rows.search_rows]
            arrays[SEARCHES + name] = np.array(values, dtype=dtype)
        told = {"state": facts, "parts": len(self._parts), "parts_sha256": _digest(self._parts)}
        self._checkpoints.save(arrays, told)
        self._last = time.monotonic()

    def campaigns(self) -> tuple[Part, ...]:
        """The parts that the last checkpoint counts."""
        return tuple(self._parts)

    def discard(self) -> None:
        """Remove the folder: the result is in place, or is to be made anew.

        Raises:
            ValueError: another process runs this, or the folder is a link.
        """
        if self._lock is None and not os.path.lexists(self.folder):
            return
        if self._lock is None:
            self._lock = _lock(self.folder)
        try:
            # First what counts the parts: whoever is killed here leaves nothing that lacks one.
            self._checkpoints.discard()
            shutil.rmtree(self.folder)
        finally:
            self._saved, self._parts = None, []
            self.close()

    def close(self) -> None:
        """Let others take the folder; it goes if nothing was ever kept in it."""
        if self._lock is None:
            return
        with contextlib.suppress(OSError):
            if os.listdir(self.folder) == [LOCK]:
                (self.folder / LOCK).unlink()
                self.folder.rmdir()
        os.close(self._lock)
        self._lock = None

    def _day(self) -> int:
        if self._saved is None:
            return 0
        return int(self._saved.facts["state"]["day"])

    def _counted_parts(self) -> list[Part]:
        """The parts that the checkpoint counts, each whole; the others are removed."""
        facts = {} if self._saved is None else self._saved.facts
        count = facts.get("parts", 0)
        for path in self.folder.glob(f"{CAMPAIGNS}-*.parquet"):
            part = parts.of_path(path)
            if part is not None and part.number >= count:
                path.unlink()
        found = list(parts.find(self.folder, CAMPAIGNS).values())
        if len(found) != count or (found and _digest(found) != facts.get("parts_sha256")):
            raise ValueError(
                f"{self.folder}: has not the {count} parts of rows that its checkpoint counts; "
                f"{ANEW}"
            )
        for part in found:
            parts.check(part)
        return found


def run_market(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    world: int,
    days: int,
    sellers: int,
    *,
    named: Sequence[NamedSeller] = (),
    advance: Callable[[], object] = lambda: None,
    keep: Keeper | None = None,
) -> Run:
    """Run the market of one world, with checkpoints or without.

    Args:
        society, chats, scenario, world, sellers, named: as of `market_runs.run_markets`.
        days: at least 1; a run that goes on may be longer than it was to be.
        advance: called after each day that is lived, not for those of an earlier run.
        keep: where the run is kept; discard it when the result is in place.

    Raises:
        ValueError: as of `run_markets`, or the folder is of another run or broken.
        Leave: a signal asked to; the run is saved.
    """
    if keep is None:
        return run_one(society, chats, scenario, world, days, sellers, advance, named)
    kept = run_kept(
        society, chats, scenario, world, days, sellers, named=named, advance=advance, keep=keep
    )
    rows = pa.concat_tables([parts.read(part) for part in kept.campaigns])
    return Run(kept.days, rows.to_pandas(self_destruct=True), kept.searches)


def run_kept(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    world: int,
    days: int,
    sellers: int,
    *,
    named: Sequence[NamedSeller] = (),
    advance: Callable[[], object] = lambda: None,
    resumed: Callable[[int], object] = lambda day: None,
    keep: Keeper,
) -> Kept:
    """`run_market` with the campaigns' rows left on the disk.

    `resumed` is called with the day after which it goes on, when what was kept is taken over.
    """
    market_runs.check(scenario, days)
    try:
        done = keep.begin()
        if done > days:
            raise ValueError(
                f"days is {days}, and {keep.folder} holds the run after day {done}; give more "
                f"days, or {ANEW}"
            )
        market = Market(society, scenario, world, sellers, chats=chats, named=named)
        rows = keep.resume(market)
        if done:
            resumed(done)
        _go_on(market, days, rows, advance, keep)
        days, searches = day_columns(market).frame, rows.searches().frame
        kept = Kept(days, keep.campaigns(), searches)
        market.close()
    except BaseException:
        keep.close()
        raise
    return kept


def check_seconds(seconds: float) -> None:
    """Refuse a time between checkpoints that is negative or no number."""
    if not 0.0 <= seconds < math.inf:
        raise ValueError(f"checkpoint seconds is {seconds}; give a number, 0 or more")


def refuse_running(folder: Path) -> None:
    """Refuse a folder that another process runs in, before any work.

    Raises:
        ValueError: one does, or the folder is a link.
    """
    if os.path.lexists(folder):
        os.close(_lock(folder))


def refuse_another(folder: Path, known: Mapping[str, Any]) -> None:
    """Refuse a folder that holds another run, before the people of this one are made.

    Args:
        folder: of the run; it may be missing.
        known: from `known_identity`.

    Raises:
        ValueError: its scenario, world, sellers or version differ.
    """
    Checkpoints(folder, known).refuse_another()


def identity_of(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    world: int,
    sellers: int,
    named: Sequence[NamedSeller] = (),
) -> dict[str, Any]:
    """All that decides a market's days: scenario, graph with its people, world, sellers, version.

    The number of days is none of it: a run may be prolonged.
    """
    people = (society.interest, society.budget_class, society.place)
    graph = [
        society.graph.fingerprint(),
        _digest_of(people),
        None if chats is None else chats.fingerprint(),
    ]
    return {"graph": graph, **known_identity(scenario, world, sellers, named)}


def known_identity(
    scenario: Scenario, world: int, sellers: int, named: Sequence[NamedSeller] = ()
) -> dict[str, Any]:
    """What of `identity_of` is known without the people."""
    return {
        "scenario": scenario.values(),
        "world": world,
        "sellers": [sellers, list(named)],
        "version": version(),
    }


def _go_on(
    market: Market, days: int, rows: Rows, advance: Callable[[], object], keep: Keeper
) -> None:
    """Live the days that are left; what the last of them brought is saved too."""
    with saving() as asked:
        for day in live(market, days, rows):
            advance()
            # Asked once: a signal that comes while it is saved is for the next day.
            leaves = asked() and day < days
            if leaves or keep.due() or day == days:
                keep.save(market, rows)
            if leaves:
                asked.leave()


_SEARCHES: dict[str, type[np.generic]] = {
    "day": np.int64,
    "visits": np.int64,
    "orders": np.int64,
    "sales": np.float64,
}
"""What is kept of a day's searches; the world is the run's."""


def _search_rows(
    market: Market, columns: dict[str, NDArray[Any] | None]
) -> list[dict[str, int | float]]:
    """The rows of searches that a checkpoint holds."""
    lists: dict[str, list[Any]] = {"world": [market.seed] * market.day}
    for name, dtype in _SEARCHES.items():
        values = columns[name]
        if values is None or values.dtype != dtype or values.shape != (market.day,):
            raise ValueError(f"the checkpoint has no {market.day} days of searches; {ANEW}")
        lists[name] = values.tolist()
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _check_facts(saved: Saved, folder: Path) -> None:
    """Refuse facts that are none of a run's."""
    facts = saved.facts
    day = facts["state"].get("day") if isinstance(facts.get("state"), dict) else None
    for name, value in (("day", day), ("parts", facts.get("parts"))):
        if type(value) is not int or value < 0:
            raise ValueError(f"{folder}: its checkpoint has {name} {value!r}; {ANEW}")


def _digest(found: Sequence[Part]) -> str:
    return hashlib.sha256(" ".join(part.sha256 for part in found).encode()).hexdigest()


def _digest_of(arrays: Iterable[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _lock(folder: Path) -> int:
    """Make the folder and take it; the lock ends with the process.

    File systems without locks (some network ones) are used without.
    """
    while True:
        atomic.refuse_links(folder.parent, folder / LOCK)
        atomic.make_writable(folder)
        # Whoever had the folder may remove it, lock and all, between any two of these lines.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            if _is_taken(folder, descriptor):
                return descriptor


def _is_taken(folder: Path, descriptor: int) -> bool:
    """Take the lock, and see whether it still is the folder's; it is closed if not."""
    try:
        with contextlib.suppress(OSError):
            _try_lock(folder, descriptor)
        if os.path.samestat(os.fstat(descriptor), os.stat(folder / LOCK)):
            return True
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return False


def _try_lock(folder: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"{folder}: another process runs this; wait until it ends") from None
