"""One long market that can be stopped at any moment, and resumes to the very same rows."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from weishang.experiments.console.signals import deferred_signals
from weishang.experiments.simulate import market_runs
from weishang.experiments.simulate.market_runs import Run, day_columns, live, run_one
from weishang.experiments.simulate.run_checkpointer import RunCheckpointer
from weishang.experiments.storage import partitions
from weishang.experiments.storage.checkpoints import START_OVER
from weishang.experiments.storage.manifest import computing_version
from weishang.experiments.storage.partitions import Part
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run whose rows of campaigns are on the disk.

    Attributes:
        days, searches: see Run.
        campaigns: the rows of Run's `campaigns`, in partitions.
    """

    days: pd.DataFrame
    campaigns: tuple[Part, ...]
    searches: pd.DataFrame


def run_market(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    replicate: int,
    days: int,
    sellers: int,
    *,
    named: Sequence[NamedSeller] = (),
    advance: Callable[[], object] = lambda: None,
    checkpointer: RunCheckpointer | None = None,
) -> Run:
    """Run the market of one replicate, with checkpoints or without.

    Args:
        society, chats, scenario, replicate, sellers, named: as of `market_runs.run_markets`.
        days: at least 1; a run that resumes may be longer than was first asked for.
        advance: called after each simulated day, not for those of an earlier run.
        checkpointer: where the run is kept; discard it when the result is in place.

    Raises:
        ValueError: as of `run_markets`, or the folder is of another run or broken.
        GracefulExit: a signal asked to stop; the run is saved.
    """
    if checkpointer is None:
        return run_one(society, chats, scenario, replicate, days, sellers, advance, named)
    stored = run_to_disk(
        society,
        chats,
        scenario,
        replicate,
        days,
        sellers,
        named=named,
        advance=advance,
        checkpointer=checkpointer,
    )
    rows = pa.concat_tables([partitions.read(part) for part in stored.campaigns])
    return Run(stored.days, rows.to_pandas(self_destruct=True), stored.searches)


def run_to_disk(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    replicate: int,
    days: int,
    sellers: int,
    *,
    named: Sequence[NamedSeller] = (),
    advance: Callable[[], object] = lambda: None,
    resumed: Callable[[int], object] = lambda day: None,
    checkpointer: RunCheckpointer,
) -> StoredRun:
    """`run_market` with the campaigns' rows left on the disk.

    `resumed` is called with the last day of the earlier run, if this one resumes it. What the last
    day brought is saved too.
    """
    market_runs.check(scenario, days)
    try:
        done = checkpointer.begin()
        if done > days:
            raise ValueError(
                f"days is {days}, and {checkpointer.folder} holds the run after day {done}; give "
                f"more days, or {START_OVER}"
            )
        market = Market(society, scenario, replicate, sellers, chats=chats, named=named)
        rows = checkpointer.resume(market)
        if done:
            resumed(done)
        with deferred_signals() as stop:
            for day in live(market, days, rows):
                advance()
                # Looked at once: a signal that comes while the day is saved is for the next day.
                stops = stop.requested and day < days
                if stops or checkpointer.due() or day == days:
                    checkpointer.save(market, rows)
                if stops:
                    stop.exit()
        table, searches = day_columns(market).frame, rows.searches().frame
        market.close()
    except BaseException:
        checkpointer.close()
        raise
    return StoredRun(table, checkpointer.campaigns(), searches)


def identity_of(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    replicate: int,
    sellers: int,
    named: Sequence[NamedSeller] = (),
) -> dict[str, Any]:
    """All that decides a market's days: scenario, graph with its people, seed, sellers, version.

    The number of days is not part of it: a run may be prolonged.
    """
    graph = _graph_digest(society, chats)
    return {"graph": graph, **known_identity(scenario, replicate, sellers, named)}


def known_identity(
    scenario: Scenario, replicate: int, sellers: int, named: Sequence[NamedSeller] = ()
) -> dict[str, Any]:
    """What of `identity_of` is known without the people."""
    return {
        "scenario": scenario.values(),
        "seed": replicate,
        "sellers": [sellers, list(named)],
        "version": computing_version(),
    }


def _graph_digest(society: Society, chats: GroupChats | None) -> list[str | None]:
    """Who knows whom, who the people are, and their groups."""
    people = hashlib.sha256()
    for array in (society.interest, society.budget_class, society.place):
        people.update(f"{array.dtype}{array.shape}".encode())
        people.update(np.ascontiguousarray(array).data)
    groups = None if chats is None else chats.fingerprint()
    return [society.graph.fingerprint(), people.hexdigest(), groups]
