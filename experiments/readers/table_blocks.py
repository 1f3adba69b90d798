"""Rows of a CSV or Parquet file in blocks, each with its line or row: memory stays bounded."""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from weishang.experiments.readers import parquet_batches
from weishang.kernels.io import regular_files

LARGEST_FILE = 1 << 30
"""Bytes of a file, uncompressed; larger ones are refused before they are read."""
BLOCK_BYTES = 1 << 22
"""Text of a CSV file that is parsed at once."""
LONGEST_LINE = 1 << 20
"""Bytes beyond the block in which a line begins."""
MOST_COLUMNS = 100
BLOCK_ROWS = 1 << 16
"""Rows of a Parquet file that are read at once."""
WANTED = "a CSV or Parquet file"
PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True)
class Block:
    """Some rows of a table.

    Attributes:
        columns: by name; text in a CSV file, any type in a Parquet file.
        at: line of each row in a CSV file, number of each row from 1 in a Parquet file, int64.
    """

    columns: dict[str, Any]
    at: NDArray[np.int64]


@dataclass(frozen=True)
class TableFile:
    """A CSV or Parquet file, opened as far as its columns' names.

    Attributes:
        path: where it lies.
        names: of the columns.
        header: line of the names; 0 in a Parquet file.
    """

    path: Path
    names: list[str] = field(default_factory=list)
    header: int = 0

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in blocks.

        Raises:
            ValueError: the file cannot be read on, or a line does not fit the names.
        """
        return _csv_blocks(self) if self.header else _parquet_blocks(self)

    def refuse(self, at: int, fault: str) -> NoReturn:
        """Raise a ValueError that begins with the file and the line or row."""
        if not self.header:
            raise ValueError(f"{self.path}, row {at}: {fault}")
        raise ValueError(f"{self.path}:{at}: {fault}")

    def refuse_header(self, fault: str) -> NoReturn:
        """Raise a ValueError that begins with the file and, in a CSV file, the names' line."""
        raise ValueError(f"{self.path}{f':{self.header}' if self.header else ''}: {fault}")


def open_table(path: Path) -> TableFile:
    """Look at what kind of file it is, and at the names of its columns.

    Raises:
        ValueError: the file is missing, no regular file, empty, too large, or not what its name
            says; there are too many columns; a name is missing or stands twice.
    """
    _check_size(path, regular_files.check(path, WANTED))
    with _told(path), path.open("rb") as stream:
        is_parquet = stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    if not is_parquet and path.suffix.lower() in (".parquet", ".pq"):
        raise ValueError(f"{path}: is not a Parquet file; name a CSV file .csv")
    table = _open_parquet(path) if is_parquet else _open_csv(path)
    if len(table.names) > MOST_COLUMNS:
        table.refuse_header(f"has {len(table.names):,} columns; up to {MOST_COLUMNS} are read")
    for number, name in enumerate(table.names, start=1):
        if not name:
            table.refuse_header(f"column {number} has no name")
        if table.names.count(name) > 1:
            table.refuse_header(f"column {shown(name)} stands twice; give each once")
    return table


def shown(cell: Any) -> str:
    """A cell for a message, cut where it is long."""
    text = str(cell)
    return repr(text if len(text) <= 40 else text[:37] + "...")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what files raise into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST_FILE:
        raise ValueError(
            f"{path}: is {size / 1e9:.1f} GB; files up to {LARGEST_FILE / 1e9:.1f} GB are read: "
            "leave out columns that are not needed"
        )


def _open_parquet(path: Path) -> TableFile:
    footer = parquet_batches.check(path)
    _check_size(path, sum(group.unpacked for group in footer.groups))
    return TableFile(path, parquet_batches.names(path))


def _parquet_blocks(table: TableFile) -> Iterator[Block]:
    row = 1
    for batch in parquet_batches.batches(table.path, BLOCK_ROWS):
        at = np.arange(row, row + batch.num_rows, dtype=np.int64)
        yield Block(dict(zip(table.names, batch.columns, strict=True)), at)
        row += batch.num_rows


def _open_csv(path: Path) -> TableFile:
    for first, text in _texts(TableFile(path, header=1)):
        for line, words in enumerate(text.split("\n"), start=first):
            if words:
                table = TableFile(path, [name.strip() for name in _cells(words)], line)
                if not table.names:
                    table.refuse_header(
                        "is not a line of names; is one longer than 100 characters?"
                    )
                return table
    raise ValueError(f"{path}: is empty; begin with a line of column names")


def _csv_blocks(table: TableFile) -> Iterator[Block]:
    for first, text in _texts(table):
        lines = text.split("\n")
        named = min(max(table.header + 1 - first, 0), len(lines))
        lines[:named] = [""] * named
        at = np.array([i for i, line in enumerate(lines, start=first) if line], dtype=np.int64)
        if not at.size:
            continue
        yield Block(_parse(table, "\n".join(lines), first, at.size), at)


def _parse(table: TableFile, text: str, first: int, num_rows: int) -> dict[str, Any]:
    """The columns of some lines, as text."""
    data = text.encode()
    try:
        rows = arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=table.names
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(table.names, pa.string())
            ),
        )
    except pa.ArrowInvalid as error:
        _refuse_odd_line(table, text, first)
        raise ValueError(f"{table.path}: {str(error).splitlines()[0]}") from None
    if rows.num_rows != num_rows:
        _refuse_odd_line(table, text, first)
    return {name: rows.column(name).combine_chunks() for name in table.names}


def _refuse_odd_line(table: TableFile, text: str, first: int) -> None:
    """Refuse the first line that ends inside a cell, or has too many or too few cells."""
    for line, words in enumerate(text.split("\n"), start=first):
        if words.count('"') % 2:
            table.refuse(line, "ends inside a quoted cell; give a row one line")
        cells = len(_cells(words))
        if words and cells != len(table.names):
            table.refuse(line, f"has {cells} cells; give {len(table.names)}, one a column")


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _texts(table: TableFile) -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, whole lines of text) until the file ends."""
    line = 1
    with _told(table.path), table.path.open("rb") as stream:
        while data := stream.read(BLOCK_BYTES):
            rest = b"" if data.endswith(b"\n") else stream.readline(LONGEST_LINE)
            last = line + data.count(b"\n")
            if len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
                table.refuse(last, f"is longer than {LONGEST_LINE} bytes; is this a CSV file?")
            data = (data + rest).removesuffix(b"\n").replace(b"\r\n", b"\n").removesuffix(b"\r")
            yield line, _decoded(table, data.removeprefix(BOM_UTF8) if line == 1 else data, line)
            line += data.count(b"\n") + 1


def _decoded(table: TableFile, data: bytes, first: int) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        table.refuse(first + data[: error.start].count(b"\n"), "is not UTF-8")
    for odd, name in (("\r", "a carriage return inside the line"), ("\0", "a zero byte")):
        if odd in text:
            table.refuse(first + text[: text.index(odd)].count("\n"), f"holds {name}")
    return text
