"""The `weishang` command: its list, what it imports for it, and how it refuses."""

import inspect
import subprocess
import sys
from importlib import metadata

import pytest
import typer

from weishang.experiments import cli

HEAVY = ("matplotlib", "mesa", "numba", "numpy", "pandas", "pyarrow", "scipy", "torch")
"""Packages that the list of commands has no need of, each some tenths of a second."""

LOADED = f"""
import sys
from weishang.experiments import cli
try:
    cli.main()
except SystemExit as left:
    assert left.code == 0, left.code
print("loaded:", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""


def weishang(monkeypatch, *words):
    """Runs the command in this process; gives its exit code."""
    monkeypatch.setattr(sys, "argv", ["weishang", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.mark.parametrize("words", [["--help"], []])
def test_the_help_lists_every_command(capsys, monkeypatch, words):
    assert weishang(monkeypatch, *words) == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, (_, line) in cli.EVERY.items():
        assert f" {name} {line}" in told


@pytest.mark.parametrize("name", cli.EVERY)
def test_a_line_of_the_list_is_its_functions_own(name):
    function = cli.function(name)
    assert function.__name__ == name.replace("-", "_")
    assert (inspect.getdoc(function) or "").splitlines()[0] == cli.EVERY[name][1]


@pytest.mark.parametrize("name", cli.EVERY)
def test_every_command_has_its_help_and_takes_a_manner(name, capsys, monkeypatch):
    assert weishang(monkeypatch, name, "--help") == 0
    told = capsys.readouterr().out
    assert f"weishang {name}" in told
    assert "--log" in told


def test_the_version_is_told_without_a_command(capsys, monkeypatch):
    assert weishang(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"weishang {metadata.version('weishang')}\n"


def test_the_commands_can_be_looked_at_from_outside():
    group = typer.main.get_command(cli.app)
    assert list(group.commands) == list(cli.EVERY)
    assert "--users" in {name for one in group.commands["run"].params for name in one.opts}


@pytest.mark.parametrize("words", [["--help"], ["nonsense"]])
def test_the_list_needs_none_of_the_heavy_packages(words):
    code = LOADED if words == ["--help"] else LOADED.replace("left.code == 0", "left.code == 2")
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "loaded:", done.stderr


def test_estimate_draws_no_figure():
    options = ["estimate", "--users", "100", "--cascades", "1", "--backend", "numba"]
    done = subprocess.run([sys.executable, "-c", LOADED, *options], capture_output=True, text=True)
    assert "It fits." in done.stdout
    loaded = done.stderr.splitlines()[-1].split()
    assert "matplotlib" not in loaded
    assert "torch" not in loaded


def test_a_command_that_is_not_there_names_the_nearest(capsys, monkeypatch):
    assert weishang(monkeypatch, "sweeep") == 2
    told = capsys.readouterr().err
    assert told.startswith("weishang: No such command 'sweeep'")
    assert told.count("\n") == 1


@pytest.fixture
def graphs(tmp_path):
    """A folder of graphs that are none."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "letters.txt").write_text("0 1\n1 x\n")
    (tmp_path / "empty.txt").write_text("")
    return tmp_path


@pytest.mark.parametrize("name", ["missing.txt", "folder", "letters.txt", "empty.txt"])
def test_a_bad_graph_is_one_line_exit_2_and_nothing_written(graphs, monkeypatch, capsys, name):
    before = sorted(graphs.iterdir())
    options = ["--graph", str(graphs / name), "--out", str(graphs / "out")]
    assert weishang(monkeypatch, "reproduce", *options) == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"weishang: {graphs / name}")
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert sorted(graphs.iterdir()) == before


def test_an_experiment_of_its_own_fails_the_same_way(graphs):
    before = sorted(graphs.iterdir())
    options = ["--graph", str(graphs / "letters.txt"), "--out", str(graphs / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "weishang.experiments.cli", "reach", *options],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"weishang: {graphs / 'letters.txt'}, line 2")
    assert done.stderr.count("\n") == 1
    assert sorted(graphs.iterdir()) == before
