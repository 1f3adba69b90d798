"""Faults of a file that people write: what is wrong where, and all of them in one message."""

import difflib
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

KeyPath = tuple[str | int, ...]
"""Keys from the top of a file; the items of an array and of an array of tables are numbered."""


MAX_TOLD = 100
"""Faults listed in one message; the others are counted."""
MAX_SHOWN = 60
"""Characters of a key or a value that a message shows."""

_BARE = re.compile(r"[\w-]+", re.ASCII)


class Fault(NamedTuple):
    """One fault of a file.

    Attributes:
        file: as the message names it.
        line: from 1; None when the fault is the whole file's.
        path: of the key that it is about; empty when there is none.
        what: the value found and the fix.
        known: keys that could have been meant, when the key is unknown.
    """

    file: str
    line: int | None
    path: KeyPath
    what: str
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f"{dotted(self.path)}: " if self.path else ""
        return f"{place}: {key}{self.what}{self._meant()}"

    def _meant(self) -> str:
        if not self.known:
            return ""
        key = str(self.path[-1])[:MAX_SHOWN]
        near = difflib.get_close_matches(key, self.known, n=1)
        return f"; did you mean {near[0]}?" if near else f"; give one of {', '.join(self.known)}"


class FaultyFileError(ValueError):
    """All faults of a file, and of those that it leads to, in one message."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(one_message(self.faults))


def one_message(faults: Iterable[Fault]) -> str:
    """All faults in one text, by file in the order of their first fault, then by line."""
    faults = list(faults)
    order = {name: at for at, name in enumerate(dict.fromkeys(fault.file for fault in faults))}
    faults.sort(key=lambda fault: (order[fault.file], fault.line or 0))
    told = [str(fault) for fault in faults[:MAX_TOLD]]
    if len(faults) > MAX_TOLD:
        told.append(f"and {len(faults) - MAX_TOLD:,} more faults")
    count = f"{len(faults):,} faults: " if len(faults) > 1 else ""
    return count + "; ".join(told)


def dotted(path: KeyPath) -> str:
    """A path as one writes it: weights.view.value, named_sellers[0].id."""
    parts = []
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        else:
            parts.append(f".{key if _BARE.fullmatch(key) else shown(key)}"[: MAX_SHOWN + 1])
    return "".join(parts).removeprefix(".")


def shown(value: Any) -> str:
    """A value in a message: on one line, not too long, true and false as TOML has them."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
