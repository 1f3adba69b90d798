"""What all studies do: open a report before any work, and record people and parameters in it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from weishang.experiments.analysis import verdicts
from weishang.experiments.storage.report import Report
from weishang.model.scenario import Scenario
from weishang.model.society.society import Society


@contextmanager
def study(
    name: str,
    out: Path,
    title: str,
    seed: int,
    inputs: Iterable[Path | None],
    *,
    judges: bool = False,
) -> Iterator[Report]:
    """The report of a study.

    Args:
        name: of the study and its folder.
        out: folder of results.
        title: heading of its page.
        seed: of the study.
        inputs: files that it reads; None stands for one that was not given.
        judges: whether it writes verdicts; a broken table of them is refused before any work.
    """
    if judges:
        verdicts.check(out)
    read = [path for path in inputs if path is not None]
    with Report(name, out, title=title, seed=seed, inputs=read) as report:
        yield report


def record(report: Report, people: Society, scenario: Scenario, sizes: Mapping[str, int]) -> None:
    """Note in the manifest on whom, and with which parameters, a study ran."""
    report.graph_hash = people.graph.fingerprint()
    report.parameters = {**scenario.values(), **sizes}
