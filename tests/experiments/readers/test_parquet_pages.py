"""Every page is held to its place in the file and to a size, whatever the footer says."""

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from weishang.experiments.readers import parquet_footer, parquet_pages


def _written(folder, columns=None, **options):
    path = folder / "a.parquet"
    columns = columns or {"a": np.arange(5000), "b": [f"text {i % 11}" for i in range(5000)]}
    parquet.write_table(pa.table(columns), path, data_page_size=1000, **options)
    return path


@pytest.mark.parametrize(
    ("compression", "version"), list(itertools.product(["none", "snappy", "zstd"], ["1.0", "2.0"]))
)
def test_what_arrow_writes_passes(tmp_path, compression, version):
    path = _written(tmp_path, compression=compression, data_page_version=version)
    parquet_pages.check(path, parquet_footer.read(path))


def test_a_large_page_is_refused(tmp_path, monkeypatch):
    path = _written(tmp_path, {"a": ["x" * 100_000]}, compression="zstd", use_dictionary=False)
    footer = parquet_footer.read(path)
    assert path.stat().st_size < 50_000
    parquet_pages.check(path, footer)
    monkeypatch.setattr(parquet_pages, "MOST_PAGE_BYTES", 99_999)
    with pytest.raises(ValueError, match=r"a\.parquet: column 'a' has a page of 100,0\d\d bytes"):
        parquet_pages.check(path, footer)


def test_more_pages_than_any_table_has_are_refused(tmp_path, monkeypatch):
    path = _written(tmp_path)
    monkeypatch.setattr(parquet_pages, "MOST_PAGES", 3)
    with pytest.raises(ValueError, match=r"a\.parquet: more than 3 pages; write larger ones"):
        parquet_pages.check(path, parquet_footer.read(path))


def test_text_told_by_its_beginning_is_refused(tmp_path):
    path = _written(
        tmp_path,
        {"b": ["x", "xy"]},
        use_dictionary=False,
        column_encoding={"b": "DELTA_BYTE_ARRAY"},
    )
    with pytest.raises(ValueError, match=r"column 'b' is encoded as DELTA_BYTE_ARRAY; write it"):
        parquet_pages.check(path, parquet_footer.read(path))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"first": 1}, "has a page"),
        ({"first": -4}, "lies outside of the file"),
        ({"packed": 1 << 40}, "lies outside of the file"),
        ({"packed": -1}, "lies outside of the file"),
        ({"packed": 9}, "has a page"),
    ],
)
def test_a_page_elsewhere_is_refused(tmp_path, change, told):
    path = _written(tmp_path)
    footer = parquet_footer.read(path)
    chunk = dataclasses.replace(footer.groups[0].chunks[0], **change)
    group = dataclasses.replace(footer.groups[0], chunks=(chunk,))
    with pytest.raises(ValueError, match=rf"a\.parquet: column 'a' {told}"):
        parquet_pages.check(path, dataclasses.replace(footer, groups=(group,)))
