"""The runs of a part of a sweep: one market and one row each, and one file per table for all."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from weishang.experiments.console.signals import StopRequest, deferred_signals
from weishang.experiments.simulate import replicates, resumable_run
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.simulate.named_sellers import check_sellers
from weishang.experiments.simulate.run_checkpointer import RunCheckpointer
from weishang.experiments.storage import atomic, partitions
from weishang.experiments.sweep.results import rows as sweep_rows
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store.plan import Plan, RunSetting
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

LONG = 2_000_000
"""People times days from which on a market is saved as it runs: some seconds on two cores."""


def compute(
    plan: Plan, folder: Path, number: int, advance: Callable[[], object] = lambda: None
) -> None:
    """Run a part's markets, and write the part.

    SIGTERM, SIGUSR1 and SIGINT end it with the day under way; long markets are saved then. The
    part is written when all its runs are done.

    Args:
        plan: of the sweep.
        folder: of the sweep.
        number: of the part.
        advance: called after each run.

    Raises:
        ValueError: a society lacks a named seller; there is no such part; or a checkpoint belongs
            to another sweep.
        GracefulExit: a signal asked for it.
    """
    rows, days = {}, {}
    with deferred_signals() as stop, ExitStack() as held:
        keepers = []
        for setting in _by_society(plan.setting(run) for run in plan.part(number)):
            scenario = setting.scenario
            people = replicates.society(
                plan.graph, plan.users, plan.seed, scenario.society, plan.nodes
            )
            check_sellers(plan.file, people)
            groups = replicates.chats(people, scenario.groups, plan.seed, plan.nodes)
            keep = _keeper(plan, folder, setting, people)
            if keep is not None:
                keepers.append(held.enter_context(keep))
            num_sellers = replicates.most_sellers(people, plan.sellers)
            ran = _run(plan, setting, people, groups, num_sellers, stop, keep)
            rows[setting.run] = sweep_rows.run_row(plan, setting, num_sellers, ran)
            if plan.save_days:
                days[setting.run] = sweep_rows.days_frame(setting, ran)
            advance()
        _write(plan, folder, number, rows, days)
        for keep in keepers:
            keep.discard()
    sweep_folder.remove_empty_state(folder)


def _run(
    plan: Plan,
    setting: RunSetting,
    people: Society,
    groups: GroupChats,
    num_sellers: int,
    stop: StopRequest,
    keep: RunCheckpointer | None,
) -> Run:
    """The market of a run."""

    def exit_if_requested() -> None:
        if stop.requested:
            stop.exit()

    exit_if_requested()
    return resumable_run.run_market(
        people,
        groups,
        setting.scenario,
        setting.world_seed,
        plan.days,
        num_sellers,
        named=setting.named,
        advance=exit_if_requested,
        checkpointer=keep,
    )


def _keeper(
    plan: Plan, folder: Path, setting: RunSetting, people: Society
) -> RunCheckpointer | None:
    """Where a long market is saved as it runs; a short one is not."""
    if people.num_users * plan.days < LONG:
        return None
    state = sweep_folder.state_of(folder, setting.run)
    atomic.refuse_links(folder, state)
    # The sweep's hash covers its people, scenario, graph and the version of the code.
    return RunCheckpointer(state, {"sweep": plan.sha256, "run": setting.run})


def _write(
    plan: Plan,
    folder: Path,
    number: int,
    rows: Mapping[int, Mapping[str, Any]],
    days: Mapping[int, pd.DataFrame],
) -> None:
    """Write the tables of a part, their runs in order."""
    frames = {layout.RUNS: sweep_rows.runs_frame(plan, [rows[run] for run in sorted(rows)])}
    if plan.save_days:
        frames[layout.DAYS] = pd.concat([days[run] for run in sorted(days)], ignore_index=True)
    for table in plan.tables:
        units = {name: unit for name, (unit, _) in sweep_rows.entries(plan, table).items()}
        partitions.write(folder / layout.PARTS, table, number, frames[table], units)


def _by_society(settings: Iterable[RunSetting]) -> list[RunSetting]:
    """The same, those of one society and its groups together: the last ones built are kept."""
    order: dict[object, int] = {}

    def place(setting: RunSetting) -> int:
        scenario = setting.scenario
        return order.setdefault((scenario.society, scenario.groups), len(order))

    return sorted(settings, key=place)
