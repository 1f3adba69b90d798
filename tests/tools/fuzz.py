"""Fuzzes every reader of files: whatever a file holds, it is read or refused with a ValueError.

Command: python tests/tools/fuzz.py [--seconds S] [--seed N] [--out RESULTS] [--reader NAME ..]
Runtime: as long as it is told, ten minutes by default, on one core.
Output: a table; with --out, RESULTS/fuzzing (readers.csv). Inputs that crash a reader are kept in
a temporary folder that is named. Exit code 1 if there is one.

Hypothesis draws the inputs: a whole file, edited at some places by what files of its kind are made
of, or bytes without any sense; and for each it draws the luck of some more, a whole file with an
edit or two, which a plain generator makes. Each reader runs in turns, a turn in a process of its
own, so that a reader that takes the process down, hangs, or takes more memory than it may is
counted and told.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pyarrow import parquet

from weishang.experiments.console.output import show
from weishang.experiments.readers.people import read_nodes
from weishang.experiments.scenario import scenario_file
from weishang.experiments.simulate.run_checkpointer import check_facts
from weishang.experiments.storage import manifest, partitions, tables
from weishang.experiments.storage.checkpoints import Checkpoints
from weishang.experiments.storage.codebook import Entry, add_codebook
from weishang.experiments.storage.partitions import Part
from weishang.experiments.storage.report import Report
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import layout, plan
from weishang.experiments.sweep.store import record as sweep_record
from weishang.kernels import Graph
from weishang.kernels.io import text_blocks
from weishang.model.market import state
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario
from weishang.model.society.generate import generate
from weishang.model.society.parameters import SocietyParameters

TITLE = "Fuzzing of every reader"
SECONDS = 600.0
TURNS = 6
TURN_SECONDS = 4.0
"""A reader has as many turns as are of some use, up to TURNS."""
EXAMPLES = 20
"""Inputs that Hypothesis draws between two looks at the clock."""
INPUT_SECONDS = 30
"""Processor time of one input."""
MORE_BYTES = 6 << 30
"""Address space of a turn beyond what it began with."""
MOST_EDITS = 6
MORE = 9
"""Inputs that a plain generator makes beside each that Hypothesis draws."""
MOST_PLACE = (1 << 32) - 1
NUMBERS = (b"-1", b"0", b"2147483648", b"9223372036854775808", b"1e999", b"nan", b"9" * 400, b".5")
KINDS = ("flip", "cut", "end", "insert", "double", "number")
PEOPLE = 120
IDENTITY = {"scenario": 1, "graph": "a"}


@dataclass(frozen=True)
class Reader:
    """A reader and what its files look like.

    Attributes:
        name: of what it reads.
        seeds: makes whole files.
        words: that such files are made of.
        file: name of the file.
        read: reads it; anything but a ValueError is a crash.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    words: Sequence[bytes]
    file: str
    read: Callable[[Path], object]


COLUMNS: dict[str, Entry] = {
    "reader": ("name", "of what is read"),
    "inputs": ("number", "that it was fed"),
    "accepted": ("number", "of these, read"),
    "refused": ("number", "of these, refused with a ValueError"),
    "crashes": ("number", "of these, neither"),
    "seconds": ("seconds", "of all its turns, wall time"),
}


@dataclass
class Tally:
    """What the turns of a reader came to."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    crashes: int = 0
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        """Count another turn in."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


def main() -> None:
    """Fuzz for so many seconds and tell."""
    options = _options()
    wanted = [one for one in READERS if not options.reader or one.name in options.reader]
    folder = Path(tempfile.mkdtemp(prefix="weishang-fuzzing-"))
    if options.out is None:
        frame = _frame(fuzz(wanted, options.seconds, options.seed, folder))
    else:
        # Open before anything is fed, so that the manifest has the time that this takes.
        with Report("fuzzing", options.out, title=TITLE, seed=options.seed) as report:
            frame = _frame(fuzz(wanted, options.seconds, options.seed, folder))
            report.parameters = {"seconds": options.seconds, "most_edits": MOST_EDITS}
            _save(report, frame)
    show(frame, f"{TITLE}, seed {options.seed}")
    if frame["crashes"].any():
        sys.exit(f"crashes: {frame['crashes'].sum()}; their inputs are in {folder}")
    shutil.rmtree(folder)


def fuzz(readers: Sequence[Reader], seconds: float, first: int, folder: Path) -> dict[str, Tally]:
    """Let readers take turns; inputs that crash one are left in the folder.

    Args:
        readers: to fuzz.
        seconds: of the clock, of all together.
        first: seed.
        folder: for files.

    Returns:
        A tally a reader, by name.
    """
    tallies = {one.name: Tally() for one in readers}
    until = time.monotonic() + seconds
    turns = min(TURNS, max(1, int(seconds / len(readers) / TURN_SECONDS)))
    for turn in range(turns):
        for place, reader in enumerate(readers):
            turns_left = (turns - turn) * len(readers) - place
            left = max(until - time.monotonic(), 0.0) / turns_left
            number = first * 1_000_003 + turn * len(readers) + place
            tallies[reader.name].add(_turn(reader, left, number, folder))
    return tallies


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--reader", nargs="*", choices=[one.name for one in READERS])
    return parser.parse_args()


def _frame(tallies: dict[str, Tally]) -> pd.DataFrame:
    rows = [{"reader": name, **vars(tally)} for name, tally in tallies.items()]
    return pd.DataFrame(rows).round({"seconds": 1})


def _save(report: Report, frame: pd.DataFrame) -> None:
    report.table(
        "readers",
        frame,
        "Readers of files and what they made of inputs that Hypothesis drew",
        "A crash is an exception that is no ValueError, the end of the process, more than "
        f"{INPUT_SECONDS} seconds for one input or {MORE_BYTES >> 30} GB.",
    )
    add_codebook(report, {"readers": COLUMNS})


def _turn(reader: Reader, seconds: float, number: int, folder: Path) -> Tally:
    """One turn of a reader, in a process of its own."""
    own = Path(tempfile.mkdtemp(dir=folder))
    told = folder / "told.json"
    told.unlink(missing_ok=True)
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _be(reader, seconds, number, own, told)
    _, status = os.waitpid(child, 0)
    tally = Tally(**json.loads(told.read_text())) if told.exists() else Tally(inputs=1, crashes=1)
    tally.seconds = time.monotonic() - started
    if not told.exists():
        why = os.waitstatus_to_exitcode(status)
        _keep(reader, own / "input" / reader.file, folder, f"ended with {why}")
    shutil.rmtree(own)
    return tally


def _be(reader: Reader, seconds: float, number: int, own: Path, told: Path) -> None:
    """Take a turn and never come back."""
    code = 1
    try:
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MORE_BYTES, size + MORE_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        warnings.simplefilter("ignore")
        tally = _fed(reader, seconds, number, own)
        told.write_text(json.dumps(vars(tally)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _fed(reader: Reader, seconds: float, number: int, own: Path) -> Tally:
    """Feed a reader for so many seconds, at least once."""
    tally = Tally()
    folder = own / "input"
    folder.mkdir()
    until = time.monotonic() + seconds
    seeds = reader.seeds()
    inputs = _inputs(seeds, reader.words)

    def feed(data: bytes, luck: int) -> None:
        rng = random.Random(luck)
        more = (_varied(rng, rng.choice(seeds), reader.words) for _ in range(MORE))
        for one in chain([data], more):
            if tally.inputs and time.monotonic() >= until:
                return
            _feed(reader, one, folder, tally)

    while True:
        number += 10_000_019
        rule = settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        seed(number)(rule(given(inputs, st.integers(0, MOST_PLACE))(feed)))()
        if time.monotonic() >= until:
            return tally


def _feed(reader: Reader, data: bytes, folder: Path, tally: Tally) -> None:
    for old in folder.iterdir():
        old.unlink()
    path = folder / reader.file
    path.write_bytes(data)
    tally.inputs += 1
    signal.setitimer(signal.ITIMER_PROF, INPUT_SECONDS)
    try:
        with redirect_stderr(io.StringIO()):
            reader.read(path)
        tally.accepted += 1
    except ValueError:
        tally.refused += 1
    except Exception:
        tally.crashes += 1
        path.write_bytes(data)
        _keep(reader, path, folder.parents[1], traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _keep(reader: Reader, path: Path, folder: Path, why: str) -> None:
    """Keep an input that crashed a reader, and say why."""
    data = path.read_bytes() if path.is_file() else b""
    name = f"{reader.name.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}"
    (folder / name).write_bytes(data)
    (folder / f"{name}.txt").write_text(why)
    print(f"{folder / name}: {why.strip().splitlines()[-1][:200]}", file=sys.stderr)


def _inputs(seeds: Sequence[bytes], parts_of: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Whole files with edits; or bytes without sense."""
    words = st.sampled_from([*parts_of, *NUMBERS]) | st.binary(min_size=1, max_size=8)
    place = st.integers(0, MOST_PLACE)
    edit = st.tuples(st.sampled_from(KINDS), place, place, words)
    edits = st.lists(edit, min_size=0, max_size=MOST_EDITS)
    edited = st.builds(_edited, st.sampled_from(seeds), edits)
    return edited | edited | edited | st.binary(max_size=200) | st.lists(words).map(b"".join)


def _varied(rng: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    """A file with an edit or two."""
    edits = [
        (
            rng.choice(KINDS),
            rng.randint(0, MOST_PLACE),
            rng.randint(0, MOST_PLACE),
            rng.choice([*words, *NUMBERS, rng.randbytes(rng.randint(1, 8))]),
        )
        for _ in range(rng.randint(1, 2))
    ]
    return _edited(data, edits)


def _edited(data: bytes, edits: Sequence[tuple[str, int, int, bytes]]) -> bytes:
    """A file after some edits, each a kind, two places and a word."""
    for kind, first, second, word in edits:
        size = max(len(data), 1)
        start, end = sorted((first % size, second % size))
        if kind == "flip":
            byte = data[start] ^ (1 << second % 8) if data else 0
            data = data[:start] + bytes([byte]) + data[start + 1 :]
        elif kind == "cut":
            data = data[:start] + data[min(end, start + second % 64) :]
        elif kind == "end":
            data = data[: max(start, end)]
        elif kind == "insert":
            data = data[:start] + word + data[start:]
        elif kind == "double":
            data = data[:end] + data[start : start + 4096] + data[end:]
        else:
            data = _renumbered(data, first, word)
    return data


def _renumbered(data: bytes, which: int, word: bytes) -> bytes:
    """The data with another word in place of one of its numbers."""
    starts = [
        at for at, byte in enumerate(data) if 48 <= byte < 58 and not data[at - 1 : at].isdigit()
    ]
    if not starts:
        return word
    start = end = starts[which % len(starts)]
    while end < len(data) and 48 <= data[end] < 58:
        end += 1
    return data[:start] + word + data[end:]


def _edges() -> list[bytes]:
    rng = np.random.default_rng(2)
    plain = b"".join(b"%d %d\n" % tuple(pair) for pair in rng.integers(50, size=(40, 2)))
    weighted = b"".join(b"%d %d .%d\n" % tuple(row) for row in rng.integers(40, size=(40, 3)))
    return [plain, b"# head\n\n" + weighted, b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n")]


def _packed_edges() -> list[bytes]:
    """Some to be edited as they are, and some to be packed when they have been."""
    return [*_edges(), *(gzip.compress(data, mtime=0) for data in _edges()), gzip.compress(b"") * 3]


def _read_packed(path: Path) -> Graph:
    data = path.read_bytes()
    if data[:2] != text_blocks.GZIP_MAGIC:
        path.write_bytes(gzip.compress(data, 1))
    return Graph.from_edge_list(path)


def _people_text() -> list[bytes]:
    rows = "".join(f"{i},{i % 8},{i % 5},{i % 3},a|b{i % 4}\n" for i in range(PEOPLE))
    return [
        f"node,interest,budget,place,groups\n{rows}".encode(),
        b'node,groups\n0,"a|b"\n1,\n2,"c ""d"""\n',
        b"node,budget\r\n0,1.0\r\n1,\r\n",
    ]


def _people_table() -> list[bytes]:
    made = []
    for options in ({"compression": "none"}, {"compression": "zstd", "data_page_version": "2.0"}):
        columns = {
            "node": np.arange(PEOPLE),
            "interest": pa.array([i % 8 if i % 3 else None for i in range(PEOPLE)], pa.int8()),
            "budget": [float(i % 5) for i in range(PEOPLE)],
            "groups": [f"a|b{i % 4}" for i in range(PEOPLE)],
        }
        sink = io.BytesIO()
        parquet.write_table(pa.table(columns), sink, row_group_size=50, **options)
        made.append(sink.getvalue())
    return made


def _scenarios() -> list[bytes]:
    usual = scenario_file.DEFAULT.read_bytes()
    return [
        usual[: usual.rindex(b"\n\n", 0, 4000)],
        b'format = 1\nname = "t"\ndays = 3\nstart = 2022-10-01\n[weights.view]\nvalue = 0.5\n'
        b'unit = "probability"\nsource = "x"\nrole = "set"\n'
        b'[[named_sellers]]\nid = "a"\nnode = 3\ncategory = 1\nprice = 2.5\n',
    ]


def _sweeps() -> list[bytes]:
    head = (
        b'format = 1\nname = "t"\nscenario = "base.toml"\nseed = 3\nusers = 300\nsellers = 5\n'
        b"days = 2\nreplicates = 2\n"
    )
    return [
        head + b'method = "grid"\n[parameters]\n"rules.group_cap" = { values = [200, 500] }\n'
        b'[policies.usual]\n[policies.none]\n"rules.livestreams" = false\n',
        head + b'method = "latin_hypercube"\npoints = 3\n[parameters]\n'
        b'"weights.trust" = { low = 0.1, high = 2.0, scale = "log" }\n'
        b'"society.mean_friends" = { low = 20.0, high = 40.0 }\n',
    ]


def _read_sweep(path: Path) -> plan.Plan:
    """Read a sweep whose scenario is short: the default is long, and read by its own reader."""
    path.with_name("base.toml").write_text('format = 1\nname = "base"\n')
    return plan.make(path)


def _market() -> Market:
    people = generate(SocietyParameters(mean_friends=8.0), PEOPLE, np.random.default_rng(1))
    return Market(people, Scenario().friends_only(), 5, 4)


def _checkpoints() -> list[bytes]:
    market = _market()
    market.step()
    arrays, facts = state.save(market)
    with tempfile.TemporaryDirectory() as folder:
        Checkpoints(Path(folder), IDENTITY).save(arrays, {"state": facts, "parts": 0})
        (path,) = Path(folder).glob("checkpoint-*")
        return [path.read_bytes()]


def _read_checkpoint(path: Path) -> None:
    """Read a checkpoint under a name that has its hash, so that more than the hash is held."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(path.with_name(f"checkpoint-000000-{digest}.safetensors"))
    saved = Checkpoints(path.parent, IDENTITY).load()
    if saved is None:
        raise RuntimeError("the checkpoint was not found")
    check_facts(saved, path.parent)
    state.restore(_market(), saved.arrays, saved.facts["state"])


def _parts() -> list[bytes]:
    frame = pd.DataFrame(
        {"run": range(40), "policy": ["usual", "none"] * 20, "reach": np.linspace(0.0, 9.0, 40)}
    )
    units = {"run": "number", "policy": "name", "reach": "people"}
    with tempfile.TemporaryDirectory() as folder:
        return [partitions.write(Path(folder), "runs", 0, frame, units).path.read_bytes()]


def _read_part(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    part = Part("runs", 0, path, digest)
    partitions.read(part)
    partitions.merge([part], path.with_name("merged.parquet"))


def _manifests() -> list[bytes]:
    record: dict[str, Any] = {
        "command": "weishang run",
        "parameters": {"days": 3, "shares": [0.1, 0.2]},
        "inputs": [],
        "outputs": {"a.csv": {"bytes": 2, "sha256": hashlib.sha256(b"x\n").hexdigest()}},
    }
    record["parameters_sha256"] = manifest.parameters_digest(record["parameters"])
    return [json.dumps(record, indent=1).encode()]


def _read_manifest(path: Path) -> None:
    path.with_name("a.csv").write_bytes(b"x\n")
    for fault in manifest.faults(path.parent):
        raise ValueError(fault)


def _records() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "t.toml"
        file.write_bytes(_sweeps()[0])
        made = sweep_folder.open_folder(_read_sweep(file), Path(folder) / "out")
        return [(made / layout.RECORD).read_bytes()]


def _tables() -> list[bytes]:
    frame = pd.DataFrame({"name": ["a", "=b", "c,d"], "value": [1.5, np.nan, -3.0], "n": [1, 2, 3]})
    with tempfile.TemporaryDirectory() as folder:
        tables.write(frame, Path(folder) / "a.csv")
        return [(Path(folder) / "a.csv").read_bytes(), b"a,b\n1,2\n"]


def _read_people(path: Path) -> None:
    read_nodes(path, PEOPLE, SocietyParameters())


EDGE_WORDS = (b" ", b"\n", b"\r", b"\t", b"#", b"%", b"\0", b"2147483647", b"1 2 .5\n")
CSV_WORDS = (b",", b"\n", b'"', b"|", b"\r", b"=1", b"node", b"groups", b"\xff", b"\0", b'""')
TOML_WORDS = (b"[", b"]", b"[[", b"{", b"}", b"=", b'"', b"'", b'"""', b"'''", b"\n", b"a.b", b",",
              b"true", b"2022-02-30", b"10:00:00", b"0x7", b"\\u0000", b"value", b"values", b"low",
              b"[weights]\n", b"extends = \"a.toml\"\n", b"inf")  # fmt: skip
JSON_WORDS = (b"[", b"]", b"{", b"}", b":", b",", b'"', b"null", b"true", b'"outputs"', b'"../a"',
              b'"data_offsets"', b'"dtype"', b'"F64"', b'"I64"', b'"BOOL"', b'"shape"', b"[0]",
              b"\\ud800")  # fmt: skip
TABLE_WORDS = (b"PAR1", b"\x15", b"\x00", b"\xff\xff\xff\x7f", b"\x16\x80\x80\x80\x80\x80\x40")

READERS = (
    Reader("edge list", _edges, EDGE_WORDS, "edges.txt", Graph.from_edge_list),
    Reader("edge list, gzipped", _packed_edges, EDGE_WORDS, "edges.gz", _read_packed),
    Reader("people, CSV", _people_text, CSV_WORDS, "nodes.csv", _read_people),
    Reader("people, Parquet", _people_table, TABLE_WORDS, "nodes.parquet", _read_people),
    Reader("scenario", _scenarios, TOML_WORDS, "a.toml", scenario_file.load),
    Reader("sweep", _sweeps, TOML_WORDS, "a.toml", _read_sweep),
    Reader("checkpoint", _checkpoints, JSON_WORDS, "input", _read_checkpoint),
    Reader("part of a sweep", _parts, TABLE_WORDS, "runs.parquet", _read_part),
    Reader("manifest", _manifests, JSON_WORDS, manifest.NAME, _read_manifest),
    Reader("record of a sweep", _records, JSON_WORDS, "sweep.json", sweep_record.read_record),
    Reader("table, CSV", _tables, CSV_WORDS, "a.csv", tables.read),
)


if __name__ == "__main__":
    main()
