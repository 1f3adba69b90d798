"""Batches of a Parquet file are plain and valid, and their text is bounded."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from weishang.experiments.readers import parquet_batches


def _written(folder, columns, **options):
    path = folder / "a.parquet"
    parquet.write_table(pa.table(columns), path, **options)
    return path


def test_rows_come_as_they_were_written(tmp_path):
    columns = {
        "node": np.arange(1000),
        "text": [None if i % 5 == 0 else f"t{i % 7}" for i in range(1000)],
        "kind": pa.array([f"k{i % 3}" for i in range(1000)]).dictionary_encode(),
        "price": pa.array(range(1000), pa.decimal128(20, 2)),
    }
    path = _written(tmp_path, columns, row_group_size=300)
    parquet_batches.check(path)
    assert parquet_batches.names(path) == list(columns)
    batches = list(parquet_batches.batches(path, 128))
    assert max(batch.num_rows for batch in batches) == 128
    rows = pa.Table.from_batches(batches)
    assert rows.schema.field("kind").type == pa.string()
    for name, values in pa.table(columns).to_pydict().items():
        assert rows[name].to_pylist() == values


def test_a_text_that_a_million_rows_mean_is_refused(tmp_path, monkeypatch):
    column = pa.array(["x" * 1000] * 50)
    path = _written(tmp_path, {"a": column})
    assert path.stat().st_size < 5000
    monkeypatch.setattr(parquet_batches, "MOST_TEXT", 50_000)
    assert sum(batch.num_rows for batch in parquet_batches.batches(path, 50)) == 50
    monkeypatch.setattr(parquet_batches, "MOST_TEXT", 49_999)
    with pytest.raises(ValueError, match=r"column 'a' has 50,000 bytes of text in 50 rows; up to"):
        list(parquet_batches.batches(path, 50))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([[1], [2]], "list<"),
        ([{"a": 1}, {"a": 2}], "struct<"),
        ([b"a", b"b"], "binary"),
        (pa.array([b"a", b"b"], pa.binary(1)), "fixed_size_binary"),
    ],
)
def test_columns_that_are_neither_numbers_nor_text_are_refused(tmp_path, values, kind):
    path = _written(tmp_path, {"node": [0, 1], "a": values})
    parquet_batches.check(path)
    for read in (parquet_batches.names, lambda path: list(parquet_batches.batches(path, 9))):
        with pytest.raises(ValueError, match=rf"column 'a' is of {kind}.*; give numbers or text"):
            read(path)
