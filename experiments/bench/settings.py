"""One graph and probability: the programs that run on it, checked and then timed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from weishang.experiments.bench.checks import BASELINE, check_exact, check_law
from weishang.experiments.bench.common.graphs import largest_hubs
from weishang.experiments.bench.common.timing import OURS, Run, calibrate, measure
from weishang.experiments.bench.contenders.contenders import Contender
from weishang.experiments.bench.contenders.program import Program
from weishang.kernels import Graph, independent_cascade


@dataclass(frozen=True)
class Setting:
    """A graph, a probability, and what is timed there.

    Attributes:
        name: of the graph.
        graph: undirected.
        p: probability.
        contenders: who can take part.
        speed: whether cascades a second are measured, in batches as large as a program likes.
        replicas: sizes of the calls that are timed.
        callers: names of those whose calls are timed.
    """

    name: str
    graph: Graph
    p: float
    contenders: Sequence[Contender]
    speed: bool
    replicas: Sequence[int]
    callers: Sequence[str]

    @property
    def size(self) -> dict[str, Any]:
        """The columns that tell generated graphs apart."""
        return {"nodes": self.graph.num_nodes, "edges": self.graph.num_edges, "p": self.p}

    @property
    def key(self) -> dict[str, Any]:
        """The columns that name the setting."""
        return {"graph": self.name, **self.size}


class Findings(NamedTuple):
    """What a setting gives, each with the columns of `Setting.key`; see check_law and measure."""

    checks: pd.DataFrame
    speed: pd.DataFrame
    calls: pd.DataFrame


def run_setting(
    setting: Setting, seconds: float, call_seconds: float, seed: int, threads: int
) -> Findings:
    """Check, then measure.

    Args:
        setting: what to run.
        seconds: aimed at for one measurement of speed.
        call_seconds: aimed at for one measurement of calls.
        seed: of the cascades; the checks take the next one.
        threads: that a program may use.

    Raises:
        RuntimeError: results disagree.
    """
    seeds = largest_hubs(setting.graph)
    check_exact(setting.graph, seeds, setting.p, seed)
    baseline = independent_cascade(
        setting.graph, seeds, setting.p, BASELINE, seed, backend=OURS, threads=threads
    )
    programs = {
        one.name: one.prepare(setting.graph, seeds, setting.p, threads)
        for one in setting.contenders
    }
    means = {name: program.mean for name, program in programs.items()}
    aim = seconds if setting.speed else call_seconds
    counts = {name: calibrate(mean, aim, seed) for name, mean in means.items()}
    checks = check_law(programs, counts, baseline.reach.sum(axis=1), seed + 1)
    speed = measure(means, counts, seed) if setting.speed else pd.DataFrame()
    calls = _measure_calls(setting, programs, call_seconds, seed)
    return Findings(*(labelled(frame, setting.key) for frame in (checks, speed, calls)))


def labelled(frame: pd.DataFrame, key: Mapping[str, Any]) -> pd.DataFrame:
    """Put the columns of a setting before a frame's own."""
    return pd.concat([pd.DataFrame([key] * len(frame), index=frame.index), frame], axis=1)


def _measure_calls(
    setting: Setting, programs: Mapping[str, Program], seconds: float, seed: int
) -> pd.DataFrame:
    """Time calls of exactly so many replicas, repeated with other seeds where they are short."""
    parts = [pd.DataFrame()]
    for replicas in setting.replicas:
        calls = {
            name: _repeated(programs[name], replicas)
            for name in setting.callers
            if name in programs
        }
        counts = {name: calibrate(call, seconds, seed) for name, call in calls.items()}
        parts.append(labelled(measure(calls, counts, seed), {"replicas": replicas}))
    return pd.concat(parts, ignore_index=True)


def _repeated(program: Program, replicas: int) -> Run:
    """Calls one after the other, each with luck of its own."""

    def run(calls: int, seed: int) -> float:
        luck = np.random.default_rng(seed).integers(0, 1 << 31, calls).tolist()
        return float(np.mean([program.mean(replicas, one) for one in luck]))

    return run
