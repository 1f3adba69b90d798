"""Structures in Thrift's compact protocol, as the heads of Parquet files and pages have them.

pyarrow reads them too; but what it makes of a broken one can end the whole process.

Source: thrift-compact-protocol.md of Apache Thrift.
"""

from typing import Any

STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)
DEEPEST = 10
"""Structures and lists within each other; a Parquet footer has 7."""
LONGEST_VARINT = 10
"""Bytes of a number of 64 bits."""


class BrokenThriftError(ValueError):
    """What was read is no whole structure."""


class Thrift:
    """A structure at the beginning of some data.

    Attributes:
        fields: numbers, truths, bytes, lists and structures (again by field), by field.
        size: bytes that it takes.

    Raises:
        BrokenThriftError: the data ends before, nests too deep, or makes no sense.
    """

    def __init__(self, data: bytes) -> None:
        """Read it; time and memory are bounded by the data's length."""
        self._data = data
        self.size = 0
        self.fields = self._struct(0)

    def _struct(self, depth: int) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        field = 0
        while (head := self._byte()) != STOP:
            kind = head & 15
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            fields[field] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind, depth + 1)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > DEEPEST:
            raise BrokenThriftError(f"nests more than {DEEPEST} deep")
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == STRUCT:
            return self._struct(depth)
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind in (LIST, SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            return self._items(head & 15, count, depth)
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(8)
        raise BrokenThriftError(f"has a value of the unknown kind {kind}")

    def _items(self, kind: int, count: int, depth: int) -> list[Any]:
        # Each item takes a byte at least: a count beyond the data is a lie.
        if count > len(self._data) - self.size:
            raise BrokenThriftError(f"announces {count} items")
        return [self._value(kind, depth + 1) for _ in range(count)]

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        start, self.size = self.size, self.size + count
        if self.size > len(self._data):
            raise BrokenThriftError("ends too soon")
        return self._data[start : self.size]

    def _varint(self) -> int:
        value = 0
        for place in range(LONGEST_VARINT):
            byte = self._byte()
            value |= (byte & 127) << 7 * place
            if byte < 128:
                return value
        raise BrokenThriftError("has a number of more than 64 bits")

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)
