"""The `weishang` command: its list of commands. The module of one is imported when it is called."""

import importlib
import sys
from collections import UserDict
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from weishang.experiments.command import application, finish, importing, logged
from weishang.experiments.signals import requeue_on_signals

COMMANDS = {
    "reproduce": ("reproduce", "Rebuild the reported tables and judge every figure in them."),
    "run": (
        "run",
        "Run a scenario file's market and save its days and campaigns; go on where one stopped.",
    ),
    "sweep": ("sweep", "Run a sweep file: settings times worlds times policies."),
    "progress": ("sweep_progress", "Tell how far a sweep is."),
    "gather": ("gather", "Check and merge the parts of a sweep."),
    "replicates": ("replicates", "Tell how many worlds a question takes, from a pilot sweep."),
    "verify": (
        "verify",
        "Hash every file of results again, and tell which is not what was written.",
    ),
    "estimate": ("estimate", "Tell what memory a run takes, and whether it fits or what would."),
    "bench": ("bench", "Compare speed and memory with other programs, results checked first."),
    "doctor": (
        "doctor",
        "Tell what runs here; with --gpu, hold a device to the reference and measure it.",
    ),
}
"""By name, the module that holds the function of this name, and the first line about it."""
RESUMED = ("run", "sweep")
"""Commands that go on where they were stopped."""


def function(name: str) -> Callable[..., None]:
    """The function that is a command; its module is imported now.

    Raises:
        KeyError: there is no such command.
    """
    with importing():
        module = importlib.import_module(f"weishang.experiments.{COMMANDS[name][0]}")
    return getattr(module, name)


class _Loaded(UserDict[str, Any]):
    """Commands by name, each made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        if name in RESUMED:
            # Importing takes seconds, and a job may be preempted in them.
            requeue_on_signals()
        app = application()
        app.command(name)(logged(function(name)))
        return typer.main.get_command(app)


class _Commands(TyperGroup):
    """A group that lists its commands without importing them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Loaded(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of the table."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names and their lines, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


app = application(_Commands)


@app.callback()
def weishang() -> None:
    """A laboratory for social commerce: agents decide, exact cascades spread what they share."""


def main() -> None:
    """Run the command line and exit; without a word, show the help."""
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    finish(app)


if __name__ == "__main__":
    main()
