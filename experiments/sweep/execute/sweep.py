"""Run a sweep: every design point, world and policy of a file, each a market of its own.

Claim: none; it is how settings are tried by the thousand.
Command: weishang sweep FILE [--workers N] [--graph G] [--nodes F] [--out DIR]
[--slurm | --script | --simulate-preempt]
Runtime: by the file; on two cores some 3 seconds a million people and day.
Output: results/sweeps/NAME (parts, gathered). The same command goes on where one was stopped.
"""

import contextlib
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from weishang.experiments.console import progress
from weishang.experiments.console.command import RESULTS, GraphOption, NodesOption, OutOption
from weishang.experiments.console.exit_codes import FAILED
from weishang.experiments.console.output import say
from weishang.experiments.console.progress import stage
from weishang.experiments.console.signals import requeue_on_signals
from weishang.experiments.storage import manifest
from weishang.experiments.storage.manifest import usable_cores
from weishang.experiments.sweep.execute import pool, slurm
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store import state
from weishang.experiments.sweep.store.plan import Plan

DEFAULT = slurm.Options()
PREEMPTIONS = 5


def sweep(
    file: Annotated[Path, typer.Argument(help="Sweep file (TOML).")],
    graph: GraphOption = None,
    nodes: NodesOption = None,
    out: OutOption = RESULTS,
    workers: Annotated[
        int | None, typer.Option(help="Processes; as many as there are cores without it.")
    ] = None,
    on_slurm: Annotated[bool, typer.Option("--slurm", help="Hand it in to Slurm.")] = False,
    script: Annotated[
        bool, typer.Option("--script", help="Print a script for sbatch, and run nothing.")
    ] = False,
    tasks: Annotated[int, typer.Option(help="Slurm: jobs that share it.")] = DEFAULT.tasks,
    gpus: Annotated[int, typer.Option(help="Slurm: GPUs a job, 0 or 1.")] = DEFAULT.gpus,
    cpus: Annotated[int, typer.Option(help="Slurm: cores a job.")] = DEFAULT.cpus,
    memory_gb: Annotated[float, typer.Option(help="Slurm: memory a job.")] = DEFAULT.memory_gb,
    minutes: Annotated[int, typer.Option(help="Slurm: time of a turn.")] = DEFAULT.minutes,
    partition: Annotated[str | None, typer.Option(help="Slurm: partition.")] = None,
    account: Annotated[str | None, typer.Option(help="Slurm: account.")] = None,
    simulate_preempt: Annotated[
        bool, typer.Option("--simulate-preempt", help="Run it as Slurm would, with preemptions.")
    ] = False,
    preemptions: Annotated[int, typer.Option(help="How many to simulate.")] = PREEMPTIONS,
) -> None:
    """Run a sweep file: settings times worlds times policies."""
    requeue_on_signals()
    if on_slurm + script + simulate_preempt > 1:
        raise ValueError("give one of --slurm, --script and --simulate-preempt")
    workers = usable_cores() if workers is None else workers
    for name, number in (("workers", workers), ("preemptions", preemptions)):
        if number < 1:
            raise ValueError(f"{name} is {number}; give at least 1")
    options = slurm.Options(tasks, gpus, cpus, memory_gb, minutes, partition, account)
    if on_slurm:
        slurm.refuse_missing_tools()
    plan = sweep_plan.make(file, graph, nodes)
    folder = sweep_plan.open_folder(plan, out)
    with sweep_plan.hold(folder):
        if slurm.were_handed_in(folder):
            slurm.refuse_running(folder)
        if on_slurm or script:
            _hand_in(plan, folder, options, script=script)
        elif simulate_preempt:
            _rehearse(plan, folder, workers, preemptions)
        else:
            compute(plan, folder, workers)
    if not (on_slurm or script):
        from weishang.experiments.sweep.results import gather

        gather.tell(plan, folder)


def compute(plan: Plan, folder: Path, workers: int) -> None:
    """Compute the parts that are missing on this machine, and gather all.

    Args:
        plan: of the sweep.
        folder: of the sweep, held.
        workers: processes, at least 1.

    Raises:
        ValueError: a worker met bad input, or a part is damaged.
        SystemExit: a worker failed otherwise, or a signal asked to leave.
    """
    state.tidy(plan, folder)
    missing = sweep_plan.missing(plan, folder)
    todo = sum(len(plan.part(number)) for number in missing)
    try:
        with (
            _gathering_at_hand(),
            stage(f"sweep {plan.name}", plan.num_runs, plan.num_runs - todo) as advance,
        ):
            pool.compute(plan, folder, missing, workers, advance)
    except pool.CrewError as error:
        progress.error(str(error), FAILED)
        raise SystemExit(FAILED) from None
    from weishang.experiments.sweep.results import gather

    gather.collect(plan, folder)


@contextmanager
def _gathering_at_hand() -> Iterator[None]:
    """Import and list what gathering takes while the block waits for workers.

    It draws figures, so that this takes a second: neither workers nor the end are to wait for it.
    """

    def fetch() -> None:
        # Whatever keeps it from being imported will be told where it is imported to be used.
        with contextlib.suppress(Exception):
            importlib.import_module("weishang.experiments.sweep.results.gather")
            manifest.package_owners()

    fetching = threading.Thread(target=fetch)
    fetching.start()
    try:
        yield
    finally:
        fetching.join()


def _hand_in(plan: Plan, folder: Path, options: slurm.Options, *, script: bool) -> None:
    """Give what is missing to Slurm, or print how."""
    if not sweep_plan.missing(plan, folder):
        raise ValueError(f"{folder}: all parts are there; run weishang gather {folder}")
    if script:
        print(slurm.script(plan, folder, options), end="")
        return
    job = slurm.submit(plan, folder, options)
    say(f"job {job}: look at it with weishang progress {folder}; at its end, run weishang gather")


def _rehearse(plan: Plan, folder: Path, tasks: int, preemptions: int) -> None:
    from weishang.experiments.sweep.execute import rehearsal
    from weishang.experiments.sweep.results import gather

    rehearsal.rehearse(plan, folder, tasks, preemptions)
    gather.collect(plan, folder)
