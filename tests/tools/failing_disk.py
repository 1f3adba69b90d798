"""A disk that is full from the nth call on, fails once, or writes half: for each n of a short run.

Run as `python tests/tools/failing_disk.py [--every K] [COMMAND ..]`; it prints a line of
JSON for each command and way to fail. Writes, syncs, closes of what was written, new files and
folders, renames and truncations below the folder of results are counted, by a library that is
compiled with gcc and put before the system's (failing_disk.c).
"""

import ctypes
import functools
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import injuries
import preloaded
import trials
from injuries import Patient, Tally

SOURCE = Path(__file__).with_suffix(".c")
FULL, FAILS, SHORT = "disk full from the nth call on", "nth call fails", "nth write is short"
MODES = {FULL: 0, FAILS: 1, SHORT: 2}
OF_PROCESSES = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233)
"""Calls that fail, in each process of a sweep with workers."""


def rows(
    shim: ctypes.CDLL, box: Path, every: int, commands: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Hurt each command in each way at the nth call; what came of it.

    Args:
        shim: the library.
        box: an empty folder.
        every: from one n to the next; 1 for all.
        commands: which of `injuries.COMMANDS`.
    """
    for patient in injuries.patients(box, commands):
        shim.watch(os.fsencode(patient.out))
        shim.fail_at(0, 0)
        patient.again(shim.arm)
        calls = shim.calls()
        for mode, number in MODES.items():
            tally = Tally()
            for nth in range(1, calls + 1, every):
                shim.fail_at(nth, number)
                injuries.hurt(patient, shim.arm, tally, f"{mode}, {nth} of {calls}")
            yield tally.row(patient, mode, calls)
    if injuries.WORKERS in commands:
        yield _workers(box)


def _workers(box: Path) -> dict[str, Any]:
    """The same of a sweep and its workers: the nth call of any of these processes, and all after.

    The sweep is begun; so what fails first is its workers.
    """
    base = shutil.copytree(box / injuries.OLDER, box / "begun")
    trials.finish(trials.tasks(box, points=1).steps(base)[:1], box / "stderr")
    patient = Patient.of(trials.sweep(box, points=1, workers=2), base, box, fresh=True)
    tally = Tally()
    for nth in OF_PROCESSES:
        arm = functools.partial(_arm_programs, patient.out, nth)
        injuries.hurt(patient, arm, tally, f"{FULL}, {nth} of each process")
    return tally.row(patient, FULL, None)


def _arm_programs(folder: Path, nth: int) -> None:
    """Let the programs that this process becomes and starts begin with the library, armed."""
    os.environ["LD_PRELOAD"] = os.environ[preloaded.VARIABLE]
    os.environ["FAILING_FOLDER"] = str(folder)
    os.environ["FAILING_CALL"] = str(nth)
    os.environ["FAILING_MODE"] = str(MODES[FULL])


if __name__ == "__main__":
    injuries.main(SOURCE, rows)
