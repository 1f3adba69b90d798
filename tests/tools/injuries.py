"""One injury to a trial: how it ended, whether old results are whole, and that it goes on."""

import argparse
import ctypes
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import preloaded
import trials
from trials import Ended, Trial

AGAIN = "run the same command again"
"""What a command says when the machine, and not its input, is to blame."""
MACHINE = 1
COMMANDS = RUN, TASKS, GATHER, WORKERS = "run", "tasks", "gather", "workers"
"""What can be hurt; the last by `failing_disk` alone."""
OLDER = "older"
"""Folder of results that all patients begin with."""
UNDER_WAY = ".new-"
"""In names of folders that are no results yet."""
OWN = re.compile(r"/\S*/out/|(?<=\.new-)[\w-]+|[0-9a-f]{64}|0x[0-9a-f]+|\([\d, ]+\)|\d[\d.,]*")
"""What differs in a line from one injury to the next."""


@dataclass(frozen=True)
class Patient:
    """A trial, and folders that it begins with and ends with.

    Attributes:
        trial: what is hurt.
        base: folder that is copied before each injury; older results lie in it.
        truth: contents of the folder after the trial that nothing happened to.
        out: the copy.
        fresh: whether starts are programs of their own.
        left: by contents that an injury left, what was wrong with them.
    """

    trial: Trial
    base: Path
    truth: dict[str, Any]
    out: Path
    fresh: bool = False
    left: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, trial: Trial, base: Path, box: Path, *, fresh: bool = False) -> "Patient":
        """Take the truth from a trial in peace."""
        patient = cls(trial, base, {}, box / "out", fresh)
        patient.again()
        return replace(patient, truth=trials.contents(patient.out))

    @property
    def log(self) -> Path:
        """Where stderr goes."""
        return self.out.with_name("stderr")

    def again(self, arm: Callable[[], object] = lambda: None) -> None:
        """Run the trial in peace, from its beginning."""
        self.reset()
        ended = self.start(arm)
        if ended.code:
            raise RuntimeError(f"{self.trial.name}: {ended.code} in peace: {ended.said}")

    def reset(self) -> None:
        """Put the folder back to the beginning."""
        if self.out.exists():
            shutil.rmtree(self.out)
        shutil.copytree(self.base, self.out)

    def start(self, arm: Callable[[], object] = lambda: None) -> Ended:
        """Run the trial on what is there, to whatever end."""
        steps = self.trial.steps(self.out)
        return trials.ended(*trials.start(steps, self.log, arm, fresh=self.fresh))


@dataclass
class Tally:
    """What injuries of one kind came to.

    Attributes:
        ends: by exit code or signal, how many starts ended so.
        lines: what they said, by how often.
        times: injuries.
        leftovers: after how many files under way lay there until the command ran again.
        faults: what should not have been.
    """

    ends: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    times: int = 0
    leftovers: int = 0
    faults: list[str] = field(default_factory=list)

    def row(self, patient: Patient, injury: str, places: int | None) -> dict[str, Any]:
        """As a row of a table.

        Args:
            patient: what was hurt.
            injury: how.
            places: how many calls the trial makes at which it can be; None if it is not known.
        """
        return {
            "command": patient.trial.name,
            "injury": injury,
            "start": "process" if patient.fresh else "fork",
            "places": places,
            "times": self.times,
            "inside": self.leftovers,
            "ends": trials.listed(self.ends),
            "finished": self.times,
            "equal": self.times - len({fault.partition(":")[0] for fault in self.faults}),
            "faults": self.faults,
            "lines": dict(self.lines.most_common()),
        }


def patients(box: Path, commands: Sequence[str]) -> Iterator[Patient]:
    """A short run, the tasks of a sweep, and gathering one, each beside older results.

    Args:
        box: an empty folder.
        commands: which of COMMANDS.
    """
    trials.take_code(box)
    (box / "warm").mkdir()
    trials.warm(box / "warm", gathers=GATHER in commands)
    older = box / OLDER
    older.mkdir()
    log = box / "stderr"
    trials.finish(trials.market(box, days=1, users=300, seconds=0.0).steps(older), log)
    if RUN in commands:
        yield Patient.of(trials.market(box, days=2, users=300, seconds=0.0), older, box)
    if TASKS in commands:
        yield Patient.of(trials.tasks(box, points=1), older, box)
    if GATHER not in commands:
        return
    gathered = box / "gathered"
    shutil.copytree(older, gathered)
    trials.finish(trials.tasks_and_gather(box, points=1).steps(gathered), log)
    yield Patient.of(trials.gathering(), gathered, box)


def main(
    source: Path,
    rows: Callable[[ctypes.CDLL, Path, int, Sequence[str]], Iterator[dict[str, Any]]],
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Be a program that prints rows: first this process starts itself with the library.

    Args:
        source: of the library.
        rows: gives them.
        environment: more variables for the process with the library.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1, help="from one n to the next")
    parser.add_argument("commands", nargs="*", help=f"of {', '.join(COMMANDS)}; all without any")
    given = parser.parse_args()
    shim = preloaded.loaded()
    with tempfile.TemporaryDirectory() as folder:
        if shim is None:
            sys.exit(preloaded.run_with(source, Path(folder), environment))
        for row in rows(shim, Path(folder).resolve(), given.every, given.commands or COMMANDS):
            print(json.dumps(row), flush=True)


def hurt(
    patient: Patient, arm: Callable[[], object], tally: Tally, what: str, aborts: bool = False
) -> None:
    """Injure a trial once, look at what is left, run it again in peace, and note all of it.

    What is left often is what another injury left too, byte by byte; then it is known what becomes
    of it when the trial is run again.

    Args:
        patient: the trial.
        arm: called in the process of each of its commands; it makes the machine fail.
        tally: where it is noted.
        what: was done, for faults.
        aborts: whether a library may end the process, as some do without memory.
    """
    patient.reset()
    old = trials.contents(patient.out)
    ended = patient.start(arm)
    found = trials.contents(patient.out)
    tally.times += 1
    tally.ends[trials.name_of(ended.code)] += 1
    tally.lines.update(OWN.sub("*", line) for line in ended.said)
    tally.leftovers += bool(trials.under_way(patient.out))
    faults = [*faults_of_end(ended, aborts), *faults_of_results(found, old, patient.truth)]
    if ended.code == 0 and (differs := trials.difference(found, patient.truth)):
        faults.append(f"ended well, but {differs}")
    state = trials.digest(found)
    if state not in patient.left:
        patient.left[state] = [
            *_faults_of_verify(patient, found),
            *_faults_of_going_on(patient),
        ]
    faults += patient.left[state]
    tally.faults += [f"{patient.trial.name}, {what}: {fault}" for fault in faults]


def faults_of_end(ended: Ended, aborts: bool) -> Iterable[str]:
    """A command fails with one clear line and exit code 1, or goes on as if nothing were."""
    if ended.code < 0:
        if not aborts:
            yield f"ended by {trials.name_of(ended.code)}: {ended.said}"
    elif ended.code == 0:
        if ended.said:
            yield f"ended well and said {ended.said}"
    elif ended.code != MACHINE:
        yield f"ended with {ended.code}: {ended.said}"
    elif len(ended.said) != 1 or AGAIN not in ended.said[0]:
        yield f"did not say one clear line: {ended.said}"


def faults_of_results(
    found: dict[str, Any], old: dict[str, Any], truth: dict[str, Any]
) -> Iterable[str]:
    """Results are the old ones or the new ones, each folder whole."""
    for folder in _results(old):
        parts = [
            {name: content for name, content in each.items() if name.startswith(f"{folder}/")}
            for each in (found, old, truth)
        ]
        if parts[0] != parts[1] and parts[0] != parts[2]:
            yield f"{folder} is neither as it was nor as it should become"


def _faults_of_verify(patient: Patient, found: dict[str, Any]) -> Iterable[str]:
    """What is called a result is whole, to `weishang verify` too."""
    steps = [["verify", str(patient.out / folder)] for folder in _results(found)]
    ended = trials.ended(*trials.start(steps, patient.log))
    if ended.code:
        yield f"verify ended with {trials.name_of(ended.code)}: {ended.said}"


def _faults_of_going_on(patient: Patient) -> Iterable[str]:
    """The same commands, run again in peace, leave what they would have left."""
    ended = patient.start()
    if ended.code:
        yield f"run again it ended with {trials.name_of(ended.code)}: {ended.said}"
    elif differs := trials.difference(trials.contents(patient.out), patient.truth):
        yield f"run again: {differs}"
    else:
        yield from _faults_of_verify(patient, patient.truth)


def _results(found: dict[str, Any]) -> list[str]:
    """Folders of results."""
    return sorted(
        name.removesuffix("/manifest.json")
        for name in found
        if name.endswith("/manifest.json") and UNDER_WAY not in name
    )
