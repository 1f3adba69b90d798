"""Rows of a Parquet file in batches whose memory is bounded, whatever the file holds.

A text that stands in a page's dictionary once can be meant by a million rows, for a byte each. So
texts are read as dictionaries, and are written out only where the batch stays within MOST_TEXT.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from weishang.experiments.readers import parquet_limits as parquet_sizes
from weishang.experiments.readers import parquet_pages
from weishang.experiments.readers.parquet_footer import Footer

MOST_TEXT = 1 << 28
"""Bytes of the texts of one column in a batch."""


def check(path: Path) -> Footer:
    """Hold the footer and the head of every page to what may be read; give the footer.

    Raises:
        ValueError: see `parquet_sizes.check` and `parquet_pages.check`.
    """
    footer = parquet_sizes.check(path)
    parquet_pages.check(path, footer)
    return footer


def names(path: Path) -> list[str]:
    """Names of the columns of a file that `check` has passed.

    Raises:
        ValueError: a column has lists or structures in it, or a name is no text.
    """
    return list(_schema(path).names)


def batches(path: Path, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file that `check` has passed; texts are plain, everything is valid.

    Args:
        path: of the file.
        rows: at most so many at once.

    Raises:
        ValueError: the file is broken, has lists or structures in it, or its texts are too long.
    """
    schema = _schema(path)
    texts = [field.name for field in schema if _is_text(field.type)]
    with parquet_sizes.opened(path, texts) as file:
        for batch in file.iter_batches(rows, use_threads=False):
            batch.validate(full=True)
            columns = [_plain(path, *of) for of in zip(schema.names, batch.columns, strict=True)]
            plain = pa.RecordBatch.from_arrays(columns, names=schema.names)
            plain.validate(full=True)
            yield plain


def _schema(path: Path) -> pa.Schema:
    with parquet_sizes.opened(path) as file:
        try:
            schema = file.schema_arrow
            columns = [(str(field.name), field.type) for field in schema]
        except UnicodeDecodeError:
            raise ValueError(f"{path}: a name in it is not UTF-8; name columns in UTF-8") from None
    for name, kind in columns:
        if not _is_plain(kind):
            told = str(kind)[:40].splitlines()[0]
            raise ValueError(f"{path}: column {name[:40]!r} is of {told}; give numbers or text")
    return schema


def _is_plain(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    of = (pa.types.is_primitive, pa.types.is_null, pa.types.is_decimal, _is_text)
    return any(each(kind) for each in of)


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(path: Path, name: str, column: Any) -> Any:
    """A column without dictionary."""
    if not pa.types.is_dictionary(column.type):
        return column
    if _is_text(column.type):
        size = pc.sum(pc.take(pc.binary_length(column.dictionary), column.indices)).as_py() or 0
        if size > MOST_TEXT:
            raise ValueError(
                f"{path}: column {name[:40]!r} has {size:,} bytes of text in {len(column):,} "
                f"rows; up to {MOST_TEXT:,} are read"
            )
    return column.dictionary_decode()
