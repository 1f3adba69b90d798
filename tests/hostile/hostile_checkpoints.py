"""Hostile checkpoints and rows, as `weishang run` finds them where it goes on."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile_case import HEAD, MEGABYTE, SCENARIO, Case, run_options, sparse, written
from hostile_made import LONG, OUT, STATE, flip, replaced


def _header(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    """A checkpoint whose header was changed."""

    def changed(data: bytes) -> bytes:
        end = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:end])
        change(header)
        told = json.dumps(header).encode()
        return len(told).to_bytes(8, "little") + told + data[end:]

    return changed


def _arrays(header: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for name, entry in header.items() if name != "__metadata__"]


def _overlap(header: dict[str, Any]) -> None:
    for entry in _arrays(header):
        size = entry["data_offsets"][1] - entry["data_offsets"][0]
        entry["data_offsets"] = [0, size]


def _other_kind(header: dict[str, Any]) -> None:
    for entry in _arrays(header):
        if entry["dtype"] == "F64":
            entry["dtype"] = "I64"


def _facts(**facts: Any) -> Callable[[bytes], bytes]:
    """A checkpoint with other facts of the market's state."""

    def change(header: dict[str, Any]) -> None:
        for key, text in header["__metadata__"].items():
            told = json.loads(text) if text[:1] == "{" else None
            if told is not None and "facts" in told:
                told["facts"]["state"] |= facts
                header["__metadata__"][key] = json.dumps(told)

    return _header(change)


def _deep(header: dict[str, Any]) -> None:
    header["__metadata__"] = dict.fromkeys(header["__metadata__"], "[" * 900000)


RENAMED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a checkpoint with a header of 2^60 bytes": (
        lambda data: (1 << 60).to_bytes(8, "little") + data[8:],
        "announces a header",
    ),
    "a checkpoint that is all header": (
        lambda data: (1 << 40).to_bytes(8, "little") + b" " * (2 * MEGABYTE),
        "announces a header",
    ),
    "a checkpoint of arrays that overlap": (_header(_overlap), "announces other sizes"),
    "a checkpoint of other numbers": (_header(_other_kind), "state"),
    "a checkpoint with an array less": (_header(lambda header: header.popitem()), "broken"),
    "a checkpoint without text": (_header(lambda header: header.pop("__metadata__")), "broken"),
    "a checkpoint with a deep text": (_header(_deep), "broken"),
    "a checkpoint of no bytes": (lambda data: b"", "announces a header"),
    "a checkpoint of zero bytes": (lambda data: bytes(len(data)), "broken"),
    "a checkpoint with more behind": (lambda data: data + bytes(64), "announces other sizes"),
    "a checkpoint of day -1": (_facts(day=-1), "state"),
    "a checkpoint of day 10^30": (_facts(day=10**30), "state"),
    "a checkpoint of a day in words": (_facts(day="one"), "state"),
}
"""Checkpoints whose name has the hash of what they became."""

KEPT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a truncated checkpoint": (lambda data: data[:-9], "broken"),
    "half a checkpoint": (lambda data: data[: len(data) // 2], "broken"),
    "a flipped bit in a checkpoint's length": (flip(0.0), "broken"),
    "a flipped bit in a checkpoint's header": (flip(0.02), "broken"),
    "a flipped bit in a checkpoint's arrays": (flip(0.99), "broken"),
}
"""Checkpoints that kept their name."""


def cases() -> Iterator[Case]:
    """All of them."""
    for changes, rename in ((RENAMED, True), (KEPT, False)):
        for name, (change, told) in changes.items():
            yield Case(
                name, lambda common, c=change, r=rename: _resumed(common, _changed(c, r)), told
            )
    yield Case("the checkpoint of another replicate", _other_replicate, "another run")
    yield Case("the checkpoint of another scenario", _other_scenario, "another run")
    for name, place in (
        ("a pipe", os.mkfifo),
        ("a folder", Path.mkdir),
        ("a link to /dev/zero", lambda path: path.symlink_to("/dev/zero")),
        ("a link to itself", lambda path: path.symlink_to(path.name)),
        ("a TB without a byte", lambda path: sparse(path, 1 << 40)),
    ):
        yield Case(
            f"a checkpoint that is {name}",
            lambda common, p=place: _resumed(common, lambda path: replaced(path, p)),
            ".state",
        )
    yield Case(
        "rows that a checkpoint counts and that are gone",
        _rows_gone,
        "parts that its checkpoint counts",
    )
    yield Case("rows with a flipped bit", _rows_flipped, "damaged")


def _changed(change: Callable[[bytes], bytes], rename: bool) -> Callable[[Path], None]:
    def work(path: Path) -> None:
        data = change(path.read_bytes())
        path.write_bytes(data)
        if rename:
            number = path.name.split("-")[1]
            digest = hashlib.sha256(data).hexdigest()
            path.rename(path.with_name(f"checkpoint-{number}-{digest}.safetensors"))

    return work


def _resumed(common: Path, change: Callable[[Path], None], *options: str) -> list[str]:
    """The stopped run once more, after its checkpoints were changed."""
    shutil.copytree(common / "stopped", OUT)
    for path in list(STATE.glob("checkpoint-*")):
        change(path)
    days = ["--days", str(LONG), "--out", str(OUT)]
    return [*run_options(common)[:-2], *days, *options]


def _other_replicate(common: Path) -> list[str]:
    return _resumed(common, lambda path: None, "--seed", "7")


def _other_scenario(common: Path) -> list[str]:
    other = written(
        SCENARIO,
        (HEAD + '[weights.view]\nvalue = 0.5\nunit = "probability"\nsource = "x"\n').encode()
        + b'role = "set"\n',
    )
    words = _resumed(common, lambda path: None)
    return ["run", str(other), *words[2:]]


def _rows_gone(common: Path) -> list[str]:
    words = _resumed(common, lambda path: None)
    min(STATE.glob("campaigns-*")).unlink()
    return words


def _rows_flipped(common: Path) -> list[str]:
    words = _resumed(common, lambda path: None)
    path = min(STATE.glob("campaigns-*"))
    path.write_bytes(flip(0.5)(path.read_bytes()))
    return words
