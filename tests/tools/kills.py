"""Kills a market's run and a sweep at random moments, and lets them go on.

Run as `python tests/tools/kills.py [--kills N] [--seed N] [COMMAND ..]`; it prints a line of JSON
for each command, signal and way to start. A start is killed at a moment that is uniform over the
time that it takes in peace; every second time the next file that is being written is waited for.
Then the same command is given again, until it ends. What it leaves has to be, byte by byte, what it
leaves in peace, with nothing else beside it.

Most starts are forks of a process that has imported all; some are processes of their own. A
sweep's workers always are. Of a sweep all processes are killed, or the first alone, or a worker.
"""

import argparse
import ctypes
import json
import os
import re
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import trials
from trials import Started, Trial

KILLS = 100
PROCESSES = 5
"""One start in so many is a process of its own and no fork."""
COMMANDS = RUN, SWEEP, TASKS, SIGNALS = "run", "sweep", "tasks", "signals"
"""What is killed; the last are signals that can be answered, to the first two."""
ANSWERED = (signal.SIGTERM, signal.SIGUSR1)
ANSWERED_EVERY = 10
"""Of each of them one for so many kills."""
AIMED = 2
"""One kill in so many waits for a file that is being written."""
AIM_SECONDS = 0.5
"""Such a wait is no longer."""
SOONEST = 0.1
"""Signals that can be answered come when this share of the time is over."""
GONE_SECONDS = 300.0
"""What was killed, and whoever it leaves alone, is gone by then."""
REQUEUE = 75
SAVED = "weishang: saved; run the same command again to resume"
WORKER_KILLED = "was ended by SIGKILL"
PR_SET_CHILD_SUBREAPER = 36
"""From Linux' prctl.h: orphans become this process's own, so that it sees them end."""


@dataclass
class Story:
    """What came of one command that was struck again and again.

    Attributes:
        trial: the command.
        fresh: whether starts are processes of their own.
        out: where results go.
        truth: what it leaves in peace.
        life: seconds that it takes in peace.
        times: blows so far.
        inside: those that came while a file was being written.
        kinds: of which kind these files were.
        ends: how starts ended.
        finished: times that it was brought to its end.
        faults: what should not have been.
    """

    trial: Trial
    fresh: bool
    out: Path
    truth: dict[str, Any] = field(default_factory=dict)
    life: float = 0.0
    times: int = 0
    inside: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    finished: int = 0
    faults: list[str] = field(default_factory=list)

    def start(self) -> Started:
        """Start the command on what is there."""
        log = self.out.with_name("stderr")
        return trials.start(self.trial.steps(self.out), log, fresh=self.fresh)

    def reset(self) -> None:
        """Begin with an empty folder."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()

    def row(self, blow: str) -> dict[str, Any]:
        """As a row of a table."""
        return {
            "command": self.trial.name,
            "injury": blow,
            "start": "process" if self.fresh else "fork",
            "places": None,
            "times": self.times,
            "inside": self.inside,
            "ends": trials.listed(self.ends),
            "finished": self.finished,
            "equal": self.finished - len(self.faults),
            "faults": self.faults,
            "lines": {f"{kind} was being written": n for kind, n in self.kinds.items()},
        }


def rows(
    box: Path, kills: int, seed: int, commands: Sequence[str] = COMMANDS, *, quick: bool = False
) -> Iterator[dict[str, Any]]:
    """Strike each command; what came of it.

    Args:
        box: an empty folder.
        kills: of each command.
        seed: of the moments.
        commands: which of COMMANDS.
        quick: a shorter market and sweep, started as forks alone.
    """
    adopt_orphans()
    trials.take_code(box)
    (box / "warm").mkdir()
    trials.warm(box / "warm")
    days, users, points, workers = (10, 300, 1, 1) if quick else (30, 2_000, 3, 2)
    hurt = {
        RUN: trials.market(box, days, users, seconds=0.0),
        SWEEP: trials.sweep(box, points, workers),
        TASKS: trials.tasks_and_gather(box, points=2),
    }
    rng = np.random.default_rng(seed)
    for name in [name for name in hurt if name in commands]:
        own = 0 if quick or name == TASKS else -(-kills // PROCESSES)
        for fresh, times in ((False, kills - own), (True, own)):
            if times:
                story = in_peace(Story(hurt[name], fresh, box / "out"))
                yield kill(story, times, rng).row("SIGKILL")
    for signum in ANSWERED if SIGNALS in commands else ():
        for name in (RUN, SWEEP):
            story = in_peace(Story(hurt[name], False, box / "out"))
            yield ask(story, -(-kills // ANSWERED_EVERY), rng, signum).row(signum.name)


def adopt_orphans() -> None:
    """Become the parent of what killed processes leave, so that their end can be waited for."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def in_peace(story: Story) -> Story:
    """Take the truth and the time that it takes."""
    story.reset()
    ended = trials.ended(*story.start())
    if ended.code:
        raise RuntimeError(f"{story.trial.name}: ended with {ended.code} in peace: {ended.said}")
    story.truth, story.life = trials.contents(story.out), ended.seconds
    return story


def kill(story: Story, times: int, rng: np.random.Generator) -> Story:
    """Kill a command and start it again, until it has been killed so often and has ended."""
    while story.times < times:
        story.reset()
        while not _lives(story, times, rng):
            pass
    return story


def ask(story: Story, times: int, rng: np.random.Generator, signum: signal.Signals) -> Story:
    """The same with a signal that can be answered."""
    while story.times < times:
        story.reset()
        while not _leaves(story, times, rng, signum):
            pass
    return story


def _lives(story: Story, times: int, rng: np.random.Generator) -> bool:
    """Start and kill once; whether it came to its end."""
    started = story.start()
    ended = None
    if story.times < times:
        ended = trials.wait(*started, rng.uniform(0.0, story.life))
        if ended is None and story.times % AIMED:
            ended = _wait_for_file(story, started)
        if ended is None:
            return _strike(story, started, _target(story, rng))
    return _judged(story, started, ended)


def _leaves(story: Story, times: int, rng: np.random.Generator, signum: signal.Signals) -> bool:
    """Start and ask to leave once; whether it came to its end."""
    started = story.start()
    ended = None
    if story.times < times:
        moment = rng.uniform(SOONEST, 1.0) * story.life
        ended = trials.wait(*started, moment)
        if ended is None:
            story.times += 1
            send = os.killpg if rng.integers(2) else os.kill
            send(started.child, signum)
            ended = trials.ended(*started)
            _reap(started.child)
            story.ends[trials.name_of(ended.code)] += 1
            if ended.code == REQUEUE and ended.said == [SAVED]:
                return False
    return _judged(story, started, ended)


def _wait_for_file(story: Story, started: Started) -> trials.Ended | None:
    """Wait until a file is being written, or the end, or too long."""
    limit = time.monotonic() + AIM_SECONDS
    while time.monotonic() < limit and not trials.under_way(story.out):
        ended = trials.wait(*started, 0.0)
        if ended is not None:
            return ended
    return None


def _target(story: Story, rng: np.random.Generator) -> str:
    """Who is killed."""
    if story.trial.name != "sweep":
        return "all"
    return str(rng.choice(["all", "first", "worker"], p=[0.5, 0.25, 0.25]))


def _strike(story: Story, started: Started, target: str) -> bool:
    """Stop all, look what was being written, and kill; whether the command ended well even so."""
    os.killpg(started.child, signal.SIGSTOP)
    files = trials.under_way(story.out)
    workers = _children(started.child) if target == "worker" else []
    if target == "first":
        os.kill(started.child, signal.SIGKILL)
    elif workers:
        os.kill(workers[story.times % len(workers)], signal.SIGKILL)
    else:
        os.killpg(started.child, signal.SIGKILL)
    os.killpg(started.child, signal.SIGCONT)
    ended = trials.ended(*started)
    if ended.code == 0 and not workers:
        return _judged(story, started, ended)  # it had ended before
    story.times += 1
    story.inside += bool(files)
    story.kinds.update({_kind(path.relative_to(story.out)) for path in files})
    story.ends[trials.name_of(ended.code)] += 1
    if ended.code == 0:
        return _judged(story, started, ended)
    if workers and (ended.code != 1 or not any(WORKER_KILLED in line for line in ended.said)):
        story.faults.append(f"a worker was killed: {ended.code}, {ended.said}")
    if target == "all":
        _reap(started.child)
    return False


def _judged(story: Story, started: Started, ended: trials.Ended | None) -> bool:
    """Wait for the end, and hold what it left against the truth."""
    ended = trials.ended(*started) if ended is None else ended
    _reap(started.child)
    story.finished += 1
    if ended.code:
        story.faults.append(f"ended with {trials.name_of(ended.code)}: {ended.said}")
    elif differs := trials.difference(trials.contents(story.out), story.truth):
        story.faults.append(differs)
    return True


def _reap(group: int) -> None:
    """Wait until nobody of a process group is left.

    Raises:
        TimeoutError: somebody outlives the others.
    """
    limit = time.monotonic() + GONE_SECONDS
    while time.monotonic() < limit:
        try:
            if not os.waitpid(-group, os.WNOHANG)[0]:
                time.sleep(trials.PAUSE)
        except ChildProcessError:
            return
    os.killpg(group, signal.SIGKILL)
    raise TimeoutError(f"process group {group} is not gone after {GONE_SECONDS:g} s")


def _children(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(child) for child in children.split()]


def _kind(path: Path) -> str:
    """What a file under way is to become."""
    hidden = next(part for part in path.parts if part.startswith("."))
    named = re.match(r"\.([a-z_]+)", path.name if "new-" in path.name else hidden)
    return named[1] if named else hidden


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=KILLS, help="of each command")
    parser.add_argument("--seed", type=int, default=2026, help="of the moments")
    parser.add_argument("--quick", action="store_true", help="short commands, started as forks")
    parser.add_argument("commands", nargs="*", help=f"of {', '.join(COMMANDS)}; all without any")
    given = parser.parse_args()
    wanted = given.commands or COMMANDS
    with tempfile.TemporaryDirectory() as folder:
        box = Path(folder).resolve()
        for row in rows(box, given.kills, given.seed, wanted, quick=given.quick):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
