"""Where a result comes from: command, parameters, code, machine, and the hash of every file."""

import dataclasses
import functools
import hashlib
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from weishang.experiments.readers import json_file

NAME = "manifest.json"
KINDS: dict[str, type | tuple[type, ...]] = {
    "parameters": (dict, list),
    "parameters_sha256": str,
    "inputs": list,
    "outputs": dict,
}
"""What every manifest has, and of which kind."""
COMPUTING = ("numpy", "scipy", "numba", "torch", "mesa", "pandas", "pyarrow")
"""Packages that compute or write what a run leaves."""
SHA256 = re.compile(r"[0-9a-f]{64}")
ROOT = Path(__file__).resolve().parents[2]
CODE = ("model", "kernels", "experiments", "pyproject.toml", "setup.py", "constraints.txt")
"""What a result can depend on; results and pages change without changing it."""
FILED = ("experiments/scenario/builtin/", "experiments/sweep/examples/")
"""Files that people write and runs read: each result has their hashes among its inputs."""


def command_line() -> str:
    """The command of this process, as one would type it again."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and sys.argv:
        module = spec.name.removesuffix(".__main__")
        return shlex.join(["python", "-m", module, *sys.argv[1:]])
    return shlex.join([Path(sys.argv[0]).name or "python", *sys.argv[1:]])


def plain(value: Any) -> Any:
    """Turn dataclasses, paths and NumPy values into what JSON can say.

    Raises:
        ValueError: a value of another kind, or NaN.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | range):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return value.name
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and value == value:
        return value
    raise ValueError(f"parameters hold {value!r}; give numbers, texts, lists or mappings")


def parameters_digest(parameters: Any) -> str:
    """SHA-256 of parameters, whatever order their names come in."""
    text = json.dumps(plain(parameters), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_record(path: Path) -> dict[str, Any]:
    """Size in bytes and SHA-256 of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def environment(device: str, threads: int | None) -> dict[str, Any]:
    """Code, Python, packages and machine of this process."""
    return {
        "code": code_version(),
        "python": platform.python_version(),
        "packages": package_versions(),
        "platform": " ".join((platform.system(), platform.machine(), *platform.libc_ver())),
        "cpu": cpu_model(),
        "device": device,
        "threads": usable_cores() if threads is None else threads,
    }


def code_version() -> dict[str, Any]:
    """The git commit, whether the code differs from it (both None without git), the code's hash."""
    top = _git("rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != ROOT:
        return {"commit": None, "dirty": None, "sha256": source_digest()}
    changes = _git("status", "--porcelain", "--", *CODE)
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
        "sha256": source_digest(),
    }


@functools.cache
def computing_version() -> dict[str, Any]:
    """What decides the numbers of a run: the code's hash, versions of packages and of Python.

    No run is resumed, and no sweep mixed, across two of these. Taken once: a process keeps to the
    code that it has read, whoever edits the files.
    """
    return {
        "code": source_digest(),
        "packages": {name: metadata.version(name) for name in COMPUTING},
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


def source_digest() -> str:
    """SHA-256 over the names and contents of the packages' own files, without FILED."""
    digest = hashlib.sha256()
    for folder in ("model", "kernels", "experiments"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            ours = path.suffix in {".py", ".csv", ".toml", ".json"} and path.is_file()
            if ours and not name.startswith(FILED):
                digest.update(f"{name}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of the installed packages that this process has imported."""
    loaded = {name.partition(".")[0] for name in sys.modules}
    owners = package_owners()
    names = {owner for module in loaded for owner in owners.get(module, ())}
    return {name: metadata.version(name) for name in sorted(names, key=str.lower)}


@functools.cache
def package_owners() -> Mapping[str, list[str]]:
    """Installed packages by the modules that they bring; to list their files takes .2 s."""
    return metadata.packages_distributions()


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def write(folder: Path, record: Mapping[str, Any], drawn_from: Mapping[str, list[str]]) -> None:
    """Add the hashes of all files of a folder to a record and save it there."""
    outputs = {path.relative_to(folder).as_posix(): file_record(path) for path in _files(folder)}
    for name, sources in drawn_from.items():
        outputs[name]["drawn_from"] = sources
    text = json.dumps({**record, "outputs": outputs}, indent=2, allow_nan=False)
    (folder / NAME).write_text(f"{text}\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a result's folder.

    Raises:
        ValueError: there is none, or it is not one that `write` wrote.
    """
    path = folder / NAME
    record = json_file.read(path)
    if not isinstance(record, dict):
        raise ValueError(f"{path}: is not a mapping; run the experiment again")
    for name, kind in KINDS.items():
        if name not in record or not isinstance(record[name], kind):
            raise ValueError(f"{path}: {name!r} is missing or of another kind; run again")
    for name, told in record["outputs"].items():
        if fault := _fault_of_output(name, told):
            raise ValueError(f"{path}: the output {name[:80]!r} {fault}; run the experiment again")
    return record


def verify(folder: Path) -> None:
    """Hash a result's files again and hold them against its manifest.

    Raises:
        ValueError: a file is missing, changed, a link or unaccounted for, or the parameters are
            not those that were hashed.
    """
    for fault in faults(folder):
        raise ValueError(fault)


def faults(folder: Path, advance: Callable[[], object] = lambda: None) -> Iterator[str]:
    """Everything that is not as the manifest has it, a line each, which begins with the file.

    Args:
        folder: of a result.
        advance: is called for each file that has been looked at.

    Raises:
        ValueError: there is no manifest, or it is broken.
    """
    record = read(folder)
    listed = record["outputs"]
    there = dict(_entries(folder))
    if (folder / NAME).is_symlink():
        yield f"{folder / NAME}: is a link; put the file itself there"
    for name in sorted(listed.keys() - there.keys()):
        yield f"{folder / name}: is missing; run the experiment again"
    for name, path in there.items():
        if path.is_symlink() or not path.is_file():
            yield f"{path}: is a link, or not a file; put the file itself there"
        elif name not in listed:
            yield f"{path}: is not in the manifest; move it away"
        elif not is_file_of(path, listed[name]):
            yield f"{path}: is not the file of the manifest; run the experiment again"
        advance()
    if parameters_digest(record["parameters"]) != record["parameters_sha256"]:
        yield f"{folder / NAME}: parameters were changed after the run"


def is_file_of(path: Path, told: Mapping[str, Any]) -> bool:
    """Whether a file has the size and SHA-256 that are told; by size alone if that differs."""
    if path.stat().st_size != told["bytes"]:
        return False
    return bool(file_record(path)["sha256"] == told["sha256"])


def input_records(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Name, size and hash of files that a run read."""
    return [{"name": path.name, **file_record(path)} for path in map(Path, paths)]


def _fault_of_output(name: str, told: Any) -> str | None:
    """What is wrong with the name or the record of a file, as a manifest has them."""
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or str(place) != name or "\0" in name:
        return "is not the name of a file in this folder"
    if not isinstance(told, dict):
        return "has no record"
    size, sha256 = told.get("bytes"), told.get("sha256")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        return "has no size"
    return None if isinstance(sha256, str) and SHA256.fullmatch(sha256) else "has no SHA-256"


def _files(folder: Path) -> list[Path]:
    return [path for _, path in _entries(folder)]


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    """All that lies in a folder and is no folder, by name, but the manifest itself."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name != NAME and (path.is_symlink() or not path.is_dir()):
            yield name, path


def _git(*arguments: str) -> str | None:
    """What git says about the project's folder; None when it is no checkout or git is absent."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(ROOT), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
