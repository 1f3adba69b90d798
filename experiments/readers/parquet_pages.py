"""Pages of a Parquet file: what each unpacks to, read from their headers before any is unpacked.

The footer tells sizes too, but whoever made the file may have written anything there. Arrow makes
room for a page as the page's own header says, up to 2 GB for some bytes of compressed zeros.

Source: parquet-format (Apache), PageHeader, in Thrift's compact protocol.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from weishang.experiments.readers.parquet_footer import Chunk, Footer
from weishang.experiments.readers.thrift import BrokenThriftError, Thrift

MOST_PAGE_BYTES = 1 << 26
"""Of one page, unpacked; writers make pages of 1 MB, some of up to 8."""
MOST_PAGES = 100_000
HEADER_BYTES = 1 << 16
"""Of a page's header; statistics of long texts stand there."""
UNPACKED, PACKED = 2, 3
"""Fields of a PageHeader: uncompressed_page_size, compressed_page_size."""
ENCODINGS = {5: 2, 8: 4}
"""Fields of a PageHeader that tell of data, and in each the field of its encoding."""
DELTA_BYTE_ARRAY = 7
"""Encoding of a text by how many of its bytes are those before: a page of it has no bounds."""


def check(path: Path, footer: Footer) -> None:
    """Hold every page of a file to its place in the file and to MOST_PAGE_BYTES.

    Args:
        path: of a regular file.
        footer: of the file.

    Raises:
        ValueError: a page is too large, lies outside of the file, is encoded in a way that has no
            bounds, or its header cannot be read.
    """
    left = MOST_PAGES
    with path.open("rb") as stream:
        for group in footer.groups:
            for chunk in group.chunks:
                left -= _check_chunk(path, stream, footer.size, chunk)
                if left < 0:
                    raise ValueError(f"{path}: more than {MOST_PAGES:,} pages; write larger ones")


def _check_chunk(path: Path, stream: BinaryIO, size: int, chunk: Chunk) -> int:
    """Look at the pages of a column in a row group; how many there are."""
    at, end = chunk.first, chunk.first + chunk.packed
    if not 0 <= at <= end <= size:
        raise ValueError(f"{path}: column {chunk.name!r} lies outside of the file")
    pages = 0
    while at < end and pages <= MOST_PAGES:
        stream.seek(at)
        try:
            head = Thrift(stream.read(min(HEADER_BYTES, end - at)))
        except BrokenThriftError as error:
            told = f"column {chunk.name!r} has a page whose head {error}"
            raise ValueError(f"{path}: {told}; is the file broken?") from None
        packed = head.fields.get(PACKED)
        at += head.size + (packed if type(packed) is int and packed >= 0 else size)
        if fault := _fault(head.fields, end - at):
            raise ValueError(f"{path}: column {chunk.name!r} {fault}")
        pages += 1
    return pages


def _fault(fields: Mapping[int, Any], left: int) -> str:
    """Why a page is not read; empty where nothing speaks against it."""
    unpacked = fields.get(UNPACKED)
    if left < 0 or type(unpacked) is not int or unpacked < 0:
        return "has a page without bounds; is the file broken?"
    if unpacked > MOST_PAGE_BYTES:
        return f"has a page of {unpacked:,} bytes; pages of up to {MOST_PAGE_BYTES:,} are read"
    for data, encoding in ENCODINGS.items():
        told = fields.get(data)
        if isinstance(told, dict) and told.get(encoding) == DELTA_BYTE_ARRAY:
            return "is encoded as DELTA_BYTE_ARRAY; write it plain or with a dictionary"
    return ""
