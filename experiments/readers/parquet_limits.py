"""What a Parquet file announces, held against its size and the memory before it is read.

A file of some bytes can announce 10^12 rows, or point many times at the same bytes. Whoever reads
Parquet files calls `check` first, and `opened` in place of pyarrow's own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pyarrow import ArrowException, ArrowMemoryError
from pyarrow import parquet as pq

from weishang.experiments.readers import parquet_footer
from weishang.experiments.readers.parquet_footer import MOST_FOOTER, Footer, RowGroup

MOST_CHUNKS = 100_000
"""Row groups times columns."""
USUAL_BYTES = 1 << 28
"""Decoded bytes that any file may have, however well it is compressed."""
EXPANSION = 1000
"""Decoded bytes a byte of a larger file."""
WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8}
"""Decoded bytes of a value by physical type."""
OFFSET = 8
"""Decoded bytes of a text beside its letters."""


def check(path: Path) -> Footer:
    """Hold the numbers of a file's footer against its size and the free memory.

    Time and memory are bounded whatever the file says; no value is read.

    Raises:
        ValueError: it is not a Parquet file, is cut off or broken, announces more than its bytes
            can hold, or has a row group that does not fit into memory.
    """
    if not path.is_file():
        raise ValueError(f"{path}: is missing, or is not a file; give a Parquet file")
    footer = parquet_footer.read(path)
    _check_counts(path, footer)
    decoded = [_decoded(path, group, footer.size) for group in footer.groups]
    if sum(chunk.packed for group in footer.groups for chunk in group.chunks) > footer.size:
        raise ValueError(f"{path}: announces more bytes than it has; is it broken?")
    if sum(decoded) > max(USUAL_BYTES, EXPANSION * footer.size):
        raise ValueError(
            f"{path}: {footer.size} bytes announce {footer.num_rows} rows of {sum(decoded)} bytes "
            "in all; such a file is not read"
        )
    _check_memory(path, max(decoded, default=0))
    return footer


def check_whole(path: Path) -> Footer:
    """Check a file that is to be in memory as a whole.

    Raises:
        ValueError: see `check`; or all of it does not fit into memory.
    """
    footer = check(path)
    _check_memory(path, sum(_decoded(path, group, footer.size) for group in footer.groups))
    return footer


@contextmanager
def opened(path: Path, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """Open a file that `check` has passed; what is broken in it is told as a ValueError.

    Args:
        path: of the file.
        dictionaries: columns of text that are to come as dictionaries.

    Raises:
        ValueError: a page does not match its checksum, or anything else in the file is broken.
    """
    try:
        with pq.ParquetFile(
            path,
            read_dictionary=list(dictionaries),
            pre_buffer=False,
            page_checksum_verification=True,
            thrift_string_size_limit=MOST_FOOTER,
            thrift_container_size_limit=MOST_CHUNKS,
        ) as file:
            yield file
    except ArrowMemoryError:
        raise
    except ArrowException as error:
        raise ValueError(f"{path}: is broken: {str(error).splitlines()[0]}") from None
    except OSError as error:
        # Arrow tells of broken files in this way too, and has no number then.
        what = "is broken" if error.errno is None else "cannot be read"
        told = error.strerror or str(error).splitlines()[0]
        raise ValueError(f"{path}: {what}: {told}") from None


def _check_counts(path: Path, footer: Footer) -> None:
    chunks = sum(len(group.chunks) for group in footer.groups)
    if chunks > MOST_CHUNKS:
        raise ValueError(f"{path}: has {chunks} pieces of columns; up to {MOST_CHUNKS} are read")
    rows = [group.rows for group in footer.groups]
    if min(rows, default=0) < 0 or sum(rows) != footer.num_rows:
        raise ValueError(f"{path}: its row groups do not add up to {footer.num_rows} rows")


def _decoded(path: Path, group: RowGroup, size: int) -> int:
    """An upper bound of the bytes that a row group announces to have in memory."""
    decoded = 0
    for chunk in group.chunks:
        if min(chunk.packed, chunk.unpacked, chunk.values) < 0 or not (
            0 <= chunk.first <= size - chunk.packed
        ):
            raise ValueError(f"{path}: a column lies outside of the file; is it broken?")
        width = WIDTHS.get(chunk.kind)
        decoded += max(chunk.values, group.rows) * (OFFSET if width is None else width)
        decoded += chunk.unpacked if width is None else 0
    return decoded


def _check_memory(path: Path, needed: int) -> None:
    # The kernels bring Numba with them, which who only looks at sizes need not wait for.
    from weishang.kernels.runtime import free_memory

    free = free_memory.host_bytes()
    if free is not None and needed > free:
        raise ValueError(
            f"{path}: takes up to {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are "
            "free; read it on a larger machine"
        )
