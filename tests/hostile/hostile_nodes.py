"""Hostile attributes of people, CSV and Parquet, as `weishang run --nodes` reads them."""

import gzip
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hostile_case import (
    MEGABYTE,
    PEOPLE,
    Case,
    Content,
    flipped,
    run_options,
    sparse,
    written,
)
from pyarrow import parquet

TEXTS: dict[str, tuple[Content, str]] = {
    "a class that is no number": (b"node,interest\n0,nan\n", "nodes.csv:2: interest is 'nan'"),
    "an infinite node": (b"node,interest\ninf,1\n", "nodes.csv:2: node is 'inf'"),
    "a negative node": (b"node,interest\n-1,1\n", "nodes.csv:2: node is '-1'"),
    "a node of 5,000 digits": (
        b"node,interest\n" + b"9" * 5000 + b",1\n",
        "nodes.csv:2: node is '999",
    ),
    "a node beyond the graph": (b"node,interest\n4611686018427387904,1\n", "nodes.csv:2: node is"),
    "a node half a million times": (
        lambda: b"node,interest\n" + b"7,1\n" * 500_000,
        "stands in line 2 already",
    ),
    "a million columns": (lambda: b"a," * 1_000_000 + b"node\n", "columns"),
    "a million cells": (lambda: b"node,interest\n" + b"0," * 1_000_000 + b"\n", "cells"),
    "a name of a megabyte": (
        lambda: b"node," + b"n" * MEGABYTE + b"\n0,1\n",
        "not a line of names",
    ),
    "a cell of 100 MB": (lambda: b"node,groups\n0," + b"x" * (100 * MEGABYTE), "longer than"),
    "a group of 3 MB": (
        lambda: b"node,groups\n0," + b"x" * (3 * MEGABYTE) + b"\n",
        "more than 100 characters",
    ),
    "a quote without end": (b'node,groups\n0,"' + b"x\n" * 900_000, "quoted cell"),
    "a group 300,000 times": (lambda: b"node,groups\n0," + b"a|" * 300_000 + b"a\n", "twice"),
    "300,000 groups": (
        lambda: f"node,groups\n0,{'|'.join(map(str, range(300_000)))}\n999,a\n".encode(),
        "nodes.csv:3: node is '999'",
    ),
    "people of zero bytes": (b"node,interest\n0,\0\n", "zero byte"),
    "people on blank lines": (lambda: b"\n" * (8 * MEGABYTE), "is empty"),
    "no people": (b"node,interest\n", "no node in it"),
    "an empty file of people": (b"", "is empty"),
    "a formula for a class": (b"node,interest\n0,=1+1\n", "interest is '=1+1'"),
    "people in UTF-16": ("node,interest\n0,1\n".encode("utf-16"), "is not UTF-8"),
    "people in gzip": (gzip.compress(b"node,interest\n0,1\n"), "is not UTF-8"),
}

PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "people from a pipe": (os.mkfifo, "no regular file"),
    "people from a folder": (Path.mkdir, "is a folder"),
    "people in 2 GB": (lambda path: sparse(path, 1 << 31), "files up to"),
    "people in a line of half a GB": (lambda path: sparse(path, 1 << 29), "longer than"),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (content, told) in TEXTS.items():
        yield Case(name, lambda common, c=content: _run(common, written("nodes.csv", c)), told)
    for name, (content, told) in TABLES.items():
        yield Case(name, lambda common, c=content: _run(common, written("nodes.parquet", c)), told)
    for name, (place, told) in PLACES.items():
        yield Case(name, lambda common, p=place: _placed(common, p), told)


def _run(common: Path, nodes: Path) -> list[str]:
    return [*run_options(common), "--nodes", str(nodes)]


def _placed(common: Path, place: Callable[[Path], object]) -> list[str]:
    path = Path("nodes.csv")
    place(path)
    return _run(common, path)


def _table(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def _interest(values: Any) -> Content:
    return lambda: _table({"node": [0, 1], "interest": values})


def _plain() -> bytes:
    """All people, in one page a column with a checksum each."""
    columns = {"node": np.arange(PEOPLE), "interest": np.zeros(PEOPLE, dtype=np.int64)}
    return _table(columns, compression="none", use_dictionary=False, write_page_checksum=True)


def _long_text(size: int) -> bytes:
    """A page of so many equal letters, packed."""
    columns = {"node": [0], "groups": ["x" * size]}
    return _table(columns, compression="zstd", use_dictionary=False, write_statistics=False)


def _renumbered(data: bytes, old: int, new: int) -> bytes:
    """The file with another number in its footer, as Thrift writes it, wherever the old one is."""
    length = int.from_bytes(data[-8:-4], "little")
    start = len(data) - 8 - length
    footer = data[start:-8].replace(b"\x16" + _zigzag(old), b"\x16" + _zigzag(new))
    if footer == data[start:-8]:
        raise ValueError(f"{old} stands nowhere in the footer")
    return data[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _hidden(data: bytes) -> bytes:
    """The file with a footer by which hardly anything is unpacked."""
    group = parquet.read_metadata(io.BytesIO(data)).row_group(0)
    last = group.column(group.num_columns - 1)
    return _renumbered(
        _renumbered(data, last.total_uncompressed_size, 99), group.total_byte_size, 200
    )


def _zigzag(number: int) -> bytes:
    value = number << 1 ^ number >> 63
    told = bytearray()
    while value > 127:
        told.append(value & 127 | 128)
        value >>= 7
    return bytes([*told, value])


def _same_text(rows: int) -> bytes:
    """A megabyte of text, meant by every row."""
    letters = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, dtype=np.int32)), pa.array(["x" * MEGABYTE])
    )
    return _table({"node": np.arange(rows), "groups": letters}, write_statistics=False)


def _prefixed() -> bytes:
    """Texts of a megabyte, of which all but the first are told by how they differ."""
    letters = pa.array(["x" * MEGABYTE + str(row) for row in range(100)])
    sink = io.BytesIO()
    parquet.write_table(
        pa.table({"node": np.arange(100), "groups": letters}),
        sink,
        use_dictionary=False,
        column_encoding={"groups": "DELTA_BYTE_ARRAY"},
        write_statistics=False,
    )
    return sink.getvalue()


def _nulls(rows: int) -> bytes:
    """Rows without anything, some bytes a million."""
    columns = {"node": pa.nulls(rows, pa.int64()), "interest": pa.nulls(rows, pa.int64())}
    return _table(columns, compression="zstd")


def _nested(depth: int) -> bytes:
    kind = pa.int64()
    for _ in range(depth):
        kind = pa.list_(kind)
    return _table({"node": [0], "interest": pa.nulls(1, kind)})


TABLES: dict[str, tuple[Content, str]] = {
    "a float that is no number": (_interest([0.5, float("nan")]), "row 1: interest is '0.5'"),
    "a class of nan": (_interest([float("nan"), 1.0]), "row 1: interest is 'nan'"),
    "a negative class": (_interest([-5, 1]), "row 1: interest is '-5'"),
    "a class of 2^64 - 1": (_interest(pa.array([0, 2**64 - 1], pa.uint64())), "row 2: interest"),
    "decimals": (_interest(pa.array([1, 2], pa.decimal128(20, 2))), "is of decimal"),
    "lists of classes": (_interest([[1], [2]]), "is of list"),
    "structures": (_interest([{"a": 1}, {"a": 2}]), "is of struct"),
    "bytes": (_interest([b"\xff", b"\xfe"]), "is of binary"),
    "truth for classes": (_interest([True, False]), "is of bool"),
    "moments": (_interest(pa.array([0, 1], pa.timestamp("us"))), "is of timestamp"),
    "text that is not UTF-8": (_interest(pa.array([b"\xff", b"x"]).view(pa.string())), "UTF8"),
    "lists 20 deep": (lambda: _nested(20), "is of list"),
    "lists 60 deep": (lambda: _nested(60), "too deeply nested"),
    "a truncated table": (lambda: _plain()[:-20], "not a Parquet file, or is cut off"),
    "a table's head alone": (b"PAR1", "not a Parquet file, or is cut off"),
    "a table of magic alone": (b"PAR1" * 3, "nodes.parquet: "),
    "a flipped bit in a page": (lambda: flipped(_plain(), 300), "CRC"),
    "flipped bits in a page's head": (lambda: flipped(_plain(), 6), "nodes.parquet: "),
    "a footer of zero bytes": (
        lambda: (data := _plain())[:-208] + bytes(200) + data[-8:],
        "nodes.parquet: ",
    ),
    "statistics of a column that is another": (
        lambda: _plain().replace(b"\x25\x02", b"\x25\x00"),
        "histogram size mismatch",
    ),
    "a footer as long as 2 GB": (
        lambda: _plain()[:-8] + b"\xff\xff\xff\x7fPAR1",
        "footer of 2147483647 bytes",
    ),
    "a footer without length": (lambda: _plain()[:-8] + bytes(4) + b"PAR1", "nodes.parquet: "),
    "a footer that is encrypted": (lambda: _plain()[:-4] + b"PARE", "nodes.parquet: "),
    "10^12 rows announced": (lambda: _renumbered(_plain(), PEOPLE, 10**12), "nodes.parquet: "),
    "less than no rows announced": (
        lambda: _renumbered(_plain(), PEOPLE, -PEOPLE),
        "nodes.parquet: ",
    ),
    "20 million rows of nothing": (lambda: _nulls(20_000_000), "such a file is not read"),
    "10 million rows of nothing": (lambda: _nulls(10_000_000), "node is missing"),
    "a page of 200 MB": (lambda: _long_text(200 * MEGABYTE), "has a page of"),
    "a page of 200 MB that is hidden": (
        lambda: _hidden(_long_text(200 * MEGABYTE)),
        "has a page of",
    ),
    "60 GB of text in a megabyte": (lambda: _same_text(60_000), "bytes of text"),
    "100 MB of text by its beginnings": (_prefixed, "is encoded"),
    "a table of 5,000 columns": (
        lambda: _table({f"c{number}": [1] for number in range(5000)}),
        "has 5,000 columns",
    ),
    "a table in name only": (b"node,interest\n0,1\n", "is not a Parquet file"),
}
