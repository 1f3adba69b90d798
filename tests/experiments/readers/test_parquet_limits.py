"""Parquet files that announce more than they have are refused before they are read."""

import os

import effort
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from weishang.experiments.readers import parquet_limits
from weishang.kernels.runtime import free_memory

MOST = 20.0
"""Processor time of a damaged file beside that of a whole one."""


def honest(path, count=1000):
    table = pa.table({"a": np.arange(count), "b": pa.array(["x", None] * (count // 2))})
    pq.write_table(table, path, row_group_size=300, write_page_checksum=True)
    return path


def varint(value):
    """A number in Thrift's compact form."""
    value <<= 1
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def announce(path, old, new):
    """Write another number over each place in the footer that holds the old one."""
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8]
    assert varint(old) in footer
    footer = footer.replace(varint(old), varint(new))
    path.write_bytes(data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def test_honest_files_pass_and_give_their_footer(tmp_path):
    path = honest(tmp_path / "a.parquet")
    for check in (parquet_limits.check, parquet_limits.check_whole):
        told = check(path)
        assert (told.num_rows, len(told.groups)) == (1000, 4)
    with parquet_limits.opened(path) as file:
        assert file.read().equals(pq.read_table(path))
    with parquet_limits.opened(path, ["b"]) as file:
        assert pa.types.is_dictionary(file.read().schema.field("b").type)


def test_files_without_rows_pass(tmp_path):
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "a.parquet")
    assert parquet_limits.check(tmp_path / "a.parquet").num_rows == 0


def test_a_constant_column_of_millions_passes(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": np.zeros(5_000_000)}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    assert parquet_limits.check(path).num_rows == 5_000_000


def test_rows_that_the_bytes_cannot_mean_are_refused(tmp_path):
    path = tmp_path / "a.parquet"
    one = pa.table({"a": pa.nulls(1 << 22, pa.int64())})
    with pq.ParquetWriter(path, one.schema) as writer:
        for _ in range(64):
            writer.write_table(one, row_group_size=1 << 22)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ValueError, match=r"bytes announce 268435456 rows"):
        parquet_limits.check(path)


@pytest.mark.parametrize("count", [1 << 40, 1 << 62])
def test_announced_rows_are_held_against_the_file(tmp_path, count):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": np.arange(1001)}), path)
    announce(path, 1001, count)
    with pytest.raises(ValueError, match=r"bytes announce|do not add up|is broken"):
        parquet_limits.check(path)


def test_row_groups_that_do_not_add_up_are_refused(tmp_path):
    path = honest(tmp_path / "a.parquet")
    announce(path, 1000, 5000)
    with pytest.raises(ValueError, match="do not add up to 5000"):
        parquet_limits.check(path)


def test_columns_outside_of_the_file_are_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": np.random.default_rng(1).random(1001)}), path)
    size = pq.read_metadata(path).row_group(0).column(0).total_compressed_size
    announce(path, size, 1 << 40)
    with pytest.raises(ValueError, match="lies outside of the file"):
        parquet_limits.check(path)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 1 << 25, 10_000])
def test_the_footer_must_lie_in_the_file(tmp_path, length):
    path = honest(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-8] + length.to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ValueError, match=f"a footer of {length} bytes"):
        parquet_limits.check(path)


@pytest.mark.parametrize("kept", [0, 3, 11, 500, -1])
def test_files_that_are_cut_off_are_refused(tmp_path, kept):
    path = honest(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="not a Parquet file, or is cut off"):
        parquet_limits.check(path)


def test_many_pieces_are_refused(tmp_path, monkeypatch):
    path = honest(tmp_path / "a.parquet")
    monkeypatch.setattr(parquet_limits, "MOST_CHUNKS", 7)
    with pytest.raises(ValueError, match=r"has 8 pieces of columns|is broken"):
        parquet_limits.check(path)


def test_what_does_not_fit_into_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": np.arange(10_000)}), path, row_group_size=1000)
    monkeypatch.setattr(free_memory, "host_bytes", lambda: 20_000)
    parquet_limits.check(path)
    with pytest.raises(ValueError, match="GB of memory"):
        parquet_limits.check_whole(path)
    monkeypatch.setattr(free_memory, "host_bytes", lambda: 7_999)
    with pytest.raises(ValueError, match="of memory"):
        parquet_limits.check(path)


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent", "pipe", "."):
        with pytest.raises(ValueError, match="is not a file"):
            parquet_limits.check(tmp_path / name)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_read_or_refused_in_one_line(tmp_path_factory, data):
    path = honest(tmp_path_factory.mktemp("flip") / "a.parquet")
    harmless = honest(path.with_name("b.parquet"))
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(damaged)
    told = refused(path)
    assert told is None or "\n" not in told
    assert effort.ratio(lambda: refused(path), lambda: refused(harmless), MOST) < MOST


def refused(path):
    try:
        parquet_limits.check(path)
        with parquet_limits.opened(path) as file:
            file.read(use_threads=False)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("place", [20, 500, 1500])
def test_a_flipped_bit_in_a_page_is_told(tmp_path, place):
    path = tmp_path / "a.parquet"
    values = np.random.default_rng(1).random(1000)
    pq.write_table(
        pa.table({"a": values}), path, write_page_checksum=True, use_dictionary=False,
        compression="none", write_statistics=False,
    )  # fmt: skip
    data = bytearray(path.read_bytes())
    data[100 + place] ^= 1
    path.write_bytes(data)
    parquet_limits.check(path)
    with (
        pytest.raises(ValueError, match=r"a\.parquet: is broken"),
        parquet_limits.opened(path) as file,
    ):
        file.read()
