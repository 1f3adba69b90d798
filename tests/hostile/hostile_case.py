"""What a hostile input is, and how the files of one are laid down."""

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MEGABYTE = 1 << 20
HEAD = 'format = 1\nname = "trial"\n'
GRAPH, SCENARIO = "graph.txt", "usual.toml"
PEOPLE = 400

Content = bytes | Callable[[], bytes]
"""What stands in a file; made when it is written, where it is large."""


@dataclass(frozen=True)
class Case:
    """One hostile input.

    Attributes:
        name: of the case.
        make: writes it into the working folder, given the folder that cases share, from which
            nothing is changed; gives the arguments of `weishang` that read it.
        told: what the one line has in it.
        code: exit code of the command.
    """

    name: str
    make: Callable[[Path], list[str]]
    told: str
    code: int = 2


def prepare(common: Path) -> None:
    """Make what many cases need: a small graph, and a scenario with nothing wrong in it."""
    rng = np.random.default_rng(5)
    ends = rng.integers(PEOPLE, size=(6 * PEOPLE, 2)).tolist()
    (common / GRAPH).write_text("".join(f"{u} {v}\n" for u, v in ends) + f"0 {PEOPLE - 1}\n")
    (common / SCENARIO).write_text(HEAD)


def written(name: str, content: Content) -> Path:
    """A file in the working folder."""
    path = Path(name)
    path.write_bytes(content() if callable(content) else content)
    return path


def run_options(common: Path, scenario: Path | None = None) -> list[str]:
    """Arguments of a small `weishang run`."""
    graph = ["--graph", str(common / GRAPH), "--sellers", "5", "--days", "1"]
    return ["run", str(scenario or common / SCENARIO), *graph]


def flipped(data: bytes, at: int) -> bytes:
    """The data with one bit the other way round."""
    changed = bytearray(data)
    changed[at] ^= 4
    return bytes(changed)


def members(text: bytes, times: int) -> bytes:
    """Gzip data that unpacks to a text many times over."""
    return gzip.compress(text, 9) * times


def sparse(path: Path, size: int) -> None:
    """A file of zero bytes that takes no room on the disk."""
    path.touch()
    os.truncate(path, size)
