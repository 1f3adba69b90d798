"""Commands write in the results folder alone, and neither listen nor connect on a network.

The system's own record of calls (strace) sees all that a process and its children do, whatever the
library. Python's audit hook runs everywhere, and sees what goes through Python. Allowed beside the
results: the compiled code that Numba keeps beside the sources, and Matplotlib's own folder.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SCENARIO = """
format = 1
name = "tiny"
days = 2
"""
SWEEP = """
format = 1
name = "tiny"
method = "grid"
seed = 1
users = 300
sellers = 5
days = 1
replicates = 2
runs_a_part = 1

[parameters]
"sellers.activity" = { values = [0.05, 0.1] }
"""
COMMANDS = {
    "run": ["run", "tiny.toml", "--users", "300", "--sellers", "5", "--checkpoint-seconds", "0"],
    "sweep": ["sweep", "sweep.toml", "--workers", "2"],
}

PROGRAM = ["-m", "weishang.experiments.cli"]
HOMES = (
    "HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
)
"""Variables of the folders that programs keep things in."""

NUMBA = re.compile(
    re.escape(str(ROOT))
    + r"/(model|kernels|experiments)/(.*/)?__pycache__(/[^/]*\.nb[ci][^/]*|/#\d+| \(deleted\))?"
)
"""Its index and its code, and the nameless file by which it asks whether it may write there."""
SPECIAL = re.compile(r"/dev/(null|tty|pts/\d+)|/proc/|pipe:|socket:|anon_inode:")

NETWORK = ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET")
MAKES = r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)"
CHANGES = (
    "creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,"
    "symlinkat,truncate,mknod,mknodat"
)
TRACED = f"open,openat,{CHANGES},bind,listen,connect"

WATCH = """
import os, sys
log = os.open(os.environ["AUDITED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
MAKES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink",
           "os.truncate"}
NETWORK = {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}

def watch(event, args):
    if event == "open":
        path, _, flags = args
        if isinstance(path, int) or not flags & MAKES:
            return
        paths = [path]
    elif event in CHANGES:
        paths = [one for one in args[:2] if isinstance(one, str | bytes | os.PathLike)]
    elif event in NETWORK:
        os.write(log, f"network {event} {args!r}\\n".encode())
        return
    else:
        return
    for path in map(os.fsencode, paths):
        if os.path.isabs(path):  # others may be meant from a folder that the event does not tell
            os.write(log, b"file " + os.path.normpath(path) + b"\\n")

sys.addaudithook(watch)
"""


@dataclass(frozen=True)
class Record:
    """What a command did that ran with nothing but a box of folders of its own.

    Attributes:
        out: folder of results.
        plots: Matplotlib's own folder.
        audited: lines of Python's audit.
        calls: lines of strace; None where it is missing or may not look.
        left: what is in the box afterwards and was not before, but for what is allowed.
    """

    out: Path
    plots: Path
    audited: list[str]
    calls: list[str] | None
    left: set[Path]

    def elsewhere(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths where nothing may be written; some must be results."""
        paths = sorted(set(paths))
        assert any(Path(path).is_relative_to(self.out) for path in paths)
        return [path for path in paths if not allowed(path, self.out, self.plots)]


def allowed(path: str, *folders: Path) -> bool:
    """Whether something may be written there."""
    if any(Path(path).is_relative_to(folder) for folder in folders):
        return True
    return bool(NUMBA.fullmatch(path) or SPECIAL.match(path))


@pytest.fixture(scope="module", params=COMMANDS)
def record(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """One of the commands, run under both watches where both are there."""
    box, watch = tmp_path_factory.mktemp("box"), tmp_path_factory.mktemp("watch")
    home, temporary, here, out, plots = (
        box / name for name in ("home", "tmp", "here", "out", "plots")
    )
    for folder in (home, temporary, here, plots):
        folder.mkdir()
    (here / "tiny.toml").write_text(SCENARIO)
    (here / "sweep.toml").write_text(SWEEP)
    (watch / "sitecustomize.py").write_text(WATCH)
    before = set(box.rglob("*"))
    done = subprocess.run(
        [*traced(watch), sys.executable, *PROGRAM, *COMMANDS[request.param], "--out", str(out)],
        cwd=here,
        env={
            **dict.fromkeys(HOMES, str(home)),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(temporary),
            "MPLCONFIGDIR": str(plots),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",  # drivers and Triton keep compiled code of their own
            "PYTHONPATH": str(watch),
            "AUDITED": str(watch / "audited.txt"),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    calls = [line for path in watch.glob("calls.*") for line in path.read_text().splitlines()]
    return Record(
        out=out,
        plots=plots,
        audited=(watch / "audited.txt").read_text().splitlines(),
        calls=calls or None,
        left={path for path in set(box.rglob("*")) - before if not allowed(str(path), out, plots)},
    )


def traced(folder: Path) -> list[str]:
    """The words that put a command under strace, a file a thread; none where that cannot be."""
    words = ["strace", "--seccomp-bpf", "-ff", "-y", "-qq", "-s", "4096", "-e", f"trace={TRACED}"]
    try:
        trial = subprocess.run([*words, "-o", str(folder / "trial"), "true"], capture_output=True)
    except FileNotFoundError:
        return []
    return [*words, "-o", str(folder / "calls")] if trial.returncode == 0 else []


def test_nothing_is_left_outside_the_results(record: Record) -> None:
    assert record.left == set()


def test_pythons_audit_sees_results_written_and_no_network(record: Record) -> None:
    lines = [line.split(" ", 1) for line in record.audited]
    assert record.elsewhere(path for kind, path in lines if kind == "file") == []
    assert [what for kind, what in lines if kind == "network"] == []


def test_the_system_sees_results_written_and_no_network(record: Record) -> None:
    if record.calls is None:
        pytest.skip("strace is not installed or may not look")
    here = record.out.with_name("here")
    # The watch itself is the one that writes beside the box.
    written = {path for line in record.calls for path in paths_written(line, here)}
    assert record.elsewhere(path for path in written if not path.endswith("/audited.txt")) == []
    assert [line for line in record.calls if on_network(line)] == []


def paths_written(call: str, here: Path) -> Iterator[str]:
    """What a call of strace's record made, changed or opened for writing; nothing if it failed."""
    found = re.match(r"(\w+)\((.*)\) = (-?\d+)(?:<(.*)>)?", call)
    if found is None or int(found[3]) < 0:
        return
    name, arguments, _, opened = found.groups()
    if name in ("open", "openat", "creat"):
        if name == "creat" or re.search(MAKES, arguments):
            yield opened
    elif name in CHANGES.split(","):
        for folder, path in re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"', arguments):
            yield os.path.normpath(Path(folder or here) / path)


def on_network(call: str) -> bool:
    """Whether a call listens, or binds or connects to more than this machine's own files."""
    if call.startswith("listen("):
        return True
    return call.startswith(("bind(", "connect(")) and any(family in call for family in NETWORK)


def test_the_record_of_calls_is_read_right() -> None:
    here = Path("/here")
    made = 'openat(AT_FDCWD</here>, "a", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 3</here/a>'
    assert list(paths_written(made, here)) == ["/here/a"]
    read = 'openat(AT_FDCWD</here>, "a", O_RDONLY|O_CLOEXEC) = 3</here/a>'
    assert list(paths_written(read, here)) == []
    failed = 'mkdir("/home/x", 0777) = -1 EACCES (Permission denied)'
    assert list(paths_written(failed, here)) == []
    assert list(paths_written('mkdir("x", 0777) = 0', here)) == ["/here/x"]
    moved = 'renameat2(AT_FDCWD</here>, "a", 5</there>, "b", RENAME_NOREPLACE) = 0'
    assert list(paths_written(moved, here)) == ["/here/a", "/there/b"]
    assert list(paths_written('rename("/a", "../b") = 0', here)) == ["/a", "/b"]
    assert on_network("listen(3<socket:[1]>, 128) = 0")
    assert on_network("connect(3<socket:[1]>, {sa_family=AF_INET, sin_port=htons(80)}, 16) = 0")
    assert not on_network('connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/x"}, 110) = -1')


def test_strace_would_see_a_listener(tmp_path: Path) -> None:
    """The check can fail: a program that listens and writes elsewhere is found out."""
    words = traced(tmp_path)
    if not words:
        pytest.skip("strace is not installed or may not look")
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); open('left.txt', 'w')"
    subprocess.run([*words, sys.executable, "-c", code], cwd=tmp_path, check=True)
    [log] = tmp_path.glob("calls.*")
    calls = log.read_text().splitlines()
    assert [call.partition("(")[0] for call in calls if on_network(call)] == ["bind", "listen"]
    left = {path for call in calls for path in paths_written(call, tmp_path)}
    assert str(tmp_path / "left.txt") in left


def test_the_hook_would_see_a_connection(tmp_path: Path) -> None:
    """The same of Python's audit."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    log = tmp_path / "audited.txt"
    left = tmp_path / "left.txt"
    code = f"import socket; open({str(left)!r}, 'w'); socket.socket().bind(('127.0.0.1', 0))"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "AUDITED": str(log)},
        check=True,
    )
    lines = log.read_text().splitlines()
    assert f"file {left}" in lines
    assert any(line.startswith("network socket.bind ") for line in lines)
