"""Who imports whom, read from the sources: inside functions and under TYPE_CHECKING too."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

PACKAGE = "weishang"


@dataclass(frozen=True, order=True)
class Import:
    """One import of the package's own module.

    Attributes:
        module: that imports, by its dotted name below the package.
        line: of the import.
        target: the module that is imported; for a name of a package, the package.
    """

    module: str
    line: int
    target: str


def modules(root: Path, folders: Iterable[str]) -> dict[str, Path]:
    """Source files below some folders, by dotted name; a package is its `__init__.py`."""
    found = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(sources: Mapping[str, Path]) -> list[Import]:
    """All imports between the modules.

    Args:
        sources: files by dotted name, as `modules` gives them.

    Raises:
        ValueError: an import is relative; it names the file and the line.
    """
    found = set()
    for module, path in sources.items():
        for line, name in _imported(path):
            target = _module_of(name, sources)
            if target and target != module:
                found.add(Import(module, line, target))
    return sorted(found)


def cycles(found: Iterable[Import], sources: Mapping[str, Path]) -> list[list[str]]:
    """Groups of modules that import each other, directly or not.

    Importing a module runs the `__init__.py` of the packages that it lies in first, so these count
    as imported too; not those that the importing module lies in itself, which have begun already.
    """
    graph = nx.DiGraph()
    for one in found:
        graph.add_edge(one.module, one.target)
        for package in _packages_on_the_way(one, sources):
            graph.add_edge(one.module, package)
    groups = nx.strongly_connected_components(graph)
    return sorted(sorted(group) for group in groups if len(group) > 1)


def room_of(module: str, rows: Sequence[Sequence[str]]) -> str | None:
    """The room that a module lies in; None if it lies in none.

    A room is a package or module and all below it, except what belongs to a room of its own. With
    `a.b.*`, whatever lies in a.b is a room of its own.
    """
    parts = module.split(".")
    rooms = {room for row in rows for room in row}
    for size in range(len(parts), 0, -1):
        name = ".".join(parts[:size])
        if name in rooms:
            return name
        if f"{'.'.join(parts[: size - 1])}.*" in rooms:
            return name
    return None


def faults(
    found: Iterable[Import],
    rows: Sequence[Sequence[str]],
    never: Iterable[tuple[str, str]] = (),
) -> Iterator[str]:
    """Imports that break the order of rooms.

    Args:
        found: imports.
        rows: of rooms, from top to bottom. A room may import rooms of lower rows, never those of
            its own row or of higher ones.
        never: pairs of rooms of which the first may not import the second, whatever their rows;
            what lies in them is meant too.
    """
    for one in found:
        home, other = room_of(one.module, rows), room_of(one.target, rows)
        where = f"{one.module}:{one.line} imports {one.target}"
        if home is None or other is None:
            yield f"{where}: {one.module if home is None else one.target} lies in no room"
        elif home != other and _row(home, rows) >= _row(other, rows):
            yield f"{where}: {home} may not import {other}"
        elif any(_below(home, first) and _below(other, second) for first, second in never):
            yield f"{where}: {home} never imports {other}"


def _imported(path: Path) -> Iterator[tuple[int, str]]:
    """Lines and dotted names of what a source imports of the package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}:{node.lineno}: a relative import; write the full name")
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith(f"{PACKAGE}."):
                yield node.lineno, name.removeprefix(f"{PACKAGE}.")


def _module_of(name: str, sources: Mapping[str, Path]) -> str | None:
    """The module that a dotted name is, or is defined in."""
    while name and name not in sources:
        name = name.rpartition(".")[0]
    return name or None


def _packages_on_the_way(one: Import, sources: Mapping[str, Path]) -> Iterator[str]:
    package = one.target.rpartition(".")[0]
    while package and not _below(one.module, package):
        if package in sources:
            yield package
        package = package.rpartition(".")[0]


def _row(room: str, rows: Sequence[Sequence[str]]) -> int:
    """Which row from the top."""
    for number, row in enumerate(rows):
        if room in row:
            return number
    return _row(f"{room.rpartition('.')[0]}.*", rows)


def _below(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")
