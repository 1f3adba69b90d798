"""What a sweep is: all that decides its results, and how two sweeps differ."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from weishang.experiments.readers.faults import shown
from weishang.experiments.storage import manifest
from weishang.experiments.sweep.spec.sweep_file import SweepFile
from weishang.kernels.io import regular_files

SWEEP, VERSION = "sweep", "version"
HASH_DIGITS = 64
_WORDS = {"code": "the version of weishang's code"}
_ELSEWHERE = {"path", "base", "lines"}
"""Of a sweep file: where it lies and how it is written; its scenario has a hash of its own."""


def identity(file: SweepFile, graph: Path | None, nodes: Path | None) -> dict[str, Any]:
    """All that decides the results of a sweep, by name, as JSON has it.

    Raises:
        ValueError: the graph or the nodes are not a file that can be read.
    """
    return {
        **stated(file),
        "graph": _sha256(graph, "a graph"),
        "nodes": _sha256(nodes, "a file of people"),
        VERSION: manifest.plain(manifest.computing_version()),
    }


def stated(file: SweepFile) -> dict[str, Any]:
    """The part of the identity that the sweep's file and its scenario state.

    Comments, the order of keys in a scenario, and where files lie do not matter.
    """
    keys = {
        item.name: getattr(file, item.name) for item in fields(file) if item.name not in _ELSEWHERE
    }
    sweep = keys | {"parameters": [_varied(one) for one in file.parameters]}
    return {SWEEP: manifest.plain(sweep), "scenario": file.base.sha256}


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """In what two sweeps differ, in words; nothing where they are the same."""
    found = list(_differing("", there, here))
    if not found and there != here:
        return ["the order of parameters or policies"]
    return found


def _differing(path: str, there: Any, here: Any) -> Iterator[str]:
    one, other = _by_name(there), _by_name(here)
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*other, *one)):
            inner = key if path in ("", SWEEP, VERSION) else f"{path}.{key}"
            yield from _differing(inner, one.get(key), other.get(key))
    elif one != other:
        if _is_hash(one) and _is_hash(other):
            yield _WORDS.get(path, path)
        else:
            yield f"{path} ({_short(there)} there, {_short(here)} here)"


def _by_name(value: Any) -> Any:
    """A list of parameters or policies by their names; anything else as it is."""
    if isinstance(value, list) and all(isinstance(one, dict) and "name" in one for one in value):
        return {str(one["name"]): one for one in value}
    return dict(value) if isinstance(value, Mapping) else value


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == HASH_DIGITS


def _varied(one: Any) -> dict[str, Any]:
    how = {item.name: getattr(one, item.name) for item in fields(one)}
    return {**how, "kind": one.kind.__name__}


def _sha256(path: Path | None, wanted: str) -> str | None:
    if path is None:
        return None
    regular_files.check(path, wanted)
    return str(manifest.file_record(path)["sha256"])


def _short(value: Any) -> str:
    return "none" if value is None else shown(value)
