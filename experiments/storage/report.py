"""A result's folder: data, tables, figures and where they come from, moved into place whole."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
from pyarrow import parquet as pq

from weishang.experiments.storage import atomic, behaviour, manifest, tables
from weishang.experiments.storage.partitions import Part, merge

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Report"]

CODEBOOK = "codebook"
"""The table that tells of the columns of all others, so it is the last."""


class Report:
    """Collect an experiment's files; they appear in `out/name/` together when the block ends well.

    The folder gets `NAME.csv` (tables), `NAME.parquet` (data), `table.md` (all tables, rounded),
    `NAME.pdf` and `NAME.png` (figures) and `manifest.json`. When the block raises, or the run is
    stopped, the results that were there before stay as they were. When the block has ended, all
    is on the disk.

    Example:
        >>> def draw(levels):
        ...     figure, axes = figure_style.canvas()
        ...     axes.plot(levels["level"], levels["reach"])
        ...     axes.set(xlabel="level", ylabel="people reached")
        ...     return figure
        >>> with Report("reach", out, title="Reach by level", seed=2026) as report:
        ...     report.graph_hash = graph.fingerprint()
        ...     report.parameters = {"users": graph.num_nodes}
        ...     report.table("levels", frame, "Reach", "Means over campaigns.")
        ...     report.figure("reach", draw, "levels")
    """

    def __init__(
        self,
        name: str,
        out: Path,
        *,
        title: str,
        parameters: Any = None,
        seed: int | None = None,
        graph_hash: str | None = None,
        inputs: Iterable[Path] = (),
        command: str | None = None,
        device: str = "cpu",
        threads: int | None = None,
        fingerprint: bool = True,
    ) -> None:
        """Describe the run; nothing is written before the block begins.

        Args:
            name: of the folder in `out`.
            out: the folder of results.
            title: heading of table.md.
            parameters: a mapping or dataclass of numbers, texts and lists: all that decides
                the result besides seed, graph, inputs and code; may be assigned later, so that
                the wall time can be that of all the work.
            seed: the replicate's seed.
            graph_hash: `Graph.fingerprint()`; may be assigned later.
            inputs: files that are read.
            command: what was typed; None takes this process's own.
            device: what computed, "cpu" or a GPU's name.
            threads: None means every core that the process may use.
            fingerprint: whether the manifest says what today's code does, where there is a graph:
                results that are kept with the code are compared with it.
        """
        self.name = name
        self.graph_hash = graph_hash
        self._out = Path(out)
        self._title = title
        self.parameters = None if parameters is None else manifest.plain(parameters)
        self._seed = seed
        self._inputs = list(inputs)
        self._command = manifest.command_line() if command is None else command
        self._device = device
        self._threads = threads
        self._fingerprint = fingerprint
        self._sections: list[str] = []
        self._drawn_from: dict[str, list[str]] = {}
        self._columns: dict[str, list[str]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._started = datetime.now(UTC)
        self._clock = time.perf_counter()
        target = self._out / self.name
        atomic.refuse_links(self._out, target)
        self._folder = self._stack.enter_context(atomic.staged_folder(target))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._write_page()
            manifest.write(self._folder, self._record(), self._drawn_from)

    def table(self, name: str, frame: pd.DataFrame, title: str, notes: str = "") -> None:
        """Save a table as `name.csv`, exact, and add it to table.md, rounded.

        Args:
            name: of the file.
            frame: a row a line; the index is not saved.
            title: heading in table.md.
            notes: what a reader must know: estimands, intervals, units.
        """
        tables.write(frame, self._new_rows(name, ".csv"))
        self._columns[name] = list(frame.columns)
        parts = [f"## {title}\n", tables.markdown(frame), f"{notes}\n" if notes else ""]
        self._sections.append("\n".join(part for part in parts if part))

    def data(self, name: str, frame: pd.DataFrame) -> None:
        """Save rows that are too many for a table as `name.parquet`."""
        # Not by the path: Arrow's own file is closed twice where the disk is full.
        with self._new_rows(name, ".parquet").open("wb") as stream:
            frame.to_parquet(stream, index=False, compression="zstd")
        self._columns[name] = list(frame.columns)

    def rows(self, name: str, parts: Sequence[Part]) -> None:
        """Save the rows of parts, by number, as `name.parquet`; they are never all in memory.

        Raises:
            ValueError: see `parts.merge`; a part is damaged, or of another table or other columns.
        """
        path = self._new_rows(name, ".parquet")
        merge(parts, path)
        self._columns[name] = pq.read_schema(path).names

    def codebook(self, frame: pd.DataFrame) -> None:
        """Save what each column means; all tables and data come before."""
        self.table(CODEBOOK, frame, "Codebook", "Every column of every file here.")

    def columns(self) -> dict[str, list[str]]:
        """Names of the columns of each table and data so far, in the order of saving."""
        return {name: list(columns) for name, columns in self._columns.items()}

    def saved(self, name: str) -> pd.DataFrame:
        """Read back a table or data of this report.

        Raises:
            ValueError: nothing of that name was saved.
        """
        return _load(self._saved_path(name))

    def figure(self, name: str, draw: "Callable[..., Figure]", *sources: str) -> None:
        """Draw from saved files alone, so that a figure can be drawn again without a run.

        Args:
            name: of the PDF and PNG.
            draw: takes one frame a source, in the house style, and returns the figure.
            sources: names of tables or data of this report.

        Raises:
            ValueError: a source was not saved, or an axis has no label.
        """
        # Most runs draw nothing, and need not wait for Matplotlib.
        from weishang.experiments.storage import figure_style

        paths = [self._saved_path(source) for source in sources]
        self._new(f"{name}.pdf")
        with figure_style.styled():
            made = figure_style.save(draw(*map(_load, paths)), self._folder / name)
        for path in made:
            self._drawn_from[path.name] = [source.name for source in paths]

    def _new_rows(self, name: str, suffix: str) -> Path:
        if name in self._columns:
            raise ValueError(f"{name} is in the report {self.name} already; give another name")
        if CODEBOOK in self._columns:
            raise ValueError(
                f"{name} comes after the codebook of the report {self.name}, which would not tell "
                "of it; save it before"
            )
        return self._new(f"{name}{suffix}")

    def _new(self, name: str) -> Path:
        path = self._folder / name
        if path.exists():
            raise ValueError(f"{name} is in the report {self.name} already; give another name")
        return path

    def _saved_path(self, name: str) -> Path:
        for suffix in (".csv", ".parquet"):
            path = self._folder / f"{name}{suffix}"
            if path.exists():
                return path
        raise ValueError(f"nothing is saved as {name!r} in the report {self.name}; save it first")

    def _write_page(self) -> None:
        text = "\n".join([f"# {self._title}\n", *self._sections])
        (self._folder / "table.md").write_text(text, encoding="utf-8")

    def _record(self) -> dict[str, Any]:
        if self.parameters is None:
            raise ValueError(f"the report {self.name} has no parameters; give them, {{}} if none")
        return {
            "experiment": self.name,
            "command": self._command,
            "parameters": manifest.plain(self.parameters),
            "parameters_sha256": manifest.parameters_digest(self.parameters),
            "seed": self._seed,
            "graph_sha256": self.graph_hash,
            "behaviour": behaviour.fingerprint() if self._fingerprint and self.graph_hash else None,
            **manifest.environment(self._device, self._threads),
            "started": self._started.isoformat(timespec="seconds"),
            "wall_seconds": round(time.perf_counter() - self._clock, 3),
            "inputs": manifest.input_records(self._inputs),
        }


def _load(path: Path) -> pd.DataFrame:
    return tables.read(path) if path.suffix == ".csv" else pd.read_parquet(path)
