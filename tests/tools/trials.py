"""Commands that are hurt on purpose, and what shows that they survived it.

A trial is one command, or some that follow each other, which leave results below a folder. What
they import is imported once; then each is a fork, so that a start takes a fraction of a second.
Whatever happened to it, in the end the same commands have to leave the same bytes.
"""

import contextlib
import fnmatch
import functools
import gc
import hashlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("run", "verify", "sweep", "gather")
"""What they import is imported before a fork."""
PROGRAM = "weishang.experiments.cli"
OF_THE_RUN = ("started", "wall_seconds", "command")
"""What a manifest tells of the run and not of its result."""
NOTES = ("resumes after day ", "backend 'auto' is ", "resuming from the one before")
"""Lines that a command may say on stderr beside how it ended."""
MOST_SECONDS = 600.0
"""No start takes so long; one that does hangs."""

PAUSE = 0.002
"""Seconds between looks whether a start has ended."""
UNDER_WAY = (".*.new-*", ".*.old")
"""Names of what is being written or put in another's place."""

MARKET = """
format = 1
name = "A market to hurt"
days = 30

[sellers.activity]
value = 0.2
unit = "probability of a campaign, by seller and day"
source = "a test: enough campaigns"
role = "set"
"""
SWEEP = """
format = 1
name = "hurt"
method = "grid"
seed = 7
users = 300
sellers = 10
days = 2
replicates = 2
runs_a_part = 2
save_days = true

[parameters]
"sellers.activity" = {{ values = [{values}] }}

[policies.usual]
[policies.no_livestreams]
"rules.livestreams" = false
"""

Steps = list[list[str]]
"""Commands by their words; the first says which one."""


@dataclass(frozen=True)
class Trial:
    """What is hurt.

    Attributes:
        name: of the trial.
        steps: the commands that leave results below a folder.
    """

    name: str
    steps: Callable[[Path], Steps]


class Started(NamedTuple):
    """What was started.

    Attributes:
        child: its process, and the group of it and its own.
        log: where its stderr goes.
        begun: when, by the monotonic clock.
    """

    child: int
    log: Path
    begun: float


@dataclass(frozen=True)
class Ended:
    """How a start ended.

    Attributes:
        code: of the exit; negative: the number of the signal that ended it.
        said: lines on stderr, without notes.
        seconds: from its start.
    """

    code: int
    said: list[str]
    seconds: float


def market(files: Path, days: int, users: int, seconds: float) -> Trial:
    """A market with checkpoints: `weishang run`.

    Args:
        files: folder of the scenario's file.
        days: of the market.
        users: of the market.
        seconds: between checkpoints.
    """
    words = ["run", str(_written(files / "market.toml", MARKET)), "--users", str(users)]
    words += ["--sellers", "30", "--days", str(days), "--checkpoint-seconds", str(seconds)]
    return Trial("run", lambda out: [[*words, "--out", str(out)]])


def sweep(files: Path, points: int, workers: int) -> Trial:
    """A sweep with workers, which are programs of their own: `weishang sweep`."""
    words = ["sweep", str(_sweep_file(files, points)), "--workers", str(workers)]
    return Trial("sweep", lambda out: [[*words, "--out", str(out)]])


def tasks(files: Path, points: int) -> Trial:
    """The two tasks of a job array, one after the other, and the tidying before they are gathered.

    All of it is forks, and every market is one that saves itself every day: see `warm`.
    """
    file = str(_sweep_file(files, points))

    def steps(out: Path) -> Steps:
        worker = ["sweep_worker", str(_folder(out)), "--tasks", "2", "--task"]
        tidy = ["tidy_sweep", str(_folder(out))]
        return [["open_sweep", file, str(out)], [*worker, "0"], [*worker, "1"], tidy]

    return Trial("tasks", steps)


def gathering() -> Trial:
    """`weishang gather` of a sweep whose parts are there."""
    return Trial("gather", lambda out: [["gather", str(_folder(out))]])


def tasks_and_gather(files: Path, points: int) -> Trial:
    """The one after the other."""
    first, second = tasks(files, points), gathering()
    return Trial("tasks and gather", lambda out: first.steps(out) + second.steps(out))


def open_sweep(file: Path, out: Path) -> None:
    """Make a sweep's folder, as `weishang sweep` does."""
    from weishang.experiments.sweep.store import folder, plan

    folder.open_folder(plan.make(file), out)


def tidy_sweep(folder: Path) -> None:
    """Remove from a sweep's folder what stopped tasks left, as `weishang gather` does."""
    from weishang.experiments.sweep.store import folder as sweep_folder

    sweep_folder.tidy(sweep_folder.read(folder), folder)


def take_code(box: Path) -> None:
    """Let this process and those that it starts run a copy of the code.

    A checkpoint of another version is refused, and so would be those of a trial while someone edits
    a file. Compiled code is copied with its times, by which it is known.

    Args:
        box: a folder for the copy; nothing of the package is imported yet.
    """
    package = box / "code" / "weishang"
    for name in ("model", "kernels", "experiments"):
        shutil.copytree(ROOT / name, package / name)
    sys.path.insert(0, str(package.parent))
    os.environ["PYTHONPATH"] = str(package.parent)


def warm(box: Path, *, gathers: bool = True) -> None:
    """Import and load all that trials take, by a small run of each, so that forks need not.

    Markets of tasks are all taken for long ones, and saved every day.

    Args:
        box: an empty folder.
        gathers: whether a trial gathers a sweep.
    """
    from weishang.experiments import cli

    for name in COMMANDS:
        cli.function(name)
    from weishang.experiments.simulate import run, run_checkpointer
    from weishang.experiments.storage import manifest
    from weishang.experiments.sweep.execute import runs
    from weishang.experiments.sweep.execute import worker as sweep_worker
    from weishang.experiments.sweep.results import gather

    runs.LONG = 0
    run_checkpointer.RunCheckpointer.__init__.__defaults__ = (0.0,)
    manifest.source_digest = functools.cache(manifest.source_digest)
    manifest.environment = functools.cache(manifest.environment)
    manifest.environment("cpu", None)
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGUSR1)}
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        scenario = _written(box / "market.toml", MARKET)
        run.run(scenario, users=300, sellers=30, days=2, out=box, checkpoint_seconds=0.0)
        open_sweep(_sweep_file(box, 2), box)
        sweep_worker.run_tasks(_folder(box), 0, 1)
        if gathers:
            gather.gather(_folder(box))
    for one, handler in before.items():
        signal.signal(one, handler)
    gc.collect()
    gc.freeze()


def start(
    steps: Steps, log: Path, before: Callable[[], object] = lambda: None, *, fresh: bool = False
) -> Started:
    """Start commands in a fork and a process group of their own.

    Args:
        steps: each but the last is a fork of the first one; one that fails is the last.
        log: file for stderr.
        before: called in the process of each command.
        fresh: whether the command, which is one of `weishang`, is a new program.
    """
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if fresh:
            before()
            os.execv(sys.executable, [sys.executable, "-m", PROGRAM, *steps[0]])
        _be(steps, before)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    return Started(child, log, begun)


def finish(steps: Steps, log: Path, before: Callable[[], object] = lambda: None) -> Ended:
    """Run commands to their end, which has to be a good one; arguments as of `start`.

    Raises:
        AssertionError: it is not; what they said.
    """
    done = ended(*start(steps, log, before))
    assert done.code == 0, f"{steps[0]}: ended with {done.code}: {done.said}"
    return done


def ended(child: int, log: Path, begun: float) -> Ended:
    """How a start ends, when it has.

    Raises:
        TimeoutError: it hangs.
    """
    found = wait(child, log, begun, MOST_SECONDS)
    if found is None:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise TimeoutError(f"it hangs: {told(log)}")
    return found


def wait(child: int, log: Path, begun: float, seconds: float) -> Ended | None:
    """How a start ended; None if it has not when so many seconds have passed since its begin."""
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        passed = time.monotonic() - begun
        if pid:
            return Ended(os.waitstatus_to_exitcode(status), told(log), passed)
        if passed >= seconds:
            return None
        time.sleep(min(PAUSE, seconds - passed))


def told(log: Path) -> list[str]:
    """Lines of stderr, without notes."""
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if not any(note in line for note in NOTES)]


def contents(out: Path) -> dict[str, Any]:
    """What stands below a folder: the bytes of files, and what manifests say of the result."""
    return {path.relative_to(out).as_posix(): _content(path) for path in sorted(out.rglob("*"))}


def digest(found: dict[str, Any]) -> str:
    """SHA-256 of contents."""
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def difference(found: dict[str, Any], truth: dict[str, Any]) -> str:
    """The first thing that two folders differ in; empty if none."""
    for name in sorted(found.keys() | truth.keys()):
        if name not in found:
            return f"{name} is missing"
        if name not in truth:
            return f"{name} is left over"
        if found[name] != truth[name]:
            return f"{name} differs"
    return ""


def under_way(out: Path) -> list[Path]:
    """What is being written, or was: files with hidden names or in such folders.

    The folder may change while this looks.
    """
    found = []
    for place, _, names in os.walk(out):
        hidden = any(map(_is_hidden, Path(place).relative_to(out).parts))
        found += [Path(place, name) for name in names if hidden or _is_hidden(name)]
    return sorted(found)


def listed(counts: Mapping[str, int]) -> str:
    """How often each of some words was there, as a cell of a table."""
    return ", ".join(f"{word}: {number}" for word, number in sorted(counts.items()))


def name_of(code: int) -> str:
    """An exit code, or the name of the signal that ended a process."""
    return str(code) if code >= 0 else signal.Signals(-code).name


def _be(steps: Steps, before: Callable[[], object]) -> NoReturn:
    """Run commands, each but the last as a fork, and never come back."""
    for step in steps[:-1]:
        child = os.fork()
        if child == 0:
            _run(step, before)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code < 0:
            os.kill(os.getpid(), -code)
        if code:
            os._exit(code)
    _run(steps[-1], before)


def _run(words: list[str], before: Callable[[], object]) -> NoReturn:
    """Be a command, as a shell would start it, and never come back."""
    code: Any = 1
    try:
        from weishang.experiments import cli
        from weishang.experiments.console import command
        from weishang.experiments.sweep.execute import worker as sweep_worker

        others = {
            "open_sweep": open_sweep,
            "sweep_worker": sweep_worker.sweep_worker,
            "tidy_sweep": tidy_sweep,
        }
        sys.argv = ["weishang", *words] if words[0] not in others else words
        before()
        if words[0] in others:
            command.run(others[words[0]])
        cli.main()
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _is_hidden(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in UNDER_WAY)


def _content(path: Path) -> Any:
    if path.is_symlink() or not path.is_file():
        return None
    if path.name != "manifest.json":
        return path.read_bytes()
    record = json.loads(path.read_text())
    return {name: value for name, value in record.items() if name not in OF_THE_RUN}


def _folder(out: Path) -> Path:
    return out / "sweeps" / "hurt"


def _sweep_file(files: Path, points: int) -> Path:
    values = ", ".join(str(round(0.1 + 0.8 * point / points, 3)) for point in range(points))
    return _written(files / "hurt.toml", SWEEP.format(values=values))


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
