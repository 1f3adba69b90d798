"""Blocks of text hold whole lines, and what a file unpacks to has an end."""

import gzip
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.kernels.io import text_blocks


def _blocks(path, block_bytes=1 << 20):
    return list(text_blocks.blocks(path, block_bytes, "a list"))


@given(
    text=st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b" "])).map(b"".join),
    block_bytes=st.integers(1, 9),
    packed=st.booleans(),
)
def test_blocks_are_the_text_cut_at_line_ends(tmp_path_factory, text, block_bytes, packed):
    path = tmp_path_factory.mktemp("text") / "a.txt"
    path.write_bytes(gzip.compress(text) if packed else text)
    blocks = _blocks(path, block_bytes)
    assert b"".join(block for _, block in blocks) == text
    assert all(block.endswith(b"\n") for _, block in blocks[:-1])
    lines = [text[: text.index(block)].count(b"\n") + 1 for _, block in blocks[:1]]
    assert [line for line, _ in blocks[:1]] == lines
    for (line, block), (following, _) in itertools.pairwise(blocks):
        assert following == line + block.count(b"\n")


def test_a_byte_order_mark_is_left_out(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n")
    assert _blocks(path, 1) == [(1, b"a\n"), (2, b"\xef\xbb\xbfb\n")]


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text_blocks, "LONGEST_LINE", 8)
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb" + b"c" * 7 + b"\n")
    assert _blocks(path, 3) == [(1, b"a\nb" + b"c" * 7 + b"\n")]
    path.write_bytes(b"a\nb" + b"c" * 8 + b"\n")
    with pytest.raises(ValueError, match=r"a\.txt, line 2: longer than 8 bytes; end the line"):
        _blocks(path, 3)


def test_what_unpacks_to_a_hundred_times_its_size_is_refused(tmp_path):
    text = b"0 1\n" * (1 << 18)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(text) * 16)
    assert sum(len(block) for _, block in _blocks(path)) == text_blocks.FREE_BYTES
    path.write_bytes(gzip.compress(text) * 17)
    with pytest.raises(ValueError, match=r"a\.gz: unpacks to 18 MB from .* unpack it first"):
        _blocks(path)


def test_what_differs_is_read_however_long(tmp_path, monkeypatch):
    monkeypatch.setattr(text_blocks, "FREE_BYTES", 1000)
    text = "".join(f"{i} {i + 1}\n" for i in range(50_000)).encode()
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(text))
    assert b"".join(block for _, block in _blocks(path, 4096)) == text


def test_broken_data_tells_the_last_whole_line(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a\nb\n") + b"rest")
    with pytest.raises(ValueError, match=r"a\.gz: broken gzip data after line 2"):
        _blocks(path)
