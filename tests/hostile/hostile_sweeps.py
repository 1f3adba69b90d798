"""Hostile sweep files, records and parts, as `weishang sweep` and `gather` read them."""

import base64
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hostile_case import MEGABYTE, Case, written
from hostile_made import (
    OUT,
    SWEEP,
    SWEPT,
    TINY,
    flip,
    linked_outside,
    replaced,
    rewritten,
    sweep_words,
)
from pyarrow import parquet

SWEEPS: dict[str, tuple[str, str]] = {
    "a sweep of a parameter that is none": (
        TINY.replace("rules.group_cap", "rules.gruop_cap"),
        "group_cap",
    ),
    "a sweep of 10^9 replicates": (
        TINY.replace("replicates = 2", "replicates = 1000000000"),
        "runs",
    ),
    "a sweep of 2^70 replicates": (
        TINY.replace("replicates = 2", f"replicates = {2**70}"),
        "replicates",
    ),
    "a sweep of negative users": (TINY.replace("users = 300", "users = -5"), "users"),
    "a sweep of 10^12 users": (TINY.replace("users = 300", "users = 1000000000000"), "users"),
    "a sweep named above": (TINY.replace('"tiny"', '"../tiny"'), "name"),
    "a sweep named by a path": (TINY.replace('"tiny"', '"/tmp/tiny"'), "name"),
    "a sweep of a base above": (
        TINY.replace('method = "grid"', 'method = "grid"\nscenario = "../../etc/passwd"'),
        "scenario",
    ),
    "a sweep of a base in /dev": (
        TINY.replace('method = "grid"', 'method = "grid"\nscenario = "/dev/zero"'),
        "scenario",
    ),
    "a sweep of values that are no numbers": (
        TINY.replace("[200, 500]", "[nan, inf]"),
        "group_cap",
    ),
    "a sweep of a range without bounds": (
        TINY.replace('"grid"', '"random"\npoints = 3').replace(
            "{ values = [200, 500] }", "{ low = -inf, high = inf }"
        ),
        "group_cap",
    ),
    "a sweep of 10^12 points": (
        TINY.replace('"grid"', '"latin_hypercube"\npoints = 1000000000000').replace(
            "{ values = [200, 500] }", "{ low = 1, high = 500 }"
        ),
        "points",
    ),
    "a sweep of a grid without end": (
        TINY
        + "".join(
            f'"{name}" = {{ values = [{", ".join(str(at / 1000) for at in range(1, 1000))}] }}\n'
            for name in ("weights.view", "weights.trust", "weights.match", "weights.price")
        ),
        "points",
    ),
    "a sweep of 20,000 policies": (
        TINY + "".join(f"[policies.p{number}]\n" for number in range(20_000)),
        "policies",
    ),
    "a sweep of deep brackets": (TINY + "a = " + "[" * 400_000, "deep"),
    "an empty sweep": ("", "missing"),
}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _sweeps()
    yield from _gathers()


def _sweeps() -> Iterator[Case]:
    for name, (text, told) in SWEEPS.items():
        yield Case(name, lambda _, t=text: sweep_words(written("a.toml", t.encode())), told)
    yield Case("a sweep from a pipe", _piped_sweep, "no regular file")
    yield Case("a sweep over another", _second_sweep, "another")
    for name, change, told in (
        ("of brackets", lambda path: path.write_text("[" * 900_000), "deep"),
        ("of 20 MB", lambda path: path.write_bytes(b" " * (20 * MEGABYTE)), "bytes"),
        ("without a key", lambda path: rewritten(path, lambda record: record.popitem()), "broken"),
        ("of text for sizes", lambda path: rewritten(path, _texts_for_sizes), "broken"),
        ("of paths above", lambda path: rewritten(path, _paths_above), "broken"),
        ("of nan", lambda path: path.write_text("NaN"), "broken"),
        ("that was changed", lambda path: rewritten(path, _other_seed), "broken"),
        ("that is a pipe", lambda path: replaced(path, os.mkfifo), "no regular file"),
        ("that is a link", linked_outside, "link"),
    ):
        for command in ("sweep", "gather"):
            yield Case(
                f"{command} with a record {name}",
                lambda common, c=change, of=command: _recorded(common, c, of),
                told,
            )


def _piped_sweep(common: Path) -> list[str]:
    os.mkfifo("a.toml")
    return sweep_words(Path("a.toml"))


def _second_sweep(common: Path) -> list[str]:
    shutil.copytree(common / "swept", OUT)
    return sweep_words(written(SWEEP, TINY.replace("seed = 3", "seed = 4").encode()))


def _recorded(common: Path, change: Callable[[Path], object], command: str) -> list[str]:
    """The sweep's folder with another record."""
    shutil.copytree(common / "swept", OUT)
    change(SWEPT / "sweep.json")
    return sweep_words(common / SWEEP) if command == "sweep" else ["gather", str(SWEPT)]


def _texts_for_sizes(record: dict[str, Any]) -> None:
    for copy in record["copies"].values():
        copy["bytes"] = str(copy["bytes"])


def _paths_above(record: dict[str, Any]) -> None:
    record["copies"] = {f"../../{name}": copy for name, copy in record["copies"].items()}
    record["file"] = f"../../{record['file']}"


def _other_seed(record: dict[str, Any]) -> None:
    record["identity"]["seed"] = 99


def _gathers() -> Iterator[Case]:
    for name, change, told in (
        ("a part that is gone", lambda path: path.unlink(), "missing"),
        ("a part with a flipped bit", lambda path: path.write_bytes(flip(0.5)(path.read_bytes())),
         "damaged"),
        ("a truncated part", lambda path: path.write_bytes(path.read_bytes()[:-50]), "damaged"),
        ("a part of no bytes", lambda path: path.write_bytes(b""), "damaged"),
        ("a part that is there twice", _doubled, "both are part"),
        ("a part of another sweep", lambda path: _exchanged(path, _other_rows()), "part"),
        ("a part of 60 GB of text", lambda path: _exchanged(path, _long_rows(path)), "text"),
        ("a part of a billion rows", lambda path: _exchanged(path, _nulls()), "part"),
        ("a part that is no table", lambda path: _exchanged(path, b"PAR1" * 9), "part"),
        ("a part that is a pipe", lambda path: replaced(path, os.mkfifo), "runs-000001"),
        ("a part that is a folder", lambda path: replaced(path, Path.mkdir), "runs-000001"),
        ("a part that is a link", linked_outside, "link"),
        ("a copy that was changed", _changed_copy, "inputs"),
        ("a copy that is a link", _linked_copy, "link"),
    ):  # fmt: skip
        yield Case(name, lambda common, c=change: _gathered(common, c), told)


def _gathered(common: Path, change: Callable[[Path], object]) -> list[str]:
    shutil.copytree(common / "swept", OUT)
    change(min((SWEPT / "parts").glob("runs-000001-*")))
    return ["gather", str(SWEPT)]


def _doubled(path: Path) -> None:
    data = flip(0.5)(path.read_bytes())
    path.with_name(_part_name(path, data)).write_bytes(data)


def _exchanged(path: Path, data: bytes) -> None:
    """Other bytes under a name that has their hash."""
    path.unlink()
    path.with_name(_part_name(path, data)).write_bytes(data)


def _part_name(path: Path, data: bytes) -> str:
    return f"{path.name[:12]}{hashlib.sha256(data).hexdigest()}.parquet"


def _other_rows() -> bytes:
    return _table(pa.table({"run": [0, 1], "=cmd()": ["a", "b"]}))


def _long_rows(path: Path) -> bytes:
    """Rows as the part has them, with a megabyte of text for the policy, 60,000 times."""
    rows = parquet.read_table(path).take(pa.array(np.zeros(60_000, dtype=np.int64)))
    letters = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(60_000, dtype=np.int32)), pa.array(["x" * MEGABYTE])
    )
    at = rows.schema.get_field_index("policy")
    field = rows.schema.field(at)
    told = rows.set_column(at, pa.field("policy", letters.type, metadata=field.metadata), letters)
    as_text = base64.b64encode(rows.schema.serialize().to_pybytes()).decode()
    return _table(told, {"ARROW:schema": as_text})


def _nulls() -> bytes:
    return _table(pa.table({"run": pa.nulls(30_000_000, pa.int64())}))


def _table(rows: pa.Table, said: dict[str, str] | None = None) -> bytes:
    """A table's bytes, with what the footer is to say of it."""
    sink = pa.BufferOutputStream()
    options = {"compression": "zstd", "store_schema": False, "write_statistics": False}
    with parquet.ParquetWriter(sink, rows.schema, **options) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata(said or {})
    return sink.getvalue().to_pybytes()


def _changed_copy(path: Path) -> None:
    copy = next((SWEPT / "inputs").glob("*.toml"))
    copy.write_text(copy.read_text().replace("seed = 3", "seed = 4"))


def _linked_copy(path: Path) -> None:
    copy = next((SWEPT / "inputs").glob("*.toml"))
    copy.rename("elsewhere.toml")
    copy.symlink_to(Path("elsewhere.toml").resolve())
