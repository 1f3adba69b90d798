"""Readers of edge lists, plain or gzipped: every fault is named with its file and line."""

import gzip
import io
import os
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MAX_ID = (1 << 31) - 1
GZIP_MAGIC = b"\x1f\x8b"
BLOCK_BYTES = 1 << 24
"""Text parsed at once; bounds the reader's memory beyond the edges themselves."""
OFFSET_BYTES = 8
GZIP_FAULTS = (EOFError, zlib.error, gzip.BadGzipFile)

_ID = re.compile(rb"[-+]?[0-9]+")


@dataclass(frozen=True)
class EdgeList:
    """Edges in file order: ends int32 [E], weights float64 [E] or None."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    weights: NDArray[np.float64] | None


def read(path: Path) -> EdgeList:
    """Read ``source target`` or ``source target weight`` lines; # and % begin comments.

    Raises:
        ValueError: the file cannot be read, holds no edge, or a line is no edge.
    """
    blocks: list[tuple[NDArray[np.int32], NDArray[np.float64] | None]] = []
    columns = 0
    largest, largest_line = -1, 0
    for first_line, text in _blocks(path):
        ends, weights = _parse_fast(text, columns) or _parse(path, first_line, text, columns)
        if not ends.size:
            continue
        columns = 2 if weights is None else 3
        if ends.max() > largest:
            largest, largest_line = int(ends.max()), first_line
        blocks.append((ends, weights))
    if not blocks:
        raise ValueError(f"{path}: no edge in it; give lines of two node ids")
    _check_memory(path, largest, largest_line)
    ends = np.concatenate([block[0] for block in blocks], axis=1)
    weights = np.concatenate([block[1] for block in blocks]) if columns == 3 else None
    return EdgeList(ends[0], ends[1], weights)


def lines_of(path: Path, source: int, target: int, *, directed: bool) -> list[int]:
    """Numbers of the lines of a readable file that hold this edge."""
    wanted = {(source, target)} if directed else {(source, target), (target, source)}
    return [
        number
        for first_line, text in _blocks(path)
        for number, line in enumerate(text.split(b"\n"), start=first_line)
        if (cells := line.split()) and not cells[0].startswith((b"#", b"%"))
        if (int(cells[0]), int(cells[1])) in wanted
    ]


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines of text) until the file ends."""
    line = 1
    try:
        with _open(path) as stream:
            while text := stream.read(BLOCK_BYTES):
                text += stream.readline()
                yield line, text.removeprefix(BOM_UTF8) if line == 1 else text
                line += text.count(b"\n")
    except GZIP_FAULTS as error:
        last = _last_whole_line(path)
        raise ValueError(f"{path}: broken gzip data after line {last}: {error}") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None


def _last_whole_line(path: Path) -> int:
    """How many lines come before broken gzip data."""
    lines = 0
    with suppress(*GZIP_FAULTS), gzip.open(path, "rb") as stream:
        for _ in stream:
            lines += 1
    return lines


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise ValueError(f"{path}: is a folder; give a file of edges")
    with path.open("rb") as stream:
        magic = stream.read(len(GZIP_MAGIC))
    if magic == GZIP_MAGIC or path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _parse_fast(
    text: bytes, columns: int
) -> tuple[NDArray[np.int32], NDArray[np.float64] | None] | None:
    """Parse a block that has nothing odd in it; None sends it to `_parse`, which is exact."""
    if b"#" in text or b"%" in text:
        lines = text.splitlines(keepends=True)
        text = b"".join(line for line in lines if not line.lstrip().startswith((b"#", b"%")))
    try:
        table = pd.read_csv(io.BytesIO(text), sep=r"\s+", header=None, quoting=3)
    except (ValueError, UnicodeDecodeError):
        return None
    kinds = [dtype.kind for dtype in table.dtypes]
    if kinds not in (["i", "i"], ["i", "i", "i"], ["i", "i", "f"]):
        return None
    if kinds[-1] == "f" and table[2].isna().any():
        return None
    if columns and columns != len(kinds):
        return None
    ends = table.iloc[:, :2].to_numpy().T
    if ends.min() < 0 or ends.max() > MAX_ID:
        return None
    if len(kinds) == 2:
        return ends.astype(np.int32), None
    # pandas rounds decimals its own way; Python's float is the correctly rounded one.
    weights = np.array([float(line.split()[2]) for line in text.splitlines() if line.strip()])
    if not ((weights >= 0.0) & (weights <= 1.0)).all():
        return None
    return ends.astype(np.int32), weights


def _parse(
    path: Path, first_line: int, text: bytes, columns: int
) -> tuple[NDArray[np.int32], NDArray[np.float64] | None]:
    ends: list[tuple[int, int]] = []
    weights: list[float] = []
    for number, line in enumerate(text.split(b"\n"), start=first_line):
        cells = line.split()
        if not cells or cells[0].startswith((b"#", b"%")):
            continue
        columns = columns or min(max(len(cells), 2), 3)
        if len(cells) != columns:
            _refuse(path, number, f"{len(cells)} columns where {columns} are expected")
        ends.append((_node_id(path, number, cells[0]), _node_id(path, number, cells[1])))
        if columns == 3:
            weights.append(_weight(path, number, cells[2]))
    pairs = np.array(ends, dtype=np.int32).reshape(-1, 2).T
    return pairs, np.array(weights, dtype=np.float64) if columns == 3 else None


def _node_id(path: Path, line: int, cell: bytes) -> int:
    if not _ID.fullmatch(cell):
        _refuse(path, line, f"{_shown(cell)} is no node id; give an integer")
    if len(cell) > 20 or int(cell) > MAX_ID:
        _refuse(path, line, f"node id {_shown(cell)} is past 2^31 - 1; renumber the nodes")
    if int(cell) < 0:
        _refuse(path, line, f"node id {_shown(cell)} is negative; ids begin with 0")
    return int(cell)


def _weight(path: Path, line: int, cell: bytes) -> float:
    try:
        weight = float("nan" if b"_" in cell else cell)
    except ValueError:
        weight = float("nan")
    if not 0.0 <= weight <= 1.0:
        _refuse(path, line, f"weight {_shown(cell)} is outside [0, 1]")
    return weight


def _shown(cell: bytes) -> str:
    text = cell.decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _refuse(path: Path, line: int, fault: str) -> NoReturn:
    raise ValueError(f"{path}, line {line}: {fault}")


def _check_memory(path: Path, largest: int, line: int) -> None:
    """Refuse a graph whose row offsets alone would not fit: one huge id is enough for that."""
    needed = OFFSET_BYTES * (largest + 2)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > total // 2:
        raise ValueError(
            f"{path}: id {largest} (in the text from line {line}) makes {largest + 1} nodes, whose "
            f"row offsets take {needed / 1e9:.1f} GB of {total / 1e9:.1f} GB; renumber the nodes"
        )
