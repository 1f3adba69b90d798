"""Where a result comes from: command, parameters, code, machine, and the hash of every file."""

import dataclasses
import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

NAME = "manifest.json"
ROOT = Path(__file__).resolve().parents[1]
CODE = ("model", "kernels", "experiments", "pyproject.toml", "setup.py", "constraints.txt")
"""What a result can depend on; results and pages change without changing it."""


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


def source_digest() -> str:
    """SHA-256 over the names and contents of the packages' own files."""
    digest = hashlib.sha256()
    for folder in ("model", "kernels", "experiments"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".csv", ".toml", ".json"} and path.is_file():
                digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of the installed packages that this process has imported."""
    loaded = {name.partition(".")[0] for name in sys.modules}
    owners = metadata.packages_distributions()
    names = {owner for module in loaded for owner in owners.get(module, ())}
    return {name: metadata.version(name) for name in sorted(names, key=str.lower)}


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
        ValueError: there is none.
    """
    try:
        return json.loads((folder / NAME).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{folder / NAME}: {error.strerror}; run the experiment again") from None


def verify(folder: Path) -> None:
    """Hash a result's files again and hold them against its manifest.

    Raises:
        ValueError: a file is missing, changed or unaccounted for, or the parameters are not
            those that were hashed.
    """
    record = read(folder)
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    listed = record["outputs"]
    if odd := sorted(there.keys() ^ listed.keys()):
        raise ValueError(f"{folder}: {odd[0]} is in the manifest or in the folder, not in both")
    for name, path in there.items():
        found = file_record(path)
        if any(found[key] != listed[name][key] for key in found):
            raise ValueError(f"{path}: is not the file of the manifest; run the experiment again")
    if parameters_digest(record["parameters"]) != record["parameters_sha256"]:
        raise ValueError(f"{folder / NAME}: parameters were changed after the run")


def input_records(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Name, size and hash of files that a run read."""
    return [{"name": path.name, **file_record(path)} for path in map(Path, paths)]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)


def _git(*arguments: str) -> str | None:
    """What git says about the project's folder; None when it is no checkout or git is absent."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
