"""Tables in parts: many writers, one Parquet file a part, named by its own hash, merged in order.

A part is written whole or not at all, and its name tells whether it is still what was written:
`TABLE-000012-<sha256>.parquet`. What `merge` makes of parts depends on their rows alone, however
they were cut.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from weishang.experiments.readers import parquet_batches, parquet_limits
from weishang.experiments.storage import atomic

ROWS = 65_536
"""Rows of a row group."""
TABLE = re.compile(r"[a-z][a-z0-9_]*")
NAME = re.compile(rf"({TABLE.pattern})-(\d{{6,}})-([0-9a-f]{{64}})\.parquet")
FORMAT: dict[str, Any] = {
    "version": "2.6",
    "data_page_version": "1.0",
    "compression": "zstd",
    "compression_level": 3,
    "write_page_checksum": True,
}
"""How every part and every merged table is written, so that equal rows give equal bytes."""


@dataclass(frozen=True)
class Part:
    """One part of a table.

    Attributes:
        table: its name.
        number: which part, from 0.
        path: the file.
        sha256: of the file's bytes, as its name says.
    """

    table: str
    number: int
    path: Path
    sha256: str


def write(
    folder: Path, table: str, number: int, frame: pd.DataFrame, units: Mapping[str, str]
) -> Part:
    """Write a part; when this returns it is on the disk.

    Args:
        folder: of the parts; it is there.
        table: small letters, digits and underscores.
        number: which part, at least 0.
        frame: its rows in order; the index is not saved. A column without any value is text.
        units: of every column, kept in the schema.

    Raises:
        ValueError: the name or number cannot be written, a column has no unit or values of
            several kinds, or a unit has no column.
    """
    if not TABLE.fullmatch(table) or number < 0:
        raise ValueError(f"part {number} of {table!r}: give a number from 0 and a name in a-z0-9_")
    data = _encoded(_arrow(table, frame, units))
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / f"{table}-{number:06d}-{sha256}.parquet"
    with atomic.staged_file(path, clean_first=False) as staging:
        staging.write_bytes(data)
    return Part(table, number, path, sha256)


def find(folder: Path, table: str) -> dict[int, Part]:
    """The parts of a table that a folder holds, by number, in order; no file is read.

    Raises:
        ValueError: two different files are the same part, or one is a link.
    """
    found: dict[int, Part] = {}
    for path in sorted(folder.glob(f"{table}-*.parquet")):
        part = of_path(path)
        if part is None or part.table != table:
            continue
        if path.is_symlink():
            raise ValueError(f"{path}: is a link; put the file itself there, or remove it")
        if part.number in found:
            raise ValueError(
                f"{path}: is not what {found[part.number].path.name} is, and both are part "
                f"{part.number}; remove both and run again"
            )
        found[part.number] = part
    return dict(sorted(found.items()))


def of_path(path: Path) -> Part | None:
    """The part that a file's name tells of; None if it is no part's name."""
    match = NAME.fullmatch(path.name)
    return None if match is None else Part(match[1], int(match[2]), path, match[3])


def check(part: Part) -> None:
    """Hold a part against the hash in its name.

    Raises:
        ValueError: it is missing, a link, or another file than was written; the message names it.
    """
    if part.path.is_symlink() or not part.path.is_file():
        raise ValueError(f"{part.path}: is missing, or is not a file; run again")
    with part.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != part.sha256:
        raise ValueError(f"{part.path}: is damaged, its hash is another; remove it and run again")


def read(part: Part) -> pa.Table:
    """The rows of a part, checked before they are read.

    Raises:
        ValueError: see `check`; or it announces more than its bytes can hold, or is no table.
    """
    schema = _schema(part)
    parquet_limits.check_whole(part.path)
    batches = list(parquet_batches.batches(part.path, ROWS))
    return _one_piece(batches, schema) if batches else schema.empty_table()


def merge(parts: Sequence[Part], target: Path) -> int:
    """Write the rows of all parts, by number, as one Parquet file.

    Memory holds one row group and one row group of a part. The bytes depend on the rows, and not
    on where one part ends and the next begins.

    Args:
        parts: at least one, of one table, in any order.
        target: the file; it is replaced whole, or stays as it is.

    Returns:
        The number of rows.

    Raises:
        ValueError: a part is damaged, there twice, of another table, or has other columns, types
            or units than the first; or there is none.
    """
    ordered = sorted(parts, key=lambda part: part.number)
    numbers = [(part.table, part.number) for part in ordered]
    if not ordered or len({table for table, _ in numbers}) > 1 or len(set(numbers)) < len(numbers):
        raise ValueError(f"{target}: give parts of one table to merge, each once")
    total = 0
    with atomic.staged_file(target) as staging:
        schema = _schema(ordered[0])
        # Not by the path: Arrow's own file is closed twice where the disk is full.
        with staging.open("wb") as stream, pq.ParquetWriter(stream, schema, **FORMAT) as writer:
            for rows in _regrouped(_batches(ordered, schema), schema):
                writer.write_table(rows, row_group_size=ROWS)
                total += rows.num_rows
    return total


def clean(folder: Path) -> None:
    """Remove the half parts of killed writers; those of living ones stay."""
    atomic.clean(folder)


def _arrow(table: str, frame: pd.DataFrame, units: Mapping[str, str]) -> pa.Table:
    """The frame with plain types and units, and nothing that tells how it came to be."""
    names = [str(name) for name in frame.columns]
    if odd := sorted(set(names) ^ set(units)):
        raise ValueError(f"{table}: column {odd[0]!r} has no unit, or the unit has no column")
    if len(set(names)) < len(names):
        raise ValueError(f"{table}: a column stands twice in {names}; give each once")
    columns = [_column(table, name, frame.iloc[:, at]) for at, name in enumerate(names)]
    fields = [
        pa.field(name, column.type, metadata={"unit": units[name]})
        for name, column in zip(names, columns, strict=True)
    ]
    told = json.dumps({name: units[name] for name in names}, ensure_ascii=False)
    return pa.table(columns, schema=pa.schema(fields, metadata={"units": told}))


def _column(table: str, name: str, values: pd.Series) -> pa.Array:
    try:
        column = pa.Array.from_pandas(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        told = str(error).splitlines()[0]
        raise ValueError(f"{table}: column {name!r} has no one type: {told}") from None
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    texts = (pa.types.is_null, pa.types.is_large_string, pa.types.is_string_view)
    return column.cast(pa.string()) if any(kind(column.type) for kind in texts) else column


def _encoded(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, rows.schema, **FORMAT) as writer:
        if rows.num_rows:
            writer.write_table(rows, row_group_size=ROWS)
    return sink.getvalue().to_pybytes()


def _schema(part: Part) -> pa.Schema:
    """The schema of a part, whose hash and announced sizes are checked first."""
    check(part)
    parquet_batches.check(part.path)
    with parquet_limits.opened(part.path) as file:
        return _own_metadata(file.schema_arrow)


def _own_metadata(schema: pa.Schema) -> pa.Schema:
    """Without the numbers of fields that Parquet adds when it is read."""
    fields = [
        field.with_metadata({b"unit": (field.metadata or {}).get(b"unit", b"")}) for field in schema
    ]
    return pa.schema(fields, metadata=schema.metadata)


def _batches(parts: Sequence[Part], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of all parts, each part checked before it is read."""
    for part in parts:
        own = _schema(part)
        if not own.equals(schema, check_metadata=True):
            raise ValueError(f"{part.path}: {_difference(own, schema, parts[0].path.name)}")
        yield from parquet_batches.batches(part.path, ROWS)


def _difference(own: pa.Schema, schema: pa.Schema, first: str) -> str:
    if own.names != schema.names:
        odd = sorted(set(own.names) ^ set(schema.names)) or ["in another order"]
        return f"has not the columns of {first}: {odd[0]!r} differs"
    for mine, theirs in zip(own, schema, strict=True):
        if not mine.equals(theirs, check_metadata=True):
            units = [field.metadata[b"unit"].decode() for field in (mine, theirs)]
            return (
                f"column {mine.name!r} is {mine.type} in {units[0]!r}, where {first} has "
                f"{theirs.type} in {units[1]!r}"
            )
    return f"has other notes in its schema than {first}"


def _regrouped(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows in tables of ROWS, each in one piece: how a piece is cut shows in the bytes."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while count + batch.num_rows >= ROWS:
            head = batch.slice(0, ROWS - count)
            yield _one_piece([*waiting, head], schema)
            batch = batch.slice(head.num_rows)
            waiting, count = [], 0
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield _one_piece(waiting, schema)


def _one_piece(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    plain = schema.remove_metadata()
    arrays = [batch.columns for batch in batches]
    rows = pa.Table.from_batches(
        [pa.RecordBatch.from_arrays(columns, names=plain.names) for columns in arrays]
    ).combine_chunks()
    return pa.table(rows.columns, schema=schema)
