"""Plans of sweeps: numbered runs in parts, and the folder in which they are computed.

Runs are numbered by point, then world, then policy; `runs_a_part` runs one after the other make a
part. A folder belongs to one sweep:

    OUT/sweeps/NAME/sweep.json    which sweep it is: hashes of all that decides its results
                    inputs/       copies of the sweep's file and of its scenario's
                    parts/        what the runs came to; see `parts`

`sweep.json` appears with the folder or not at all, and holds the place of a graph and of the file
of its people, which are not copied.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weishang.experiments.scenario.scenario_file import ScenarioFile
from weishang.experiments.simulate.worlds import SeedStream
from weishang.experiments.storage import atomic, lock, manifest, partitions
from weishang.experiments.sweep.spec import sweep_file
from weishang.experiments.sweep.spec.design import Point, design
from weishang.experiments.sweep.spec.scenarios import changed, check_scenarios, check_sellers
from weishang.experiments.sweep.spec.sweep_file import Policy, SweepFile
from weishang.experiments.sweep.store.identity import differences, identity, said
from weishang.experiments.sweep.store.record import RECORD, Copy, Record, check_copies, read_record
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller

FOLDER = "sweeps"
INPUTS = "inputs"
PARTS = "parts"
RUNS, DAYS = "runs", "days"
"""Tables that a sweep's parts hold."""
USER_DAYS = 2_000_000
"""Of all runs of a part together, when the file does not say how many: some ten seconds."""
MOST_RUNS_A_PART = 100


@dataclass(frozen=True, eq=False)
class RunSetting:
    """One run of a sweep.

    Attributes:
        run: its number, from 0.
        point: number of the design point.
        world: number of the world.
        world_seed: its luck, the same at all points and under all policies.
        policy: name.
        scenario: every parameter, at this point under this policy.
        named: sellers that come first.
    """

    run: int
    point: int
    world: int
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
        seed: of people, worlds and points.
        sellers: of each run.
        days: of each run.
        worlds: how many.
        runs_a_part: the last part may have fewer.
        save_days: whether there is a row a day, too.
        graph: undirected edges, or None.
        nodes: what is known of the graph's people, or None.
        points: of the design, at least one.
        policies: at least one; the others are held against the first.
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
    worlds: int
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
        """Points times worlds times policies."""
        return len(self.points) * self.worlds * len(self.policies)

    @property
    def num_parts(self) -> int:
        """How many parts the runs make."""
        return -(-self.num_runs // self.runs_a_part)

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the parameters that vary, in the file's order."""
        return tuple(one.name for one in self.sweep.parameters)

    def setting(self, run: int) -> RunSetting:
        """A run by its number."""
        self._check("run", run, self.num_runs)
        rest, policy = divmod(run, len(self.policies))
        point, world = divmod(rest, self.worlds)
        values = {**self.points[point].values, **self.policies[policy].values}
        return RunSetting(
            run=run,
            point=point,
            world=world,
            world_seed=derive(self.seed, SeedStream.WORLD, world),
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
            many runs; the graph or nodes are no files, or there are nodes without a graph.
    """
    if nodes is not None and graph is None:
        raise ValueError(f"nodes is {nodes} and graph None; give the graph of these people")
    sweep = sweep_file.load(file)
    _sources(sweep)
    points = design(sweep)
    check_sellers(sweep, generated=graph is None)
    check_scenarios(sweep, points, generated=graph is None)
    return _plan(sweep, points, graph, nodes)


def open_folder(plan: Plan, out: Path) -> Path:
    """The folder of a sweep, made if it is not there.

    Args:
        plan: from `make`.
        out: the folder of all results.

    Raises:
        ValueError: the folder is another sweep's (what differs is told) or no sweep's; a link leads
            out of it; it cannot be made. Nothing in it is changed then.
    """
    folder = out / FOLDER / plan.name
    atomic.refuse_links(out, folder)
    if not os.path.lexists(folder):
        atomic.make_writable(out)
    with lock.exclusive(out):
        if _is_taken(folder):
            _continue(plan, folder)
        else:
            with atomic.staged_folder(folder) as staging:
                _fill(plan, staging)
    return folder


def read(folder: Path) -> Plan:
    """The plan of a sweep's folder, from its copies of the files; a graph is hashed again.

    Raises:
        ValueError: the folder is no sweep's, a file in it was changed, a link leads out of it, the
            graph is gone or another, or the sweep was begun by another version of the code.
    """
    _refuse_links(folder)
    record = read_record(folder / RECORD)
    check_copies(folder / INPUTS, record)
    sweep = sweep_file.load(folder / INPUTS / record.file)
    plan = _plan(sweep, design(sweep), _place(record.graph), _place(record.nodes))
    _refuse_another(folder, record, plan)
    return plan


def missing(plan: Plan, folder: Path) -> list[int]:
    """Numbers of the parts of which a table is not there; names are looked at, not contents."""
    whole = set(range(plan.num_parts))
    for table in tables(plan):
        whole &= partitions.find(folder / PARTS, table).keys()
    return sorted(set(range(plan.num_parts)) - whole)


def tables(plan: Plan) -> tuple[str, ...]:
    """The tables that each part has."""
    return (RUNS, DAYS) if plan.save_days else (RUNS,)


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep other sweeps out of a sweep's folder, until the block or the process ends.

    File systems without locks (some network ones) are used without.

    Raises:
        ValueError: another one is at work in it.
    """
    # Not on the folder itself, whose lock `atomic` takes for every change of a name in it.
    descriptor = os.open(folder / INPUTS, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(
                    f"another sweep runs in {folder}; wait for its end, or give another --out"
                ) from None
        yield
    finally:
        os.close(descriptor)


def _plan(
    sweep: SweepFile, points: tuple[Point, ...], graph: Path | None, nodes: Path | None
) -> Plan:
    usual = min(max(USER_DAYS // (sweep.users * sweep.days), 1), MOST_RUNS_A_PART)
    decides = identity(sweep, graph, nodes)
    return Plan(
        name=sweep.name,
        title=sweep.title,
        users=sweep.users,
        seed=sweep.seed,
        sellers=sweep.sellers,
        days=sweep.days,
        worlds=sweep.worlds,
        runs_a_part=sweep.runs_a_part or usual,
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


def _is_taken(folder: Path) -> bool:
    """Whether something is where a sweep's folder goes; an empty folder is nothing."""
    return os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir()))


def _fill(plan: Plan, staging: Path) -> None:
    """Write what a sweep's folder begins with."""
    sources = _sources(plan.sweep)
    for name, source in sources.items():
        target = staging / INPUTS / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    (staging / PARTS).mkdir()
    (staging / RECORD).write_text(_new_record(plan, staging, list(sources)).text(), "utf-8")
    if said(sweep_file.load(staging / INPUTS / plan.sweep.path.name)) != said(plan.sweep):
        raise ValueError(f"{plan.sweep.path}: was changed while it was read; start again")


def _sources(sweep: SweepFile) -> dict[str, Path]:
    """The sweep's files by the names of their copies; what lies elsewhere is the code's default.

    Raises:
        ValueError: one is reached through `..`, and could not be where its copy's folder is.
    """
    sources = {sweep.path.name: sweep.path}
    folder = sweep.path.parent
    for path in sweep.base.files:
        if not path.is_relative_to(folder):
            continue
        name = path.relative_to(folder)
        if ".." in name.parts:
            raise ValueError(f"{path}: a sweep copies its files; give a path without ..")
        sources[name.as_posix()] = path
    return sources


def _new_record(plan: Plan, folder: Path, names: list[str]) -> Record:
    return Record(
        format=1,
        file=plan.sweep.path.name,
        copies={name: Copy(**manifest.file_record(folder / INPUTS / name)) for name in names},
        graph=_absolute(plan.graph),
        nodes=_absolute(plan.nodes),
        identity=dict(plan.identity),
        sha256=plan.sha256,
    )


def _continue(plan: Plan, folder: Path) -> None:
    """Take a folder that is there already, if it is this sweep's."""
    _refuse_links(folder)
    record = read_record(folder / RECORD)
    _refuse_another(folder, record, plan)
    check_copies(folder / INPUTS, record)
    (folder / PARTS).mkdir(exist_ok=True)
    places = {"graph": _absolute(plan.graph), "nodes": _absolute(plan.nodes)}
    if places != {"graph": record.graph, "nodes": record.nodes}:
        with atomic.staged_file(folder / RECORD) as staging:
            staging.write_text(record.model_copy(update=places).text(), "utf-8")


def _refuse_links(folder: Path) -> None:
    for name in (RECORD, INPUTS, PARTS):
        atomic.refuse_links(folder, folder / name)


def _refuse_another(folder: Path, record: Record, plan: Plan) -> None:
    told = differences(record.identity, plan.identity)
    if told:
        raise ValueError(
            f"{folder}: is of another sweep, which differs by {', '.join(told)}; go on with what "
            "it was begun with, or give another name or --out"
        )


def _place(path: str | None) -> Path | None:
    return None if path is None else Path(path)


def _absolute(path: Path | None) -> str | None:
    return None if path is None else os.path.abspath(path)
