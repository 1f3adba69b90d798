"""Hostile edge lists, plain and gzipped, as `weishang estimate --graph` reads them."""

import gzip
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from hostile_case import MEGABYTE, Case, Content, flipped, members, sparse, written

LINES = "".join(f"{i} {i * 31 % 20_011}\n" for i in range(20_000)).encode()
BLOCK = 16 * MEGABYTE

TEXTS: dict[str, tuple[Content, str]] = {
    "a weight that is no number": (b"0 1 .5\n1 2 nan\n", "line 2: weight 'nan'"),
    "an infinite weight": (b"0 1 .5\n1 2 inf\n", "line 2: weight 'inf'"),
    "a weight of 1e999": (b"0 1 1e999\n", "weight '1e999' is outside"),
    "a weight of a megabyte": (b"0 1 " + b"9" * MEGABYTE, "outside [0, 1]"),
    "an id of 2^31": (b"0 1\n1 2147483648\n", "past 2^31 - 1"),
    "an id of 2^63": (b"0 9223372036854775808\n", "past 2^31 - 1"),
    "an id of 5,000 digits": (b"0 1\n1 " + b"7" * 5000 + b"\n", "past 2^31 - 1"),
    "an id of a megabyte": (b"7" * MEGABYTE + b" 1\n", "past 2^31 - 1"),
    "a negative id": (b"0 -1\n", "negative"),
    "an id with rows of 17 GB": (b"0 1\n0 2147483646\n", "renumber the nodes"),
    "an id that is no number": (b"0 1\nnan 2\n", "not a node id"),
    "an empty list of edges": (b"", "no edge in it"),
    "edges of zero bytes": (bytes(8 * MEGABYTE), "longer than"),
    "edges of random bytes": (np.random.default_rng(1).bytes(MEGABYTE), "line 1"),
    "edges in UTF-16": ("0 1\n1 2\n".encode("utf-16"), "not a node id"),
    "edges with and without weight": (
        lambda: b"0 1\n" * 500_000 + b"1 2 .5\n",
        "line 500001: 3 columns",
    ),
    "a word after 900,000 edges": (lambda: b"0 1\n" * 900_000 + b"x 2\n", "line 900001: 'x'"),
    "edges of half a million columns": (lambda: b"0 " * (MEGABYTE // 2), "columns where"),
    "edges of a million columns": (lambda: b"0 " * MEGABYTE, "longer than"),
    "edges whose second line is long": (lambda: b"0 1\n" + b"0 " * MEGABYTE, "line 2"),
    "an id without end": (lambda: b"1" * (8 * MEGABYTE), "longer than"),
    "edges whose weights disagree": (
        lambda: b"0 1 .5\n" * 400_000 + b"0 1 .25\n",
        "repeated with another weight",
    ),
}

PACKED: dict[str, tuple[Content, str]] = {
    "truncated gzip": (gzip.compress(LINES)[:-9], "broken gzip data"),
    "gzip with garbage behind": (gzip.compress(b"0 1\n") + b"garbage", "broken gzip data"),
    "gzip with a flipped bit": (flipped(gzip.compress(LINES), 999), "broken gzip data"),
    "gzip in name only": (b"0 1\n", "broken gzip data"),
    "gzip of 1 GB of zero bytes": (lambda: members(bytes(BLOCK), 64), "longer than"),
    "gzip of 10 GB of newlines": (lambda: members(b"\n" * BLOCK, 640), "unpacks to"),
    "gzip of 10 GB of edges": (lambda: members(b"0 1\n" * (BLOCK // 4), 640), "unpacks to"),
    "gzip of 10 GB of comments": (lambda: members(b"# none\n" * (BLOCK // 7), 640), "unpacks to"),
    "gzip of one endless comment": (lambda: members(b"#" * BLOCK, 64), "longer than"),
    "gzip of carriage returns": (lambda: members(b"0 1\r" * (BLOCK // 4), 64), "longer than"),
    "gzip of words": (lambda: members(b"a b\n" * (BLOCK // 4), 640), "not a node id"),
    "a gzip bomb in gzip": (lambda: gzip.compress(members(b"\n" * BLOCK, 640)), "line 1"),
    "a gzip bomb that is truncated": (lambda: members(b"\n" * BLOCK, 9)[:-40], "unpacks to"),
}

PATHS = {
    "edges from /dev/zero": ("/dev/zero", "no regular file"),
    "edges from /dev/null": ("/dev/null", "no regular file"),
    "edges that are missing": ("missing.txt", "No such file"),
    "edges of a long name": ("x" * 5000, "name too long"),
}


def _socket(path: Path) -> None:
    socket.socket(socket.AF_UNIX).bind(str(path))


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "edges from a folder": (Path.mkdir, "is a folder"),
    "edges from a pipe": (os.mkfifo, "no regular file"),
    "edges from a socket": (_socket, "no regular file"),
    "edges from a link to itself": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "1 GB without a line": (lambda path: sparse(path, 1 << 30), "longer than"),
    "1 TB without a line": (lambda path: sparse(path, 1 << 40), "longer than"),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (content, told) in TEXTS.items():
        yield Case(name, lambda _, c=content: _estimate(written("edges.txt", c)), told)
    for name, (content, told) in PACKED.items():
        yield Case(name, lambda _, c=content: _estimate(written("edges.gz", c)), told)
    for name, (path, told) in PATHS.items():
        yield Case(name, lambda _, p=path: _estimate(Path(p)), told)
    for name, (place, told) in PLACES.items():
        yield Case(name, lambda _, p=place: _placed(p), told)


def _estimate(path: Path) -> list[str]:
    return ["estimate", "--graph", str(path)]


def _placed(place: Callable[[Path], object]) -> list[str]:
    path = Path("edges.txt")
    place(path)
    return _estimate(path)
