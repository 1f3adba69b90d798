"""Text files, plain or gzipped, in blocks of whole lines: what is held at once is bounded.

A gzipped file may unpack to a thousand times its size, so that a few kilobytes could fill the
memory or take hours. Lists of edges that differ shrink to a fifth, seldom to a tenth. So a file
that has unpacked to more than FREE_BYTES, and to more than MOST_EXPANSION times what was read of
it, is refused: whoever means it unpacks it first.
"""

import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from weishang.kernels.io import regular_files

GZIP_MAGIC = b"\x1f\x8b"
GZIP_FAULTS = (EOFError, zlib.error, gzip.BadGzipFile)
LONGEST_LINE = 1 << 20
"""Bytes beyond the block in which a line begins."""
FREE_BYTES = 1 << 24
MOST_EXPANSION = 100


def blocks(path: Path, block_bytes: int, wanted: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines of text) until the file ends.

    Args:
        path: of a regular file; gzipped if its first bytes or its name say so.
        block_bytes: of text, to which the rest of a line is added.
        wanted: what should be there, for messages.

    Raises:
        ValueError: the file cannot be read, its gzip data is broken or unpacks to too much, or a
            line has no end.
    """
    regular_files.check(path, wanted)
    line = 1
    try:
        with path.open("rb") as packed, _unpacked(packed, path) as stream:
            while text := stream.read(block_bytes):
                text += _rest(path, line, text, stream)
                if stream is not packed:
                    _check_expansion(path, packed.tell(), stream.tell())
                yield line, text.removeprefix(BOM_UTF8) if line == 1 else text
                line += text.count(b"\n")
    except GZIP_FAULTS as error:
        last = _last_whole_line(path)
        raise ValueError(f"{path}: broken gzip data after line {last}: {error}") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None


def _unpacked(packed: BinaryIO, path: Path) -> BinaryIO:
    magic = packed.read(len(GZIP_MAGIC))
    packed.seek(0)
    if magic == GZIP_MAGIC or path.suffix == ".gz":
        return gzip.GzipFile(fileobj=packed, mode="rb")  # type: ignore[return-value]
    return packed


def _rest(path: Path, first_line: int, text: bytes, stream: BinaryIO) -> bytes:
    """What completes the last line of a text."""
    if text.endswith(b"\n"):
        return b""
    rest = stream.readline(LONGEST_LINE)
    if len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
        line = first_line + text.count(b"\n")
        raise ValueError(f"{path}, line {line}: longer than {LONGEST_LINE:,} bytes; end the line")
    return rest


def _check_expansion(path: Path, packed: int, unpacked: int) -> None:
    if unpacked > FREE_BYTES and unpacked > MOST_EXPANSION * packed:
        raise ValueError(
            f"{path}: unpacks to {unpacked / 1e6:.0f} MB from {packed / 1e6:.2f} MB and continues, "
            f"more than {MOST_EXPANSION} times as much; if that is meant, unpack it first"
        )


def _last_whole_line(path: Path) -> int:
    """How many lines come before broken gzip data."""
    lines = 0
    with suppress(*GZIP_FAULTS), gzip.open(path, "rb") as stream:
        while text := stream.read1():
            lines += text.count(b"\n")
    return lines
