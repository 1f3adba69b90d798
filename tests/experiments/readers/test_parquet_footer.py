"""What a footer announces is what pyarrow finds in it, and a broken one is refused."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from weishang.experiments.readers import parquet_footer


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "a.parquet"
    rng = np.random.default_rng(1)
    columns = {
        "node": rng.integers(9, size=1000),
        "share": rng.random(1000),
        "text": [f"t{i % 7}" for i in range(1000)],
        "flag": rng.random(1000) < 0.5,
        "price": pa.array(list(range(1000)), pa.decimal128(20, 2)),
    }
    parquet.write_table(pa.table(columns), path, row_group_size=300)
    return path


def test_it_says_what_pyarrow_says(table):
    footer, told = parquet_footer.read(table), parquet.read_metadata(table)
    assert (footer.num_rows, len(footer.groups)) == (1000, 4)
    assert [len(group.chunks) for group in footer.groups] == [5] * 4
    assert footer.size == table.stat().st_size
    for number, group in enumerate(footer.groups):
        theirs = told.row_group(number)
        assert (group.rows, group.unpacked) == (theirs.num_rows, theirs.total_byte_size)
        for place, chunk in enumerate(group.chunks):
            its = theirs.column(place)
            kind = its.physical_type.replace("FIXED_LEN_BYTE_ARRAY", "FIXED")
            first = its.dictionary_page_offset or its.data_page_offset
            assert (chunk.name, chunk.kind, chunk.values) == (
                its.path_in_schema,
                kind,
                its.num_values,
            )
            assert (chunk.first, chunk.packed) == (first, its.total_compressed_size)
            assert chunk.unpacked == its.total_uncompressed_size


def test_a_table_without_rows_has_no_groups(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    footer = parquet_footer.read(path)
    assert footer.num_rows == sum(group.rows for group in footer.groups) == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data[:-1], "is not a Parquet file, or is cut off"),
        (lambda data: b"PAR1PAR1", "is not a Parquet file, or is cut off"),
        (lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1", "announces a footer of 2147483647"),
        (lambda data: data[:-8] + bytes(4) + b"PAR1", "its footer ends too soon"),
        (lambda data: data[:-8] + b"\x09\0\0\0PAR1", "is broken: its footer"),
    ],
)
def test_what_is_broken_is_refused(table, change, told):
    table.write_bytes(change(table.read_bytes()))
    with pytest.raises(ValueError, match=rf"a\.parquet: .*{told}"):
        parquet_footer.read(table)
