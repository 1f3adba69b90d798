"""The footer of a Parquet file: which rows and bytes it announces, read without pyarrow.

pyarrow is not asked what a chunk announces: where its size statistics make no sense, asking ends
the process. Reading the same chunk through Arrow gives an error, as it should.

Source: parquet.thrift of Apache parquet-format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weishang.experiments.readers.thrift import BrokenThriftError, Thrift

MAGIC = b"PAR1"
TAIL = 8
"""Bytes of the footer's length and the magic at a file's end."""
MOST_FOOTER = 1 << 22
"""Bytes of a footer: some 20,000 pieces of columns. Reading it takes a second a megabyte or so."""
TYPES = ("BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED")


@dataclass(frozen=True)
class Chunk:
    """A piece of a column, as the footer announces it.

    Attributes:
        name: of the column, with those around it.
        kind: physical type, one of TYPES.
        values: how many, nulls included.
        first: its first byte in the file.
        packed, unpacked: bytes.
    """

    name: str
    kind: str
    values: int
    first: int
    packed: int
    unpacked: int


@dataclass(frozen=True)
class RowGroup:
    """A group of rows, as the footer announces it.

    Attributes:
        rows: how many.
        unpacked: bytes.
        chunks: one a column.
    """

    rows: int
    unpacked: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True)
class Footer:
    """What a file announces.

    Attributes:
        num_rows: as it says itself.
        groups: of rows.
        size: of the file, in bytes.
    """

    num_rows: int
    groups: tuple[RowGroup, ...]
    size: int


def read(path: Path) -> Footer:
    """Read what a regular file announces; nothing of it is held against anything yet.

    Raises:
        ValueError: it is not a Parquet file, is cut off, or its footer is broken or too long.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(len(MAGIC))
        stream.seek(max(size - TAIL, 0))
        tail = stream.read(TAIL)
        length = int.from_bytes(tail[: -len(MAGIC)], "little")
        if size < len(MAGIC) + TAIL or head != MAGIC or tail[-len(MAGIC) :] != MAGIC:
            raise ValueError(f"{path}: is not a Parquet file, or is cut off")
        if length > min(size - len(MAGIC) - TAIL, MOST_FOOTER):
            raise ValueError(f"{path}: announces a footer of {length} bytes; is it broken?")
        stream.seek(size - TAIL - length)
        data = stream.read(length)
    try:
        fields = Thrift(data).fields
        groups = tuple(_group(group) for group in _of(fields, 4, list))
        return Footer(_of(fields, 3, int), groups, size)
    except BrokenThriftError as error:
        raise ValueError(f"{path}: is broken: its footer {error}") from None


def _group(fields: Any) -> RowGroup:
    chunks = tuple(_chunk(_of(chunk, 3, dict)) for chunk in _of(fields, 1, list))
    return RowGroup(_of(fields, 3, int), _of(fields, 2, int), chunks)


def _chunk(fields: Mapping[int, Any]) -> Chunk:
    kind = _of(fields, 1, int)
    if not 0 <= kind < len(TYPES):
        raise BrokenThriftError(f"has a column of the unknown type {kind}")
    parts = [part for part in _of(fields, 3, list) if isinstance(part, bytes)]
    # A dictionary stands before the data; 0 is how some writers say that there is none.
    starts = [_of(fields, 9, int), *([fields[11]] if _is_place(fields.get(11)) else [])]
    return Chunk(
        name=b".".join(parts).decode("utf-8", "backslashreplace")[:40],
        kind=TYPES[kind],
        values=_of(fields, 5, int),
        first=min(starts),
        packed=_of(fields, 7, int),
        unpacked=_of(fields, 6, int),
    )


def _is_place(value: Any) -> bool:
    return type(value) is int and value > 0


def _of(fields: Any, field: int, kind: type) -> Any:
    """A field of a structure, which has to be there."""
    value = fields.get(field) if isinstance(fields, dict) else None
    if type(value) is not kind:
        raise BrokenThriftError(f"lacks field {field}, or has another there")
    return value
