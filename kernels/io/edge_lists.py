"""Readers of edge lists, plain or gzipped: every fault is named with its file and line.

A few bytes cannot take much: an id decides how many rows a graph has, so ids far beyond the number
of edges are refused, as is gzip data that unpacks without end (see `text_blocks`).
"""

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.io import text_blocks

MAX_ID = (1 << 31) - 1
BLOCK_BYTES = 1 << 20
"""Text parsed at once; bounds the reader's memory beyond the edges themselves, and the time until
a faulty line is named: its block is read anew by Python."""
OFFSET_BYTES = 8
FREE_NODES = 1 << 20
MOST_NODES_AN_EDGE = 16
"""A graph of more than FREE_NODES nodes has at least one edge per that many of them."""
JOINED = 2
"""Edges are held twice while the blocks are put together."""
MOST_COLUMNS = 3
MOST_LINES = 10
"""Lines that are named of those with one edge."""
WANTED = "a file of edges"

_ID = re.compile(rb"[-+]?[0-9]+")
_FIRST_LINE = re.compile(rb"[^\s][^\r\n]*")


@dataclass(frozen=True)
class EdgeList:
    """Edges in file order: ends int32 [E], weights float64 [E] or None."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    weights: NDArray[np.float64] | None


def read(path: Path) -> EdgeList:
    """Read ``source target`` or ``source target weight`` lines; # and % begin comments.

    Raises:
        ValueError: the file cannot be read, holds no edge, or a line is no edge; it unpacks to
            too much; its edges would not fit, or are few beside its largest id.
    """
    blocks: list[tuple[NDArray[np.int32], NDArray[np.float64] | None]] = []
    columns = size = 0
    largest, largest_line = -1, 0
    for first_line, text in text_blocks.blocks(path, BLOCK_BYTES, WANTED):
        if not text.strip():
            continue
        ends, weights = _parse_fast(text, columns) or _parse(path, first_line, text, columns)
        if not ends.size:
            continue
        columns = 2 if weights is None else 3
        if ends.max() > largest:
            largest, largest_line = int(ends.max()), first_line
        blocks.append((ends, weights))
        size += ends.nbytes + (0 if weights is None else weights.nbytes)
        _check_memory(f"{path}: edges up to those from line {first_line}", JOINED * size, 1)
    if not blocks:
        raise ValueError(f"{path}: no edge in it; give lines of two node ids")
    _check_rows(path, largest, largest_line, sum(ends.shape[1] for ends, _ in blocks))
    ends = np.concatenate([block[0] for block in blocks], axis=1)
    weights = np.concatenate([block[1] for block in blocks]) if columns == 3 else None
    return EdgeList(ends[0], ends[1], weights)


def lines_of(path: Path, source: int, target: int, *, directed: bool) -> list[int]:
    """Numbers of the first MOST_LINES lines of a readable file that hold this edge."""
    wanted = {(source, target)} if directed else {(source, target), (target, source)}
    found: list[int] = []
    for first_line, text in text_blocks.blocks(path, BLOCK_BYTES, WANTED):
        for number, line in enumerate(text.split(b"\n"), start=first_line):
            cells = line.split(None, 2)
            if not cells or cells[0].startswith((b"#", b"%")):
                continue
            if (int(cells[0]), int(cells[1])) in wanted:
                found.append(number)
            if len(found) == MOST_LINES:
                return found
    return found


def _parse_fast(
    text: bytes, columns: int
) -> tuple[NDArray[np.int32], NDArray[np.float64] | None] | None:
    """Parse a block that has nothing odd in it; None sends it to `_parse`, which is exact."""
    if b"#" in text or b"%" in text:
        lines = text.splitlines(keepends=True)
        text = b"".join(line for line in lines if not line.lstrip().startswith((b"#", b"%")))
    first = _FIRST_LINE.search(text)
    if first is None or len(first[0].split(None, MOST_COLUMNS)) > MOST_COLUMNS:
        return None
    # It takes most of a second to import, and only files need it.
    import pandas as pd

    try:
        table = pd.read_csv(io.BytesIO(text), sep=r"\s+", header=None, quoting=3, low_memory=False)
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
        _refuse(path, line, f"{_shown(cell)} is not a node id; give an integer")
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


def _check_rows(path: Path, largest: int, line: int, num_edges: int) -> None:
    """Refuse a graph that is next to empty: one huge id is enough for that."""
    what = f"{path}: id {largest} (in the text from line {line}) makes {largest + 1} nodes"
    if largest >= max(FREE_NODES, MOST_NODES_AN_EDGE * num_edges):
        raise ValueError(
            f"{what} of {num_edges} edges, fewer than one for {MOST_NODES_AN_EDGE} nodes; "
            "renumber the nodes"
        )
    _check_memory(f"{what}: row offsets", OFFSET_BYTES * (largest + 2), 2)


def _check_memory(what: str, needed: int, share: int) -> None:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > total // share:
        raise ValueError(
            f"{what} take {needed / 1e9:.1f} GB of {total / 1e9:.1f} GB of memory; give fewer"
        )
