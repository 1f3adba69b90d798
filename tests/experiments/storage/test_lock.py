import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from weishang.experiments.storage import lock
from weishang.experiments.storage.lock import Lock

BUSY = "another process runs this; wait"
HOLD = (
    "import sys, time; from pathlib import Path\n"
    "from weishang.experiments.storage import lock\n"
    "claim = lock.claim(Path(sys.argv[1]), 'busy')\n"
    "print('ready', flush=True); time.sleep(600)\n"
)


@pytest.fixture
def no_locks(monkeypatch):
    """A file system without locks."""

    def refuse(descriptor, operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)


class TestExclusive:
    def test_processes_take_turns(self, tmp_path):
        counter = tmp_path / "counter"
        counter.write_text("0")

        def add(_: int) -> None:
            with lock.exclusive(tmp_path):
                value = int(counter.read_text())
                time.sleep(0.001)
                counter.write_text(str(value + 1))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(40)))
        assert counter.read_text() == "40"

    def test_it_leaves_nothing_open(self, tmp_path):
        before = os.listdir("/proc/self/fd")
        with lock.exclusive(tmp_path):
            assert len(os.listdir("/proc/self/fd")) == len(before) + 1
        assert os.listdir("/proc/self/fd") == before

    @pytest.mark.usefixtures("no_locks")
    def test_a_file_system_without_locks_is_used_without(self, tmp_path):
        with lock.exclusive(tmp_path), lock.exclusive(tmp_path):
            pass


class TestLock:
    def test_a_second_one_is_refused_and_closes_its_file(self, tmp_path):
        with Lock(os.open(tmp_path, os.O_RDONLY)) as first:
            assert first.held
            second = os.open(tmp_path, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                Lock(second)
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(second)
        assert not first.held
        with Lock(os.open(tmp_path, os.O_RDONLY)):
            pass

    @pytest.mark.usefixtures("no_locks")
    def test_a_file_system_without_locks_holds_nothing(self, tmp_path):
        with Lock(os.open(tmp_path, os.O_RDONLY)) as mine:
            assert not mine.held


class TestClaim:
    def test_a_second_one_is_refused_until_the_first_ends(self, tmp_path):
        with lock.claim(tmp_path, BUSY):
            for _ in range(2):
                with pytest.raises(ValueError, match=f"{tmp_path}: {BUSY}"):
                    lock.claim(tmp_path, BUSY)
        assert list(tmp_path.iterdir()) == []
        lock.claim(tmp_path, BUSY).release()

    def test_names_in_a_claimed_folder_may_change(self, tmp_path):
        with lock.claim(tmp_path, BUSY), lock.exclusive(tmp_path):
            pass

    def test_a_second_release_leaves_the_next_claim_alone(self, tmp_path):
        first = lock.claim(tmp_path, BUSY)
        first.release()
        with lock.claim(tmp_path, BUSY):
            first.release()
            with pytest.raises(ValueError, match=BUSY):
                lock.claim(tmp_path, BUSY)

    @pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
    def test_it_ends_with_its_process(self, tmp_path, end):
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with pytest.raises(ValueError, match=BUSY):
            lock.claim(tmp_path, BUSY)
        child.send_signal(end)
        child.wait()
        assert (tmp_path / lock.NAME).exists()
        with lock.claim(tmp_path, BUSY):
            pass
        assert not (tmp_path / lock.NAME).exists()

    def test_a_file_that_its_holder_removed_is_not_taken_for_the_folders(
        self, tmp_path, monkeypatch
    ):
        """The holder lets go between this process's opening the file and locking it."""
        opened, calls = lock._open_file, []

        def slow(folder):
            descriptor = opened(folder)
            calls.append(folder)
            if len(calls) == 1:
                (folder / lock.NAME).unlink()
            return descriptor

        monkeypatch.setattr(lock, "_open_file", slow)
        with lock.claim(tmp_path, BUSY):
            assert len(calls) == 2
            with pytest.raises(ValueError, match=BUSY):
                lock.claim(tmp_path, BUSY)

    def test_links_are_refused(self, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "linked").symlink_to("elsewhere")
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / lock.NAME).symlink_to(tmp_path / "elsewhere" / "file")
        for folder, link in ((tmp_path / "linked", "linked"), (tmp_path / "own", r"\.lock")):
            with pytest.raises(ValueError, match=f"{link}: is a link"):
                lock.claim(folder, BUSY)
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_a_missing_folder_is_not_made(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            lock.claim(tmp_path / "gone", BUSY)

    @pytest.mark.usefixtures("no_locks")
    def test_a_file_system_without_locks_is_used_without(self, tmp_path):
        with lock.claim(tmp_path, BUSY), lock.claim(tmp_path, BUSY):
            pass
