"""The `weishang` command from end to end, with light experiments in place of the heavy ones."""

import subprocess
import sys

import pytest

from weishang.experiments import cli, manifest, verdicts
from weishang.experiments.verdicts import Verdict


def test_reproduce_runs_all_in_order_and_prints_the_verdicts(monkeypatch, tmp_path, capsys):
    ran = []

    def light(name):
        def experiment(graph, users, seed, out):
            ran.append((name, graph, users, seed, out))
            verdicts.update(out, [Verdict("l1_conv", "fitted", name, 0.12, 0.11, 0.13)])

        return experiment

    names = [experiment.__name__ for experiment in cli.ON_A_SOCIETY]
    assert names == ["reach", "nulls", "channels", "tools", "livestream", "policies"]
    monkeypatch.setattr(cli, "ON_A_SOCIETY", tuple(map(light, names)))
    cli.reproduce(graph=None, users=100, seed=7, out=tmp_path)
    assert ran == [(name, None, 100, 7, tmp_path) for name in names]
    manifest.verify(tmp_path / "audit")
    told = capsys.readouterr().out
    assert "l1_conv" in told
    assert "0.11 .. 0.13" in told
    assert "inside" in told


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
    monkeypatch.setattr(sys, "argv", ["weishang", "reproduce", *options])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    told = capsys.readouterr()
    assert caught.value.code == 2
    assert told.err.startswith(f"weishang: {graphs / name}")
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert sorted(graphs.iterdir()) == before


def test_an_experiment_of_its_own_fails_the_same_way(graphs):
    before = sorted(graphs.iterdir())
    options = ["--graph", str(graphs / "letters.txt"), "--out", str(graphs / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "weishang.experiments.reach", *options],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"weishang: {graphs / 'letters.txt'}, line 2")
    assert done.stderr.count("\n") == 1
    assert sorted(graphs.iterdir()) == before


def test_commands_are_those_that_exist(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["weishang", "--help"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    told = capsys.readouterr().out
    assert caught.value.code == 0
    assert "reproduce" in told
    assert "bench" in told
