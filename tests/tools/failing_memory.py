"""Memory that runs out at the nth allocation: for each n of a short run.

Run as `python tests/tools/failing_memory.py [--every K] [COMMAND ..]`; it prints a line of
JSON for each command and way to fail. Allocations of 64 KB and more are counted, of whatever
library, by one that is compiled with gcc and put before the system's (failing_memory.c). Some
libraries end the process where they find no memory; results are to be whole then too, and the
command is to go on.
"""

import ctypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import injuries
from injuries import Tally

SOURCE = Path(__file__).with_suffix(".c")
MODES = {"no memory from the nth allocation on": 0, "nth allocation fails": 1}
ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Arrow's own pool takes memory from the system in pieces of its own; this one does not."""


def rows(
    shim: ctypes.CDLL, box: Path, every: int, commands: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Hurt each command in each way at the nth allocation; what came of it.

    Args:
        shim: the library.
        box: an empty folder.
        every: from one n to the next; 1 for all.
        commands: which of `injuries.COMMANDS`.
    """
    for patient in injuries.patients(box, commands):
        shim.fail_at(0, 0)
        patient.again(shim.arm)
        calls = shim.calls()
        for mode, number in MODES.items():
            tally = Tally()
            for nth in range(1, calls + 1, every):
                shim.fail_at(nth, number)
                what = f"{mode}, {nth} of {calls}"
                injuries.hurt(patient, shim.arm, tally, what, aborts=True)
            yield tally.row(patient, mode, calls)


if __name__ == "__main__":
    injuries.main(SOURCE, rows, ENVIRONMENT)
