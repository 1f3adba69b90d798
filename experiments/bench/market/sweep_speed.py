"""What a sweep costs beyond its simulation, and what a second worker gains.

Claim: in a sweep of 2,000 small runs a run takes less than 5 ms beyond its simulation, and two
workers are at least 1.8 times as fast as one.
Command: weishang sweep-speed [--runs N] [--users N] [--sellers N] [--days D]
[--repetitions R] [--seed S] [--out DIR]
Runtime: some twenty minutes on two cores that nobody else uses.
Output: results/sweep_speed (claims.csv, speed.csv, repetitions.csv).
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from weishang.experiments.bench.claims import AT_LEAST, AT_MOST
from weishang.experiments.console.command import RESULTS, OutOption, SeedOption
from weishang.experiments.console.progress import stage
from weishang.experiments.simulate import replicates
from weishang.experiments.storage.codebook import Entry, add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.sweep.execute import runs as sweep_runs
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store.plan import Plan
from weishang.model.market.market import Market

RUNS, USERS, SELLERS, DAYS = 2_000, 1_000, 30, 7
POLICIES = 2
REPETITIONS = 3
FEW = 2 * POLICIES
"""Runs of a sweep that is all start-up: an interval takes two replicates."""
MILLISECONDS = 5.0
"""A run, beyond its simulation."""
TIMES = 1.8
"""Two workers over one."""

SIMULATION = "simulation alone"
PARTS = "parts of the sweep, in the same process"
SWEEP = {workers: f"sweep, {workers} worker{'s' * (workers > 1)}" for workers in (1, 2)}
START = {workers: f"start and end of it, {text}" for workers, text in SWEEP.items()}

SWEEP_FILE = """format = 1
name = "{name}"
method = "grid"
seed = {seed}
users = {users}
sellers = {sellers}
days = {days}
replicates = {replicates}
runs_a_part = {runs_a_part}

[policies.usual]

[policies.no_livestreams]
"rules.livestreams" = false
"""
RUNS_A_PART = 50

_SECONDS: dict[str, Entry] = {
    "what": ("name", "that was timed"),
    "repetition": ("number", "from 0; all that is timed takes turns"),
    "seconds": ("seconds", "wall time"),
}
COLUMNS: dict[str, dict[str, Entry]] = {
    "claims": {
        "claim": ("text", "what is measured, and its unit"),
        "bar": ("of the claim", "fixed before the measurement"),
        "measured": ("of the claim", "from medians"),
        "met": ("yes or no", "measured keeps to the bar"),
    },
    "speed": {
        "what": _SECONDS["what"],
        "seconds": ("seconds", "wall time, median over repetitions"),
        "low": ("seconds", "the shortest"),
        "high": ("seconds", "the longest"),
        "ms_a_run": ("milliseconds", "median over the number of runs; empty for start and end"),
    },
    "repetitions": _SECONDS,
}
"""Columns by file."""


def sweep_speed(
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    runs: Annotated[int, typer.Option(help="Runs of the sweep, an even number.")] = RUNS,
    users: Annotated[int, typer.Option(help="People of each run.")] = USERS,
    sellers: Annotated[int, typer.Option(help="Sellers of each run.")] = SELLERS,
    days: Annotated[int, typer.Option(help="Days of each run.")] = DAYS,
    repetitions: Annotated[int, typer.Option(help="Of every measurement.")] = REPETITIONS,
) -> None:
    """Time a sweep of small runs against their simulation, with one worker and with two."""
    if runs <= FEW or runs % POLICIES:
        raise ValueError(f"runs is {runs}; give an even number above {FEW}")
    if repetitions < 1:
        raise ValueError(f"repetitions is {repetitions}; give at least 1")
    out.mkdir(parents=True, exist_ok=True)
    with (
        Report("sweep_speed", out, title="What a sweep costs", seed=seed) as report,
        tempfile.TemporaryDirectory(dir=out, prefix=".sweep_speed-") as folder,
    ):
        sizes = {"seed": seed, "users": users, "sellers": sellers, "days": days}
        whole = _write_file(Path(folder), "whole", runs, sizes)
        start = _write_file(Path(folder), "start", FEW, sizes)
        plan = sweep_plan.make(whole)
        report.parameters = {
            **plan.file.scenario.values(),
            "sweep": whole.read_text(encoding="utf-8"),
            "repetitions": repetitions,
        }
        timed = _measure(plan, whole, start, repetitions)
        _write(report, timed, runs)


def simulate(plan: Plan, runs: int) -> float:
    """Seconds that the markets of the first runs take: made, run, and let go."""
    took = 0.0
    for number in range(runs):
        setting = plan.setting(number)
        people = replicates.society(None, plan.users, plan.seed, setting.scenario.society)
        chats = replicates.chats(people, setting.scenario.groups, plan.seed)
        sellers = replicates.most_sellers(people, plan.sellers)
        begun = time.perf_counter()
        market = Market(people, setting.scenario, setting.world_seed, sellers, chats=chats)
        for _ in range(plan.days):
            market.step()
        market.close()
        took += time.perf_counter() - begun
    return took


def compute_parts(plan: Plan, out: Path) -> float:
    """Seconds that all parts take to be computed and saved, one after the other."""
    folder = sweep_folder.open_folder(plan, out)
    begun = time.perf_counter()
    for number in range(plan.num_parts):
        sweep_runs.compute(plan, folder, number)
    return time.perf_counter() - begun


def run_sweep(file: Path, workers: int, out: Path) -> float:
    """Seconds that the command takes, from its start to the gathered result.

    Raises:
        RuntimeError: the command failed.
    """
    command = [sys.executable, "-m", "weishang.experiments.cli", "sweep", str(file)]
    command += ["--log", "quiet"]
    begun = time.perf_counter()
    done = subprocess.run(
        [*command, "--workers", str(workers), "--out", str(out)], capture_output=True, text=True
    )
    took = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"the sweep {file.name} could not be timed:\n{done.stderr}")
    return took


def overheads(timed: pd.DataFrame, runs: int) -> pd.DataFrame:
    """What the measurements come to: a row a kind.

    Args:
        timed: what, repetition, seconds.
        runs: of the sweep.

    Returns:
        what; seconds, the median; low and high, the smallest and largest; ms_a_run, of the median
        over `runs`, NaN for start-ups, which have few.
    """
    groups = timed.groupby("what", sort=False)["seconds"]
    table = groups.agg(seconds="median", low="min", high="max").reset_index()
    start = table["what"].isin(START.values())
    return table.assign(ms_a_run=(1e3 * table["seconds"] / runs).mask(start))


def judged(speed: pd.DataFrame, runs: int) -> pd.DataFrame:
    """The claims with their bars.

    Args:
        speed: from `overheads`.
        runs: of the sweep.

    Returns:
        claim, bar (a text), measured, met.
    """
    took = speed.set_index("what")["seconds"]
    alone = took[SIMULATION]
    computing = {workers: took[text] - took[START[workers]] for workers, text in SWEEP.items()}
    claims = [
        (
            "ms a run beyond the simulation, in the process that computes",
            AT_MOST,
            MILLISECONDS,
            1e3 * (took[PARTS] - alone) / runs,
        ),
        (
            "ms a run beyond the simulation, one worker, start and end aside",
            AT_MOST,
            MILLISECONDS,
            1e3 * (computing[1] / (runs - FEW) - alone / runs),
        ),
        ("two workers over one, start and end aside", AT_LEAST, TIMES, computing[1] / computing[2]),
        (
            "two workers over one, the whole command",
            AT_LEAST,
            TIMES,
            took[SWEEP[1]] / took[SWEEP[2]],
        ),
    ]
    return pd.DataFrame(
        [
            {
                "claim": text,
                "bar": f"{way} {bar:g}",
                "measured": measured,
                "met": measured <= bar if way == AT_MOST else measured >= bar,
            }
            for text, way, bar, measured in claims
        ]
    )


def _write_file(folder: Path, name: str, runs: int, sizes: Mapping[str, int]) -> Path:
    path = folder / f"{name}.toml"
    runs_a_part = min(RUNS_A_PART, runs // POLICIES)
    text = SWEEP_FILE.format(
        name=name, replicates=runs // POLICIES, runs_a_part=runs_a_part, **sizes
    )
    path.write_text(text, encoding="utf-8")
    return path


def _measure(plan: Plan, whole: Path, start: Path, repetitions: int) -> pd.DataFrame:
    """Time everything in turn, so that a slow minute meets all alike; a row a measurement."""
    kinds: dict[str, Callable[[Path], float]] = {
        SIMULATION: lambda _: simulate(plan, plan.num_runs),
        PARTS: lambda folder: compute_parts(plan, folder),
    }
    for workers in SWEEP:
        kinds[SWEEP[workers]] = partial(run_sweep, whole, workers)
        kinds[START[workers]] = partial(run_sweep, start, workers)
    with stage("compile, and warm up"):
        simulate(plan, FEW)
    rows = []
    with stage("measure", repetitions * len(kinds)) as advance:
        for repetition in range(repetitions):
            for number, (what, measure) in enumerate(kinds.items()):
                # Each in a folder of its own: a sweep that is done already would take no time.
                seconds = measure(whole.parent / f"{repetition}-{number}")
                rows.append({"what": what, "repetition": repetition, "seconds": seconds})
                advance()
    return pd.DataFrame(rows)


def _write(report: Report, timed: pd.DataFrame, runs: int) -> None:
    speed = overheads(timed, runs)
    medians = f"Medians of {timed['repetition'].nunique()}."
    report.table("claims", judged(speed, runs), "Claims", medians)
    report.table(
        "speed",
        speed,
        "Where the time goes",
        "The simulation is the making of the markets and their days, in one process. Parts are the "
        "same runs as the sweep computes and saves them, in that process. A sweep is the whole "
        f"command; its start and end are those of the same command with {FEW} runs: Python, "
        "imports, people and groups, gathering, figures.",
    )
    report.table("repetitions", timed, "Repetitions")
    add_codebook(report, COLUMNS)
