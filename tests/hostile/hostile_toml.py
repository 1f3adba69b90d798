"""Hostile scenario files, as `weishang run` reads them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile_case import HEAD, MEGABYTE, Case, Content, run_options, sparse, written

MOST = 1_000_000
"""Bytes of a scenario that is read."""


def _parameter(name: str, value: str, unit: str = "probability") -> bytes:
    table = f'[{name}]\nvalue = {value}\nunit = "{unit}"\nsource = "x"\nrole = "set"\n'
    return (HEAD + table).encode()


def _repeated(line: str, size: int = MOST) -> Callable[[], bytes]:
    """A head and a line many times, up to the size that is read."""
    return lambda: (HEAD + line * ((size - len(HEAD)) // len(line))).encode()


def _numbered(line: str, size: int = MOST) -> Callable[[], bytes]:
    """A head and a line with a number in it, up to the size that is read."""
    longest = len(line.format(MOST))
    return lambda: (
        HEAD + "".join(line.format(at) for at in range((size - len(HEAD)) // longest))
    ).encode()


TEXTS: dict[str, tuple[Content, str]] = {
    "brackets 500,000 deep": (lambda: HEAD.encode() + b"a = " + b"[" * 500_000, "deep"),
    "brackets 100 deep": (f"{HEAD}a = {'[' * 100}{']' * 100}\n".encode(), "deep"),
    "inline tables 100,000 deep": (lambda: HEAD.encode() + b"a = " + b"{a=" * 100_000, "deep"),
    "a megabyte of brackets": (lambda: b"[" * MOST, "not TOML"),
    "more than a megabyte of brackets": (lambda: b"[" * (2 * MEGABYTE), "larger than"),
    "a key of 100,000 parts": (lambda: HEAD.encode() + b"a" + b".a" * 100_000 + b" = 1\n", "deep"),
    "a table of 100,000 parts": (lambda: HEAD.encode() + b"[a" + b".a" * 100_000 + b"]\n", "deep"),
    "a million keys": (_numbered("k{} = 1\n", 13_000_000), "larger than"),
    "80,000 keys": (_numbered("k{} = 1\n"), "more than 30,000 keys"),
    "80,000 keys of weights": (
        lambda: _numbered("k{} = 1\n")().replace(HEAD.encode(), HEAD.encode() + b"[weights]\n"),
        "more than 30,000 keys",
    ),
    "90,000 tables": (_numbered("[t{}]\n"), "more than 30,000 keys"),
    "one table 100,000 times": (_repeated("[weights]\n"), "given twice"),
    "one key 100,000 times": (_repeated("days = 1\n"), "given twice"),
    "7,000 lines that are not TOML": (_repeated("what is this\n", 99_000), "not TOML"),
    "50,000 nameless sellers": (_repeated("[[named_sellers]]\n"), "more than 30,000 keys"),
    "20,000 nameless sellers": (
        _repeated("[[named_sellers]]\n", 360_000),
        "named_sellers[0].id: missing",
    ),
    "25,000 keys": (_numbered("k{} = 1\n", 325_000), "unknown key"),
    "sellers with one id": (
        _numbered('[[named_sellers]]\nid = "a"\nnode = {}\n'),
        "more than 30,000 keys",
    ),
    "an array of 300,000 numbers": (
        lambda: (HEAD + f"days = [{'1, ' * 300_000}]\n").encode(),
        "more than 30,000 keys",
    ),
    "quotes without end": (lambda: (HEAD + 'a = """' + '"' * 900_000).encode(), "not TOML"),
    "a text of a megabyte": (lambda: (HEAD + f'extends = "{"x" * 900_000}"\n').encode(), "no such"),
    "a name of half a megabyte": (lambda: (HEAD + f"{'x' * 500_000} = 1\n").encode(), "unknown"),
    "a name in escapes": (HEAD.encode() + b'"\\u0000\\n\\u001b[2J" = 1\n', "unknown key"),
    "a number of 900,000 digits": (lambda: (HEAD + f"days = {'9' * 900_000}\n").encode(), "days"),
    "days of 2^64": (HEAD.encode() + b"days = 18446744073709551616\n", "64 bits"),
    "10^15 days": (HEAD.encode() + b"days = 1000000000000000\n", "beyond the year 9999"),
    "a chance that is no number": (_parameter("weights.view", "nan"), "weights.view.value"),
    "an infinite chance": (_parameter("weights.view", "inf"), "weights.view.value"),
    "a chance of 1e999": (_parameter("weights.view", "1e999"), "weights.view.value"),
    "a trillion interests": (
        _parameter("society.num_interests", "1000000000000", "interests"),
        "society.num_interests",
    ),
    "zero bytes": (HEAD.encode() + b"a = \0\n", "not TOML"),
    "only zero bytes": (bytes(1000), "not TOML"),
    "no UTF-8": (HEAD.encode() + b'"\xff" = 1\n', "not UTF-8"),
    "a scenario in UTF-16": (HEAD.encode("utf-16"), "not UTF-8"),
    "keys that stand twice": ((HEAD + "days = 1\ndays = 2\n").encode(), "given twice"),
    "a date of no calendar": (HEAD.encode() + b"start = 2022-02-30\n", "calendar"),
    "an empty scenario": (b"", "missing"),
    "a base that is the file itself": (HEAD.encode() + b'extends = "a.toml"\n', "a loop"),
    "a base above": (HEAD.encode() + b'extends = "../../etc/passwd"\n', "inside the folder"),
    "a base in /dev": (HEAD.encode() + b'extends = "/dev/zero"\n', "inside the folder"),
}

PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a scenario from a pipe": (os.mkfifo, "no regular file"),
    "a scenario from a folder": (Path.mkdir, "a folder"),
    "a scenario of 1 TB": (lambda path: sparse(path, 1 << 40), "larger than"),
    "a scenario from /dev/zero": (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
    "a scenario from a link to itself": (lambda path: path.symlink_to(path.name), "no such file"),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (content, told) in TEXTS.items():
        yield Case(name, lambda common, c=content: _run(common, written("a.toml", c)), told)
    for name, (place, told) in PLACES.items():
        yield Case(name, lambda common, p=place: _placed(common, p), told)
    yield Case("a base through a link", _linked_base, "inside the folder")
    yield Case("a base that is a pipe", _piped_base, "no regular file")


def _run(common: Path, scenario: Path) -> list[str]:
    return run_options(common, scenario)


def _placed(common: Path, place: Callable[[Path], object]) -> list[str]:
    path = Path("a.toml")
    place(path)
    return _run(common, path)


def _linked_base(common: Path) -> list[str]:
    Path("b.toml").symlink_to(common / "usual.toml")
    return _run(common, written("a.toml", HEAD.encode() + b'extends = "b.toml"\n'))


def _piped_base(common: Path) -> list[str]:
    os.mkfifo("b.toml")
    return _run(common, written("a.toml", HEAD.encode() + b'extends = "b.toml"\n'))
