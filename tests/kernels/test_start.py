"""Importing the kernels is quick: what is heavy is imported when it is first needed."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("numba", "llvmlite", "pandas", "scipy", "torch", "torch_geometric", "triton", "pyarrow")


def loaded_after(code: str) -> set[str]:
    """Which heavy packages a fresh process has imported."""
    tell = f"import sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {tell}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_import_alone_loads_nothing_heavy() -> None:
    assert loaded_after("import weishang.kernels") == set()


def test_a_rule_and_layers_without_ties_load_nothing_heavy() -> None:
    code = (
        "from weishang.kernels import CascadeRule, Groups, Strangers; CascadeRule(view=[0.5]); "
        "Groups(3, [0, 2], [0, 1]); Strangers(3, 2)"
    )
    assert loaded_after(code) == set()


def test_a_graph_loads_numba_and_no_reader_of_tables() -> None:
    code = "from weishang.kernels import Graph; Graph.from_edges([0], [1])"
    assert loaded_after(code) - {"scipy"} == {"numba", "llvmlite"}  # Numba looks for SciPy


def test_an_edge_list_is_read_by_pandas(tmp_path: Path) -> None:
    file = tmp_path / "edges.txt"
    file.write_text("0 1\n")
    code = f"from weishang.kernels import Graph; Graph.from_edge_list({str(file)!r})"
    assert {"numba", "pandas"} <= loaded_after(code)
