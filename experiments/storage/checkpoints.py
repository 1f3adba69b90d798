"""Checkpoints: arrays and facts in files that are whole or known to be broken, two generations.

A file is `checkpoint-NUMBER-SHA256.safetensors`: the hash of all its bytes is in its name, so that
nothing in it can change unseen. It is written under another name, forced to disk and then renamed,
so a run that is killed leaves the ones before. The one before the newest is kept, for a disk that
breaks what it held. Nothing in a file is ever run: safetensors hold numbers and text alone.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from weishang.experiments.console.progress import note
from weishang.experiments.storage import atomic
from weishang.experiments.storage.manifest import parameters_digest
from weishang.kernels.runtime.free_memory import host_bytes

FORMAT = "weishang-checkpoint-1"
TEXT = "checkpoint"
"""Where the file's header has format, identity and facts: one text, as several have no order."""
GENERATIONS = 2
NAME = re.compile(r"checkpoint-(\d{6,})-([0-9a-f]{64})\.safetensors")
MOST_HEADER_BYTES = 1 << 20
"""Far more than the names of a market's arrays take; what is longer is not read."""
COPIES = 3
"""Bytes in memory for one in the file, while it is read or written: the file, its arrays twice."""
LENGTH_BYTES = 8
"""A safetensors file begins with the length of its header."""
BLOCK_BYTES = 1 << 20
START_OVER = "remove this folder, as --fresh does, to start over"


class TooLargeError(ValueError):
    """A checkpoint that may be whole and does not fit into memory."""


@dataclass(frozen=True, eq=False)
class Saved:
    """What a checkpoint holds.

    Attributes:
        arrays: by name.
        facts: what JSON can say.
    """

    arrays: dict[str, NDArray[Any]]
    facts: dict[str, Any]


class Checkpoints:
    """A folder's checkpoints of one run.

    Attributes:
        folder: theirs alone; made when the first is saved.
        identity: all that decides how the run goes on, by name.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Name the folder and the run; nothing is read or written yet."""
        self.folder = Path(folder)
        self.identity = {name: parameters_digest(value) for name, value in identity.items()}
        self._broken: list[Path] = []

    def save(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Write a checkpoint; when it is on the disk, all but the one before it go.

        Args:
            arrays: by name, of plain numbers.
            facts: what JSON can say.

        Raises:
            OSError: the disk is full or fails; the checkpoints before stay whole.
            MemoryError: there is no memory for it; likewise.
        """
        # What safetensors cannot allocate ends the process without a word.
        if lack := _lack(COPIES * sum(array.nbytes for array in arrays.values())):
            raise MemoryError(f"a checkpoint {lack}")
        told = {"format": FORMAT, "identity": self.identity, "facts": facts}
        text = json.dumps(told, sort_keys=True, allow_nan=False)
        dense = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        data = safetensors.save(dense, {TEXT: text})
        self.folder.mkdir(parents=True, exist_ok=True)
        there = self._generations()
        number = there[0][0] + 1 if there else 0
        whole = [path for _, path in there if path not in self._broken]
        name = f"checkpoint-{number:06d}-{hashlib.sha256(data).hexdigest()}.safetensors"
        with atomic.staged_file(self.folder / name, clean_first=False) as staging:
            staging.write_bytes(data)
        for old in [*whole[GENERATIONS - 1 :], *self._broken]:
            old.unlink(missing_ok=True)
        self._broken = []

    def load(self) -> Saved | None:
        """The newest whole checkpoint; None if none was ever saved.

        A newest one that is broken is told, and the one before it is given.

        Raises:
            ValueError: all are broken, or the newest whole one is of another run or format; which
                of scenario, graph, version.. differs is told. Or there is no memory for it.
        """
        told, broken = [], []
        for _, path in self._generations():
            try:
                text, arrays = _read(path)
            except TooLargeError:
                raise
            except ValueError as error:
                told.append(str(error))
                broken.append(path)
                continue
            self._check(path, text)
            for line in told:
                note(f"{line}; resuming from the one before")
            self._broken = broken
            return Saved(arrays, text["facts"])
        if told:
            raise ValueError(f"{told[0]}, and no other is whole; {START_OVER}")
        return None

    def refuse_another(self) -> None:
        """Refuse the newest whole checkpoint if it is of another run, as far as `identity` says.

        That may be less than a checkpoint says of its run, for a look before what takes long.
        Broken ones are left for `load` to tell of.

        Raises:
            ValueError: as of `load`.
        """
        for _, path in self._generations():
            try:
                text, _ = _read(path)
            except TooLargeError:
                raise
            except ValueError:
                continue
            self._check(path, text, wholly=False)
            return

    def discard(self) -> None:
        """Remove all checkpoints, whole or not, the newest first."""
        for _, path in self._generations():
            path.unlink(missing_ok=True)

    def _generations(self) -> list[tuple[int, Path]]:
        """Numbers and files, the newest first."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        found = [match for match in map(NAME.fullmatch, names) if match]
        return sorted(((int(match[1]), self.folder / match[0]) for match in found), reverse=True)

    def _check(self, path: Path, text: Mapping[str, Any], *, wholly: bool = True) -> None:
        """Refuse the checkpoint of another run; wholly: it says no more of it than `identity`."""
        if text.get("format") != FORMAT:
            raise ValueError(
                f"{path}: has the format {str(text.get('format'))[:40]!r}, not {FORMAT!r}; "
                f"{START_OVER}"
            )
        saved = text.get("identity")
        if not isinstance(saved, dict) or not isinstance(text.get("facts"), dict):
            raise ValueError(f"{path}: does not say what run it is of; {START_OVER}")
        other = [name for name, digest in self.identity.items() if saved.get(name) != digest]
        other += ["number of parts"] * (wholly and len(saved) != len(self.identity))
        if other:
            raise ValueError(
                f"{path.parent}: holds the state of another run, its {_listed(other)} "
                f"{'differs' if len(other) == 1 else 'differ'}; run that one again to end it, or "
                f"{START_OVER}"
            )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Text and arrays of a file that is whole.

    Raises:
        ValueError: it is not.
        TooLargeError: there is no memory for it.
    """
    try:
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            text = _text(path, file, size)
            if lack := _lack(COPIES * size):
                raise TooLargeError(f"{path}: {lack}; free some, or read it on a larger machine")
            match = NAME.fullmatch(path.name)
            if match is None or _digest(file) != match[2]:
                raise ValueError(f"{path}: is broken, its hash is not the one in its name")
            file.seek(0)
            data = file.read()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return text, safetensors.load(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: is broken ({error})") from None


def _lack(needed: int) -> str | None:
    """What memory is missing, in words; None if so many bytes are free."""
    left = host_bytes()
    if left is None or needed <= left:
        return None
    return f"takes {needed / 1e9:.1f} GB of memory, and {left / 1e9:.1f} GB are free"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, not one that a link leads to."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path}: is not a file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _text(path: Path, file: BinaryIO, size: int) -> dict[str, Any]:
    """What the file says of itself, if that is short and true of its size."""
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if size < LENGTH_BYTES or length > min(MOST_HEADER_BYTES, size - LENGTH_BYTES):
        raise ValueError(
            f"{path}: is broken, it announces a header of {length:,} bytes in a file of {size:,}"
        )
    header = _parsed(path, file.read(length))
    ends = [
        entry["data_offsets"][1]
        for name, entry in header.items()
        if name != "__metadata__" and _has_offsets(entry)
    ]
    if LENGTH_BYTES + length + max(ends, default=0) != size:
        raise ValueError(f"{path}: is broken, it announces other sizes than the file's")
    metadata = header.get("__metadata__")
    text = metadata.get(TEXT) if isinstance(metadata, dict) else None
    return _parsed(path, text.encode() if isinstance(text, str) else b"")


def _has_offsets(entry: Any) -> bool:
    """Whether an array's place in the file is said as two whole numbers."""
    if not isinstance(entry, dict):
        return False
    offsets = entry.get("data_offsets")
    return isinstance(offsets, list) and [type(one) for one in offsets] == [int, int]


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError(f"{path}: is broken, what it says of itself cannot be read")
    return value


def _digest(file: BinaryIO) -> str:
    """SHA-256 of all of a file, a block at a time."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
