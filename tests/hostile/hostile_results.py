"""Hostile results: manifests and files that were tampered with, and links out of the folder."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile_case import MEGABYTE, Case, run_options, sparse
from hostile_made import (
    FINISHED,
    OUT,
    STATE,
    SWEEP,
    SWEPT,
    flip,
    linked_outside,
    replaced,
    rewritten,
    sweep_words,
)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _manifests()
    yield from _links()


def _manifests() -> Iterator[Case]:
    for name, change, told in (
        ("of paths above", lambda record: record["outputs"].update(_above(record)), "not the name"),
        ("of an absolute path", lambda record: record["outputs"].update(_absolute(record)),
         "not the name"),
        ("of text for sizes", lambda record: _each(record, bytes="12"), "has no size"),
        ("of sizes below 0", lambda record: _each(record, bytes=-1), "has no size"),
        ("of sizes without end", lambda record: _each(record, bytes=10**400), "is not the file"),
        ("of numbers for hashes", lambda record: _each(record, sha256=12), "has no SHA-256"),
        ("of other hashes", lambda record: _each(record, sha256="0" * 64), "is not the file"),
        ("of other parameters", lambda record: record["parameters"].update(days=9), "changed"),
        ("without outputs", lambda record: record.pop("outputs"), "outputs"),
        ("of a list of outputs", lambda record: record.update(outputs=[]), "outputs"),
        ("of a file that is gone", lambda record: record["outputs"].update(_gone(record)),
         "is missing"),
    ):  # fmt: skip
        yield Case(
            f"a manifest {name}",
            lambda common, c=change: _verified(common, lambda path: rewritten(path, c)),
            told,
            code=1,
        )
    for name, change, told in (
        ("of 10 MB of brackets", lambda path: path.write_text("[" * (10 * MEGABYTE)), "manifest"),
        ("of 100,000 brackets", lambda path: path.write_text("[" * 100_000), "manifest"),
        ("of a number of a megabyte", lambda path: path.write_text("7" * MEGABYTE), "manifest"),
        ("of nan", lambda path: path.write_text('{"outputs": NaN}'), "manifest"),
        ("of keys that stand twice", lambda path: path.write_text('{"a": 1, "a": 2}'), "manifest"),
        ("of 400,000 keys, the last twice", _many_keys, "stands twice"),
        ("of no UTF-8", lambda path: path.write_bytes(b'{"\xff": 1}'), "manifest"),
        ("of a TB", lambda path: sparse(path, 1 << 40), "manifest"),
        ("that is a link", linked_outside, "link"),
        ("that is a link to /dev/zero", lambda path: replaced(path, _to_zero), "manifest"),
        ("that is a pipe", lambda path: replaced(path, os.mkfifo), "manifest"),
        ("beside a changed byte", lambda path: _one_flipped(path.parent), "is not the file"),
        ("beside a file too many", lambda path: (path.parent / "=1+1.csv").write_text("x"),
         "is not in the manifest"),
        ("beside a link", lambda path: (path.parent / "more").symlink_to("/etc/passwd"), "link"),
        ("beside a pipe", lambda path: os.mkfifo(path.parent / "more"), "not a file"),
    ):  # fmt: skip
        yield Case(
            f"a manifest {name}", lambda common, c=change: _verified(common, c), told, code=1
        )
    yield Case("a sweep's part with a flipped bit", _verified_sweep, "damaged", code=1)


def _verified(common: Path, change: Callable[[Path], object]) -> list[str]:
    shutil.copytree(common / "finished", OUT)
    change(FINISHED / "manifest.json")
    return ["verify", str(OUT)]


def _verified_sweep(common: Path) -> list[str]:
    shutil.copytree(common / "gathered", OUT)
    path = min((SWEPT / "parts").glob("runs-*"))
    path.write_bytes(flip(0.5)(path.read_bytes()))
    return ["verify", str(OUT)]


def _above(record: dict[str, Any]) -> dict[str, Any]:
    return {f"../{name}": told for name, told in record["outputs"].items()}


def _absolute(record: dict[str, Any]) -> dict[str, Any]:
    return {"/etc/passwd": next(iter(record["outputs"].values()))}


def _gone(record: dict[str, Any]) -> dict[str, Any]:
    return {"gone.csv": next(iter(record["outputs"].values()))}


def _each(record: dict[str, Any], **changes: Any) -> None:
    for told in record["outputs"].values():
        told |= changes


def _to_zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _many_keys(path: Path) -> None:
    keys = [f'"{number}":0' for number in range(400_000)]
    path.write_text("{" + ",".join([*keys, keys[-1]]) + "}")


def _one_flipped(folder: Path) -> None:
    path = folder / "days.parquet"
    path.write_bytes(flip(0.5)(path.read_bytes()))


def _links() -> Iterator[Case]:
    usual = "a link out of the results"
    yield Case(f"{usual}: runs", lambda common: _linked(common, OUT / "runs"), "link")
    yield Case(f"{usual}: the run", lambda common: _linked(common, FINISHED), "link")
    yield Case(f"{usual}: the run's state", lambda common: _linked(common, STATE), "link")
    yield Case(
        f"{usual}: sweeps", lambda common: _linked(common, OUT / "sweeps", sweep=True), "link"
    )
    yield Case(f"{usual}: the sweep", lambda common: _linked(common, SWEPT, sweep=True), "link")
    yield Case(f"{usual}: parts", lambda common: _moved(common, SWEPT / "parts"), "link")
    yield Case(f"{usual}: inputs", lambda common: _moved(common, SWEPT / "inputs"), "link")
    yield Case(f"{usual}: the sweep's file", lambda common: _moved(common, SWEPT), "link")


def _linked(common: Path, place: Path, sweep: bool = False) -> list[str]:
    """A link at a place, to a folder outside of the results."""
    Path("elsewhere").mkdir()
    place.parent.mkdir(parents=True)
    place.symlink_to(Path("elsewhere").resolve())
    return sweep_words(common / SWEEP) if sweep else [*run_options(common), "--out", str(OUT)]


def _moved(common: Path, place: Path) -> list[str]:
    """A folder of the sweep that lies elsewhere, with a link in its place."""
    shutil.copytree(common / "swept", OUT)
    place.rename("elsewhere")
    place.symlink_to(Path("elsewhere").resolve())
    return sweep_words(common / SWEEP)
