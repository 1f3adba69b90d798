"""The `weishang` command: its list of commands. The module of one is imported when it is called."""

import importlib
import sys
from collections import UserDict
from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from weishang.experiments.console.command import application, finish, logged
from weishang.experiments.console.signals import requeue_on_signals

COMMANDS = {
    "reproduce": (
        "studies.reproduce",
        "Rebuild the reported tables and judge every figure in them.",
    ),
    "run": (
        "simulate.run",
        "Run a scenario file's market and save its days and campaigns; resumes a stopped run.",
    ),
    "sweep": ("sweep.execute.sweep", "Run a sweep file: settings times replicates times policies."),
    "progress": ("sweep.results.progress", "Show how far a sweep has come."),
    "gather": ("sweep.results.gather", "Check and merge the parts of a sweep."),
    "replicates": (
        "sweep.results.replicates",
        "Estimate how many replicates a question needs, from a pilot sweep.",
    ),
    "verify": (
        "diagnostics.verify",
        "Hash every file of results again, and name those that are not what was written.",
    ),
    "estimate": (
        "diagnostics.estimate",
        "Report what memory a run takes, and whether it fits or what would.",
    ),
    "bench": (
        "bench.bench",
        "Compare speed and memory with other programs, results checked first.",
    ),
    "doctor": (
        "diagnostics.doctor",
        "Report what runs here; with --gpu, check a device against the reference and measure it.",
    ),
}
"""By name: the module that has the function of this name, and the first line of its help."""
STUDIES = {
    "reach": (
        "studies.reach.reach",
        "Reach and conversion by level, from behaviour (tables 1 and 2).",
    ),
    "nulls": ("studies.nulls", "What null models give for the table of reach, beside the model."),
    "channels": (
        "studies.channels.channels",
        "Conversion, order value and reach by channel (table 1, and table 2 with all layers).",
    ),
    "tools": (
        "studies.paired.tools",
        "What each tool does by itself, and what each mechanism adds to the market.",
    ),
    "livestream": (
        "studies.livestream.livestream",
        "Livestreams: who comes, when, and how many of them buy.",
    ),
    "policies": (
        "studies.paired.policies",
        "What the platform's rules do, one changed at a time in the very same replicates.",
    ),
    "audit": ("studies.audit.audit", "Compare the article's figures with each other."),
    "market-speed": (
        "bench.market.market_speed",
        "Time simulated days of a market, and profile them.",
    ),
    "sweep-speed": (
        "bench.market.sweep_speed",
        "Time a sweep of small runs against their simulation, with one worker and with two.",
    ),
    "scenario-file": ("scenario.scenario_file", "Print the complete default scenario."),
    "page-blocks": (
        "studies.page_blocks",
        "Refresh the tables of README.md and docs/ from the parameters and the results.",
    ),
}
"""The same for studies: each makes one claim and writes one folder of results."""
EVERY = COMMANDS | STUDIES
RESUMED = ("run", "sweep")
"""Commands that resume where they were stopped."""


def function(name: str) -> Callable[..., None]:
    """The function that is a command; its module is imported now.

    Raises:
        KeyError: there is no such command.
    """
    module = importlib.import_module(f"weishang.experiments.{EVERY[name][0]}")
    return getattr(module, name.replace("-", "_"))


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
    """A group that lists its commands without importing their modules."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Loaded(EVERY)

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of the table."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names and their lines, from the table."""
        for title, group in (("Commands", COMMANDS), ("Studies", STUDIES)):
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, line) in group.items()])


app = application(_Commands)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"weishang {metadata.version('weishang')}")
        raise typer.Exit


@app.callback()
def weishang(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """A laboratory for social commerce: agents decide, exact cascades spread what they share."""


def main() -> None:
    """Run the command line and exit; without arguments, show the help."""
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    finish(app)


if __name__ == "__main__":
    main()
