"""Reads TOML that people write: the line of every key, and every syntax error in one reading.

tomllib gives values without lines and stops at its first error. Here a scanner notes where each
key is, and a statement that is not TOML is reported and left out, so that the rest is checked too.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from weishang.experiments.readers.faults import KeyPath

MAX_DEPTH = 8
"""Keys and brackets within each other; a scenario needs 4. tomllib recurses into brackets and
takes a time that grows as the square of a dotted key's length."""
MAX_KEYS = 30_000
"""Keys, tables and array items of a file; a scenario has some hundred, and a few for each seller
that it names."""
MAX_WORD = 100
"""Characters of a number; int() refuses more than 4,300 without telling the line."""
MAX_SYNTAX = 10
MAX_MENDED = 100_000
"""Syntax errors that are passed over, and characters of a text in which they are: each takes
another reading of the text."""

_BASIC_BLOCK = r'"""(?:[^"\\]+|\\.|"(?!""))*(?:"{3,5}|\\?\Z)'
_LITERAL_BLOCK = r"'''.*?(?:'{3,5}|\Z)"
_BASIC = r'"(?:\\[^\n]|[^"\\\n])*"?'
_LITERAL = r"'[^'\n]*'?"
_TOKEN = re.compile(
    r"(?P<space>[ \t]+|#[^\n]*)|(?P<line>\n)"
    rf"|(?P<text>{_BASIC_BLOCK}|{_LITERAL_BLOCK}|{_BASIC}|{_LITERAL})"
    r"|(?P<mark>[\[\]{}=,.])|(?P<word>[^\s\[\]{}=,.#\"']+)|(?P<other>.)",
    re.DOTALL,
)
_DATE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})([Tt].*)?")
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass
class Parsed:
    """What a text holds, where it stands, and which parts of it are not TOML.

    Attributes:
        data: what tomllib gives; None when the text could not be read to its end.
        lines: the line of every key and array item, by path.
        broken: keys whose statement is not TOML and was left out of `data`.
        faults: line, path and what is wrong.
    """

    data: dict[str, Any] | None = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    broken: set[KeyPath] = field(default_factory=set)
    faults: list[tuple[int, KeyPath, str]] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest key or table around it; 1 when there is none."""
        return next(
            (self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1
        )


def parse(text: str) -> Parsed:
    """Read a TOML text; a statement of one line that is not TOML is a fault and left out.

    Impossible dates and overlong numbers come back as texts for their reader to refuse, so that the
    fault names their key.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    parsed = Parsed()
    for _ in range(MAX_SYNTAX):
        scan = _Scan(text)
        parsed.lines = scan.lines
        if scan.ended is not None:
            parsed.faults.append((scan.ended[0], (), scan.ended[1]))
            break
        text = _quoted(text, scan.odd)
        try:
            parsed.data = tomllib.loads(text)
            break
        except RecursionError:
            parsed.faults.append((1, (), TOO_DEEP))
            break
        except ValueError as error:
            bad = _wrong_statement(str(error), scan)
            parsed.faults.append((bad.first, bad.path, _wrong(str(error), bad, scan.statements)))
        if bad.first != bad.last or len(text) > MAX_MENDED:
            break
        parsed.broken.add(bad.path)
        text = _without(text, bad, scan.statements)
    return parsed


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    line: int


class _Statement(NamedTuple):
    """A header or a key with its value, from its first to its last line."""

    path: KeyPath
    first: int
    last: int
    header: bool


TOO_DEEP = f"nested more than {MAX_DEPTH} deep; a scenario needs no more than 4"
_END = _Token("end", "", 0, 0)


class _Scan:
    """Where things stand in a text, as far as it is TOML; never raises, in linear time.

    Attributes:
        lines: of the first mention of every path.
        statements: in order.
        odd: start and end of each value that tomllib would refuse without telling why.
        ended: the line where the scan ended early, and why; None if it came to the text's end.
    """

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.statements: list[_Statement] = []
        self.odd: list[tuple[int, int]] = []
        self.ended: tuple[int, str] | None = None
        self._counts: dict[KeyPath, int] = {}
        self._table: KeyPath = ()
        self._tokens = _tokens(text)
        self._token = _END
        self._advance()
        while self._token is not _END and self.ended is None:
            if self._token.kind == "line":
                self._advance()
            else:
                self._statement()

    def _statement(self) -> None:
        first = self._token.line
        header = self._take("[")
        path = self._header() if header else self._pair()
        while self._token.kind not in ("line", "end") and self.ended is None:
            self._advance()
        last = self._last if self._token is _END else self._token.line
        self.statements.append(_Statement(path, first, last, header))

    def _header(self) -> KeyPath:
        many = self._take("[")
        line = self._token.line
        path: KeyPath = ()
        for key in self._keys(()):
            path += (key,)
            self._note(path, line)
            if path in self._counts:
                path += (self._counts[path],)
        if many:
            path = path[:-1] if path and isinstance(path[-1], int) else path
            self._counts[path] = self._counts.get(path, -1) + 1
            path += (self._counts[path],)
            self._note(path, line)
        self._table = path
        return path

    def _pair(self) -> KeyPath:
        line = self._token.line
        path = (*self._table, *self._keys(self._table))
        for depth in range(len(self._table) + 1, len(path) + 1):
            self._note(path[:depth], line)
        if self._take("=") and self.ended is None:
            self._value(path)
        return path

    def _value(self, path: KeyPath) -> None:
        """Pass over a value, and over all that stands in its brackets."""
        opened: list[tuple[str, KeyPath]] = []
        items: list[int] = []
        while self._token.kind != "end" and self.ended is None:
            token = self._token
            bracket = opened[-1][0] if opened else ""
            if token.kind == "line" and bracket != "[":
                return
            if token.kind == "mark" and token.text in "],}" and not opened:
                return
            self._advance()
            if token.kind == "mark" and token.text in "]}":
                opened.pop()
                items.pop()
            elif token.kind == "mark" and token.text in "[{,":
                if token.text != ",":
                    self._note(path, token.line)
                    opened.append((token.text, path))
                    items.append(-1)
                items[-1] += 1
                path = self._inner(opened[-1], items[-1])
            elif token.kind != "line":
                self._note(path, token.line)
                self._judge(token)

    def _inner(self, opened: tuple[str, KeyPath], item: int) -> KeyPath:
        """The path of an array's next item, or of an inline table's next key."""
        bracket, around = opened
        if bracket == "[":
            return (*around, item)
        line = self._token.line
        path = around
        for key in self._keys(around):
            path += (key,)
            self._note(path, line)
        self._take("=")
        return path

    def _keys(self, around: KeyPath) -> list[str]:
        """The parts of a dotted key; none, and the scan ends, when it is too deep."""
        parts: list[str] = []
        while self._token.kind in ("word", "text"):
            if len(around) + len(parts) == MAX_DEPTH:
                self._end(self._token.line, TOO_DEEP)
                return []
            parts.append(_unquoted(self._token))
            self._advance()
            if not self._take("."):
                break
        return parts

    def _note(self, path: KeyPath, line: int) -> None:
        self.lines.setdefault(path, line)
        if len(path) > MAX_DEPTH:
            self._end(line, TOO_DEEP)
        if len(self.lines) > MAX_KEYS:
            self._end(line, f"has more than {MAX_KEYS:,} keys; give fewer")

    def _end(self, line: int, why: str) -> None:
        self.ended = self.ended or (line, why)

    def _judge(self, token: _Token) -> None:
        found = _DATE.fullmatch(token.text)
        if token.kind == "word" and (
            len(token.text) > MAX_WORD or (found and not is_date(found[1]))
        ):
            self.odd.append((token.start, token.start + len(token.text)))

    def _take(self, mark: str) -> bool:
        taken = self._token.kind == "mark" and self._token.text == mark
        if taken:
            self._advance()
        return taken

    def _advance(self) -> None:
        self._last = self._token.line + self._token.text.count("\n")
        self._token = next(self._tokens, _END)


def is_date(text: str) -> bool:
    """Whether a text is a day of the calendar, written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found.group(), found.start(), line)
        line += found.group().count("\n")


def _unquoted(token: _Token) -> str:
    if token.kind == "word":
        return token.text
    try:
        return str(tomllib.loads(f"key = {token.text}")["key"])
    except ValueError:
        return token.text


def _quoted(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with quotes around what stands in the spans."""
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], '"', text[start:stop], '"']
        end = stop
    return "".join([*parts, text[end:]])


def _wrong_statement(error: str, scan: _Scan) -> _Statement:
    """The statement that an error of tomllib is about; a line without one is one."""
    where = _WHERE.search(error)
    if where is None or where[1] is None:
        return scan.statements[-1] if scan.statements else _Statement((), 1, 1, header=False)
    line = int(where[1])
    around = (s for s in scan.statements if s.first <= line <= s.last)
    return next(around, _Statement((), line, line, header=False))


def _wrong(error: str, bad: _Statement, statements: Iterable[_Statement]) -> str:
    first = next((s.first for s in statements if s.path == bad.path), bad.first)
    if error.startswith("Cannot") and first < bad.first:
        return f"given twice, first in line {first}; keep one"
    what = _WHERE.sub("", error)
    hint = (
        "put a text in quotes, a number or date as it is"
        if what == "Invalid value"
        else "correct the line"
    )
    return f"not TOML: {what[:1].lower()}{what[1:]}; {hint}"


def _without(text: str, bad: _Statement, statements: Iterable[_Statement]) -> str:
    """The text with blank lines where the statement stood; a header takes its table along."""
    lines = text.split("\n")
    end = bad.last
    if bad.header:
        end = min((s.first - 1 for s in statements if s.header and s.first > bad.last), default=0)
        end = end or len(lines)
    lines[bad.first - 1 : end] = [""] * (end - bad.first + 1)
    return "\n".join(lines)
