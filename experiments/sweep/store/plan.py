"""Plans of sweeps: which runs there are, by number, and which of them make a part.

Runs are numbered by point, then replicate, then policy; consecutive runs make a part. How many
depends on the sweep alone, never on who computes it: parts have the same bytes whatever the number
of workers or tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weishang.experiments.scenario.scenario_file import ScenarioFile
from weishang.experiments.simulate.replicates import SeedStream
from weishang.experiments.storage import manifest
from weishang.experiments.sweep.spec import sweep_file
from weishang.experiments.sweep.spec.design import Point, design
from weishang.experiments.sweep.spec.scenarios import changed, check_scenarios, check_sellers
from weishang.experiments.sweep.spec.sweep_file import Policy, SweepFile
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store.identity import identity
from weishang.experiments.sweep.store.record import copied
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller

SHARES = 64
"""Parts of a sweep of few runs: several for each of a dozen workers or tasks."""
USER_DAYS = 2_000_000
"""Of all runs of a part together, when the file does not say how many: some ten seconds."""
MOST_RUNS_A_PART = 100
"""A million runs make 10,000 files then, and a part of the smallest takes a second or two."""


@dataclass(frozen=True, eq=False)
class RunSetting:
    """One run of a sweep.

    Attributes:
        run: its number, from 0.
        point: number of the design point.
        replicate: number of the replicate.
        world_seed: the same at all points and under all policies.
        policy: name.
        scenario: every parameter, at this point under this policy.
        named: sellers that come first.
    """

    run: int
    point: int
    replicate: int
    world_seed: int
    policy: str
    scenario: Scenario
    named: tuple[NamedSeller, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep that has been checked whole.

    Attributes:
        name: of its folder.
        title: for people.
        users: to generate, where there is no graph.
        seed: of people, replicates and points.
        sellers: of each run.
        days: of each run.
        replicates: how many.
        runs_a_part: the last part may have fewer.
        save_days: whether days are saved too, one row each.
        graph: undirected edges, or None.
        nodes: what is known of the graph's people, or None.
        points: of the design, at least one.
        policies: at least one; the others are compared with the first.
        file: the scenario from which all points start.
        sweep: all that its file says.
        identity: what decides the results, by name.
        sha256: of that.
    """

    name: str
    title: str
    users: int
    seed: int
    sellers: int
    days: int
    replicates: int
    runs_a_part: int
    save_days: bool
    graph: Path | None
    nodes: Path | None
    points: tuple[Point, ...]
    policies: tuple[Policy, ...]
    file: ScenarioFile
    sweep: SweepFile
    identity: Mapping[str, Any]
    sha256: str

    @property
    def num_runs(self) -> int:
        """Points times replicates times policies."""
        return len(self.points) * self.replicates * len(self.policies)

    @property
    def num_parts(self) -> int:
        """How many parts the runs make."""
        return -(-self.num_runs // self.runs_a_part)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that each part has."""
        return (layout.RUNS, layout.DAYS) if self.save_days else (layout.RUNS,)

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the parameters that vary, in the file's order."""
        return tuple(one.name for one in self.sweep.parameters)

    def setting(self, run: int) -> RunSetting:
        """A run by its number."""
        self._check("run", run, self.num_runs)
        rest, policy = divmod(run, len(self.policies))
        point, replicate = divmod(rest, self.replicates)
        values = {**self.points[point].values, **self.policies[policy].values}
        return RunSetting(
            run=run,
            point=point,
            replicate=replicate,
            world_seed=derive(self.seed, SeedStream.REPLICATE, replicate),
            policy=self.policies[policy].name,
            scenario=changed(self.file.scenario, values),
            named=self.file.sellers,
        )

    def part(self, number: int) -> range:
        """The runs of a part."""
        self._check("part", number, self.num_parts)
        first = number * self.runs_a_part
        return range(first, min(first + self.runs_a_part, self.num_runs))

    def _check(self, what: str, number: int, count: int) -> None:
        if not 0 <= number < count:
            raise ValueError(f"{what} is {number}; {self.name} has {what}s 0 to {count - 1}")


def make(file: Path, graph: Path | None = None, nodes: Path | None = None) -> Plan:
    """Plan a sweep, and check all of it.

    Args:
        file: of the sweep; see `sweep_file`.
        graph: an undirected edge list in place of people that are generated.
        nodes: what is known of the graph's people.

    Raises:
        ValueError: the file or the scenario of a point has a fault, with its place; there are too
            many runs; the graph or nodes are not files, or there are nodes without a graph.
    """
    if nodes is not None and graph is None:
        raise ValueError(f"nodes is {nodes} and graph None; give the graph of these people")
    sweep = sweep_file.load(file)
    copied(sweep)
    points = design(sweep)
    check_sellers(sweep, generated=graph is None)
    check_scenarios(sweep, points, generated=graph is None)
    return of_points(sweep, points, graph, nodes)


def of_points(
    sweep: SweepFile, points: tuple[Point, ...], graph: Path | None, nodes: Path | None
) -> Plan:
    """The plan of a sweep whose points are known.

    Args:
        sweep: its file.
        points: of its design.
        graph, nodes: as in `make`; they are hashed.

    Raises:
        ValueError: the graph or nodes cannot be read.
    """
    decides = identity(sweep, graph, nodes)
    runs = len(points) * sweep.replicates * len(sweep.policies)
    return Plan(
        name=sweep.name,
        title=sweep.title,
        users=sweep.users,
        seed=sweep.seed,
        sellers=sweep.sellers,
        days=sweep.days,
        replicates=sweep.replicates,
        runs_a_part=sweep.runs_a_part or usual_size(runs, sweep.users * sweep.days),
        save_days=sweep.save_days,
        graph=graph,
        nodes=nodes,
        points=points,
        policies=sweep.policies,
        file=sweep.base,
        sweep=sweep,
        identity=decides,
        sha256=manifest.parameters_digest(decides),
    )


def usual_size(runs: int, user_days: int) -> int:
    """How many runs make a part where the file does not say.

    Args:
        runs: of the whole sweep.
        user_days: people times days of a run.

    Example:
        >>> usual_size(30, 700), usual_size(2_000, 700), usual_size(100_000, 700)
        (1, 32, 100)
    """
    return max(min(-(-runs // SHARES), USER_DAYS // user_days, MOST_RUNS_A_PART), 1)
