"""Thrift's compact protocol: what is whole is read, all else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weishang.experiments.readers.thrift import DEEPEST, BrokenThriftError, Thrift


def test_fields_of_every_kind_are_read():
    data = bytes(
        [21, 2, 22, 1, 17, 18, 24, 2, 97, 98, 25, 37, 2, 4, 28, 21, 6, 0, 23, *bytes(8), 19, 7, 0]
    )
    read = Thrift(data + b"behind")
    nested = {1: 3}
    assert read.fields == {
        1: 1, 2: -1, 3: True, 4: False, 5: b"ab", 6: [1, 2], 7: nested, 8: bytes(8), 9: 7,
    }  # fmt: skip
    assert read.size == len(data)


def test_fields_may_be_numbered_in_full_and_lists_be_long():
    data = bytes([0x05, 0xC8, 0x01, 0x02, 0x19, 0xF1, 20, *([1] * 20), 0x00])
    assert Thrift(data).fields == {100: 1, 101: [1] * 20}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "ends too soon"),
        (b"\x15", "ends too soon"),
        (b"\x18\xff\x01x", "ends too soon"),
        (b"\x19\xf5\xff\xff\xff\xff\x0f", "announces 4294967295 items"),
        (b"\x15" + b"\xff" * 11, "more than 64 bits"),
        (b"\x1b\x00", "unknown kind 11"),
        (b"\x1f\x00", "unknown kind 15"),
        (b"\x1c" * (DEEPEST + 2), f"more than {DEEPEST} deep"),
        (b"\x19" + b"\x19" * (DEEPEST + 2), f"more than {DEEPEST} deep"),
    ],
)
def test_what_is_broken_is_refused(data, told):
    with pytest.raises(BrokenThriftError, match=told):
        Thrift(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_within_their_length(data):
    try:
        read = Thrift(data)
    except BrokenThriftError:
        return
    assert 0 < read.size <= len(data)
