"""Machine code kept on disk: written by several processes at once, and never of other sources."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from threading import Semaphore, Thread
from typing import Any

import pytest
from numba import config
from numba.core.caching import CacheImpl, IndexDataCacheFile

from weishang.kernels.runtime.jit import KeyedFiles, jit_entry

KEYS = (("int64",), "processor"), (("float64",), "processor")
CODE = "code of integers", "code of floats"

STEPS = 3
"""Files that a save reads or writes: the index, twice, and the code."""

ORDERS = [
    [int(step in first) for step in range(2 * STEPS)]
    for first in combinations(range(2 * STEPS), STEPS)
]
"""Whose step is next, in every order that two writers can take their steps in."""


class Writer:
    """A process that saves code, held before each file that it reads or writes."""

    def __init__(self, files: type[IndexDataCacheFile], folder: Path, one: int) -> None:
        self.may_go, self.waits, self.is_done = Semaphore(0), Semaphore(0), False

        def held(name: str) -> Callable[..., Any]:
            def step(cache: IndexDataCacheFile, *told: object) -> Any:
                self.waits.release()
                self.may_go.acquire()
                return getattr(files, name)(cache, *told)

            return step

        def save() -> None:
            cache.save(KEYS[one], CODE[one])
            self.is_done = True
            self.waits.release()

        steps = {name: held(name) for name in ("_load_index", "_save_index", "_save_data")}
        cache = type("Held", (files,), steps)(str(folder), "name", "stamp")
        self.thread = Thread(target=save)
        self.thread.start()
        self.waits.acquire()

    def go_on(self) -> None:
        """Take the next step."""
        if not self.is_done:
            self.may_go.release()
            self.waits.acquire()


def both_save(files: type[IndexDataCacheFile], folder: Path, order: list[int]) -> None:
    """Two processes save code for two keys, and take their steps in this order."""
    writers = [Writer(files, folder, one) for one in range(2)]
    for one in order:
        writers[one].go_on()
    for writer in writers:
        writer.thread.join()


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_writers_at_once_never_leave_one_the_code_of_the_other(
    tmp_path: Path, order: list[int]
) -> None:
    both_save(KeyedFiles, tmp_path, order)
    kept = KeyedFiles(str(tmp_path), "name", "stamp")
    for key, code in zip(KEYS, CODE, strict=True):
        assert kept.load(key) in (code, None)
        kept.save(key, code)
    assert [kept.load(key) for key in KEYS] == list(CODE)
    assert len(list(tmp_path.iterdir())) == 1 + len(KEYS)


def test_numba_s_own_files_would_leave_it(tmp_path: Path) -> None:
    """Why the files are not Numba's; and that the orders above find it."""
    for order in ORDERS:
        folder = tmp_path / "".join(map(str, order))
        folder.mkdir()
        both_save(IndexDataCacheFile, folder, order)
        kept = IndexDataCacheFile(str(folder), "name", "stamp")
        if any(kept.load(key) == other for key, other in zip(KEYS, CODE[::-1], strict=True)):
            return
    pytest.fail("Numba bears two writers now: jit.py need not")


def test_code_that_an_older_source_left_is_not_taken(tmp_path: Path) -> None:
    """As a process would that began before the source was edited, and saves afterwards."""
    new, old = (KeyedFiles(str(tmp_path), "name", stamp) for stamp in ("new", "old"))
    new.save(KEYS[0], CODE[0])
    index = (tmp_path / "name.nbi").read_bytes()
    old.save(KEYS[0], "code of before")
    (tmp_path / "name.nbi").write_bytes(index)
    assert new.load(KEYS[0]) is None


@pytest.mark.parametrize("name", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_files_that_were_cut_short_are_written_anew(
    tmp_path: Path, name: str, share: float
) -> None:
    kept = KeyedFiles(str(tmp_path), "name", "stamp")
    kept.save(KEYS[0], CODE[0])
    (file,) = tmp_path.glob(name)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    assert kept.load(KEYS[0]) is None
    kept.save(KEYS[0], CODE[0])
    assert kept.load(KEYS[0]) == CODE[0]


def doubled(x: int) -> int:
    return 2 * x


def test_a_full_disk_keeps_no_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", full)
    assert jit_entry(doubled)(21) == 42
    assert not list(tmp_path.rglob("*.nb?"))


def test_without_a_folder_to_write_to_code_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    assert jit_entry(doubled)(21) == 42


CALLED = """
from weishang.kernels.runtime.jit import jit_internal

@jit_internal
def doubled(x):
    return {body}
"""

CALLER = """
from called import doubled
from weishang.kernels.runtime.jit import jit_entry

@jit_entry
def twice(x):
    return doubled(x)

if __name__ == "__main__":
    import sys
    from caller import twice
    print(twice(21), twice(.25), sum(twice.stats.cache_hits.values()))
"""


def run_caller(folder: Path, body: str) -> str:
    """What a process prints that calls the compiled functions."""
    (folder / "called.py").write_text(CALLED.format(body=body))
    (folder / "caller.py").write_text(CALLER)
    environment = {name: os.environ[name] for name in os.environ if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "caller.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_code_is_kept_until_what_it_calls_is_another(tmp_path: Path) -> None:
    assert run_caller(tmp_path, "x + x") == "42 0.5 0"
    assert run_caller(tmp_path, "x + x") == "42 0.5 2"
    assert run_caller(tmp_path, "x + x + 1") == "43 1.5 0"
