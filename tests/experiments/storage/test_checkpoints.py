"""Checkpoints: what is read is what was saved, or it is refused in one line."""

import hashlib
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import effort
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import numpy as safetensors

from weishang.experiments.storage import checkpoints
from weishang.experiments.storage.checkpoints import FORMAT, TEXT, Checkpoints, Saved

IDENTITY = {"scenario": {"a": 1}, "graph": "0a", "replicate": 7, "version": {"code": "1f"}}
ARRAYS = {
    "load": np.linspace(0.0, 1.0, 1000),
    "seller": np.arange(50, dtype=np.int32),
    "none": np.empty(0, dtype=np.int64),
    "rows": np.arange(12, dtype=np.int64).reshape(4, 3),
    "yes": np.array([True, False]),
}
FACTS = {"day": 3, "name": "Li 李", "parts": [1, 2.5, None]}


MOST = 10.0
"""Processor time of a refusal beside that of reading a whole checkpoint of 8 MB."""


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Checkpoints:
    """A folder with one whole checkpoint of 8 MB."""
    made = Checkpoints(tmp_path_factory.mktemp("harmless"), IDENTITY)
    made.save({"load": np.zeros(1 << 20)}, FACTS)
    return made


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    """A folder with two generations, the newest of day 3."""
    made = Checkpoints(tmp_path / "state", IDENTITY)
    made.save({"load": np.zeros(4)}, {"day": 2})
    made.save(ARRAYS, FACTS)
    return made


def files(kept: Checkpoints) -> list[Path]:
    """Oldest first."""
    return sorted(kept.folder.iterdir())


def named_by_hash(kept: Checkpoints, data: bytes, number: int = 5) -> Path:
    """Put in a file whose hash is right, as one would who wants to be read."""
    digest = hashlib.sha256(data).hexdigest()
    path = kept.folder / f"checkpoint-{number:06d}-{digest}.safetensors"
    path.write_bytes(data)
    return path


def assert_same(saved: Saved | None, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    assert saved is not None
    assert saved.facts == facts
    assert saved.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert saved.arrays[name].dtype == array.dtype
        assert saved.arrays[name].shape == array.shape
        assert saved.arrays[name].tobytes() == array.tobytes()


def test_what_was_saved_last_is_read(kept: Checkpoints) -> None:
    assert_same(kept.load(), ARRAYS, FACTS)
    assert_same(Checkpoints(kept.folder, dict(reversed(IDENTITY.items()))).load(), ARRAYS, FACTS)


def test_nothing_is_read_where_nothing_was_saved(tmp_path: Path) -> None:
    nowhere = Checkpoints(tmp_path / "none", IDENTITY)
    assert nowhere.load() is None
    assert not (tmp_path / "none").exists()
    tmp_path.joinpath("notes.txt").write_text("hello")
    assert Checkpoints(tmp_path, IDENTITY).load() is None


def test_two_generations_are_kept_and_nothing_else(kept: Checkpoints) -> None:
    for day in range(4, 9):
        kept.save(ARRAYS, {"day": day})
        assert len(files(kept)) == 2
    assert [path.name[:17] for path in files(kept)] == ["checkpoint-000005", "checkpoint-000006"]
    kept.discard()
    assert files(kept) == []


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    names = []
    for place in ("one", "two"):
        made = Checkpoints(tmp_path / place, IDENTITY)
        made.save(dict(sorted(ARRAYS.items(), reverse=place == "two")), FACTS)
        names.append(files(made)[0].name)
    assert names[0] == names[1]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(at=st.floats(0.0, 1.0, exclude_max=True), bit=st.integers(0, 7))
def test_any_bit_that_changed_is_seen_and_the_one_before_is_read(
    tmp_path_factory: pytest.TempPathFactory, at: float, bit: int
) -> None:
    made = Checkpoints(tmp_path_factory.mktemp("state"), IDENTITY)
    made.save({"load": np.zeros(4)}, {"day": 2})
    made.save(ARRAYS, FACTS)
    newest = files(made)[1]
    data = bytearray(newest.read_bytes())
    data[int(at * len(data))] ^= 1 << bit
    newest.write_bytes(data)
    assert_same(made.load(), {"load": np.zeros(4)}, {"day": 2})


@pytest.mark.parametrize("length", [0, 7, 8, 100, -1])
def test_a_truncated_one_is_told_and_the_one_before_is_read(
    kept: Checkpoints, length: int, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = files(kept)[1]
    newest.write_bytes(newest.read_bytes()[:length])
    saved = kept.load()
    assert saved is not None
    assert saved.facts == {"day": 2}
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert f"{newest}: is broken" in told[0]
    assert "resuming from the one before" in told[0]


def test_a_broken_one_makes_room_for_a_whole_one(kept: Checkpoints) -> None:
    files(kept)[1].write_bytes(b"no")
    assert kept.load() is not None
    kept.save(ARRAYS, {"day": 4})
    assert [path.name[:17] for path in files(kept)] == ["checkpoint-000000", "checkpoint-000002"]
    files(kept)[1].write_bytes(b"no")
    assert_same(kept.load(), {"load": np.zeros(4)}, {"day": 2})


def test_when_all_are_broken_it_is_refused(kept: Checkpoints) -> None:
    for path in files(kept):
        path.write_bytes(b"no")
    with pytest.raises(ValueError, match=r"is broken.*no other is whole.*--fresh"):
        kept.load()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scenario": {"a": 2}}, "its scenario differs"),
        ({"graph": "0b"}, "its graph differs"),
        ({"version": {"code": "20"}}, "its version differs"),
        ({"replicate": 8, "graph": ""}, "its graph and replicate differ"),
        ({"scenario": 0, "replicate": 8, "graph": ""}, "its scenario, graph and replicate differ"),
        ({"more": 1}, "its more and number of parts differ"),
    ],
)
def test_another_runs_checkpoint_is_refused_by_what_differs(
    kept: Checkpoints, change: dict[str, Any], told: str
) -> None:
    before = [(path.name, path.read_bytes()) for path in files(kept)]
    with pytest.raises(ValueError, match=f"holds the state of another run, {told}"):
        Checkpoints(kept.folder, IDENTITY | change).load()
    less = {name: value for name, value in IDENTITY.items() if name != "graph"}
    with pytest.raises(ValueError, match="its number of parts differs"):
        Checkpoints(kept.folder, less).load()
    assert [(path.name, path.read_bytes()) for path in files(kept)] == before


def test_a_part_of_the_identity_is_enough_to_refuse_and_none_to_go_on(kept: Checkpoints) -> None:
    part = {"replicate": IDENTITY["replicate"]}
    Checkpoints(kept.folder, part).refuse_another()
    Checkpoints(kept.folder / "missing", part).refuse_another()
    other = Checkpoints(kept.folder, {"replicate": "another"})
    with pytest.raises(ValueError, match="holds the state of another run, its replicate differs"):
        other.refuse_another()
    newest, older = sorted(files(kept), reverse=True)
    newest.write_bytes(b"")
    with pytest.raises(ValueError, match="its replicate differs"):
        other.refuse_another()
    older.write_bytes(b"")
    other.refuse_another()


def with_header(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype: str, shape: list[Any], start: Any, end: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def saying(**text: Any) -> bytes:
    """A whole file that says so of itself."""
    return safetensors.save({"a": np.zeros(2)}, {TEXT: json.dumps(text)})


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "seven bytes": b"\0" * 7,
    "no header": struct.pack("<Q", 0),
    "header of 2^63 bytes": struct.pack("<Q", 1 << 63) + b"{}",
    "header of 2^64 - 1 bytes": struct.pack("<Q", (1 << 64) - 1) + b"{}",
    "header of 50 MB": with_header(b'{"a":"' + b"x" * (50 << 20) + b'"}'),
    "header longer than the file": with_header({}, length=100),
    "no JSON": with_header(b"\x80\x04pickle."),
    "a list": with_header([1, 2]),
    "deep nesting": with_header(b"[" * 500_000 + b"]" * 500_000),
    "deep nesting of objects": with_header(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a huge number": with_header(b'{"a":' + b"9" * 100_000 + b"}"),
    "2^60 numbers of nothing": with_header({"a": entry("F64", [1 << 60], 0, 0)}),
    "sizes that overflow": with_header({"a": entry("F64", [1 << 62, 1 << 62], 0, 0)}),
    "terabytes announced": with_header({"a": entry("F64", [1 << 40], 0, 1 << 43)}, b"\0" * 16),
    "negative shape": with_header({"a": entry("F64", [-2], 0, 16)}, b"\0" * 16),
    "negative offsets": with_header({"a": entry("F64", [2], -16, 16)}, b"\0" * 16),
    "offsets that overlap": with_header(
        {"a": entry("F64", [2], 0, 16), "b": entry("F64", [2], 0, 16)}, b"\0" * 16
    ),
    "offsets in words": with_header({"a": entry("F64", [2], "0", "16")}, b"\0" * 16),
    "no such number": with_header({"a": entry("F99", [2], 0, 16)}, b"\0" * 16),
    "numbers that NumPy lacks": with_header({"a": entry("BF16", [8], 0, 16)}, b"\0" * 16),
    "objects": with_header({"a": entry("object", [2], 0, 16)}, b"\0" * 16),
    "an entry of text": with_header({"a": "F64"}),
    "metadata of numbers": with_header({"__metadata__": {TEXT: 1}}),
    "metadata of text": with_header({"__metadata__": "format"}),
    "metadata of lists": with_header({"__metadata__": {TEXT: [FORMAT]}}),
    "data behind the end": with_header({"a": entry("F64", [2], 0, 16)}, b"\0" * 99),
    "no text": safetensors.save({"a": np.zeros(2)}),
    "text that is none": safetensors.save({"a": np.zeros(2)}, {TEXT: "[" * 10_000}),
    "another format": saying(format="weishang-checkpoint-9", identity={}, facts={}),
    "a format of lists": saying(format=["x"] * 1000, identity={}, facts={}),
    "no identity": saying(format=FORMAT, facts={}),
    "identity of text": saying(format=FORMAT, identity="x", facts={}),
    "no facts": saying(format=FORMAT, identity={}),
    "identity of nobody": saying(format=FORMAT, identity={}, facts={}),
    "identity of lists": saying(format=FORMAT, identity={"replicate": [1]}, facts={}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_files_made_to_harm_are_refused_in_one_line_and_soon(
    tmp_path: Path, harmless: Checkpoints, what: str
) -> None:
    kept = Checkpoints(tmp_path, IDENTITY)
    named_by_hash(kept, HOSTILE[what])

    def refuse() -> None:
        with pytest.raises(ValueError, match=r"checkpoint-000005|holds the state") as refused:
            kept.load()
        assert "\n" not in str(refused.value)

    assert effort.ratio(refuse, harmless.load, MOST) < MOST


def test_a_whole_file_of_the_right_run_is_read_whoever_made_it(tmp_path: Path) -> None:
    """Or the tests above would hold of any file."""
    kept = Checkpoints(tmp_path, IDENTITY)
    named_by_hash(kept, saying(format=FORMAT, identity=kept.identity, facts={"day": 1}))
    assert_same(kept.load(), {"a": np.zeros(2)}, {"day": 1})


def test_what_does_not_fit_into_memory_is_not_read(
    kept: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the one before: it would be taken for a loss."""
    size = files(kept)[1].stat().st_size
    monkeypatch.setattr(checkpoints, "host_bytes", lambda: 3 * size - 1)
    with pytest.raises(ValueError, match=r"takes 0.0 GB of memory, and 0.0 GB are free; free some"):
        kept.load()
    assert len(files(kept)) == 2
    for left in (3 * size, None):
        monkeypatch.setattr(checkpoints, "host_bytes", lambda left=left: left)
        assert_same(kept.load(), ARRAYS, FACTS)


def test_a_file_of_nothing_but_size_is_refused_soon(tmp_path: Path, harmless: Checkpoints) -> None:
    """A terabyte that takes no room on the disk, and says of itself what is true."""
    kept = Checkpoints(tmp_path, IDENTITY)
    path = tmp_path / f"checkpoint-000001-{'0' * 64}.safetensors"
    header = with_header({"__metadata__": {TEXT: "{}"}, "a": entry("F64", [1 << 37], 0, 1 << 40)})
    path.write_bytes(header)
    os.truncate(path, len(header) + (1 << 40))

    def refuse() -> None:
        with pytest.raises(ValueError, match=r"takes 3298\.5 GB of memory"):
            kept.load()

    assert effort.ratio(refuse, harmless.load, MOST) < MOST


def test_what_there_is_no_memory_for_is_not_saved(
    kept: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(array.nbytes for array in ARRAYS.values())
    before = files(kept)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "host_bytes", lambda: 3 * size - 1)
        with pytest.raises(MemoryError, match="a checkpoint takes"):
            kept.save(ARRAYS, {"day": 4})
        assert files(kept) == before
        patch.setattr(checkpoints, "host_bytes", lambda: 3 * size)
        kept.save(ARRAYS, {"day": 4})
    assert files(kept)[0] == before[1]


def place_link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def place_pipe(path: Path, target: Path) -> None:
    os.mkfifo(path)


def place_folder(path: Path, target: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("place", [place_link, place_pipe, place_folder])
def test_a_checkpoint_that_is_no_file_is_not_read(
    kept: Checkpoints, tmp_path: Path, place: Callable[[Path, Path], None]
) -> None:
    newest = files(kept)[1]
    newest.rename(tmp_path / "elsewhere")
    place(newest, tmp_path / "elsewhere")
    saved = kept.load()
    assert saved is not None
    assert saved.facts == {"day": 2}


def test_a_save_that_fails_leaves_the_ones_before(
    kept: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [(path.name, path.read_bytes()) for path in files(kept)]

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            kept.save(ARRAYS, {"day": 4})
    assert [(path.name, path.read_bytes()) for path in files(kept)] == before
    kept.save(ARRAYS, {"day": 4})
    assert_same(kept.load(), ARRAYS, {"day": 4})


def test_facts_are_numbers_and_text_alone(kept: Checkpoints) -> None:
    before = files(kept)
    with pytest.raises(ValueError, match="JSON compliant"):
        kept.save(ARRAYS, {"day": float("nan")})
    assert files(kept) == before


def test_arrays_are_saved_as_they_lie(tmp_path: Path) -> None:
    """A view with gaps or of other byte order is saved by its values."""
    kept = Checkpoints(tmp_path, IDENTITY)
    odd = {"gaps": np.arange(10)[::2], "columns": np.arange(6).reshape(2, 3).T}
    kept.save(odd, {})
    assert_same(kept.load(), odd, {})
