"""The order of rooms: who may import whom, no cycles, and no folder that is too full.

The table below is the order; docs/design.md draws it. An import inside a function or under
TYPE_CHECKING counts as any other: what it points at has to be known to who reads the module.
"""

from collections import Counter
from pathlib import Path

import import_graph
import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("experiments", "model", "kernels")
MOST_MODULES = 15

ROWS = (
    ("experiments",),
    ("experiments.studies", "experiments.diagnostics", "experiments.bench.market"),
    ("experiments.bench", "experiments.diagnostics.gpu"),
    ("experiments.bench.common", "experiments.bench.contenders"),
    ("experiments.sweep.execute",),
    ("experiments.sweep.results",),
    ("experiments.sweep.store",),
    ("experiments.sweep.spec",),
    ("experiments.studies.audit", "experiments.studies.channels", "experiments.studies.livestream"),
    ("experiments.studies.paired", "experiments.studies.reach"),
    ("experiments.studies.common",),
    ("experiments.analysis",),
    ("experiments.simulate",),
    ("experiments.scenario",),
    ("experiments.storage",),
    ("experiments.console", "experiments.readers"),
    ("model",),
    ("model.market",),
    ("model.agents", "model.scenario"),
    ("model.mechanisms",),
    ("model.sellers", "model.mechanisms.*"),
    ("model.mechanisms.mechanism",),
    ("model.society",),
    ("model.core",),
    ("kernels",),
    ("kernels.cascade",),
    ("kernels.cascade.resources",),
    ("kernels.cascade.triton",),
    ("kernels.cascade.triton.kernels", "kernels.cascade.numba"),
    ("kernels.cascade.torch", "kernels.cascade.numba.multilayer"),
    ("kernels.cascade.numba.graph_only",),
    ("kernels.cascade.numba.common",),
    ("kernels.cascade.core",),
    ("kernels.graph",),
    ("kernels.io", "kernels.rng", "kernels.runtime"),
)
"""From top to bottom: a room imports those of lower rows, never its neighbours or those above.

A room is a folder (or module) and all below it, but for what has a room of its own; with `.*`,
whatever lies in the folder is a room of its own, so no mechanism imports another.
"""
NEVER = (
    ("kernels.cascade.numba", "kernels.cascade.torch"),
    ("kernels.cascade.torch", "kernels.cascade.numba"),
    ("kernels.cascade.triton", "kernels.cascade.numba"),
)
"""Backends that know nothing of each other; triton alone takes its tables from torch."""


@pytest.fixture(scope="module")
def sources() -> dict[str, Path]:
    return import_graph.modules(ROOT, FOLDERS)


@pytest.fixture(scope="module")
def imports(sources) -> list[import_graph.Import]:
    return import_graph.imports(sources)


def test_imports_point_down(imports):
    assert list(import_graph.faults(imports, ROWS, NEVER)) == []


def test_no_modules_import_each_other(imports, sources):
    assert import_graph.cycles(imports, sources) == []


def test_every_room_is_there(sources):
    rooms = [room for row in ROWS for room in row]
    assert len(set(rooms)) == len(rooms)
    used = {import_graph.room_of(module, ROWS) for module in sources}
    assert [room for room in rooms if room not in used and not room.endswith(".*")] == []


def test_no_folder_is_too_full(sources):
    counts = Counter(path.parent for path in sources.values() if path.stem != "__init__")
    assert {str(folder): n for folder, n in counts.items() if n > MOST_MODULES} == {}


TREE = {
    "top/__init__.py": "",
    "top/a.py": "from weishang.low.b import B\nimport weishang.low.c as c\n",
    "top/parts/one/__init__.py": "",
    "top/parts/two/__init__.py": "from weishang.low import b\n",
    "low/__init__.py": "",
    "low/b.py": "class B:\n    pass\n",
    "low/c.py": "from weishang.low.b import B\n",
}
ORDER = (("top",), ("top.parts.*",), ("low",))


def checked(root: Path, files: dict[str, str]) -> tuple[list[str], list[list[str]]]:
    """Faults of order and cycles of a small tree."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sources = import_graph.modules(root, ("top", "low"))
    found = import_graph.imports(sources)
    return list(import_graph.faults(found, ORDER)), import_graph.cycles(found, sources)


def test_a_tree_in_order_has_no_fault(tmp_path):
    assert checked(tmp_path, TREE) == ([], [])


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        ("low/d.py", "from weishang.top.a import c\n", "low.d:1 imports top.a: low may not import"),
        ("low/d.py", "import weishang.top.a\n", "low.d:1 imports top.a: low may not import top"),
        ("low/d.py", "from weishang import top\n", "low.d:1 imports top: low may not import top"),
        (
            "low/d.py",
            "import typing as t\nif t.TYPE_CHECKING:\n    from weishang.top.a import c\n",
            "low.d:3 imports top.a: low may not import top",
        ),
        (
            "low/d.py",
            "def late():\n    from weishang.top import a\n    return a\n",
            "low.d:2 imports top.a: low may not import top",
        ),
        (
            "top/parts/two/d.py",
            "from weishang.top.parts import one\n",
            "top.parts.two.d:1 imports top.parts.one: top.parts.two may not import top.parts.one",
        ),
    ],
    ids=["turned", "whole module", "package", "TYPE_CHECKING", "in a function", "neighbour"],
)
def test_an_arrow_that_is_turned_round_is_a_fault(tmp_path, module, text, fault):
    (found,), _ = checked(tmp_path, TREE | {module: text})
    assert found.startswith(fault)


def test_a_pair_that_is_forbidden_is_a_fault_in_any_row():
    one = import_graph.Import("top.parts.one.x", 1, "low.b")
    assert list(import_graph.faults([one], ORDER)) == []
    assert list(import_graph.faults([one], ORDER, [("top.parts.one", "low")])) == [
        "top.parts.one.x:1 imports low.b: top.parts.one never imports low"
    ]


def test_a_module_without_a_room_is_a_fault():
    one = import_graph.Import("attic.x", 1, "low.b")
    assert list(import_graph.faults([one], ORDER)) == [
        "attic.x:1 imports low.b: attic.x lies in no room"
    ]


@pytest.mark.parametrize(
    ("files", "cycle"),
    [
        ({"low/b.py": "from weishang.low import c\n"}, ["low.b", "low.c"]),
        ({"low/b.py": "def late():\n    import weishang.low.c\n"}, ["low.b", "low.c"]),
        (
            {
                "top/a.py": "from weishang.top.parts.one import x\n",
                "top/parts/one/__init__.py": "from weishang.top.parts.one import y\n",
                "top/parts/one/x.py": "",
                "top/parts/one/y.py": "from weishang.top import a\n",
            },
            ["top.a", "top.parts.one", "top.parts.one.y"],
        ),
    ],
    ids=["two modules", "in a function", "through a package's own imports"],
)
def test_modules_that_import_each_other_are_found(tmp_path, files, cycle):
    _, found = checked(tmp_path, TREE | files)
    assert found == [cycle]


def test_a_relative_import_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"d\.py:1: a relative import; write the full name"):
        checked(tmp_path, TREE | {"low/d.py": "from . import b\n"})
