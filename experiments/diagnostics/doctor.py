"""What runs on this machine; with --gpu, whether its GPU is exact, and how fast it is.

Claim: the triton and torch backends give on this device what the reference and numba give, to the
last event, and come this near to what the device's random reads allow.
Command: weishang doctor, or weishang doctor --gpu [--out DIR]. Runtime: seconds; with --gpu some
minutes. `--device cpu` rehearses the suite on the CPU: torch, and triton where TRITON_INTERPRET=1
makes it interpret its kernels.
Output: DIR/doctor/ with checks.csv, bandwidth.csv, trials.csv, table.md, figure. Exit code 1 where
a check fails; no speed is measured then.
"""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure

from weishang.experiments.bench.common.graphs import build_graph, largest_hubs
from weishang.experiments.console.command import RESULTS, OutOption, SeedOption
from weishang.experiments.console.exit_codes import CheckFailedError
from weishang.experiments.console.output import say, show
from weishang.experiments.console.progress import stage
from weishang.experiments.diagnostics.device_suite import check_all
from weishang.experiments.storage import figure_style, manifest
from weishang.experiments.storage.report import Report
from weishang.kernels import Graph
from weishang.kernels.cascade.registry import BACKENDS, missing
from weishang.kernels.cascade.resources.estimate import in_words
from weishang.kernels.runtime import free_memory
from weishang.kernels.runtime.availability import interpreted

PACKAGES = ("weishang", "numpy", "numba", "torch", "triton")
PROBABILITIES = (0.02, 0.05, 0.1)

MOST_SEED = 1 << 63
MOST_TORCH_BYTES = 16 << 30
"""What torch may work in on a device: some hundred cascades at once on a million nodes."""


@dataclass(frozen=True)
class Scale:
    """How much is looked at.

    Attributes:
        small: random cases.
        nodes: of the large graph.
        cascades: of a large case that only counts.
        probabilities: whose trials are timed.
        at_once: cascades that are timed in one call, at least: a device wants many.
        seconds: of one measurement, about.
    """

    small: int
    nodes: int
    cascades: int
    probabilities: tuple[float, ...]
    at_once: int
    seconds: float


FULL = Scale(300, 1_000_000, 64, PROBABILITIES, 256, 1.0)
REHEARSAL = Scale(20, 2_000, 16, PROBABILITIES[-1:], 1, 0.05)

CHECK_NOTES = """\
Known answers: docs/contract.md. Small cases are held to the reference, large ones (N = {nodes:,})
to numba: every count and every event. Seconds include compilation."""
BANDWIDTH_NOTES = "Medians of several; places and results of random reads are streamed beside them."
TRIAL_NOTES = """\
An edge-trial is one slot of one who posts, live or not. Medians of several measurements of about
{seconds:g} s. Bound: the random reads of a plain cascade alone (a row offset and a word of seen
bits a person, a target a live slot), each at this device's speed for an array of the graph's size.
numba runs on the host, and is held to the device's bound all the same.
"""


def doctor(
    gpu: Annotated[bool, typer.Option("--gpu", help="Check a device, then its speed.")] = False,
    device: Annotated[
        str, typer.Option(help="With --gpu: a CUDA device, or cpu for a small rehearsal.")
    ] = "cuda",
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
) -> None:
    """Report what runs here; with --gpu, check a device against the reference and measure it."""
    if not gpu:
        show(machine(), "This machine")
        for name in BACKENDS:
            say(f"{name}: {'ready' if (why := missing(name)) is None else why}")
        return
    if not 0 <= seed < MOST_SEED:
        raise ValueError(f"seed is {seed}; give an integer in [0, 2^63)")
    failed = _examine(device, backends_on(device), seed, out)
    if failed:
        raise CheckFailedError(f"{len(failed)} checks failed, first: {failed[0]}")


def machine() -> pd.DataFrame:
    """Versions, cores and memory, one row each."""
    host, device = free_memory.host_bytes(), free_memory.device_bytes()
    rows = [("Python", platform.python_version())]
    rows += [(name, _version(name)) for name in PACKAGES]
    rows += [
        ("system", f"{platform.system()} {platform.machine()}"),
        ("processor", manifest.cpu_model()),
        ("usable cores", str(manifest.usable_cores())),
        ("free memory", "unknown" if host is None else in_words(host)),
        ("GPU", "none" if device is None else f"{device_name('cuda')}, {in_words(device)} free"),
    ]
    return pd.DataFrame(rows, columns=["what", "here"])


def backends_on(device: str) -> dict[str, dict[str, Any]]:
    """The backends to check a device with, and their options.

    Raises:
        ValueError: none can run on it; the message says what is missing.
    """
    on_cpu = device == "cpu"
    if interpreted() and not on_cpu:
        raise ValueError(f"TRITON_INTERPRET is set; unset it to check {device}")
    names = ["triton", "torch"] if interpreted() or not on_cpu else ["torch"]
    for name in names:
        if (why := missing(name)) is not None:
            raise ValueError(f"--gpu cannot check {device} here: {why}")
    import torch

    try:
        torch.empty(0, device=torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device is {device!r}, which torch cannot use: {error}") from None
    options: dict[str, dict[str, Any]] = {
        name: {"backend": name, "device": device} for name in names
    }
    left = free_memory.device_bytes()
    if not on_cpu and left is not None:
        options["torch"]["memory"] = min(left // 2, MOST_TORCH_BYTES)
    return options


def draw(table: pd.DataFrame) -> Figure:
    """Edge-trials a second against p, with the bound of random reads.

    Args:
        table: trials.csv.
    """
    figure, axes = figure_style.canvas()
    for name, of_it in table.groupby("backend", sort=False):
        axes.plot(of_it["p"], of_it["trials_per_second"], "o-", label=name)
    bound = table.drop_duplicates("p")
    axes.plot(bound["p"], bound["bound"], "k--", label="random reads alone")
    axes.set_yscale("log")
    axes.set(xlabel="probability of a share being seen, p", ylabel="edge-trials a second (median)")
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def device_name(device: str) -> str:
    """What the device is called."""
    import torch

    place = torch.device(device)
    return torch.cuda.get_device_name(place) if place.type == "cuda" else manifest.cpu_model()


def _examine(
    device: str, backends: Mapping[str, Mapping[str, Any]], seed: int, out: Path
) -> list[str]:
    """Check, then measure, and save what came out; returns the checks that failed."""
    scale = REHEARSAL if device == "cpu" else FULL
    title = f"{device_name(device)}: cascades held to the reference, and their speed"
    with Report(
        "doctor",
        out,
        title=title,
        parameters=asdict(scale),
        seed=seed,
        device=device_name(device),
    ) as report:
        graph = build_graph(scale.nodes, np.random.default_rng(seed))
        report.graph_hash = graph.fingerprint()
        checks = check_all(backends, graph, scale.small, scale.cascades, seed)
        report.table("checks", checks, "Checks", CHECK_NOTES.format(nodes=scale.nodes))
        failed = (checks["backend"] + ": " + checks["check"] + ": " + checks["told"])[
            ~checks["passed"]
        ].tolist()
        show(checks, title)
        if not failed:
            _measure(report, graph, backends, device, scale, seed)
    return failed


def _measure(
    report: Report,
    graph: Graph,
    backends: Mapping[str, Mapping[str, Any]],
    device: str,
    scale: Scale,
    seed: int,
) -> None:
    """Random reads, copying, and trials a second; numba's beside the device's."""
    import torch

    from weishang.experiments.diagnostics import device_speed

    place = torch.device(device)
    with stage("speed", 2) as advance:
        bandwidth = device_speed.bandwidth(place)
        report.table("bandwidth", bandwidth, "Memory of the device", BANDWIDTH_NOTES)
        advance()
        trials = device_speed.trials(
            graph,
            largest_hubs(graph),
            scale.probabilities,
            {**backends, "numba": {"backend": "numba"}},
            place,
            scale.at_once,
            scale.seconds,
            seed,
        )
        notes = TRIAL_NOTES.format(seconds=scale.seconds)
        report.table("trials", trials, "Edge-trials a second", notes)
        advance()
    report.figure("trials", draw, "trials")
    show(bandwidth, "Memory of the device")
    show(trials, "Edge-trials a second")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
