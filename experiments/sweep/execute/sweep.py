"""Run a sweep: every design point, replicate and policy of a file, each a market of its own.

Claim: none; this is how settings are tried by the thousand.
Command: weishang sweep FILE [--workers N] [--graph G] [--nodes F] [--out DIR]
[--slurm | --script | --simulate-preempt]
Runtime: depends on the file; on two cores some 3 seconds per million people and day.
Output: results/sweeps/NAME (parts, gathered). The same command resumes a sweep that was stopped.
"""

from pathlib import Path
from typing import Annotated

import typer

from weishang.experiments.console import progress
from weishang.experiments.console.command import RESULTS, GraphOption, NodesOption, OutOption
from weishang.experiments.console.exit_codes import FAILED
from weishang.experiments.console.output import say
from weishang.experiments.console.progress import stage
from weishang.experiments.console.signals import requeue_on_signals
from weishang.experiments.storage.manifest import usable_cores
from weishang.experiments.sweep.execute import pool, slurm
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store.plan import Plan

DEFAULT = slurm.Options()
PREEMPTIONS = 5


def sweep(
    file: Annotated[Path, typer.Argument(help="Sweep file (TOML).")],
    graph: GraphOption = None,
    nodes: NodesOption = None,
    out: OutOption = RESULTS,
    workers: Annotated[
        int | None, typer.Option(help="Processes; by default as many as there are cores.")
    ] = None,
    on_slurm: Annotated[bool, typer.Option("--slurm", help="Submit it to Slurm.")] = False,
    script: Annotated[
        bool, typer.Option("--script", help="Print a script for sbatch, and run nothing.")
    ] = False,
    tasks: Annotated[int, typer.Option(help="Slurm: jobs that share the work.")] = DEFAULT.tasks,
    gpus: Annotated[int, typer.Option(help="Slurm: GPUs per job, 0 or 1.")] = DEFAULT.gpus,
    cpus: Annotated[int, typer.Option(help="Slurm: cores per job.")] = DEFAULT.cpus,
    memory_gb: Annotated[
        float, typer.Option(help="Slurm: memory per job, GiB.")
    ] = DEFAULT.memory_gb,
    minutes: Annotated[
        int, typer.Option(help="Slurm: time limit; a job that needs longer is requeued.")
    ] = DEFAULT.minutes,
    partition: Annotated[str | None, typer.Option(help="Slurm: partition.")] = None,
    account: Annotated[str | None, typer.Option(help="Slurm: account.")] = None,
    simulate_preempt: Annotated[
        bool, typer.Option("--simulate-preempt", help="Run it as Slurm would, with preemptions.")
    ] = False,
    preemptions: Annotated[int, typer.Option(help="How many to simulate.")] = PREEMPTIONS,
) -> None:
    """Run a sweep file: settings times replicates times policies."""
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
    folder = sweep_folder.open_folder(plan, out)
    with sweep_folder.hold(folder):
        slurm.refuse_running(folder)
        if on_slurm or script:
            _hand_over(plan, folder, options, script_only=script)
            return
        if simulate_preempt:
            from weishang.experiments.sweep.execute import rehearsal

            rehearsal.rehearse(plan, folder, workers, preemptions)
        else:
            compute(plan, folder, workers)
        # Figures take a second to import, which neither workers nor refusals need wait for.
        from weishang.experiments.sweep.results import gather

        gather.collect(plan, folder)
    gather.show_summary(plan, folder)


def compute(plan: Plan, folder: Path, workers: int) -> None:
    """Compute the missing parts on this machine.

    Args:
        plan: of the sweep.
        folder: of the sweep, held.
        workers: processes, at least 1.

    Raises:
        ValueError: a worker met bad input.
        SystemExit: a worker failed otherwise, or a signal stopped the sweep.
    """
    sweep_folder.tidy(plan, folder)
    missing = sweep_folder.missing(plan, folder)
    todo = sum(len(plan.part(number)) for number in missing)
    try:
        with stage(f"sweep {plan.name}", plan.num_runs, plan.num_runs - todo) as advance:
            pool.compute(plan, folder, missing, workers, advance)
    except pool.WorkerError as error:
        progress.error(str(error), FAILED)
        raise SystemExit(FAILED) from None


def _hand_over(plan: Plan, folder: Path, options: slurm.Options, *, script_only: bool) -> None:
    """Submit what is missing to Slurm, or print the script."""
    if not sweep_folder.missing(plan, folder):
        raise ValueError(f"{folder}: all parts are there; run weishang gather {folder}")
    if script_only:
        print(slurm.script(plan, folder, options), end="")
        return
    job = slurm.submit(plan, folder, options)
    say(f"job {job}: follow it with weishang progress {folder}, and run weishang gather at its end")
