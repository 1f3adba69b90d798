"""The record of which sweep a folder belongs to: `sweep.json`, written once, and read with care."""

import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from weishang.experiments.readers import json_file
from weishang.experiments.readers.faults import dotted, shown
from weishang.experiments.scenario.documents import MAX_BYTES, MAX_EXTENDS
from weishang.experiments.storage import atomic
from weishang.experiments.storage.manifest import file_record, parameters_digest
from weishang.experiments.sweep.spec.sweep_file import SweepFile
from weishang.kernels.io import regular_files

MOST_BYTES = 16 * MAX_BYTES
"""A record repeats what the sweep's file says, in more words."""


def inside(value: str) -> str:
    """Check for the path of a copy: below the folder of copies, and written in one way."""
    path = PurePosixPath(value)
    if not value or "\0" in value or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"is {shown(value)}; a copy lies in the folder of copies")
    if str(path) != value:
        raise ValueError(f"is {shown(value)}; write it as {shown(str(path))}")
    return value


_Inside = Annotated[str, AfterValidator(inside)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Copy(_Strict):
    """Size and hash of a copied file."""

    bytes: Annotated[int, Field(ge=0, le=MAX_BYTES)]
    sha256: _Sha256


class Record(_Strict):
    """Which sweep a folder belongs to.

    Attributes:
        format: of this record.
        file: the sweep's own copy.
        copies: all copies, by path.
        graph, nodes: where these files are, which are not copied.
        identity: what decides the results; see `identity`.
        sha256: of that.
    """

    format: Literal[1]
    file: _Inside
    copies: Annotated[dict[_Inside, Copy], Field(min_length=1, max_length=MAX_EXTENDS + 2)]
    graph: str | None
    nodes: str | None
    identity: dict[str, Any]
    sha256: _Sha256

    def text(self) -> str:
        """As it is written to the file."""
        return f"{json.dumps(self.model_dump(), indent=2, allow_nan=False)}\n"


def copied(sweep: SweepFile) -> dict[str, Path]:
    """The files of a sweep that its folder holds copies of, by the names of the copies.

    A default scenario, which lies elsewhere, is part of the code and not copied.

    Raises:
        ValueError: one is reached through `..`: its copy would not be where the others look for it.
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


def read_record(path: Path) -> Record:
    """Read what a sweep's folder says of itself, in its file `sweep.json`.

    Raises:
        ValueError: it says nothing, more than a record can be, or something broken.
    """
    if not path.parent.is_dir():
        raise ValueError(
            f"{path.parent}: is not a folder; give a sweep's, such as results/sweeps/NAME"
        )
    if not path.exists():
        raise ValueError(
            f"{path.parent}: holds no {path.name}, so it is not a sweep's; give another folder"
        )
    content = json_file.read(path, MOST_BYTES)
    try:
        record = Record.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = f"{dotted(first['loc'])}: {first['msg']}".removeprefix(": ")
        raise ValueError(f"{path}: is broken: {what}; {_MEND}") from None
    if parameters_digest(record.identity) != record.sha256 or record.file not in record.copies:
        raise ValueError(f"{path}: is broken: it was changed; {_MEND}")
    return record


def check_copies(inputs: Path, record: Record) -> None:
    """Check the copies of the files against the record; no other file may lie beside them.

    Raises:
        ValueError: one was changed, is gone, or is a link, or there is another file.
    """
    for path in sorted(inputs.rglob("*")):
        atomic.refuse_links(inputs, path)
        if not path.is_dir() and path.relative_to(inputs).as_posix() not in record.copies:
            raise ValueError(f"{path}: is not one of the sweep's files; move it away")
    for name, copy in record.copies.items():
        path = inputs / name
        size = regular_files.check(path, "back the sweep's own file")
        if size != copy.bytes or file_record(path)["sha256"] != copy.sha256:
            raise ValueError(f"{path}: was changed; put back the file that the sweep began with")


_MEND = "put back what was there, or run the sweep with another --out"
