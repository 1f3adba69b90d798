"""The package as a user has it: its names, its version, and its files once it is built."""

import ast
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import weishang

ROOT = Path(__file__).parents[1]
ROOMS = ("model", "kernels", "experiments")
DATA = (".csv", ".sbatch", ".toml")


def test_the_names_of_the_readme_are_there_and_each_is_its_modules_own():
    assert set(weishang.__all__) == {"__version__", *weishang._HOMES}
    for name, home in weishang._HOMES.items():
        module = __import__(f"weishang.{home}", fromlist=[name])
        assert getattr(weishang, name) is getattr(module, name)
    assert set(weishang.__all__) <= set(dir(weishang))


def test_what_a_type_checker_sees_is_what_is_there():
    tree = ast.parse(Path(weishang.__file__).read_text())
    (seen,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {
        alias.name: node.module
        for node in seen.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {name: f"weishang.{home}" for name, home in weishang._HOMES.items()}


def test_the_version_is_the_installed_ones():
    assert weishang.__version__ == metadata.version("weishang")


def test_another_name_is_refused():
    with pytest.raises(AttributeError, match="module 'weishang' has no attribute 'market'"):
        weishang.market  # noqa: B018


def test_importing_it_imports_nothing_else():
    code = (
        "import sys; before = set(sys.modules); import weishang; print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "weishang" in done.stdout.split()
    assert not {"numpy", "numba", "mesa", "pandas", "importlib.metadata"} & set(done.stdout.split())


def test_what_is_built_has_every_module_and_every_data_file(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.nb?")
    for folder in (*ROOMS, ".weishang"):
        shutil.copytree(ROOT / folder, source / folder, ignore=ignore)
    for file in ("pyproject.toml", "setup.py", "LICENSE"):
        shutil.copy(ROOT / file, source)
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(built)]
    subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)
    wanted = {
        path.relative_to(source)
        for room in ROOMS
        for path in (source / room).rglob("*")
        if path.suffix in (".py", *DATA)
    }
    assert {path.suffix for path in wanted} == {".py", *DATA}
    wanted |= {Path("__init__.py"), Path("py.typed")}
    files = {path.relative_to(built / "weishang") for path in built.rglob("*") if path.is_file()}
    assert files == wanted
