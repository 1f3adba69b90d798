"""What a market's run and a sweep survive: kills, a full disk, no memory. All of it, as a result.

Run as `python tests/tools/survival.py [--kills N] [--seed N] [--every K] [--out FOLDER]`: an hour
and more. It runs `kills.py`, `failing_disk.py` and `failing_memory.py` one after the other, and
saves `survival` in the folder of results. Lines that one of these printed before, in files, can be
given instead. It ends with 1 if there was a fault.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from weishang.experiments.storage.codebook import Entry, add_codebook
from weishang.experiments.storage.report import Report

HERE = Path(__file__).parent
INJURIES: dict[str, Entry] = {
    "command": (
        "name",
        "what was hurt; `tasks`: two of an array, whose markets all save",
    ),
    "injury": ("name", "what was done"),
    "start": ("name", "fork: of a process that has imported all; process: a program of its own"),
    "places": ("number", "calls of a start at which it can be done; none where moments are random"),
    "times": ("number", "how often it was done"),
    "inside": (
        "number",
        "of these, how often a file was being written, or a half one lay there afterwards",
    ),
    "ends": ("codes", "exit codes of starts that were hurt, or the signals that ended them"),
    "finished": ("number", "how often the command was brought to its end then"),
    "equal": ("number", "how often every file was what it is in peace, with nothing beside it"),
    "faults": ("number", "what should not have been"),
}
MESSAGES: dict[str, Entry] = {
    "command": ("name", "see survival"),
    "injury": ("name", "see survival"),
    "line": (
        "text",
        "what a command said on stderr, or what was being written when it was killed",
    ),
    "times": ("number", "how often"),
}
FAULTS_TOLD = 20
NOTES = (
    "Exit code 0 after a failing call: the call was one that is done again or not needed, and the "
    "results were equal at once. SIGSEGV and SIGABRT are libraries that end the process where they "
    "find no memory; results were whole and the command went on then too."
)


def main() -> None:
    """Gather rows, save them, and say whether there was a fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", type=Path, help="lines that were printed before")
    parser.add_argument("--kills", type=int, default=100, help="of each command")
    parser.add_argument("--seed", type=int, default=2026, help="of the moments of kills")
    parser.add_argument("--every", type=int, default=1, help="from one failing call to the next")
    parser.add_argument("--out", type=Path, help="folder of results")
    given = parser.parse_args()
    if given.out is None:
        found = _found(given)
    else:
        # Open before anything is measured, so that the manifest has the time that this takes.
        with Report("survival", given.out, title="What runs survive", inputs=given.rows) as report:
            found = _found(given)
            parameters = {"kills": given.kills, "seed": given.seed, "every": given.every}
            report.parameters = {} if given.rows else parameters
            save(report, found)
    faults = [fault for row in found for fault in row["faults"]]
    print(f"{sum(row['times'] for row in found):,} injuries, {len(faults)} faults")
    print("\n".join(faults[:FAULTS_TOLD]))
    sys.exit(1 if faults else 0)


def measured(kills: int, seed: int, every: int) -> Iterator[dict[str, Any]]:
    """Run the three programs; their rows.

    Raises:
        CalledProcessError: one of them failed.
    """
    for words in (
        ["kills.py", "--kills", str(kills), "--seed", str(seed)],
        ["failing_disk.py", "--every", str(every)],
        ["failing_memory.py", "--every", str(every)],
    ):
        command = [sys.executable, str(HERE / words[0]), *words[1:]]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        for row in parsed(done.stdout.splitlines()):
            print(row["command"], row["injury"], row["times"], row["ends"], flush=True)
            yield row


def parsed(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Rows from lines of JSON; other lines are none."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def save(report: Report, found: Sequence[dict[str, Any]]) -> None:
    """Save rows as the tables of the result `survival`."""
    report.table("survival", _table(found), "Injuries", NOTES)
    report.table("messages", _messages(found), "What was said", "Paths and numbers are a star.")
    add_codebook(report, {"survival": INJURIES, "messages": MESSAGES})


def _found(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows from the files that are given, or measured now."""
    if given.rows:
        return [row for path in given.rows for row in parsed(path.read_text().splitlines())]
    return list(measured(given.kills, given.seed, given.every))


def _table(found: Sequence[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(found, columns=list(INJURIES))
    return frame.assign(
        places=frame["places"].astype("Int64"), faults=[len(each) for each in frame["faults"]]
    )


def _messages(found: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """How often each line was said under each injury; of kills, which files were being written."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in found:
        for line, times in row["lines"].items():
            counts[row["command"], row["injury"], line] += times
    rows = [(*key, times) for key, times in counts.items()]
    return pd.DataFrame(rows, columns=list(MESSAGES))


if __name__ == "__main__":
    main()
