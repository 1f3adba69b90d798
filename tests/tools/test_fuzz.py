"""The fuzzer feeds every reader, and tells what crashes one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments.storage import manifest

HERE = Path(__file__).parent

from fuzz import READERS, Reader, fuzz  # noqa: E402 - it lies beside this file


def test_every_reader_is_fed_and_none_crashes(tmp_path):
    command = [sys.executable, str(HERE / "fuzz.py"), "--seconds", "4", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    readers = pd.read_csv(tmp_path / "fuzzing" / "readers.csv")
    assert readers["reader"].tolist() == [one.name for one in READERS]
    assert (readers["inputs"] > 0).all()
    record = manifest.read(tmp_path / "fuzzing")
    assert record["wall_seconds"] > 0.9 * readers["seconds"].sum() > 1.0
    assert len(pd.read_csv(tmp_path / "fuzzing" / "codebook.csv")) == len(readers.columns) + 4
    assert (readers["accepted"] + readers["refused"] == readers["inputs"]).all()


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_reader_reads_the_files_that_it_begins_with(tmp_path, reader):
    whole = 0
    for number, data in enumerate(reader.seeds()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / reader.file
        path.write_bytes(data)
        try:
            reader.read(path)
            whole += 1
        except ValueError as error:
            assert "no edge in it" in str(error)  # noqa: PT017 - some files hold nothing
    assert whole


def _fails(path):
    raise KeyError(path.name)


def _is_killed(path):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("read", "told"), [(_fails, "KeyError"), (_is_killed, "ended with -9")])
def test_a_crash_is_counted_and_its_input_kept(tmp_path, capfd, read, told):
    reader = Reader("odd", lambda: [b"seed"], (b"word",), "a.bin", read)
    tally = fuzz([reader], 0.01, 3, tmp_path)["odd"]
    assert tally.crashes >= 1
    assert tally.accepted == tally.refused == 0
    kept = [path for path in tmp_path.iterdir() if path.suffix == ".txt"]
    assert kept
    assert all(told in path.read_text() and path.with_suffix("").is_file() for path in kept)
    assert told.split()[-1] in capfd.readouterr().err
